"""How the values of card fields read, the same in every format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from answerable.model_cards.card import CardField, FieldForm
from answerable.model_cards.report.formatting import interval, number, share, whole

__all__ = ["ABSENT", "FINDING_WORDS", "ROLE_NAMES", "cell_text", "field_rows", "role_name"]

ABSENT: Final = "–"

ROLE_NAMES: Final[dict[str, str]] = {
    "service": "the service",
    "scientist": "the data scientist",
    "model_owner": "the model owner",
    "reviewer": "the reviewer",
    "compliance": "compliance",
    "officer": "the officer",
    "auditor": "the auditor",
    "admin": "the administrator",
    "subject": "the data subject",
}

FINDING_WORDS: Final[dict[str, str]] = {
    "PASS": "meets the threshold",
    "FAIL": "misses the threshold",
    "INSUFFICIENT": "not enough evidence",
    "UNDEFINED": "undefined",
}


def role_name(role: str) -> str:
    """Return a role in words.

    Returns
    -------
    str
        The code itself when it is not known.

    Examples
    --------
    >>> role_name("scientist")
    'the data scientist'
    """
    return ROLE_NAMES.get(role, role)


def cell_text(value: JsonValue, form: FieldForm) -> str:
    """Return a value in words; an absent one is a dash, never a number.

    Returns
    -------
    str
        Never empty for a value.

    Examples
    --------
    >>> cell_text(0.8237, "share"), cell_text(None, "share"), cell_text([0.1, 0.2], "interval")
    ('82.4%', '–', '10.0% to 20.0%')
    """
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _figure(value, form)
    if isinstance(value, list):
        return _several(value, form)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {cell_text(item, 'text')}" for name, item in value.items())
    return FINDING_WORDS.get(value, value) if form == "code" else value


def _figure(value: float, form: FieldForm) -> str:
    if form == "share":
        return share(value)
    if form == "count":
        return whole(value)
    if form == "number":
        return whole(value) if float(value).is_integer() else _trimmed(value)
    return str(value)


def _trimmed(value: float) -> str:
    text = number(value, 4)
    return text.rstrip("0") if "." in text and text.strip("−0.") else f"{value:.3g}"


def _several(value: list[JsonValue], form: FieldForm) -> str:
    if form in {"interval", "range"} and len(value) == 2:  # noqa: PLR2004 - both ends
        low, high = value
        if isinstance(low, int | float) and isinstance(high, int | float):
            percent = form == "interval"
            return interval(low, high, percent=percent, digits=1 if percent else 2)
        return ABSENT
    return ", ".join(cell_text(item, "text") for item in value) or "none"


def field_rows(field: CardField) -> list[Mapping[str, JsonValue]]:
    """Return the rows of a table field; empty for any other."""
    if not isinstance(field.value, list):
        return []
    return [row for row in field.value if isinstance(row, dict)]
