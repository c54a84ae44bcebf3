"""Closing a gap: two persons say what was lost, and the log goes on in a new epoch.

A gap is never closed by a setting. Two distinct persons sign the statement that names it: how
far the log reaches, what the lost checkpoint covered, why. The statement becomes an entry, and a
checkpoint over that entry takes the place of the outside head. Nothing is hidden by it:
verification against a checkpoint of the lost history still finds the loss, and names the entry.

1. the log must be readable only, and sound: its rows must fit the checkpoints it stores itself;
2. the statement must be the one this gap calls for;
3. at least two signatures must verify against keys registered in this log, of two persons who
   are no services, hold a role that may do this, and do not share a key;
4. the entry is appended, then the outside head moves; a crash between the two is finished by
   doing it again with any statement, because the entry says already what two persons signed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from answerable.audit.anchored import AnchoredLog
from answerable.audit.anchors.standing import Gap
from answerable.audit.canonical import sha256_digest
from answerable.audit.entries import Draft, Receipt
from answerable.audit.errors import Conflict, EvidenceBroken, InvalidInput, NotAllowed
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Actor,
    EntryLink,
    LogHeadAccepted,
    LogRecovered,
    PersonSignature,
    Role,
)

__all__ = [
    "PERSONS",
    "SETTLING_ROLES",
    "Statement",
    "epoch_of",
    "may_settle",
    "missing_signatures",
    "prepare_statement",
    "settle",
    "sign_statement",
]

Statement = LogRecovered | LogHeadAccepted

SETTLING_ROLES: Final = (Role.COMPLIANCE, Role.ADMIN, Role.OFFICER, Role.AUDITOR)
"""Who may sign that entries or the outside head were lost."""
PERSONS: Final = 2
"""How many of them sign."""
_PAGE: Final = 500


def prepare_statement(log: AnchoredLog, reason: str) -> Statement:
    """Return what two persons have to sign about the gap of a log.

    Parameters
    ----------
    log : AnchoredLog
        Opened, with a gap.
    reason : str
        Why, as a code such as ``backup-restored``.

    Returns
    -------
    LogRecovered or LogHeadAccepted
        The first when entries are lost, the second when only the outside head is.

    Raises
    ------
    Conflict
        If nothing is missing.
    EvidenceBroken
        If the log contradicts its own checkpoints: restore a sound backup first.
    InvalidInput
        If the reason is no code.
    """
    gap = _gap_of(log)
    log.require_sound()
    size = log.size()
    said: dict[str, object] = {
        "reason": reason,
        "size": size,
        "root": f"sha256:{log.root_at(size).hex()}",
    }
    if gap.held is None:
        found = None if gap.found is None else sha256_digest(gap.found.encode("utf-8"))
        return LogHeadAccepted.parse({**said, "found": found})
    return LogRecovered.parse(
        {
            **said,
            "epoch": epoch_of(log) + 1,
            "lost_size": gap.held.size,
            "lost_root": f"sha256:{gap.held.root.hex()}",
            "lost_note": sha256_digest((gap.found or "").encode("utf-8")),
            "first_lost": gap.first,
        }
    )


def epoch_of(log: AnchoredLog) -> int:
    """Return the epoch of a log: 1, and one more for each loss that was recorded."""
    epoch, after = 1, -1
    while page := log.entries(kinds=(EntryKind.LOG_RECOVERED,), after=after, limit=_PAGE):
        epoch += len(page)
        after = page[-1].seq
    return epoch


def sign_statement(statement: Statement, key: Ed25519PrivateKey, signer: Actor) -> Statement:
    """Return a statement with one person's signature added.

    Parameters
    ----------
    statement : LogRecovered or LogHeadAccepted
        With the signatures it has.
    key : Ed25519PrivateKey
        The person's own key.
    signer : Actor
        The person, as registered.

    Returns
    -------
    LogRecovered or LogHeadAccepted
        The same statement, signed once more.

    Raises
    ------
    NotAllowed
        If the person is a service or holds no role that may sign this.
    Conflict
        If this person has signed it already.
    """
    role = _role_of(signer)
    if signer.actor in {person.actor for person in statement.signatures}:
        raise Conflict(
            "this person has signed the statement already",
            where=signer.actor,
            remedy="Another person signs.",
        )
    person = PersonSignature(actor=signer.actor, role=role)
    signature = key.sign(statement.signed_bytes(person)).hex()
    return statement.with_signature(person.model_copy(update={"signature": signature}))


def may_settle(signer: Actor) -> bool:
    """Return whether an actor could sign that entries or the outside head were lost.

    Parameters
    ----------
    signer : Actor
        As registered.

    Returns
    -------
    bool
        True for a person with a signing key in one of :data:`SETTLING_ROLES`.

    Examples
    --------
    >>> officer = Actor(actor="a-" + "0" * 32, roles=(Role.OFFICER,), public_key="00" * 32)
    >>> may_settle(officer), may_settle(officer.model_copy(update={"public_key": None}))
    (True, False)
    """
    return (
        signer.public_key is not None
        and not signer.service
        and any(role in signer.roles for role in SETTLING_ROLES)
    )


def missing_signatures(statement: Statement, actors: Sequence[Actor]) -> int:
    """Return how many signatures a statement still needs.

    Parameters
    ----------
    statement : LogRecovered or LogHeadAccepted
        With its signatures.
    actors : Sequence[Actor]
        Who is registered in the log.

    Returns
    -------
    int
        0 when two persons have signed.

    Raises
    ------
    NotAllowed
        If a signer is not registered with a key, is a service, or lacks the role.
    EvidenceBroken
        If a signature is not the signer's.
    """
    known = {actor.actor: actor for actor in actors}
    persons: set[str] = set()
    for person in statement.signatures:
        signer = known.get(person.actor)
        if signer is None or signer.public_key is None or person.role not in signer.roles:
            raise NotAllowed(
                "a signer is not registered here with a key and this role",
                where=person.actor,
                remedy="Only people registered in what is left of the log can sign.",
            )
        _role_of(signer)
        _verify(statement, person, signer.public_key)
        # Who holds one key is one person, under however many references.
        persons.add(signer.public_key)
    return max(PERSONS - len(persons), 0)


def settle(
    log: AnchoredLog, statement: Statement, actors: Sequence[Actor], *, ids: Callable[[], str]
) -> Receipt | None:
    """Record what two persons signed, and let the log be written again.

    Parameters
    ----------
    log : AnchoredLog
        With a gap.
    statement : LogRecovered or LogHeadAccepted
        What :func:`prepare_statement` gave, signed by two persons.
    actors : Sequence[Actor]
        Who is registered in the log.
    ids : Callable[[], str]
        Gives entry ids.

    Returns
    -------
    Receipt or None
        Of the entry; None when an earlier attempt had appended it.

    Raises
    ------
    Conflict
        If nothing is missing, or the statement is not about this gap.
    NotAllowed
        If fewer than two persons signed, or one of them may not.
    EvidenceBroken
        If a signature is not the signer's, or the log contradicts its own checkpoints.
    Unavailable
        If a store cannot be written.
    """
    recorded = _recorded(log)
    said = statement if recorded is None else recorded
    if missing_signatures(said, actors):
        raise NotAllowed(
            "two persons must sign this",
            where=log.origin,
            remedy="Have a second person sign the same statement with their own key.",
        )
    if recorded is not None:
        return log.settle(None, size=log.size())
    _require_about(prepare_statement(log, statement.reason), statement)
    return log.settle(_draft(statement, ids()), size=statement.size)


def _gap_of(log: AnchoredLog) -> Gap:
    if log.gap is None:
        raise Conflict("nothing is missing", where=log.origin, remedy="Go on as usual.")
    return log.gap


def _recorded(log: AnchoredLog) -> Statement | None:
    """Return the statement of an attempt that was broken off before the outside head moved."""
    gap = _gap_of(log)
    found = log.latest(kinds=(EntryKind.LOG_RECOVERED, EntryKind.LOG_HEAD_ACCEPTED), limit=1)
    note = log.latest_checkpoint()
    if not found or (note is not None and found[0].seq < log.open_checkpoint(note).size):
        return None
    record = log.open_body(found[0]).record
    if isinstance(record, LogHeadAccepted):
        return record if gap.held is None else None
    lost = None if gap.found is None else sha256_digest(gap.found.encode("utf-8"))
    return record if isinstance(record, LogRecovered) and record.lost_note == lost else None


def _require_about(due: Statement, given: Statement) -> None:
    if given.model_copy(update={"signatures": ()}) != due:
        raise Conflict(
            "the statement is not about this gap",
            where="statement",
            remedy="Prepare a new one; the log or its outside head has changed since.",
        )


def _draft(statement: Statement, entry_id: str) -> Draft:
    first = statement.signatures[0]
    kind, links = EntryKind.LOG_HEAD_ACCEPTED, list[EntryLink]()
    if isinstance(statement, LogRecovered):
        kind, links = EntryKind.LOG_RECOVERED, [EntryLink(rel="lost", digest=statement.lost_note)]
    return Draft(
        kind=kind,
        entry_id=entry_id,
        record=statement,
        actor=first.actor,
        role=first.role,
        links=tuple(links),
    )


def _role_of(signer: Actor) -> Role:
    role = next((role for role in SETTLING_ROLES if role in signer.roles), None)
    if role is None or signer.service:
        allowed = ", ".join(role.value for role in SETTLING_ROLES)
        raise NotAllowed(
            f"only a person in one of the roles {allowed} signs this",
            where=signer.actor,
            remedy="Another person signs.",
        )
    return role


def _verify(statement: Statement, person: PersonSignature, public_key: str) -> None:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
    except ValueError:
        raise InvalidInput("not an Ed25519 public key in hex", where=person.actor) from None
    try:
        key.verify(bytes.fromhex(person.signature or ""), statement.signed_bytes(person))
    except InvalidSignature:
        raise EvidenceBroken(
            "a signature under the statement is not the signer's",
            where=person.actor,
            remedy="That person signs again, with the key they registered.",
        ) from None
