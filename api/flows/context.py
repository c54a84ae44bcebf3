"""Who acts, and what a flow appended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from answerable.api.actor import ActorContext
from answerable.audit.entries import Receipt
from answerable.audit.records import Record

__all__ = ["ActorContext", "Recorded"]

R_co = TypeVar("R_co", bound=Record, covariant=True)


@dataclass(frozen=True, slots=True)
class Recorded(Generic[R_co]):
    """A record and the receipt of the entry that holds it."""

    record: R_co
    receipt: Receipt

    @property
    def digest(self) -> str:
        """Digest of the record."""
        return self.record.digest

    @property
    def entry_id(self) -> str:
        """Id of the entry."""
        return self.receipt.entry_id
