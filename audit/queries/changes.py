"""What changed since a checkpoint: first that nothing before it did, then what came after.

References
----------
RFC 9162, section 2.1.4 (consistency proofs); C2SP tlog-checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from answerable.audit.entries import Entry
from answerable.audit.errors import ConsistencyProofInvalid, InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.queries.scope import HeaderJson, Page, Scope, page_of
from answerable.audit.reading import LogReader
from answerable.audit.store.query_rows import count_kinds
from answerable.audit.tree.checkpoints import Checkpoint
from answerable.audit.tree.proofs import verify_consistency

__all__ = ["Growth", "changes_since", "count_changes", "growth_since", "require_extends"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Proof that a log only grew from a checkpoint to what it is now."""

    log: str
    old_size: int
    old_root: str
    new_size: int
    new_root: str
    proof: tuple[str, ...]
    """Consistency proof, hashes in hex."""


def growth_since(log: LogReader, note: str, *, size: int | None = None) -> Growth:
    """Return the proof that the log extends a checkpoint, after checking it.

    Parameters
    ----------
    log : LogReader
        The log.
    note : str
        A checkpoint that was handed out earlier.
    size : int, optional
        Look no further than this size of the log; as it is now when left out.

    Returns
    -------
    Growth
        Checked.

    Raises
    ------
    CheckpointSignatureInvalid
        If the checkpoint is of another log, or its signature is not of this log's key.
    ConsistencyProofInvalid
        If the log has fewer entries than were signed, or does not begin with them.
    InvalidInput
        If `size` is below the checkpoint's, or beyond the log.
    """
    signed = log.open_checkpoint(note)
    held = log.size()
    if held < signed.size:
        raise ConsistencyProofInvalid(
            f"the log has {held} entries, and {signed.size} were signed",
            where="checkpoint",
            remedy="Entries are missing at its end: compare with a backup, change nothing.",
        )
    size = held if size is None else size
    if not signed.size <= size <= held:
        raise InvalidInput(
            f"a log of {held} entries cannot be looked at from {signed.size} to {size}",
            where="size",
            remedy="Leave it out, or give one that an earlier answer named.",
        )
    root, proof = log.root_at(size), log.consistency(signed.size, size)
    verify_consistency(signed.size, signed.root, size, root, proof)
    return Growth(
        log=signed.origin,
        old_size=signed.size,
        old_root=signed.root.hex(),
        new_size=size,
        new_root=root.hex(),
        proof=tuple(item.hex() for item in proof),
    )


def require_extends(log: LogReader, note: str) -> Checkpoint:
    """Return the tree head of a checkpoint that the log extends.

    Parameters
    ----------
    log : LogReader
        The log.
    note : str
        A checkpoint.

    Returns
    -------
    Checkpoint
        Opened.

    Raises
    ------
    CheckpointSignatureInvalid
        If the checkpoint is of another log, or its signature is not of this log's key.
    ConsistencyProofInvalid
        If the log does not extend it.
    """
    growth_since(log, note)
    return log.open_checkpoint(note)


def changes_since(
    log: LogReader,
    growth: Growth,
    *,
    kinds: tuple[EntryKind, ...] = (),
    after: int = -1,
    limit: int = 100,
) -> Page[Entry]:
    """Return the entries that were appended since a checkpoint, up to what was proven.

    Parameters
    ----------
    log : LogReader
        The log.
    growth : Growth
        From :func:`growth_since`.
    kinds : tuple of EntryKind
        Only these; all when empty.
    after, limit
        Place to continue after, and how many.

    Returns
    -------
    Page of Entry
        Ascending.

    Raises
    ------
    InvalidInput
        If the limit is out of range.
    RecordTampered
        If an entry is indexed under what its header does not say.
    """
    first = max(after, growth.old_size - 1)
    found = page_of(log, Scope(kinds=kinds), _itself, after=first, limit=limit)
    inside = tuple(takewhile(lambda entry: entry.seq < growth.new_size, found.items))
    whole = len(inside) == len(found.items)
    return Page(inside, found.next if whole else None)


def count_changes(log: LogReader, growth: Growth) -> dict[str, int]:
    """Return how many entries of each kind were appended since a checkpoint.

    Parameters
    ----------
    log : LogReader
        The log.
    growth : Growth
        From :func:`growth_since`.

    Returns
    -------
    dict
        Kind to number, sorted; the numbers add up to the growth. From the index column, which
        ``answerable verify`` compares with the headers.
    """
    places = growth.old_size, growth.new_size
    counted = log.ask(lambda snapshot: count_kinds(snapshot, places))
    return dict(sorted(counted.items()))


def _itself(entry: Entry, _header: HeaderJson) -> Entry:
    return entry
