"""The words of letters, one YAML file per language, and how numbers and dates are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Final

import jinja2
from pydantic import BaseModel, ConfigDict, Field

from answerable.audit.documents import read_document
from answerable.audit.errors import InvalidInput
from answerable.explain.catalogue import Player

__all__ = ["LetterTexts", "SectionText", "letter_languages", "letter_texts", "one_line"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PACKAGE: Final = "answerable.explain.letters"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SectionText(_Part):
    """Heading and paragraphs of one section; paragraphs that come out empty are left out."""

    heading: str
    paragraphs: tuple[str, ...]


class _Numbers(_Part):
    thousands: Annotated[str, Field(max_length=1)]
    decimal: Annotated[str, Field(min_length=1, max_length=1)]


class _File(_Part):
    language: str
    numbers: _Numbers
    months: Annotated[tuple[str, ...], Field(min_length=12, max_length=12)]
    date: str
    titles: dict[str, str]
    words: dict[str, str]
    codes: dict[str, str]
    sections: dict[str, SectionText]


def one_line(text: str) -> str:
    """Return text on one line; control characters have no place in a letter.

    Returns
    -------
    str

    Examples
    --------
    >>> one_line("Jane" + chr(10) + "Doe" + chr(0))
    'Jane Doe'
    """
    printable = "".join(mark if mark.isprintable() else " " for mark in text)
    return " ".join(printable.split())


@cache
def _compiled(environment: jinja2.Environment, template: str) -> jinja2.Template:
    # Templates are the texts of this package alone, so there are few of them.
    return environment.from_string(template)


@dataclass(frozen=True)
class LetterTexts:
    """The texts of one language.

    Attributes
    ----------
    language : str
    """

    file: _File
    environment: jinja2.Environment

    @property
    def language(self) -> str:
        """Language code."""
        return self.file.language

    def word(self, name: str, **values: object) -> str:
        """Return a phrase with its values filled in.

        Returns
        -------
        str
        """
        return self.fill(self.file.words[name], values)

    def code(self, code: str) -> str:
        """Return a registered code in words, or the code itself when there are none.

        Returns
        -------
        str
        """
        return self.file.codes.get(code, code)

    def fill(self, template: str, values: Mapping[str, object]) -> str:
        """Return a text with its values filled in; a value that is absent is an error.

        Returns
        -------
        str
        """
        return one_line(_compiled(self.environment, template).render(values))

    def number(self, value: float, decimals: int) -> str:
        """Return a number as this language writes it.

        Returns
        -------
        str
        """
        plain = f"{value:,.{decimals}f}"
        marks = str.maketrans({",": self.file.numbers.thousands, ".": self.file.numbers.decimal})
        return plain.translate(marks)

    def date(self, micros: int) -> str:
        """Return the UTC day of a time in microseconds.

        Returns
        -------
        str
        """
        day = _EPOCH + timedelta(microseconds=micros)
        values = {"day": day.day, "month": self.file.months[day.month - 1], "year": day.year}
        return self.fill(self.file.date, values)

    def value(self, player: Player, value: float | str | None) -> str:
        """Return a value with its label or unit.

        Returns
        -------
        str
        """
        if value is None:
            return self.file.words["missing"]
        if isinstance(value, str):
            return value
        labels = player.labels.get(self.language, {})
        label = labels.get(f"{value:g}")
        if label is not None:
            return label
        decimals = player.decimals
        while decimals < _MOST_DECIMALS and round(value, decimals) != round(value, _MOST_DECIMALS):
            decimals += 1
        number = self.number(value, decimals)
        unit = player.unit.get(self.language, "")
        return f"{number} {unit}".strip()


# Values come from single-precision data; more digits than this are noise.
_MOST_DECIMALS: Final = 2


@cache
def letter_languages() -> tuple[str, ...]:
    """Return the languages in which letters can be written.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> letter_languages()
    ('de', 'en')
    """
    folder = files(_PACKAGE) / "texts"
    names = [entry.name for entry in folder.iterdir()]
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@cache
def letter_texts(language: str) -> LetterTexts:
    """Return the texts of a language.

    Parameters
    ----------
    language : str
        For example ``en``.

    Returns
    -------
    LetterTexts

    Raises
    ------
    InvalidInput
        If letters are not written in it.
    """
    if language not in letter_languages():
        raise InvalidInput(
            "letters are not written in this language",
            where="language",
            remedy=f"Choose one of: {', '.join(letter_languages())}.",
        )
    data = (files(_PACKAGE) / "texts" / f"{language}.yaml").read_bytes()
    # Plain text is made here; the page templates escape it once, where it becomes HTML.
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    return LetterTexts(read_document(data, _File, where=f"{language}.yaml"), environment)
