"""How a log stands to a checkpoint kept outside: it begins with it, or a gap is named.

Pure: the note, the size and roots of the log are arguments. A gap is a fact, not yet an error:
the log opens for reading and says what is missing, and two persons may record the loss.

1. nothing is outside and nothing was ever signed: a new log stands well;
2. nothing is outside although checkpoints were signed: the head was lost;
3. what is outside is not a checkpoint of this log under its key: the head was exchanged;
4. it covers more entries than are here: those are missing;
5. it covers less than what retention left the hashes of: it is too old to be compared;
6. it covers entries that are here and its root is another: this is another history.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from answerable.audit.errors import CheckpointSignatureInvalid, EvidenceBroken, Unavailable
from answerable.audit.tree.checkpoints import Checkpoint

__all__ = ["Gap", "GapKind", "LogState", "OpenNote", "compare_with_outside", "span_of"]

_RESTORE: Final = (
    "Restore a newer backup; if there is none, two persons record the loss: answerable log recover"
)
_ACCEPT: Final = (
    "Put the right file back; if it is lost, two persons accept a new one: answerable log"
    " accept-head"
)


class GapKind(StrEnum):
    """What does not fit between the log and what is outside."""

    HEAD_LOST = "head_lost"
    HEAD_FOREIGN = "head_foreign"
    HEAD_TOO_OLD = "head_too_old"
    MISSING = "missing"
    OTHER_HISTORY = "other_history"


@dataclass(frozen=True, slots=True)
class LogState:
    """What a comparison needs of one snapshot of a log.

    Parameters
    ----------
    size : int
        Entries.
    root_of : Callable[[int], bytes]
        Root of the first so many entries, at most `size`.
    was_signed : bool
        Whether any checkpoint is stored.
    signed : Callable[[], Sequence[str]]
        All stored checkpoints by size; asked for only to narrow down another history.
    floor : int
        Smallest size whose root can still be computed; the hashes before it were removed.
    """

    size: int
    root_of: Callable[[int], bytes]
    was_signed: bool
    signed: Callable[[], Sequence[str]]
    floor: int = 0


OpenNote = Callable[[str], Checkpoint]
"""Opens a note that the log's key of its time signed; raises `CheckpointSignatureInvalid`."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a log can only be read."""

    kind: GapKind
    what: str
    where: str
    """The outside place."""
    found: str | None
    """What is there, as it is."""
    held: Checkpoint | None = None
    """The head that was signed; None when there is none to read."""
    first: int = 0
    """First entry that may be lost."""

    @property
    def recoverable(self) -> bool:
        """Whether entries are lost that a signed head names (else the head itself is)."""
        return self.held is not None

    def refusal(self) -> Unavailable:
        """Return the error every write raises."""
        return Unavailable(
            f"the log can only be read: {self.what}",
            where=self.where,
            remedy=_RESTORE if self.recoverable else _ACCEPT,
        )

    def broken(self) -> EvidenceBroken:
        """Return the error of a process that finds the gap while it writes."""
        return EvidenceBroken(
            f"nothing was signed: {self.what}",
            where=self.where,
            remedy="The database was exchanged underneath; start again and see what is missing.",
        )


def compare_with_outside(
    note: str | None, where: str, open_note: OpenNote, log: LogState
) -> Gap | None:
    """Return what does not fit between a log and a note kept outside, None when it begins with it.

    Parameters
    ----------
    note : str or None
        What is kept outside. It must have been read before `log`.
    where : str
        The outside place, for the message.
    open_note : OpenNote
        Opens a note that the log's key of its time signed.
    log : LogState
        The log.

    Returns
    -------
    Gap or None
        None when all entries the note covers are here, unchanged.

    Raises
    ------
    InvalidInput
        If the key is malformed.
    """
    if note is None:
        if not log.was_signed:
            return None
        what = "the outside head is not there, and checkpoints were signed before"
        return Gap(GapKind.HEAD_LOST, what, where, None)
    try:
        held = open_note(note)
    except CheckpointSignatureInvalid:
        what = "the outside head is no checkpoint of this log under its key"
        return Gap(GapKind.HEAD_FOREIGN, what, where, note)
    if held.size > log.size:
        entries, verb = span_of(log.size, held.size)
        what = f"{entries} that {verb} signed {_are(verb)} not here"
        return Gap(GapKind.MISSING, what, where, note, held, first=log.size)
    if 0 < held.size < log.floor:
        what = (
            f"the outside head covers {held.size} entries, and the hashes before entry {log.floor}"
            " were removed: whether the log begins with it cannot be seen any more"
        )
        return Gap(GapKind.HEAD_TOO_OLD, what, where, note)
    if log.root_of(held.size) == held.root:
        return None
    return _other_history(note, where, open_note, log, held)


def span_of(first: int, end: int) -> tuple[str, str]:
    """Return how entries from `first` up to, not including, `end` are named, and their verb.

    Returns
    -------
    (str, str)
        For example ``("entries 3 to 5", "were")``.

    Examples
    --------
    >>> span_of(3, 6), span_of(3, 4)
    (('entries 3 to 5', 'were'), ('entry 3', 'was'))
    """
    if end == first + 1:
        return f"entry {first}", "was"
    return f"entries {first} to {end - 1}", "were"


def _are(verb: str) -> str:
    return "is" if verb == "was" else "are"


def _other_history(
    note: str, where: str, open_note: OpenNote, log: LogState, held: Checkpoint
) -> Gap:
    """Narrow the place down by the stored checkpoints: one that was not rewritten tells."""
    own = [
        head
        for head in _heads(open_note, log.signed())
        if max(log.floor, 1) <= head.size < held.size
    ]
    # Where one history ends another begins for good, so the heads that fit come first.
    fits = bisect_left(own, 1, key=lambda head: int(log.root_of(head.size) != head.root))
    what = f"the log is another history: its first {held.size} entries are not those signed"
    agreed = 0
    if fits < len(own):
        agreed = own[fits - 1].size if fits else 0
        what += f"; they differ from an entry between {agreed} and {own[fits].size - 1} on"
    # Stored checkpoints that all fit prove nothing: who replaced the entries replaced them too.
    return Gap(GapKind.OTHER_HISTORY, what, where, note, held, first=agreed)


def _heads(open_note: OpenNote, notes: Sequence[str]) -> Iterator[Checkpoint]:
    for note in notes:
        try:
            yield open_note(note)
        except CheckpointSignatureInvalid:
            continue
