"""How a field comes into being: from the log, from evidence, from a person, or owed.

A missing value stays missing and names the role that owes it; nothing here makes one up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import JsonValue

from answerable.audit.records import DatasetVersion, Evidence, Record, Role
from answerable.model_cards.card import (
    CardField,
    Column,
    Computed,
    FieldForm,
    FromLog,
    Stated,
)
from answerable.model_cards.facts import CardFacts, Logged

__all__ = ["about", "asked", "computed", "entered", "newest", "owed", "stated"]

R = TypeVar("R", bound=Record)


def owed(field_id: str, label: str, role: Role, form: FieldForm = "text") -> CardField:
    """Return a field without a value."""
    return CardField(id=field_id, label=label, form=form, owed_by=role)


def entered(
    field_id: str,
    label: str,
    value: JsonValue,
    source: Logged[R],
    form: FieldForm = "text",
    *,
    columns: Sequence[Column] = (),
) -> CardField:
    """Return a field whose value a service or tool registered with an entry."""
    return CardField(
        id=field_id,
        label=label,
        form=form,
        value=value,
        columns=tuple(columns),
        origin=FromLog(entry=source.entry),
    )


def stated(field_id: str, label: str, value: str | list[JsonValue], source: Logged[R]) -> CardField:
    """Return a field whose words a person wrote into a registered record.

    Empty words are a missing value, owed by the role that registered the record.

    Returns
    -------
    CardField
        Stated, or owed.
    """
    form: FieldForm = "list" if isinstance(value, list) else "text"
    if not value:
        return owed(field_id, label, source.role, form)
    origin = Stated(actor=source.actor, role=source.role, entry=source.entry)
    return CardField(id=field_id, label=label, form=form, value=value, origin=origin)


def asked(facts: CardFacts, field_id: str, label: str, role: Role) -> CardField:
    """Return a field only a person can fill: their statement, or what is owed."""
    statement = facts.statements.get(field_id)
    if statement is None or not statement.text.strip():
        return owed(field_id, label, role)
    origin = Stated(actor=statement.actor, role=statement.role)
    return CardField(id=field_id, label=label, value=statement.text.strip(), origin=origin)


def computed(
    field_id: str,
    label: str,
    value: JsonValue,
    source: Logged[Evidence],
    form: FieldForm = "text",
    *,
    columns: Sequence[Column] = (),
) -> CardField:
    """Return a field whose value follows from evidence alone."""
    return CardField(
        id=field_id,
        label=label,
        form=form,
        value=value,
        columns=tuple(columns),
        origin=Computed(evidence=source.record.digest),
    )


def newest(
    facts: CardFacts, kind: str, dataset: DatasetVersion | None = None, *, of_function: bool = False
) -> Logged[Evidence] | None:
    """Return the last evidence of a kind.

    Parameters
    ----------
    facts : CardFacts
        What the log holds.
    kind : str
        Entry kind, for example ``fairness.assessed``.
    dataset : DatasetVersion, optional
        Only evidence about this data set.
    of_function : bool
        Only evidence about the card's decision function.

    Returns
    -------
    Logged[Evidence] or None
        The last one in log order.
    """
    for item in reversed(facts.evidence):
        inputs = item.record.inputs
        if item.record.kind != kind:
            continue
        if of_function and inputs.get("function") != facts.function.record.digest:
            continue
        if dataset is None or about(facts, item.record, dataset):
            return item
    return None


def about(facts: CardFacts, evidence: Evidence, dataset: DatasetVersion) -> bool:
    """Return whether evidence names this data set: its record, an earlier state, or its rows."""
    names = {dataset.digest, dataset.fingerprint}
    return any(
        digest in names or facts.fingerprints.get(digest) == dataset.fingerprint
        for role, digest in evidence.inputs.items()
        if role == "dataset" or role.startswith("dataset:")
    )
