"""Mounting the console on the app that serves the HTTP API."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Response

from answerable.api.console import (
    applicant,
    data,
    decisions,
    functions,
    integrity,
    login,
    people,
    reviews,
    today,
)
from answerable.api.console.rendering import STYLESHEET_PATH
from answerable.model_cards.report import stylesheet

__all__ = ["mount_console"]

_PAGES: tuple[APIRouter, ...] = (
    login.router,
    today.router,
    decisions.router,
    functions.router,
    data.router,
    reviews.router,
    people.router,
    integrity.router,
    applicant.router,
)


def mount_console(app: FastAPI) -> None:
    """Add the console's pages to an app.

    Parameters
    ----------
    app : FastAPI
        Its state holds the workspace.
    """
    for router in _PAGES:
        app.include_router(router, include_in_schema=False)
    app.add_api_route(STYLESHEET_PATH, _stylesheet, include_in_schema=False)


def _stylesheet() -> Response:
    return Response(
        stylesheet(), media_type="text/css", headers={"Cache-Control": "public, max-age=3600"}
    )
