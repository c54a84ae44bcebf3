"""What two persons say when a log lost entries, or its head outside."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from answerable.audit.records.base import ActorRef, Digest, FrozenModel, Record, Role, Token

__all__ = ["LogHeadAccepted", "LogRecovered", "PersonSignature"]

_Count = Annotated[int, Field(ge=0, lt=2**53)]


class PersonSignature(FrozenModel):
    """Who signed a statement, in which role."""

    actor: ActorRef
    role: Role
    signature: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")] | None = None
    """Ed25519 over the statement's :meth:`signed_bytes` for this person, in hex."""


class _SignedByPersons(Record):
    """A statement that several persons sign, each for themselves."""

    reason: Token
    """Why, as a code: ``backup-restored``, ``replica-promoted`` ..."""
    size: _Count
    """How many entries the log had when this was said."""
    root: Digest
    """Their root."""
    signatures: tuple[PersonSignature, ...] = ()

    def signed_bytes(self, person: PersonSignature) -> bytes:
        """Return what this person signs: everything, with their own name and role alone."""
        own = person.model_copy(update={"signature": None})
        return self.model_copy(update={"signatures": (own,)}).to_json()

    def with_signature(self, person: PersonSignature) -> Self:
        """Return the statement with one more signature."""
        return self.model_copy(update={"signatures": (*self.signatures, person)})


class LogRecovered(_SignedByPersons):
    """Entries that a signed checkpoint covered are gone; the log goes on without them."""

    type: Literal["answerable.log-recovered.v1"] = "answerable.log-recovered.v1"
    epoch: Annotated[int, Field(ge=2, lt=2**53)]
    """The epoch that begins: one more than the losses recorded before, and one."""
    lost_size: _Count
    """How many entries the lost checkpoint covered."""
    lost_root: Digest
    """Their root."""
    lost_note: Digest
    """Digest of the lost checkpoint's note, which the persons keep."""
    first_lost: _Count
    """First entry that may be lost; all up to `lost_size` are."""


class LogHeadAccepted(_SignedByPersons):
    """The head outside was lost or exchanged; from here on it is this log's again."""

    type: Literal["answerable.log-head-accepted.v1"] = "answerable.log-head-accepted.v1"
    found: Digest | None = None
    """Digest of what lay there instead, None when there was nothing."""
