"""What a person who was erased can be given: what was destroyed, the proof, and what remains."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Final, Literal

from pydantic import Field

from answerable.audit.canonical import parse_header
from answerable.audit.entries import Entry
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import EntryId, FrozenModel, Micros, SubjectErased, SubjectRef, Token

__all__ = ["ErasureReceipt", "Remaining", "erasure_receipt"]

_DAY_US: Final = 86_400_000_000


class Remaining(FrozenModel):
    """Entries of one kind whose headers remain."""

    kind: Token
    entries: Annotated[int, Field(ge=1)]


class ErasureReceipt(FrozenModel):
    """The statement of one erasure; it holds no personal data but the random reference."""

    type: Literal["answerable.erasure-receipt.v1"] = "answerable.erasure-receipt.v1"
    log: str
    ref: SubjectRef
    entry: EntryId
    """The entry that records the erasure."""
    ground: Token
    erased_at: Micros
    entries: Annotated[int, Field(ge=0)]
    """How many entries became unreadable."""
    remains: tuple[Remaining, ...]
    """Headers that stay in the log, by kind of entry."""
    header_fields: tuple[str, ...]
    """What those headers hold; see the documentation of entries."""
    key_backup_days: Annotated[int, Field(ge=0)] | None = None
    """For how many days a backup of the keys could undo the erasure; None: nobody stated it."""
    final_at: Micros | None = None
    """When no backup of the keys is left, if what was stated is kept."""
    proof: str
    """C2SP tlog-proof of the entry, with its header."""

    def lines(self) -> tuple[str, ...]:
        """Return the statement as lines of plain text."""
        days = self.key_backup_days
        stated = "no period is stated" if days is None else f"{days} days are stated"
        kinds = ", ".join(f"{item.entries} {item.kind}" for item in self.remains) or "none"
        return (
            f"The key that opened the data of {self.ref} was destroyed ({self.ground}).",
            f"{self.entries} entries of the log {self.log} can no longer be read by anybody.",
            f"Headers remain, so that the log can still be verified: {kinds}.",
            f"They hold: {', '.join(self.header_fields) or 'nothing'}; names and identifiers are"
            " not among it, and nothing links the reference to a person any more.",
            f"A backup of the keys could undo the erasure until it expires: {stated}.",
            f"Recorded as entry {self.entry}; the proof goes with it.",
        )


def erasure_receipt(log: Log, entry_id: str, *, key_backup_days: int | None) -> ErasureReceipt:
    """Return the receipt of an erasure.

    Parameters
    ----------
    log : Log
        The log.
    entry_id : str
        The entry that records the erasure.
    key_backup_days : int or None
        For how many days backups of the keys are kept, as the operator states it.

    Returns
    -------
    ErasureReceipt
        With the proof of that entry.

    Raises
    ------
    NotFound
        If there is no such entry.
    InvalidInput
        If it records no erasure of a data subject.

    References
    ----------
    GDPR, Articles 12(3), 17(1) and 5(2).
    """
    entry = log.entry(entry_id)
    if entry.kind is not EntryKind.SUBJECT_ERASED or not entry.header.subjects:
        raise InvalidInput(
            "this entry records no erasure of a data subject",
            where=f"entry {entry_id}",
            remedy="Name the entry of kind subject.erased.",
        )
    days = key_backup_days
    record = log.read_record(entry_id, SubjectErased)
    ref = entry.header.subjects[0].ref
    about = [item for item in log.subject_entries(ref) if item.id != entry_id]
    kinds = Counter(item.kind.value for item in about)
    return ErasureReceipt(
        log=log.origin,
        ref=ref,
        entry=entry_id,
        ground=record.ground,
        erased_at=entry.header.ts,
        entries=record.entries,
        remains=tuple(Remaining(kind=kind, entries=n) for kind, n in sorted(kinds.items())),
        header_fields=_fields(about),
        key_backup_days=days,
        final_at=None if days is None else entry.header.ts + days * _DAY_US,
        proof=log.proof(entry_id),
    )


def _fields(entries: list[Entry]) -> tuple[str, ...]:
    found: set[str] = set()
    for entry in entries:
        found |= parse_header(entry.header_bytes).keys()
    return tuple(sorted(found))
