"""What a model card is: a core that never changes and an overlay that is always current.

The **core** is a tree of sections whose fields say where their value comes from: computed
in a piece of evidence, read from an entry of the log, or stated by a person. It holds no
time, no status and no signature, so the same evidence gives the same bytes, and signing
the bundle that names its digest changes nothing in it. The **overlay** is what the log
says now: status, release, sign-offs, waivers, counts.

Invariants: a field with a value has an origin, a field without one names the role that
owes it; a number is never stated by a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from answerable.audit.errors import NotFound
from answerable.audit.records import (
    ActorRef,
    Digest,
    EntryId,
    Record,
    Role,
    Token,
)
from answerable.audit.records.base import FrozenModel, Micros, Name

__all__ = [
    "CardCore",
    "CardField",
    "CardOverlay",
    "CardSection",
    "Column",
    "Computed",
    "EvidenceLine",
    "FieldForm",
    "FromLog",
    "LiveCounts",
    "Origin",
    "ReleaseLine",
    "SignOffLine",
    "Stated",
    "WaiverLine",
]

FieldForm = Literal[
    "text",
    "code",
    "count",
    "number",
    "share",
    "interval",
    "range",
    "digest",
    "yes_no",
    "list",
    "table",
]
"""How a value reads: ``interval`` is a pair of shares, ``range`` a pair of numbers, ``table``
a list of objects."""


class Computed(FrozenModel):
    """The value was computed; it stands in the evidence with this digest."""

    kind: Literal["computed"] = "computed"
    evidence: Digest


class FromLog(FrozenModel):
    """The value was registered by a service or tool; it stands in this entry."""

    kind: Literal["log"] = "log"
    entry: EntryId


class Stated(FrozenModel):
    """A person stated the value; their name stands in the directory only."""

    kind: Literal["typed"] = "typed"
    actor: ActorRef
    role: Role
    entry: EntryId | None = None
    """The entry it was stated in; absent when it was given with the card itself."""


Origin = Annotated[Computed | FromLog | Stated, Field(discriminator="kind")]


class Column(FrozenModel):
    """A column of a table field: the key of its cells, its heading and how cells read."""

    key: Token
    label: str
    form: FieldForm = "text"


class CardField(FrozenModel):
    """One field of a card."""

    id: Token
    """Path within the card, for example ``data.training.rows``: never renamed."""
    label: str
    form: FieldForm = "text"
    value: JsonValue | None = None
    columns: tuple[Column, ...] = ()
    origin: Origin | None = None
    owed_by: Role | None = None

    @model_validator(mode="after")
    def _provided_or_owed(self) -> Self:
        provided = self.value is not None
        if provided != (self.origin is not None) or provided == (self.owed_by is not None):
            message = "a value has an origin; a missing one names who owes it"
            raise ValueError(message)
        if isinstance(self.origin, Stated) and self.form not in {"text", "code", "list"}:
            message = "a number is never stated by a person"
            raise ValueError(message)
        return self


class CardSection(FrozenModel):
    """A section of a card."""

    id: Token
    title: str
    fields: tuple[CardField, ...]


class EvidenceLine(FrozenModel):
    """One piece of evidence the card rests on."""

    digest: Digest
    kind: Token
    entry: EntryId
    inputs: dict[str, Digest]
    code: str
    seed: int | None = None
    engines: dict[str, str] = Field(default_factory=dict)


class CardCore(Record):
    """The immutable part of a card; its digest is what a sign-off covers."""

    type: Literal["answerable.model-card.v1"] = "answerable.model-card.v1"
    function: Digest
    name: Name
    version: Name
    sections: tuple[CardSection, ...]
    evidence: tuple[EvidenceLine, ...]
    code: str
    """Version of Answerable that built it."""

    def fields(self) -> Iterator[CardField]:
        """Return all fields, in the order of the card."""
        return (field for section in self.sections for field in section.fields)

    def find(self, field_id: str) -> CardField | None:
        """Return the field with this id, or None."""
        return next((field for field in self.fields() if field.id == field_id), None)

    def section(self, section_id: str) -> CardSection:
        """Return a section by id.

        Parameters
        ----------
        section_id : str
            For example ``fairness``.

        Returns
        -------
        CardSection
            The section.

        Raises
        ------
        NotFound
            If the card has no such section.
        """
        for section in self.sections:
            if section.id == section_id:
                return section
        raise NotFound(f"the card has no section '{section_id}'", where="card")


class ReleaseLine(FrozenModel):
    """The release in force."""

    entry: EntryId
    environment: Token
    granted_at: Micros
    valid_until: Micros


class SignOffLine(FrozenModel):
    """One sign-off as the log shows it now."""

    entry: EntryId
    role: Role
    signer: ActorRef
    decision: Literal["approve", "reject"]
    at: Micros
    expires_at: Micros
    looks: int
    state: Token
    """``valid``, or why it does not count (``expired``, ``bundle_changed`` ...)."""


class WaiverLine(FrozenModel):
    """One recorded answer to a finding."""

    entry: EntryId
    rule: Token
    attributes: tuple[str, ...]
    finding: Literal["FAIL", "INSUFFICIENT", "UNDEFINED"]
    reason: str
    compensating_control: str
    approver: ActorRef
    granted_at: Micros
    expires_at: Micros
    state: Token
    """``in_force``, or why it answers nothing (``expired``, ``other_assessment`` ...)."""


class LiveCounts(FrozenModel):
    """How the decision function was used, counted in the log."""

    decisions: Annotated[int, Field(ge=0)]
    outcomes: dict[str, int]
    contests: Annotated[int, Field(ge=0)] = 0
    reviews: Annotated[int, Field(ge=0)] = 0
    overturned: Annotated[int, Field(ge=0)] = 0


class CardOverlay(Record):
    """What the log says about the function now; changes with every entry."""

    type: Literal["answerable.model-card-overlay.v1"] = "answerable.model-card-overlay.v1"
    as_of: Micros
    log: str
    size: Annotated[int, Field(ge=0)]
    """Number of entries of the log this view was made from."""
    status: Token
    release: ReleaseLine | None = None
    sign_offs: tuple[SignOffLine, ...] = ()
    sign_offs_missing: tuple[Role, ...] = ()
    waivers: tuple[WaiverLine, ...] = ()
    counts: LiveCounts | None = None
