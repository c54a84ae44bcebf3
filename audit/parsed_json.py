"""Canonical bytes of a value that has just been parsed from JSON: what every body passes through.

Such a value holds nothing but JSON types, so ``orjson`` writes it, and what it wrote shows whether
RFC 8785 writes the same: the two differ in numbers with an exponent, in fractions that are whole
(``1.0``), in integers of 2**53 and more and in the order of keys that are not ASCII. Whole
fractions are mended where they stand; with anything else the value goes the way of every other.
Looking at bytes takes half of what looking at values takes, and a wrong alarm costs only that.

A law compares the result with the reference implementation.

References
----------
RFC 8785, section 3.2.2.3 (numbers) and 3.2.3 (order of keys).
"""

from __future__ import annotations

import re
from typing import Final

import orjson
from pydantic import JsonValue

from answerable.audit.canonical import canonical_json

__all__ = ["parsed_json"]

_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_ENDS: Final = (b".0,", b".0}", b".0]")
_EXPONENT: Final = re.compile(rb"e[+-]?[0-9]{1,3}[,}\]]")
_DIGITS: Final = 15
"""A whole number of so many digits is below 2**53."""
_BEFORE_TEXT: Final = b"\\:,[{"
"""What stands before a quotation mark that does not end a text."""


def parsed_json(value: JsonValue) -> bytes:
    r"""Return the RFC 8785 bytes of a value that ``orjson`` parsed.

    Parameters
    ----------
    value : JsonValue
        An object or a list of exactly the types that parsing gives.

    Returns
    -------
    bytes
        As :func:`~answerable.audit.canonical.canonical_json`.

    Raises
    ------
    InvalidInput
        If the value has no canonical form.

    Examples
    --------
    >>> parsed_json({"b": 1.0, "a": [1e-7, "x"], "c": 0.25})
    b'{"a":[1e-7,"x"],"b":1,"c":0.25}'
    """
    try:
        data = orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError:
        return canonical_json(value)  # which says what is wrong
    if not data.isascii() or _EXPONENT.search(data):
        return canonical_json(value)
    if b".0," in data or b".0}" in data or b".0]" in data:
        mended = _with_integers(data)
        return canonical_json(value) if mended is None else mended
    return data


def _with_integers(data: bytes) -> bytes | None:
    """Return the bytes with whole fractions of members written as integers.

    Returns
    -------
    bytes or None
        None if it cannot be told from the bytes alone that each is such a number: in a list, of
        many digits, minus zero, or part of a text.
    """
    for end in _ENDS:
        if end not in data:
            continue
        pieces = data.split(end)
        for piece in pieces[:-1]:
            # ...":17 where the quotation mark ends the member's name.
            at = piece.rfind(b'":')
            digits = piece[at + 2 :].removeprefix(b"-")
            is_number = digits.isdigit() and len(digits) <= _DIGITS and piece[at + 2 :] != b"-0"
            if at < 1 or not is_number or piece[at - 1] in _BEFORE_TEXT:
                return None
        data = end[2:].join(pieces)
    return data
