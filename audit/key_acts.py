"""What is done to keys under a claimed head: further ids of a person, a new signing key.

Each function is the step of one turn: it checks, changes the rows that must change with the
entry, and places the entry.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.entries import Draft, HeaderSubject, Receipt
from answerable.audit.errors import Conflict, InvalidInput, NotFound
from answerable.audit.identity import Scribe, own_signing_key
from answerable.audit.ids import UUID7_RANDOM_BYTES, uuid7
from answerable.audit.key_chain import KeyChain, hand_over, rotation_fact
from answerable.audit.keys.derive import KEY_SIZE
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role, SubjectAliasAdded
from answerable.audit.store import view_rows
from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint
from answerable.audit.turn import Turn

__all__ = ["SigningStep", "add_alias", "rotate_signing_key"]

_NAMED: Final = "data-subject"


class SigningStep(StrEnum):
    """The points between the steps of a new signing key, where a crash can fall."""

    KEY_ADDED = "key-added"
    PLACED = "placed"
    COMMITTED = "committed"


def add_alias(turn: Turn, ids: tuple[str, str], draft: Draft) -> Receipt:
    """Record a further id of a person and its entry.

    Parameters
    ----------
    turn : Turn
        A claimed head.
    ids : tuple of str
        An id the person is known by, and the further one.
    draft : Draft
        The entry.

    Returns
    -------
    Receipt
        Of the entry.

    Raises
    ------
    InvalidInput
        If the draft is not of that kind and record, or names another person.
    NotFound
        If the log does not know the person.
    Conflict
        If the further id leads to somebody already.
    """
    record = draft.record
    right = draft.kind is EntryKind.SUBJECT_ALIAS_ADDED and not draft.subjects
    if not (right and isinstance(record, SubjectAliasAdded)):
        raise InvalidInput(
            "not an entry that records a further identifier",
            where=f"entry {draft.entry_id}",
            remedy="Use subject.alias_added with a SubjectAliasAdded and no subjects of its own.",
        )
    named = (HeaderSubject(ref=record.subject, role=_NAMED),)
    before = turn.repeated(draft, named)
    if before is not None:
        return before
    known, further = ids
    ref = turn.keyring.ref_of(known)
    if ref is None:
        raise NotFound(
            "the log does not know this data subject",
            where="subject_id",
            remedy="Name an identifier under which something was recorded.",
        )
    if ref != record.subject:
        raise InvalidInput("the entry names another person", where=f"entry {draft.entry_id}")
    if turn.keyring.ref_of(further) is not None:
        raise Conflict(
            "the further identifier leads to somebody already",
            where="alias_id",
            remedy="Two records of one person cannot be joined: what each is about is fixed.",
        )
    turn.keyring.add_alias(ref, further)
    return turn.place(draft, named)


def rotate_signing_key(
    turn: Turn,
    scribe: Scribe,
    *,
    acting: tuple[str, Role],
    reached: Callable[[SigningStep], None],
) -> Receipt:
    """Put a new signing key in force: the old one's last checkpoint, the entry, a first new one.

    Parameters
    ----------
    turn : Turn
        A claimed head.
    scribe : Scribe
        Whose vault gets the new key.
    acting : tuple of str and Role
        Who does it, in which role.
    reached : Callable[[SigningStep], None]
        Told of the steps.

    Returns
    -------
    Receipt
        Of the entry.

    Raises
    ------
    Unavailable
        If the vault cannot be used, or is not this log's.
    """
    connection, origin = turn.connection, scribe.origin
    facts = view_rows.read_facts(connection)
    number = len(KeyChain.of_facts(facts).vkeys) + 1
    old = own_signing_key(facts, scribe.vault)
    new = _prepared(scribe, number)
    reached(SigningStep.KEY_ADDED)
    size = turn.head.size
    last = view_rows.latest_checkpoint(connection)
    if last is None or last[0] < size:
        note = sign_checkpoint(Checkpoint(origin, size, turn.head.frontier.root()), old)
        view_rows.insert_checkpoint(connection, size, turn.ts, note)
    record = hand_over(origin, old, new, number=number, size=size)
    actor, role = acting
    receipt = turn.place(
        Draft(
            kind=EntryKind.LOG_KEY_ROTATED,
            entry_id=uuid7(turn.ts, scribe.entropy(UUID7_RANDOM_BYTES)),
            record=record,
            actor=actor,
            role=role,
        )
    )
    view_rows.insert_facts(connection, {rotation_fact(number): record.to_json().decode()})
    grown = turn.grown()
    note = sign_checkpoint(Checkpoint(origin, grown.size, grown.root()), new)
    view_rows.insert_checkpoint(connection, grown.size, turn.ts, note)
    reached(SigningStep.PLACED)
    return receipt


def _prepared(scribe: Scribe, number: int) -> Ed25519PrivateKey:
    """Return the new key; one that an interrupted rotation left was never used: it is taken."""
    try:
        seed = scribe.vault.signing_key(scribe.origin, number)
    except NotFound:
        seed = scribe.entropy(KEY_SIZE)
        scribe.vault.add_signing_key(scribe.origin, seed, number)
    return Ed25519PrivateKey.from_private_bytes(seed)
