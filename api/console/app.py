"""Mounting the console on the app that serves the HTTP API."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Response

from answerable.api.console import (
    applicant,
    data,
    decisions,
    elsewhere,
    functions,
    integrity,
    login,
    people,
    questions,
    reviews,
    today,
)
from answerable.api.console.rendering import ICON_PATH, OWN_STYLESHEET_PATH, STYLESHEET_PATH
from answerable.model_cards.report import stylesheet

__all__ = ["mount_console"]

_PAGES: Final[tuple[APIRouter, ...]] = (
    login.router,
    today.router,
    decisions.router,
    functions.router,
    data.router,
    reviews.router,
    people.router,
    questions.router,
    integrity.router,
    applicant.router,
    elsewhere.router,
)
_STATIC: Final = Path(__file__).parent / "static"


def mount_console(app: FastAPI) -> None:
    """Add the console's pages to an app.

    Parameters
    ----------
    app : FastAPI
        Its state holds the workspace.
    """
    for path, text, media_type in (
        (STYLESHEET_PATH, stylesheet, "text/css"),
        (OWN_STYLESHEET_PATH, _own_stylesheet, "text/css"),
        (ICON_PATH, _icon, "image/svg+xml"),
    ):
        app.add_api_route(path, _file(text, media_type), include_in_schema=False)
    for router in _PAGES:
        app.include_router(router, include_in_schema=False)


def _file(text: Callable[[], str], media_type: str) -> Callable[[], Response]:
    def answer() -> Response:
        # A new version of the package must not meet a browser that kept the old one.
        return Response(text(), media_type=media_type, headers={"Cache-Control": "no-cache"})

    return answer


@cache
def _own_stylesheet() -> str:
    return (_STATIC / "console.css").read_text(encoding="utf-8")


@cache
def _icon() -> str:
    return (_STATIC / "sign.svg").read_text(encoding="utf-8")
