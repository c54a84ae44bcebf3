"""Ids of decisions and of what belongs to them: found again without any store."""

from __future__ import annotations

from answerable.api.actor import ActorContext
from answerable.api.flows.cases import ApplicationRequest, DecisionRequest
from answerable.api.wiring import Workspace
from answerable.audit.ids import uuid7

__all__ = ["derived_id", "named_id"]


def named_id(
    workspace: Workspace, request: DecisionRequest | ApplicationRequest, actor: ActorContext
) -> str | None:
    """Return the entry id a request names, by itself or by its idempotency key.

    Parameters
    ----------
    workspace : Workspace
        Holds the pepper.
    request : DecisionRequest or ApplicationRequest
        The request.
    actor : ActorContext
        Whose idempotency key it is.

    Returns
    -------
    str or None
        None when it names none.
    """
    if request.decision_id is not None:
        return request.decision_id
    if request.idempotency_key is None:
        return None
    said = f"{actor.actor}\0{request.idempotency_key}"
    return _id_from(workspace.keyed_hash("idempotency", said.encode()))


def derived_id(workspace: Workspace, label: str, entry_id: str) -> str:
    """Return the id of what belongs to an entry, such as its explanation."""
    return _id_from(workspace.keyed_hash(label, entry_id.encode("ascii")))


def _id_from(mark: bytes) -> str:
    # Made of a keyed hash alone, so that no store is needed to find it again. The time in
    # such an id means nothing; the entry's own time does.
    return uuid7(int.from_bytes(mark[:6], "big") * 1000, mark[6:16])
