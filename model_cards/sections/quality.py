"""The quality of a data set, as its evidence says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from answerable.audit.records import Evidence, Role
from answerable.model_cards.card import CardField, Column
from answerable.model_cards.facts import Logged
from answerable.model_cards.results import BalanceResult, QualityResult
from answerable.model_cards.sections.writing import computed, owed

__all__ = ["quality_fields"]

_MISSING_COLUMNS: Final = (
    Column(key="name", label="Column"),
    Column(key="missing", label="Missing", form="count"),
    Column(key="share", label="Part of rows", form="share"),
)
_BALANCE_COLUMNS: Final = (
    Column(key="value", label="Value"),
    Column(key="column", label="Column"),
    Column(key="rows", label="Rows", form="count"),
)


def quality_fields(
    evidence: Logged[Evidence] | None, place: str, *, suppress_below: int
) -> list[CardField]:
    """Return what a data-quality result says, or what is owed.

    Parameters
    ----------
    evidence : Logged[Evidence] or None
        Of kind ``data_quality.assessed``.
    place : str
        Start of the field ids, for example ``data.training``.
    suppress_below : int
        Values that fewer rows have are shown without their number.

    Returns
    -------
    list of CardField
        Duplicates, overlap, missing values and the sizes of classes and groups.
    """
    if evidence is None:
        return [owed(f"{place}.quality", "Data quality", Role.SCIENTIST, "table")]
    return list(_fields(evidence, place, suppress_below))


def _fields(evidence: Logged[Evidence], place: str, suppress_below: int) -> Iterator[CardField]:
    quality = QualityResult.read(evidence.record.result)
    repeated = quality.duplicate_rows
    yield computed(f"{place}.duplicates", "Rows that repeat another", repeated, evidence, "count")
    if quality.overlap_rows is not None:
        label = "Rows also in the data compared with"
        yield computed(f"{place}.overlap", label, quality.overlap_rows, evidence, "count")
    missing: list[JsonValue] = [
        {
            "name": column.name,
            "missing": column.missing,
            "share": column.missing / quality.rows if quality.rows else None,
        }
        for column in quality.columns
        if column.missing
    ]
    yield computed(
        f"{place}.quality", "Missing values", missing, evidence, "table", columns=_MISSING_COLUMNS
    )
    balances = [item for item in (quality.label, *quality.groups) if item is not None]
    rows: list[JsonValue] = [row for item in balances for row in _balance(item, suppress_below)]
    yield computed(
        f"{place}.balance",
        "Sizes of classes and groups",
        rows,
        evidence,
        "table",
        columns=_BALANCE_COLUMNS,
    )


def _balance(balance: BalanceResult, suppress_below: int) -> Iterator[JsonValue]:
    hidden = {value for value, rows in balance.rows.items() if rows < suppress_below}
    if len(hidden) == 1:
        # The total would give a single hidden number away: hide the next smallest, too.
        others = {value: rows for value, rows in balance.rows.items() if value not in hidden}
        hidden |= {min(others, key=lambda value: (others[value], value))} if others else set()
    for value, rows in balance.rows.items():
        yield {
            "value": value,
            "column": balance.column,
            "rows": None if value in hidden else rows,
        }
