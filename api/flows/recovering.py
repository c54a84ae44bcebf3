"""Recording a loss: two persons sign what is missing, together or one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from answerable.api.wiring import Workspace
from answerable.audit.entries import Receipt
from answerable.audit.errors import Conflict, InvalidInput, NotAllowed
from answerable.audit.records import Actor, LogHeadAccepted, LogRecovered, parse_record
from answerable.audit.recovery import (
    Statement,
    missing_signatures,
    prepare_statement,
    settle,
    sign_statement,
)
from answerable.audit.signing import load_signer_key, public_key_hex

__all__ = ["Settled", "close_gap"]

Closing = Literal["recover", "accept-head"]


@dataclass(frozen=True, slots=True)
class Settled:
    """How far a statement has come."""

    statement: Statement
    missing: int
    """Signatures still needed; 0 when the gap is closed."""
    receipt: Receipt | None = None
    """Of the entry; None while signatures are missing, or when it had been appended before."""


def close_gap(
    workspace: Workspace,
    how: Closing,
    *,
    reason: str,
    key_files: Sequence[Path],
    given: bytes | None = None,
) -> Settled:
    """Sign the statement about a gap, and close the gap once two persons have signed.

    Parameters
    ----------
    workspace : Workspace
        Whose log can only be read.
    how : {'recover', 'accept-head'}
        Whether entries are lost or only the outside head.
    reason : str
        Why, as a code such as ``backup-restored``.
    key_files : Sequence[Path]
        Signing keys of the persons who sign now.
    given : bytes, optional
        The statement as another person signed it before.

    Returns
    -------
    Settled
        The statement with all its signatures.

    Raises
    ------
    Conflict
        If nothing is missing, the other command is called for, or a person signs twice.
    NotAllowed
        If a key belongs to nobody registered, or to somebody who may not sign this.
    NotFound
        If a key file is missing.
    InvalidInput
        If the reason is no code, or what was given is no statement.
    EvidenceBroken
        If a signature is not the signer's, or the log contradicts its own checkpoints.
    Unavailable
        If a store cannot be written.
    """
    due = prepare_statement(workspace.log, reason)
    if isinstance(due, LogRecovered) != (how == "recover"):
        other = "accept-head" if how == "recover" else "recover"
        raise Conflict(
            "this is another kind of gap",
            where=workspace.log.origin,
            remedy=f"Run: answerable log {other}",
        )
    statement = due if given is None else _parsed(given)
    actors = workspace.directory.actors()
    for path in key_files:
        key = load_signer_key(path)
        statement = sign_statement(statement, key, _holder(actors, public_key_hex(key)))
    missing = missing_signatures(statement, actors)
    if missing:
        return Settled(statement, missing)
    return Settled(statement, 0, settle(workspace.log, statement, actors, ids=workspace.ids))


def _parsed(data: bytes) -> Statement:
    record = parse_record(data)
    if not isinstance(record, LogRecovered | LogHeadAccepted):
        raise InvalidInput(
            "this file holds another record", where="statement", remedy="Name another file."
        )
    return record


def _holder(actors: Sequence[Actor], public_key: str) -> Actor:
    for actor in actors:
        if actor.public_key == public_key and actor.roles:
            return actor
    raise NotAllowed(
        "this key belongs to nobody who is registered in what is left of the log",
        where="signing key",
        remedy="Only people registered before the loss can sign.",
    )
