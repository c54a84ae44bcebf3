"""Data subjects: find a person, answer their requests.

An identifier is sent in a form, never in an address; everything after it uses the random
reference.
"""

from __future__ import annotations

import io
import zipfile
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import JsonValue

from answerable.api.console.rendering import Page, reply
from answerable.api.console.routes import ConsoleRoute
from answerable.api.console.visitor import Form, Visitor, form_of, signed_in, workspace_of
from answerable.api.flows.subject import (
    RequestFacts,
    access_package,
    erase,
    find_subject,
    lift_hold,
    object_to,
    place_hold,
    rectify,
    restrict,
    show_subject,
)
from answerable.api.wiring import Workspace
from answerable.audit.codes import Role
from answerable.audit.errors import InvalidInput
from answerable.audit.records import SubjectStatement

__all__ = ["router"]

router = APIRouter(route_class=ConsoleRoute)
Officer = Annotated[Visitor, Depends(signed_in(Role.OFFICER))]
Sent = Annotated[tuple[Visitor, Form], Depends(form_of(Role.OFFICER))]
RefPath = Annotated[str, Path(pattern=r"^s-[0-9a-f]{32}$")]
_PURPOSES = {
    "gdpr-art-15": "Access (GDPR Art. 15)",
    "gdpr-art-16": "Rectification (GDPR Art. 16)",
    "gdpr-art-17": "Erasure (GDPR Art. 17)",
    "gdpr-art-18": "Restriction (GDPR Art. 18)",
    "gdpr-art-21": "Objection (GDPR Art. 21)",
    "complaint": "A complaint",
}


@router.get("/console/subjects")
def people(request: Request, visitor: Officer) -> Response:
    """Show the search form."""
    page = Page(
        "people.html.j2",
        "People",
        {"purposes": cast("dict[str, JsonValue]", dict(_PURPOSES))},
        lead="Find a person by the identifier your services use. The search is logged.",
    )
    return reply(request, page, visitor)


@router.post("/console/subjects")
def find(request: Request, sent: Sent) -> Response:
    """Find a person and show everything that names them."""
    visitor, form = sent
    found = find_subject(
        workspace_of(request),
        form.get("subject_id", ""),
        purpose=form.get("purpose", ""),
        actor=visitor.actor,
    )
    view = found.to_result() | {"purpose": form.get("purpose", "")}
    return reply(request, Page("person.html.j2", "A person's file", view), visitor)


@router.get("/console/subjects/{ref}")
def person(request: Request, ref: RefPath, visitor: Officer) -> Response:
    """Show a person's file again, after an action."""
    found = show_subject(workspace_of(request), ref, purpose="follow-up", actor=visitor.actor)
    view = found.to_result() | {"purpose": "follow-up"}
    return reply(request, Page("person.html.j2", "A person's file", view), visitor)


@router.post("/console/subjects/{ref}/access")
def access(request: Request, ref: RefPath, sent: Sent) -> Response:
    """Hand out the access package as a ZIP file."""
    visitor, form = sent
    workspace = workspace_of(request)
    package = access_package(
        workspace,
        ref,
        _facts(workspace, form, "gdpr-art-15"),
        purpose="gdpr-art-15",
        actor=visitor.actor,
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(package.files().items()):
            archive.writestr(zipfile.ZipInfo(name), content)
    return Response(
        buffer.getvalue(),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="access-package.zip"'},
    )


@router.post("/console/subjects/{ref}/state")
def state(request: Request, ref: RefPath, sent: Sent) -> Response:
    """Record a restriction, an objection or a rectification."""
    visitor, form = sent
    flows = {"restrict": restrict, "object": object_to, "rectify": rectify}
    flow = flows.get(form.get("what", ""))
    if flow is None:
        raise InvalidInput("choose restriction, objection or rectification", where="what")
    statement = SubjectStatement.parse({"statement": form.get("statement", "")})
    flow(workspace_of(request), ref, statement, actor=visitor.actor)
    return _back(ref)


@router.post("/console/subjects/{ref}/hold")
def hold(request: Request, ref: RefPath, sent: Sent) -> Response:
    """Place or lift a legal hold."""
    visitor, form = sent
    flow = lift_hold if form.get("what") == "lift" else place_hold
    flow(
        workspace_of(request),
        ref,
        ground=form.get("ground", ""),
        reference=form.get("reference", ""),
        actor=visitor.actor,
    )
    return _back(ref)


@router.get("/console/subjects/{ref}/erase")
def erase_page(request: Request, ref: RefPath, visitor: Officer) -> Response:
    """Say what erasing means and ask for confirmation."""
    page = Page(
        "erase.html.j2",
        "Erase a person's data",
        {"ref": ref},
        lead="This destroys the person's key. It cannot be undone.",
    )
    return reply(request, page, visitor)


@router.post("/console/subjects/{ref}/erase")
def erase_person(request: Request, ref: RefPath, sent: Sent) -> Response:
    """Erase a person."""
    visitor, form = sent
    if form.get("confirm") != "yes":
        raise InvalidInput("erasing needs the confirmation to be ticked", where="confirm")
    workspace = workspace_of(request)
    erase(workspace, ref, _facts(workspace, form, "gdpr-art-17"), actor=visitor.actor)
    return _back(ref)


def _facts(workspace: Workspace, form: Form, article: str) -> RequestFacts:
    return RequestFacts(
        received_at=workspace.clock(),
        identity_check=form.get("identity_check", ""),
        article=article,
    )


def _back(ref: str) -> Response:
    return RedirectResponse(f"/console/subjects/{ref}", status_code=HTTPStatus.SEE_OTHER)
