"""Addresses without a page of their own: the front door, and what does not exist."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse

from answerable.api.console.routes import ConsoleRoute
from answerable.api.console.visitor import STAFF, Visitor, signed_in
from answerable.audit.errors import NotFound

__all__ = ["router"]

router = APIRouter(route_class=ConsoleRoute)


@router.get("/")
@router.get("/console")
def front_door() -> Response:
    """Lead to the console."""
    return RedirectResponse("/console/", status_code=HTTPStatus.SEE_OTHER)


@router.get("/console/{rest:path}")
def no_page(rest: str, visitor: Annotated[Visitor, Depends(signed_in(*STAFF))]) -> Response:
    """Say that there is no such page, without repeating the address."""
    del rest, visitor
    raise NotFound("there is no such page", remedy="Use the navigation.")
