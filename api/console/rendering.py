"""Pages: the report kit's frame, the console's navigation, a JSON twin for each.

A page is a *view* (plain JSON, what the page says) and charts drawn from it. With
``?format=json`` the same route answers the view, under the same authorisation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment
from pydantic import JsonValue

from answerable.api.console.visitor import Visitor, workspace_of
from answerable.api.console.wording import kind_words, outcome_words, spoken, tone_of
from answerable.api.flows.query import ASKERS
from answerable.audit.codes import Role
from answerable.model_cards.report import kit_environment, page_policy
from answerable.model_cards.report.formatting import Language
from answerable.model_cards.report.words import words_for

__all__ = [
    "CSP",
    "ICON_PATH",
    "OWN_STYLESHEET_PATH",
    "STYLESHEET_PATH",
    "Page",
    "report_page",
    "reply",
]

STYLESHEET_PATH: Final = "/console/static/report.css"
OWN_STYLESHEET_PATH: Final = "/console/static/console.css"
ICON_PATH: Final = "/console/static/sign.svg"
CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_TEMPLATES: Final = Path(__file__).parent / "templates"
_STAFF: Final = frozenset(Role) - {Role.SERVICE, Role.SUBJECT}
_SECTIONS: Final[tuple[tuple[str, str, frozenset[Role]], ...]] = (
    ("/console/", "Today", _STAFF),
    ("/console/decisions", "Decisions", _STAFF),
    ("/console/functions", "Decision functions", _STAFF),
    ("/console/data", "Data", _STAFF),
    ("/console/reviews", "Reviews", frozenset({Role.REVIEWER})),
    ("/console/subjects", "People", frozenset({Role.OFFICER})),
    ("/console/questions", "Questions", frozenset(ASKERS)),
    ("/console/integrity", "Integrity", _STAFF),
)


@dataclass(frozen=True)
class Page:
    """What a page shows.

    Attributes
    ----------
    template : str
        Below ``templates/console``.
    title : str
    view : dict
        What the page says, as JSON.
    drawn : mapping
        Charts and other objects only the template needs.
    lead : str
    contents : sequence of (anchor, label)
        Of a long page.
    language : {"en", "de"}
    status : int
    """

    template: str
    title: str
    view: dict[str, JsonValue] = field(default_factory=dict)
    drawn: Mapping[str, object] = field(default_factory=dict)
    lead: str = ""
    contents: Sequence[tuple[str, str]] = ()
    language: Language = "en"
    status: int = 200


@cache
def _environment() -> Environment:
    environment = kit_environment(_TEMPLATES)
    environment.globals.update(
        stylesheet_href=STYLESHEET_PATH,
        own_stylesheet_href=OWN_STYLESHEET_PATH,
        icon_href=ICON_PATH,
    )
    environment.filters.update(
        kind_words=kind_words, outcome_words=outcome_words, spoken=spoken, tone_of=tone_of
    )
    return environment


def reply(request: Request, page: Page, visitor: Visitor | None = None) -> Response:
    """Answer a page as HTML, or its view as JSON when that is asked for.

    Parameters
    ----------
    request : Request
    page : Page
    visitor : Visitor, optional
        Who looks; gives navigation and the form token.

    Returns
    -------
    Response
        With the console's content security policy.
    """
    if request.query_params.get("format") == "json":
        return JSONResponse(page.view, page.status)
    text = (
        _environment()
        .get_template(f"console/{page.template}")
        .render(
            view=page.view,
            **page.drawn,
            title=page.title,
            lead=page.lead,
            lang=page.language,
            words=words_for(page.language),
            contents=page.contents,
            sections=_sections(visitor, request.url.path),
            visitor=visitor,
            visitor_name=_name_of(request, visitor),
            csrf=visitor.csrf if visitor is not None else "",
        )
    )
    return HTMLResponse(text, page.status, headers={"Content-Security-Policy": CSP})


def report_page(request: Request, html: str | bytes, result: JsonValue) -> Response:
    """Answer one of our self-contained reports, or its JSON when that is asked for.

    Parameters
    ----------
    request : Request
    html : str or bytes
        With its stylesheet embedded.
    result : JsonValue
        What the report shows.

    Returns
    -------
    Response
        With a policy that allows the embedded stylesheet by its hash and nothing else.
    """
    if request.query_params.get("format") == "json":
        return JSONResponse(result)
    return HTMLResponse(html, headers={"Content-Security-Policy": page_policy()})


def _name_of(request: Request, visitor: Visitor | None) -> str:
    if visitor is None or visitor.actor.scope is not None:
        return ""
    return workspace_of(request).directory.name_of(visitor.actor.actor) or "signed in"


def _sections(visitor: Visitor | None, here: str) -> list[dict[str, object]]:
    if visitor is None or visitor.actor.scope is not None:
        return []
    return [
        {"href": href, "label": label, "current": _is_in(here, href)}
        for href, label, roles in _SECTIONS
        if roles & visitor.actor.roles
    ]


def _is_in(here: str, href: str) -> bool:
    return here == href if href == "/console/" else here.startswith(href)
