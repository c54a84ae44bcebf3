"""What the log says about itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from answerable.audit.records.base import Micros, Record

__all__ = ["ClockStepped", "LogKeyRotated", "LogOpened"]

_Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]


class LogOpened(Record):
    """The first entry of a log: its name and the key its checkpoints are signed with."""

    type: Literal["answerable.log-opened.v1"] = "answerable.log-opened.v1"
    origin: str
    vkey: str
    """Verifier key in the text form of C2SP signed-note."""


class ClockStepped(Record):
    """The writer's clock went back by a tolerated amount; entries keep the later time."""

    type: Literal["answerable.clock-stepped.v1"] = "answerable.clock-stepped.v1"
    back_us: Annotated[int, Field(ge=0)]
    kept_at: Micros


class LogKeyRotated(Record):
    """The log's checkpoints are signed with another key from here on.

    Both keys signed the same statement: the old one hands over, the new one says whom it follows.
    So the chain of keys can be followed from any of them, also when an old key was destroyed.
    """

    type: Literal["answerable.log-key-rotated.v1"] = "answerable.log-key-rotated.v1"
    origin: str
    old_vkey: str
    """Verifier key in the text form of C2SP signed-note."""
    new_vkey: str
    number: Annotated[int, Field(ge=2)]
    """Of the new key; the key the log was made with has number 1."""
    size: Annotated[int, Field(ge=0, lt=2**53)]
    """Entries the old key vouched for; it signs no checkpoint over more."""
    signed_by_old: _Signature
    """Ed25519 signature in hex over the statement, by the old key."""
    signed_by_new: _Signature

    def statement(self) -> bytes:
        """Return what both keys signed.

        Returns
        -------
        bytes
            Six lines of text.
        """
        lines = (
            "answerable/log-key-rotated1",
            self.origin,
            self.old_vkey,
            self.new_vkey,
            str(self.number),
            str(self.size),
        )
        return "".join(f"{line}\n" for line in lines).encode()
