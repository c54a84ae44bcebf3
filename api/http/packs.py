"""Evidence packs over HTTP: one file to take along."""

from __future__ import annotations

import io
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import ConfigDict, Field, StringConstraints

from answerable.api.actor import ActorContext
from answerable.api.flows.pack import PackContents, PackRequest, evidence_pack
from answerable.api.http.access import Purpose, Store, allowed
from answerable.api.http.schemas import Body, Code, EntryIdText, SubjectRefText
from answerable.api.http.strict_json import StrictRoute
from answerable.audit.records import Role

__all__ = ["router"]

router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=StrictRoute)

Reader = Annotated[ActorContext, Depends(allowed(Role.OFFICER, Role.AUDITOR))]

_LIMIT: Final = 64 * 1024 * 1024
"""Most bytes of a pack that is sent; the command line writes larger ones."""
_MEDIA_TYPE: Final = "application/zip"


class PackBody(Body):
    """Which decisions to pack, and what can be read in the pack."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"decisions": ["01990000-0000-7000-8000-000000000000"], "contents": "sealed"}
            ]
        }
    )
    decisions: Annotated[list[EntryIdText], Field(min_length=1, max_length=1000)]
    contents: Annotated[
        Literal["sealed", "opened", "subject"],
        Field(
            description="sealed: no record keys; opened: whoever has the pack can read it; "
            "subject: all about the applicant, of nobody else (officers only)"
        ),
    ] = "sealed"
    recipient: Annotated[
        Code | None,
        Field(description="Who gets an opened pack, as a code; needed for one"),
    ] = None
    subject: Annotated[
        SubjectRefText | None,
        Field(description="Whose pack it is, when the decisions are about several people"),
    ] = None
    checkpoint: Annotated[
        str | None,
        StringConstraints(max_length=65_535),
        Field(description="A checkpoint the reader keeps; the pack is tied to it"),
    ] = None


@router.post(
    "/packs",
    summary="An evidence pack, checked without this service",
    response_class=Response,
    responses={200: {"content": {_MEDIA_TYPE: {}}, "description": "The pack (ZIP)"}},
)
def make_pack(body: PackBody, workspace: Store, actor: Reader, purpose: Purpose) -> Response:
    """Return decisions with their proofs and the signed checkpoint in one file."""
    file = io.BytesIO()
    request = PackRequest(
        decisions=body.decisions,
        purpose=purpose,
        contents=PackContents(body.contents),
        recipient=body.recipient,
        subject=body.subject,
        checkpoint=body.checkpoint,
    )
    evidence_pack(workspace, request, file, actor=actor, limit=_LIMIT)
    headers = {
        "Content-Disposition": 'attachment; filename="evidence-pack.zip"',
        "Cache-Control": "no-store",
    }
    return Response(file.getvalue(), media_type=_MEDIA_TYPE, headers=headers)
