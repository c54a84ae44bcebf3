"""Signing in with a one-time link, and out.

Opening the link shows a button; only pressing it uses the link up, so that a program that
previews links cannot.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from answerable.api.console.rendering import Page, reply
from answerable.api.console.routes import ConsoleRoute
from answerable.api.console.visitor import (
    STAFF,
    Form,
    Visitor,
    current_visitor,
    end_session,
    form_of,
    open_session,
    read_form,
    workspace_of,
)
from answerable.api.flows.credentials import is_bound
from answerable.api.state.credentials import secret_hash
from answerable.audit.codes import Role
from answerable.audit.errors import NotAuthenticated

__all__ = ["router"]

router = APIRouter(route_class=ConsoleRoute)


@router.get("/console/login")
def login_page(request: Request, link: Annotated[str, Query(max_length=128)] = "") -> Response:
    """Show the button that uses a link, or say how to get one."""
    visitor = current_visitor(request)
    if visitor is not None and not link:
        return RedirectResponse(visitor.home, status_code=HTTPStatus.SEE_OTHER)
    page = Page(
        template="login.html.j2",
        title="Sign in",
        drawn={"link": link},
        lead="What stands in the log concerns people, so every page needs a sign-in.",
    )
    return reply(request, page)


@router.post("/console/login")
def login(request: Request, form: Annotated[Form, Depends(read_form)]) -> Response:
    """Use a one-time link up and open a session."""
    workspace = workspace_of(request)
    earlier = current_visitor(request)
    text = form.get("link", "")
    used = workspace.state.use_link(secret_hash(text), now=workspace.clock())
    if used is None or not is_bound(workspace, text, used):
        raise NotAuthenticated(
            "this link is unknown, expired or was used before", remedy="Ask for a new one."
        )
    target = f"/my/{used.scope}" if used.scope is not None else "/console/"
    response = RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER)
    if earlier is not None:
        workspace.state.end_session(earlier.session)
    workspace.state.drop_expired(now=workspace.clock())
    open_session(workspace, used, response)
    return response


@router.post("/console/logout")
def logout(
    request: Request,
    sent: Annotated[tuple[Visitor, Form], Depends(form_of(*STAFF, Role.SUBJECT))],
) -> Response:
    """End the session."""
    response = RedirectResponse("/console/login", status_code=HTTPStatus.SEE_OTHER)
    end_session(workspace_of(request), sent[0], response)
    return response
