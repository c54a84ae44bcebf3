"""The words of papers, one YAML file per language, and how results are read into sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

from answerable.audit.documents import read_document
from answerable.audit.errors import InvalidInput
from answerable.explain.letters.texts import LetterTexts, letter_texts
from answerable.model_cards.papers.paper import Table
from answerable.model_cards.report.formatting import Language, moment

__all__ = ["Phrases", "listed", "phrases_in", "text_of"]

_PACKAGE: Final = "answerable.model_cards.papers"


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    words: dict[str, str]
    codes: dict[str, str]


@dataclass(frozen=True)
class Phrases:
    """The words of one language."""

    language: Language
    words: Mapping[str, str]
    codes: Mapping[str, str]
    letters: LetterTexts

    def __call__(self, name: str) -> str:
        """Return a phrase of the paper."""
        return self.words[name]

    def code(self, code: object) -> str:
        """Return a code in words; a code without words stands as it is."""
        text = text_of(code)
        return self.codes.get(text) or self.letters.code(text)

    def own(self, words: JsonValue) -> str:
        """Return a text given by language: in this one, in English, or the first there is."""
        if not isinstance(words, dict) or not words:
            return text_of(words)
        found = words.get(self.language) or words.get("en") or next(iter(words.values()))
        return text_of(found)

    def when(self, micros: JsonValue) -> str:
        """Return a time to the second, UTC; nothing for no time."""
        return moment(micros) if isinstance(micros, int) else ""

    def table(self, caption: str, columns: str, rows: list[tuple[str, ...]]) -> Table:
        """Return a table whose caption and columns are named by phrases.

        Parameters
        ----------
        caption : str
            Name of a phrase.
        columns : str
            Names of phrases, separated by spaces.
        rows : list of tuple of str
            Cells.

        Returns
        -------
        Table
            In this language.
        """
        return Table(self(caption), tuple(self(name) for name in columns.split()), tuple(rows))


def phrases_in(language: str) -> Phrases:
    """Return the words of a language.

    Parameters
    ----------
    language : str
        ``en`` or ``de``.

    Returns
    -------
    Phrases
        All words of papers.

    Raises
    ------
    InvalidInput
        If papers are not written in it.
    """
    if language not in {"en", "de"}:
        raise InvalidInput(
            "papers are not written in this language", where="language", remedy="Choose en or de."
        )
    file = _read(language)
    known: Language = "de" if language == "de" else "en"
    return Phrases(known, file.words, file.codes, letter_texts(language))


@cache
def _read(language: str) -> _File:
    data = (files(_PACKAGE) / "words" / f"{language}.yaml").read_bytes()
    return read_document(data, _File, where=f"{language}.yaml")


def text_of(value: object) -> str:
    """Return a value of a result as text; nothing for nothing.

    Returns
    -------
    str
        Values inside lists and mappings stand one after the other.

    Examples
    --------
    >>> text_of({"city": "Ulm", "ids": [1, 2]}), text_of(None), text_of(True)
    ('city: Ulm; ids: 1, 2', '', 'true')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {text_of(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(text_of(item) for item in value)
    return str(value)


def listed(result: Mapping[str, JsonValue], name: str) -> list[dict[str, JsonValue]]:
    """Return the mappings in a list of a result; none when the list is absent.

    Returns
    -------
    list of dict
        In their order.
    """
    held = result.get(name)
    return [item for item in held if isinstance(item, dict)] if isinstance(held, list) else []
