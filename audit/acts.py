"""What is done under a claimed head beside plain appending: holds, erasure, registration.

Each function is the step of one turn: it checks, changes the rows that must change with the
entry, and places the entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from answerable.audit.entries import Draft, HeaderSubject, Receipt
from answerable.audit.errors import Conflict, InvalidInput, NotFound
from answerable.audit.identity import Scribe
from answerable.audit.keys.derive import keyed_hash
from answerable.audit.keys.erasure import Reached, rotate_out
from answerable.audit.keys.holds import refuse_held
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Actor, LegalHold, SubjectErased
from answerable.audit.retention.absence import ERASING_KINDS
from answerable.audit.store import entry_rows, key_rows
from answerable.audit.turn import Turn

__all__ = ["RotatedBucket", "erase_holder", "lift_hold", "place_hold", "register_actor"]

_NAMED: Final = "data-subject"
RotatedBucket = tuple[int, int]
"""A bucket and the version it moved to."""


def place_hold(turn: Turn, draft: Draft) -> Receipt:
    """Record a hold and its entry.

    Returns
    -------
    Receipt
        Of the entry.

    Raises
    ------
    Conflict
        If the same hold is in place already.
    """
    hold = _hold_in(draft, EntryKind.HOLD_PLACED)
    named = _named(hold.subject)
    before = turn.repeated(draft, named)
    if before is not None:
        return before
    turn.keyring.require(hold.subject)
    placed = key_rows.holds_of(turn.connection, hold.subject)
    if (hold.ground, hold.reference) in [(item.ground, item.reference) for item in placed]:
        raise Conflict(
            "this hold is in place already",
            where=hold.subject,
            remedy="Lift it first, or give the new one another reference.",
        )
    key_rows.insert_hold(turn.connection, hold)
    return turn.place(draft, named)


def lift_hold(turn: Turn, draft: Draft) -> Receipt:
    """Remove a hold and place its entry.

    Returns
    -------
    Receipt
        Of the entry.

    Raises
    ------
    NotFound
        If no such hold is in place.
    """
    hold = _hold_in(draft, EntryKind.HOLD_LIFTED)
    named = _named(hold.subject)
    before = turn.repeated(draft, named)
    if before is not None:
        return before
    if not key_rows.delete_hold(turn.connection, hold):
        raise NotFound(
            "no such hold is in place", where=hold.subject, remedy="See the holds in force."
        )
    return turn.place(draft, named)


def erase_holder(
    turn: Turn, drafts: Sequence[Draft], ref: str, *, scribe: Scribe, reached: Reached
) -> tuple[Receipt, RotatedBucket | None]:
    """Check holds, place the erasure's entry, delete the key row and rotate its bucket.

    The first of `drafts` records the erasure, the others are placed after it.

    Returns
    -------
    receipt : Receipt
        Of the entry.
    rotated : RotatedBucket or None
        Whose older keys must be destroyed once this is committed; None when it was done before.

    Raises
    ------
    InvalidInput
        If the draft does not record an erasure.
    """
    draft, *beside = drafts
    if not _records_erasure(draft):
        raise InvalidInput(
            "not an entry that records an erasure",
            where=f"entry {draft.entry_id}",
            remedy="Use subject.erased with a SubjectErased record and no subjects of its own.",
        )
    named = _named(ref)
    counted = _counted(turn, draft, ref)
    before = turn.repeated(counted, named)
    if before is not None:
        return before, None
    refuse_held(key_rows.holds_of(turn.connection, ref), turn.ts)
    turn.keyring.require(ref)
    row = key_rows.keys_by_ref(turn.connection, (ref,))[0]
    receipt = turn.place(counted, named)
    for other in beside:
        turn.place(other)
    version = rotate_out(
        turn.connection,
        row,
        vault=scribe.vault,
        origin=scribe.origin,
        entropy=scribe.entropy,
        reached=reached,
    )
    return receipt, (row.bucket, version)


def register_actor(turn: Turn, draft: Draft, name: str, *, pepper: bytes) -> Receipt:
    """Give an actor a key, seal the name under it, place the entry without the name.

    Returns
    -------
    Receipt
        Of the entry.

    Raises
    ------
    InvalidInput
        If the draft is not the registration of an actor, or the name is empty.
    Conflict
        If the actor is registered already.
    """
    actor = draft.record
    if draft.kind is not EntryKind.ACTOR_REGISTERED or not isinstance(actor, Actor):
        raise InvalidInput("not the registration of an actor", where=f"entry {draft.entry_id}")
    if not name.strip():
        raise InvalidInput("the name of an actor is empty", where="name")
    before = turn.repeated(draft)
    if before is not None:
        return before
    if turn.keyring.data_key(actor.actor) is not None:
        raise Conflict("this actor is registered already", where=actor.actor)
    lookup = keyed_hash(pepper, "actor", actor.actor.encode())
    turn.keyring.create(actor.actor, lookup, name=name)
    return turn.place(draft)


def _named(ref: str) -> Sequence[HeaderSubject]:
    """Return how the header names the holder a clear record is about (actors: in the body)."""
    return (HeaderSubject(ref=ref, role=_NAMED),) if ref.startswith("s-") else ()


def _hold_in(draft: Draft, kind: EntryKind) -> LegalHold:
    if draft.kind is not kind or not isinstance(draft.record, LegalHold) or draft.subjects:
        raise InvalidInput(
            f"not an entry of kind {kind.value} with a hold and no subjects of its own",
            where=f"entry {draft.entry_id}",
        )
    return draft.record


def _records_erasure(draft: Draft) -> bool:
    record = Actor if draft.kind is EntryKind.ACTOR_RETIRED else SubjectErased
    return draft.kind in ERASING_KINDS and isinstance(draft.record, record) and not draft.subjects


def _counted(turn: Turn, draft: Draft, ref: str) -> Draft:
    """Return the draft with the number of entries that become unreadable filled in."""
    if not isinstance(draft.record, SubjectErased):
        return draft
    entries = entry_rows.count_sealed(turn.connection, ref)
    return replace(draft, record=draft.record.model_copy(update={"entries": entries}))
