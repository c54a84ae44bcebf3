"""Evidence by its digest: immutable, so it can be kept by whoever fetched it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse

from answerable.api.actor import ActorContext
from answerable.api.flows.evidence import evidence_by_digest
from answerable.api.http.access import Store, allowed
from answerable.api.http.schemas import Json, Reply
from answerable.api.http.strict_json import StrictRoute
from answerable.audit.records import Role

__all__ = ["not_modified", "router"]

router = APIRouter(prefix="/v1/evidence", tags=["evidence"], route_class=StrictRoute)

Reader = Annotated[
    ActorContext,
    Depends(allowed(Role.SCIENTIST, Role.MODEL_OWNER, Role.COMPLIANCE, Role.OFFICER, Role.AUDITOR)),
]
Digest = Annotated[
    str, Path(pattern=r"^sha256:[0-9a-f]{64}$", description="Digest of the evidence.")
]


class EvidenceAnswer(Reply):
    """Evidence and the entry that holds it."""

    digest: str
    entry_id: str
    seq: int
    ts: int
    evidence: Json


@router.get("/{digest}", summary="Read evidence", response_model=EvidenceAnswer)
def read(digest: Digest, request: Request, workspace: Store, _actor: Reader) -> Response:
    """Return what was computed, on what, with what, and the result."""
    found = evidence_by_digest(workspace, digest)
    unchanged = not_modified(request, digest)
    if unchanged is not None:
        return unchanged
    answer = EvidenceAnswer(
        digest=digest,
        entry_id=found.entry.id,
        seq=found.entry.seq,
        ts=found.entry.header.ts,
        evidence=found.record.model_dump(mode="json", exclude_none=True),
    )
    return JSONResponse(answer.model_dump(mode="json"), headers=_headers(digest))


def not_modified(request: Request, tag: str) -> Response | None:
    """Return 304 when the caller has this immutable thing already, else None.

    Parameters
    ----------
    request : Request
        With ``If-None-Match``.
    tag : str
        What identifies the content.

    Returns
    -------
    Response or None
        To be returned as it is.
    """
    known = [item.strip() for item in request.headers.get("if-none-match", "").split(",")]
    if f'"{tag}"' in known:
        return Response(status_code=304, headers=_headers(tag))
    return None


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": f'"{tag}"', "Cache-Control": "private, max-age=31536000, immutable"}
