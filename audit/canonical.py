"""Canonical bytes: the only place that turns values into bytes to be hashed.

Two forms, one meaning (RFC 8785):

* headers use a restricted subset (ASCII keys, strings, integers below 2**53, booleans, lists,
  objects) where sorted ``orjson`` output equals RFC 8785;
* bodies and evidence may hold any JSON. A value whose every number, key and string is one that
  ``orjson`` writes as RFC 8785 asks is written by it, twenty times faster; every other value
  goes through the ``rfc8785`` package.

Where the two would differ (found by fuzzing, held by a law): floats that are whole numbers, from
1e15, below 1e-5, NaN and Infinity; integers of 2**53 and more; keys beyond the basic plane.

Parsing is strict: duplicate keys, NaN, Infinity, floats in a header, lone surrogates and
anything that is not already canonical are refused, so ``parse(data)`` followed by writing
gives ``data`` back. An integer of 2**53 or more is refused on writing. On reading, digits
beyond 2**53 stand for the float that RFC 8785 writes that way (1e20 is written as 21 digits);
digits that no float is written as are refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import orjson
import rfc8785
from pydantic import JsonValue

from answerable.audit.errors import InvalidInput

__all__ = [
    "MAX_SAFE_INTEGER",
    "canonical_json",
    "header_json",
    "parse_canonical",
    "parse_header",
    "parse_json",
    "sha256_digest",
    "subset_json",
]

MAX_SAFE_INTEGER: Final = 2**53 - 1
_MAX_DEPTH: Final = 64
_SAFE_DIGITS: Final = 16
_LEAST_PLAIN: Final = 1e-5
_MOST_PLAIN: Final = 1e15
_WRITTEN_ALIKE: Final = frozenset({str, bool, type(None)})
_FIRST_SURROGATE: Final = "\ud800"
_DIGEST_PREFIX: Final = "sha256:"


def sha256_digest(data: bytes) -> str:
    """Return the SHA-256 of `data` as ``sha256:<64 hex digits>``.

    Parameters
    ----------
    data : bytes
        Anything.

    Returns
    -------
    str
        71 characters.

    Examples
    --------
    >>> sha256_digest(b"")[:15]
    'sha256:e3b0c442'
    """
    return _DIGEST_PREFIX + hashlib.sha256(data).hexdigest()


def canonical_json(value: JsonValue) -> bytes:
    """Return the RFC 8785 bytes of any JSON value.

    Parameters
    ----------
    value : JsonValue
        Numbers must be finite; integers must lie within +-(2**53 - 1).

    Returns
    -------
    bytes
        UTF-8 JSON with sorted keys and ECMAScript numbers.

    Raises
    ------
    InvalidInput
        If the value has no canonical form.

    References
    ----------
    RFC 8785, section 3.2.

    Examples
    --------
    >>> canonical_json({"b": 1.0, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    form = _survey(value, 0)
    if not form & _OTHER:
        if form & _WHOLE_FLOATS:
            value = _with_integers(value)
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except (orjson.JSONEncodeError, UnicodeError):
            pass  # the package below says what is wrong
    try:
        data: bytes = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeError) as error:
        raise InvalidInput(
            f"the value has no canonical JSON form ({type(error).__name__})",
            remedy="Use finite numbers, integers below 2^53 and well-formed text.",
        ) from None
    return data


_PLAIN: Final = 0
_WHOLE_FLOATS: Final = 1
_OTHER: Final = 2


def _survey(value: object, depth: int) -> int:
    """Return what a value asks of its writer: a union of the three above.

    Exact types, because a subclass may print otherwise; no calls for what is frequent, because
    every body that is appended passes here.

    Returns
    -------
    int
        `_PLAIN` when nothing is asked.
    """
    if depth > _MAX_DEPTH:
        return _OTHER
    form = _PLAIN
    items: Iterable[Any] = (value,)
    if type(value) is dict:
        form, items = _form_of_keys(value), value.values()
    elif type(value) is list:
        items = value
    for item in items:
        kind = type(item)
        if kind in _WRITTEN_ALIKE:
            continue
        if kind is float:
            plain = _LEAST_PLAIN <= item < _MOST_PLAIN and not item.is_integer()
            form |= _PLAIN if plain else _form_of_float(item)
        elif kind is int:
            form |= _PLAIN if -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER else _OTHER
        elif kind is dict or kind is list:
            form |= _survey(item, depth + 1)
        else:
            form |= _OTHER
    return form


def _form_of_keys(keys: Mapping[Any, Any]) -> int:
    """RFC 8785 sorts keys by UTF-16 unit, which is by code point below the surrogates."""
    try:
        if all(map(str.isascii, keys)):
            return _PLAIN
    except TypeError:
        return _OTHER
    return _PLAIN if all(max(key, default="") < _FIRST_SURROGATE for key in keys) else _OTHER


def _form_of_float(number: float) -> int:
    if _LEAST_PLAIN <= number < _MOST_PLAIN or -_MOST_PLAIN < number <= -_LEAST_PLAIN:
        return _WHOLE_FLOATS if number.is_integer() else _PLAIN
    return _WHOLE_FLOATS if number == 0 else _OTHER


def _with_integers(value: Any) -> Any:
    """Return a copy in which floats that are whole numbers are integers: -0.0 becomes 0."""
    kind = type(value)
    if kind is dict:
        return {
            key: item if type(item) in _WRITTEN_ALIKE else _with_integers(item)
            for key, item in value.items()
        }
    if kind is list:
        return [_with_integers(item) for item in value]
    return int(value) if kind is float and value.is_integer() else value


def header_json(value: JsonValue) -> bytes:
    """Return the canonical bytes of a value in the restricted subset.

    Parameters
    ----------
    value : JsonValue
        Objects with ASCII keys, lists, strings, booleans and integers within
        +-(2**53 - 1). No floating-point numbers, no null.

    Returns
    -------
    bytes
        The same bytes RFC 8785 prescribes for this value.

    Raises
    ------
    InvalidInput
        If the value leaves the subset.

    References
    ----------
    RFC 8785, section 3.2; the subset is chosen so that key order by code point and by
    UTF-16 unit agree and no number formatting is involved.

    Examples
    --------
    >>> header_json({"v": 1, "kind": "decision"})
    b'{"kind":"decision","v":1}'
    """
    _require_subset(value, "header", 0)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, UnicodeError):
        raise InvalidInput(
            "the header holds text that is not well-formed Unicode", where="header"
        ) from None


def subset_json(value: Mapping[str, JsonValue]) -> bytes:
    """Return the canonical bytes of a value that is known to lie in the restricted subset.

    Parameters
    ----------
    value : Mapping[str, JsonValue]
        Made by the caller of parts that were checked: nothing is checked again.

    Returns
    -------
    bytes
        As :func:`header_json`.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _require_subset(value: JsonValue, where: str, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise InvalidInput(f"nested deeper than {_MAX_DEPTH} levels", where=where)
    if isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise InvalidInput(
                "an integer of 2^53 or more", where=where, remedy="Write it as a string."
            )
        return
    if isinstance(value, list):
        for item in value:
            _require_subset(item, where, depth + 1)
        return
    if isinstance(value, dict):
        # Plain Python may bring keys that are not text, whatever the type says.
        for key, item in cast("dict[object, JsonValue]", value).items():
            if not (isinstance(key, str) and key.isascii()):
                raise InvalidInput("a key that is not ASCII text", where=where)
            _require_subset(item, f"{where}.{key}", depth + 1)
        return
    raise InvalidInput(
        f"a value of type {type(value).__name__}",
        where=where,
        remedy="Only text, integers, booleans, lists and objects may stand here.",
    )


def parse_canonical(data: bytes) -> JsonValue:
    """Parse bytes that must already be RFC 8785.

    Parameters
    ----------
    data : bytes
        UTF-8 JSON.

    Returns
    -------
    JsonValue
        The value; :func:`canonical_json` gives `data` back.

    Raises
    ------
    InvalidInput
        If the bytes are not JSON, hold duplicate keys or unsafe numbers, or are not
        the canonical bytes of their own value.

    Examples
    --------
    >>> parse_canonical(b'{"a":1}')
    {'a': 1}
    """
    value = parse_json(data)
    if canonical_json(value) != data:
        raise InvalidInput("the bytes are JSON but not canonical (RFC 8785)")
    return value


def parse_header(data: bytes) -> dict[str, JsonValue]:
    """Parse header bytes; they must be the canonical form of a restricted object.

    Parameters
    ----------
    data : bytes
        UTF-8 JSON.

    Returns
    -------
    dict
        The header; :func:`header_json` gives `data` back.

    Raises
    ------
    InvalidInput
        If they are not.

    Examples
    --------
    >>> parse_header(b'{"v":1}')
    {'v': 1}
    """
    value = parse_json(data)
    if not isinstance(value, dict):
        raise InvalidInput("the header is not a JSON object", where="header")
    if header_json(value) != data:
        raise InvalidInput("the header bytes are not canonical (RFC 8785)", where="header")
    return value


def parse_json(data: bytes) -> JsonValue:
    """Parse strict JSON that need not be canonical.

    Parameters
    ----------
    data : bytes
        UTF-8 JSON.

    Returns
    -------
    JsonValue
        The value.

    Raises
    ------
    InvalidInput
        If the bytes are not JSON, or hold duplicate keys, NaN or Infinity.

    Examples
    --------
    >>> parse_json(b'{ "a": 1e2 }')
    {'a': 100.0}
    """
    try:
        value: JsonValue = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique_keys,
            parse_int=_number,
            parse_constant=_refuse_constant,
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError):
        raise InvalidInput(
            "the bytes are not strict JSON in UTF-8",
            remedy="Check for duplicate keys, NaN, Infinity and truncated input.",
        ) from None
    return value


def _unique_keys(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise InvalidInput("a JSON object holds the same key twice")
    return result


def _number(digits: str) -> int | float:
    if len(digits) < _SAFE_DIGITS:
        return int(digits)
    value = float(digits)
    return int(digits) if abs(value) <= MAX_SAFE_INTEGER else value


def _refuse_constant(name: str) -> JsonValue:
    raise InvalidInput(f"the JSON number {name} has no canonical form")
