"""What a card is built from: records of the log, each with the entry it stands in.

The caller reads the log and hands records over; nothing here reaches a store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from answerable.audit.entries import Entry
from answerable.audit.records import (
    BaselineVersion,
    CatalogueVersion,
    DatasetVersion,
    DecisionFunction,
    Evidence,
    PolicyVersion,
    Record,
    Role,
    UseCase,
)

__all__ = ["CardFacts", "Logged", "Statement", "logged"]

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Logged(Generic[R]):
    """A record, the entry it stands in, who appended it, in which role and when."""

    record: R
    entry: str
    actor: str
    role: Role
    at: int


def logged(entry: Entry, record: R) -> Logged[R]:
    """Return `record` with what the header of its entry says."""
    header = entry.header
    return Logged(
        record=record, entry=header.id, actor=header.actor, role=header.role, at=header.ts
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """Text a person gives for a field that nothing computes."""

    text: str
    actor: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """Everything the log holds about one decision function.

    `evidence` is in log order; of each kind and data set the newest counts. `statements`
    maps the id of a card field to what a person stated.
    """

    function: Logged[DecisionFunction]
    use_case: Logged[UseCase]
    datasets: tuple[Logged[DatasetVersion], ...] = ()
    policy: Logged[PolicyVersion] | None = None
    catalogue: Logged[CatalogueVersion] | None = None
    baselines: tuple[Logged[BaselineVersion], ...] = ()
    evidence: tuple[Logged[Evidence], ...] = ()
    statements: Mapping[str, Statement] = field(default_factory=dict)
    parent: Logged[DecisionFunction] | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    """Fingerprint of each known state of a data set, by the digest of its record: evidence
    about rows stays evidence about them when one of them is erased later."""
    suppress_below: int = 10
    """Groups with fewer rows are shown without numbers (the policy's `publish` section)."""
