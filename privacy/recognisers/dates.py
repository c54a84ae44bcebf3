"""Calendar dates written as text, with or without a time of day.

A day and a month without a year, or a month and a year, are not read as dates: three
digits around a slash are as often a fraction, a score or an account part.

References
----------
ISO 8601-1, sections 5.2.2 and 5.4.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from answerable.privacy.chance import NullModel
from answerable.privacy.recognisers.recogniser import Found, Span, find_with, stands_alone

__all__ = ["DateRecogniser"]

_MONTHS: Final = (
    "jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz?|apr(?:il)?|may|mai|june?|juni|july?|juli"
    "|aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?"
)
_TIME: Final = r"[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_ISO: Final = rf"(?P<y1>[0-9]{{4}})[/.-](?P<m1>[0-9]{{1,2}})[/.-](?P<d1>[0-9]{{1,2}})(?:{_TIME})?"
_COMPACT: Final = r"(?P<y2>[0-9]{4})(?P<m2>[0-9]{2})(?P<d2>[0-9]{2})"
_NUMERIC: Final = (
    rf"(?P<a>[0-9]{{1,2}})[/.-](?P<b>[0-9]{{1,2}})[/.-](?P<y3>[0-9]{{4}}|[0-9]{{2}})(?:{_TIME})?"
)
_DAY_NAME: Final = (
    rf"(?P<d4>[0-9]{{1,2}})(?:st|nd|rd|th|\.)?[ -](?:{_MONTHS})\.?,?[ -](?:[0-9]{{4}}|[0-9]{{2}})"
)
_NAME_DAY: Final = rf"(?:{_MONTHS})\.? (?P<d5>[0-9]{{1,2}})(?:st|nd|rd|th)?,? [0-9]{{4}}"
_DATE: Final = re.compile(
    f"{_ISO}|{_COMPACT}|{_NUMERIC}|{_DAY_NAME}|{_NAME_DAY}", flags=re.IGNORECASE
)
_FIRST_YEAR, _LAST_YEAR = 1850, 2150
_LAST_DAY, _LAST_MONTH = 31, 12


class DateRecogniser:
    """Recognises dates that name a day, a month and a year."""

    entity = "DATE_TIME"
    engine = "answerable"
    prefilter = (
        r"[0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{1,4}|\b[12][0-9]{7}\b"
        r"|[0-9]{1,2}(?:st|nd|rd|th|\.)?[ -][A-Za-zä]{3,9}\.?,?[ -][0-9]{2}"
        r"|[A-Za-zä]{3,9}\.? [0-9]{1,2}(?:st|nd|rd|th)?,? [0-9]{4}"
    )
    null: NullModel = "digits"
    prior = 0.5
    context: tuple[str, ...] = ()
    takes_numbers = True

    def is_rare(self, value: str) -> bool:
        """Return whether a month is spelt out."""
        return any(character.isalpha() and character not in "TZ" for character in value)

    def whole(self, values: Sequence[str]) -> NDArray[np.bool_]:
        """Return for each value whether it is one date and nothing else."""
        matches = (_DATE.fullmatch(value.strip()) for value in values)
        return np.fromiter(
            (match is not None and _is_date(match) for match in matches),
            dtype=np.bool_,
            count=len(values),
        )

    def spans(self, text: str) -> tuple[Span, ...]:
        """Return where dates stand in a text."""
        return tuple(
            match.span()
            for match in _DATE.finditer(text)
            if stands_alone(text, *match.span()) and _is_date(match)
        )

    def find(self, values: Sequence[str]) -> Found:
        """Return which values are whole, and the spans in the others."""
        return find_with(self.whole, self.spans, values)


def _is_date(match: re.Match[str]) -> bool:
    part = {name: int(digits) for name, digits in match.groupdict().items() if digits}
    years = [part[name] for name in ("y1", "y2") if name in part]
    days = [part[name] for name in ("d1", "d2", "d4", "d5") if name in part]
    months = [part[name] for name in ("m1", "m2") if name in part]
    if "a" in part:
        low, high = sorted((part["a"], part["b"]))
        months, days = [low], [high]
        years = [part["y3"]] if len(match["y3"]) > len("21") else []
    return (
        all(_FIRST_YEAR <= year <= _LAST_YEAR for year in years)
        and all(1 <= month <= _LAST_MONTH for month in months)
        and all(1 <= day <= _LAST_DAY for day in days)
    )
