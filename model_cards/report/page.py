"""The page frame every HTML page of the product is rendered in.

Promise: pages need no script, no style attributes and no request; what comes from data is
escaped by the templates' autoescape, after characters that cannot be seen were spelled
out; a template that prints an absent or unknown value fails instead of writing "None".
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from answerable.audit.errors import InvalidInput
from answerable.model_cards.report import formatting
from answerable.model_cards.report.charts.marks import place
from answerable.model_cards.report.words import words_for

__all__ = ["STYLESHEET", "kit_environment", "page_policy", "render_page", "stylesheet"]

_HERE: Final = Path(__file__).parent
STYLESHEET: Final = "report.css"
"""File name under which a server offers :func:`stylesheet`."""


@cache
def stylesheet() -> str:
    """Return the one stylesheet of the product."""
    return (_HERE / "static" / STYLESHEET).read_text(encoding="utf-8")


@cache
def page_policy() -> str:
    """Return the content security policy of a self-contained page.

    Only the embedded stylesheet is allowed, by its hash; everything else is refused.

    Returns
    -------
    str
        The value of a ``Content-Security-Policy`` header.

    References
    ----------
    Content Security Policy Level 3, section 8.4 (hashes of inline content).
    """
    digest = base64.b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def kit_environment(*folders: Path) -> Environment:
    """Return a template environment that knows the kit.

    Parameters
    ----------
    *folders : Path
        Template folders searched before the kit's own; their pages say
        ``{% extends "kit/page.html.j2" %}`` and import ``kit/parts.html.j2`` and
        ``kit/charts.html.j2`` with context.

    Returns
    -------
    jinja2.Environment
        Autoescaping, strict about unknown names.
    """
    environment = Environment(
        loader=FileSystemLoader([*folders, _HERE / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        certainty=formatting.certainty,
        cut=formatting.cut,
        day=formatting.day,
        interval=formatting.interval,
        moment=formatting.moment,
        number=formatting.number,
        place=place,
        share=formatting.share,
        short_digest=formatting.short_digest,
        whole=formatting.whole,
    )
    environment.globals.update(
        contents=(),
        kind="",
        lang="en",
        lead="",
        page_policy=page_policy(),
        stylesheet=Markup(stylesheet()),  # noqa: S704 - our own file, and CSS is not escaped
        stylesheet_href="",
        theme="",
        words=words_for("en"),
    )
    return environment


def _printable(value: object) -> object:
    if value is None:
        raise InvalidInput("a page would have printed an absent value", where="template")
    if isinstance(value, str) and not isinstance(value, Markup):
        return formatting.spelled_out(value)
    return value


@cache
def _own_environment() -> Environment:
    return kit_environment()


def render_page(template: str, context: Mapping[str, object]) -> str:
    """Render one of the kit's own pages as self-contained HTML.

    Parameters
    ----------
    template : str
        Name below ``model_cards/report/templates``.
    context : Mapping[str, object]
        Values of the page; `title` at least. `lang` also chooses the kit's own words.

    Returns
    -------
    str
        HTML that ends in a newline.

    Raises
    ------
    InvalidInput
        If the page would print an absent value.
    """
    language: formatting.Language = "de" if context.get("lang") == "de" else "en"
    values = {"words": words_for(language), **context}
    return _own_environment().get_template(template).render(values)
