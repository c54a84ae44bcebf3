"""How values read on a page: numbers, shares, times and names as text.

Promise: an absent value never becomes a number, and a name taken from data never changes
how the page around it reads (control and direction characters are spelled out). Escaping
for HTML is not done here: the templates' autoescape does it.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

__all__ = [
    "Language",
    "certainty",
    "cut",
    "day",
    "interval",
    "moment",
    "number",
    "share",
    "short_digest",
    "spelled_out",
    "whole",
]

Language = Literal["en", "de"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Control, format, surrogate, private use, line and paragraph separators.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_PLAIN_SPACE: Final = frozenset("\n\t")
_DIGEST_SHOWN: Final = 12


def spelled_out(text: str) -> str:
    r"""Return `text` with invisible characters written as ``\uXXXX``.

    A column called ``name<U+202E>`` would otherwise turn the sentence after it around,
    and a NUL is not allowed in HTML at all.

    Returns
    -------
    str
        The text itself when everything in it can be seen.

    Examples
    --------
    >>> spelled_out("gross\u202eincome")
    'gross\\u202eincome'
    """
    if text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character in _PLAIN_SPACE or unicodedata.category(character) not in _HIDDEN:
        return character
    return f"\\u{ord(character):04x}"


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters of `text`; a cut is marked by an ellipsis.

    Returns
    -------
    str
        With invisible characters spelled out.

    Examples
    --------
    >>> cut("monthly_income", 9)
    'monthly_…'
    """
    shown = spelled_out(text)
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def number(value: float, digits: int = 2, language: Language = "en") -> str:
    """Return a number with thousands separated and a true minus sign.

    Returns
    -------
    str
        Rounded to `digits` decimals; nothing rounds to minus zero.

    Examples
    --------
    >>> number(-1234.5), number(-1234.5, language="de"), number(-0.001)
    ('−1,234.50', '−1.234,50', '0.00')
    """
    text = f"{abs(value):,.{digits}f}"
    zero = not text.strip("0.,")
    if language == "de":
        text = text.translate(str.maketrans(",.", ".,"))
    return f"−{text}" if value < 0 and not zero else text


def whole(value: float, language: Language = "en") -> str:
    """Return an integer count with thousands separated.

    Returns
    -------
    str
        Without decimals.

    Examples
    --------
    >>> whole(1989), whole(1989, "de")
    ('1,989', '1.989')
    """
    return number(value, 0, language)


def share(value: float, digits: int = 1, language: Language = "en") -> str:
    """Return a proportion as a percentage.

    Returns
    -------
    str
        With the per cent sign as the language sets it.

    Examples
    --------
    >>> share(0.8237), share(0.8237, language="de")
    ('82.4%', '82,4 %')
    """
    text = number(100 * value, digits, language)
    return f"{text} %" if language == "de" else f"{text}%"


_NEARLY_SURE: Final = 0.999


def certainty(probability: float) -> str:
    """Return how sure a detector is; rounding never turns nearly sure into sure.

    Returns
    -------
    str
        A percentage.

    Examples
    --------
    >>> certainty(0.98), certainty(0.99996)
    ('98.0%', 'over 99.9%')
    """
    return f"over {share(_NEARLY_SURE)}" if probability > _NEARLY_SURE else share(probability)


def interval(
    low: float, high: float, *, percent: bool = True, digits: int = 1, language: Language = "en"
) -> str:
    """Return an interval as text, both ends in the same form.

    Returns
    -------
    str
        Lower end first.

    Examples
    --------
    >>> interval(0.78, 0.861)
    '78.0% to 86.1%'
    >>> interval(0.78, 0.861, percent=False, digits=2, language="de")
    '0,78 bis 0,86'
    """
    word = "bis" if language == "de" else "to"
    if percent:
        ends = (share(low, digits, language), share(high, digits, language))
    else:
        ends = (number(low, digits, language), number(high, digits, language))
    return f"{ends[0]} {word} {ends[1]}"


def moment(micros: int) -> str:
    """Return a time in microseconds since 1970 as UTC text, to the second.

    Returns
    -------
    str
        ``YYYY-MM-DD HH:MM:SS UTC``.

    Examples
    --------
    >>> moment(1_700_000_000_000_000)
    '2023-11-14 22:13:20 UTC'
    """
    # Integer arithmetic: a float of this size is already wrong in the microseconds.
    when = _EPOCH + timedelta(microseconds=micros)
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")


def day(micros: int) -> str:
    """Return the UTC day of a time in microseconds since 1970.

    Returns
    -------
    str
        ``YYYY-MM-DD``.

    Examples
    --------
    >>> day(1_700_000_000_000_000)
    '2023-11-14'
    """
    return moment(micros)[:10]


def short_digest(digest: str) -> str:
    """Return the start of a digest, for tables; the whole stands in the title.

    Returns
    -------
    str
        At most 13 characters.

    Examples
    --------
    >>> short_digest("sha256:0123456789abcdef")
    '0123456789ab…'
    """
    value = digest.removeprefix("sha256:")
    return value if len(value) <= _DIGEST_SHOWN else f"{value[:_DIGEST_SHOWN]}…"
