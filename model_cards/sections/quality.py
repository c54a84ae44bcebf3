"""The quality of a data set, as its evidence says."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from answerable.audit.records import Evidence, Role
from answerable.model_cards.card import CardField, Column
from answerable.model_cards.facts import Logged
from answerable.model_cards.sections.writing import computed, owed

__all__ = ["quality_fields"]

_COLUMNS: Final = (
    Column(key="measure", label="Measure"),
    Column(key="value", label="Value", form="number"),
)


def quality_fields(evidence: Logged[Evidence] | None, place: str) -> list[CardField]:
    """Return the single figures of a data-quality result, or what is owed."""
    label = "Data quality"
    if evidence is None:
        return [owed(f"{place}.quality", label, Role.SCIENTIST, "table")]
    rows: list[JsonValue] = [
        {"measure": name.replace("_", " "), "value": value}
        for name, value in sorted(evidence.record.result.items())
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return [computed(f"{place}.quality", label, rows, evidence, "table", columns=_COLUMNS)]
