"""What a retention run removed, under which rule and law, and who approved it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from answerable.audit.records.base import (
    ActorRef,
    Digest,
    FrozenModel,
    Micros,
    Name,
    Record,
    Role,
)

__all__ = [
    "MOST_HELD",
    "AppliedRule",
    "LegalSource",
    "Removal",
    "RemovedCount",
    "RetentionApproval",
    "RetentionRun",
]

_Place = Annotated[int, Field(ge=0, lt=2**53)]
_Count = Annotated[int, Field(ge=0)]
MOST_HELD: Final = 1000
"""Bodies that one log may hold back below its floor."""


class LegalSource(FrozenModel):
    """Where a period comes from, and whether its text was read."""

    act: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    article: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    paragraph: Annotated[str, StringConstraints(max_length=60)] = ""
    source: Literal["seen", "from memory"]


class AppliedRule(FrozenModel):
    """A rule of the policy and how many entries went by it."""

    name: Name
    law: LegalSource
    entries: _Count


class RemovedCount(FrozenModel):
    """How many decisions of a day, function and outcome code were removed as entries."""

    day: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    function: str
    outcome: str
    n: Annotated[int, Field(ge=1)]


class Removal(FrozenModel):
    """One kind of rows, removed in the places `first` to `end` - 1.

    Bodies and entries go only where their kind is one that may go; `kept` counts the other
    entries of the range, which stay, and `kept_digest` is the SHA-256 over their places (8 bytes,
    big-endian) and leaf hashes, so that none of them can vanish later. Tiles go whole.
    """

    what: Literal["body", "entry", "tile"]
    first: _Place
    end: _Place
    removed: _Count
    """Rows: body parts, entries, tiles of level 0."""
    kept: _Count = 0
    kept_digest: Digest | None = None
    counts: tuple[RemovedCount, ...] = ()
    """Decisions among the removed entries: what a recount has to add."""
    root: Digest
    """Root of the log's first `end` entries."""

    @model_validator(mode="after")
    def _in_order(self) -> Removal:
        if self.first > self.end:
            raise PydanticCustomError("removal_order", "a range ends before it begins")
        if (self.kept_digest is not None) != (self.what == "entry"):
            raise PydanticCustomError("removal_kept", "entries, and they alone, name what is kept")
        return self


class RetentionApproval(Record):
    """A second person's signed consent to remove what a plan named, and no more."""

    type: Literal["answerable.retention-approval.v1"] = "answerable.retention-approval.v1"
    log: str
    policy: Digest
    """Digest of the policy file's bytes."""
    body_end: _Place
    entry_end: _Place
    tile_end: _Place
    approver: ActorRef
    roles: tuple[Role, ...]
    """Roles the policy asks of who approves; the approver holds them all."""
    expires_at: Micros
    signature: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")] | None = None
    """Ed25519 over :meth:`signed_bytes`, in hex."""

    def signed_bytes(self) -> bytes:
        """Return the canonical bytes the signature covers (everything but itself)."""
        return self.model_copy(update={"signature": None}).to_json()


class RetentionRun(Record):
    """What one run removed, in the transaction that appended this record."""

    type: Literal["answerable.retention-run.v1"] = "answerable.retention-run.v1"
    policy: Digest
    size: _Place
    """Entries under the signed checkpoint that covers everything removed."""
    root: Digest
    """Root of that checkpoint."""
    removals: tuple[Removal, ...]
    rules: tuple[AppliedRule, ...]
    held: Annotated[tuple[_Place, ...], Field(max_length=MOST_HELD)] = ()
    """Places below the floor of bodies whose bodies stay for a hold, a contest or a request: all
    of them, as they are after this run."""
    keys: _Count = 0
    """Data keys destroyed because no body of their holder was left."""
    approval: RetentionApproval
