"""Evidence and what rests on it: waivers, sign-offs, releases."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from answerable.audit.records.base import (
    ActorRef,
    Digest,
    EntryId,
    Micros,
    Record,
    Role,
    Token,
)

__all__ = [
    "Evidence",
    "Release",
    "ReleaseEnded",
    "SignOff",
    "Waiver",
]


class Evidence(Record):
    """What was computed, on what, with what, and the result.

    Content-addressed: the same inputs give the same digest. Who asked and when stands in
    the entry. `inputs` name digests by role (``model``, ``dataset:hold_out``, ``policy``,
    ``function`` ...); `result` is the JSON form of the typed result named by `result_type`.
    """

    type: Literal["answerable.evidence.v1"] = "answerable.evidence.v1"
    kind: Token
    inputs: dict[str, Digest]
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    seed: int | None = None
    engines: dict[str, str] = Field(default_factory=dict)
    code: str
    """Version of Answerable that computed it."""
    result_type: Token
    result: dict[str, JsonValue]


class Waiver(Record):
    """A recorded, expiring answer to one finding; never a line in the policy."""

    type: Literal["answerable.waiver.v1"] = "answerable.waiver.v1"
    function: Digest
    assessment: Digest
    rule: Token
    attributes: tuple[str, ...]
    finding: Literal["FAIL", "INSUFFICIENT", "UNDEFINED"]
    reason: str
    compensating_control: str
    approver: ActorRef
    expires_at: Micros


class SignOff(Record):
    """One person's signed statement on one bundle."""

    type: Literal["answerable.sign-off.v1"] = "answerable.sign-off.v1"
    function: Digest
    bundle: Digest
    role: Role
    signer: ActorRef
    decision: Literal["approve", "reject"]
    statement: Digest
    """Digest of the statement text, which is an artefact."""
    looks: Annotated[int, Field(ge=0)]
    """How many times the hold-out had been assessed when this was signed."""
    expires_at: Micros
    signature: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")] | None = None
    """Ed25519 over :meth:`signed_bytes`, in hex."""

    def signed_bytes(self) -> bytes:
        """Return the canonical bytes the signature covers (everything but itself)."""
        return self.model_copy(update={"signature": None}).to_json()


class Release(Record):
    """Permission for one decision function to decide, until it expires."""

    type: Literal["answerable.release.v1"] = "answerable.release.v1"
    function: Digest
    bundle: Digest
    policy: Digest
    gate: Digest
    """Digest of the gate result this rests on."""
    sign_offs: tuple[EntryId, ...]
    waivers: tuple[EntryId, ...] = ()
    environment: Token = "production"
    valid_until: Micros


class ReleaseEnded(Record):
    """A release suspended or retired, with the reason code."""

    type: Literal["answerable.release-ended.v1"] = "answerable.release-ended.v1"
    function: Digest
    release: EntryId
    reason: Token
    note: str = ""
