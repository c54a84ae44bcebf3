"""A strict reader of UBJSON, the binary JSON that XGBoost writes.

It exists so that the structure of a binary model can be checked before XGBoost reads it.
Lengths are checked against the bytes that are left before anything is allocated.

References
----------
Universal Binary JSON, draft 12: value types, optimised containers.
"""

from __future__ import annotations

import struct
from typing import Final

from pydantic import JsonValue

from answerable.audit.errors import InvalidInput

__all__ = ["parse_ubjson"]

_NUMBERS: Final = {
    b"i": (">b", 1),
    b"U": (">B", 1),
    b"I": (">h", 2),
    b"l": (">i", 4),
    b"L": (">q", 8),
    b"d": (">f", 4),
    b"D": (">d", 8),
}
_INTEGERS: Final = frozenset(b"iUIlL")
_CONSTANTS: Final[dict[bytes, JsonValue]] = {b"Z": None, b"T": True, b"F": False}
_MAX_DEPTH: Final = 32


def parse_ubjson(data: bytes) -> JsonValue:
    """Parse one UBJSON value that fills `data`.

    Returns
    -------
    JsonValue

    Raises
    ------
    InvalidInput
        If the bytes are truncated, hold a duplicate key, are nested deeper than 32 levels,
        or go on after the value.

    Examples
    --------
    >>> parse_ubjson(b"{U" + bytes([1]) + b"ai" + bytes([7]) + b"}")
    {'a': 7}
    """
    reader = _Reader(data)
    value = reader.value(reader.take(1), 0)
    if reader.position != len(data):
        raise _broken("bytes after the end of the value")
    return value


def _broken(what: str) -> InvalidInput:
    return InvalidInput(
        f"not a valid UBJSON file: {what}",
        where="model",
        remedy="Save the model again with booster.save_raw('ubj').",
    )


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def take(self, count: int) -> bytes:
        end = self.position + count
        if count < 0 or end > len(self._data):
            raise _broken("truncated")
        piece = self._data[self.position : end]
        self.position = end
        return piece

    def _peek(self) -> bytes:
        return self._data[self.position : self.position + 1]

    def value(self, marker: bytes, depth: int) -> JsonValue:
        if depth > _MAX_DEPTH:
            raise _broken(f"nested deeper than {_MAX_DEPTH} levels")
        if marker in _NUMBERS:
            layout, size = _NUMBERS[marker]
            number: int | float = struct.unpack(layout, self.take(size))[0]
            return number
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker == b"S":
            return self._text()
        if marker == b"[":
            return self._array(depth)
        if marker == b"{":
            return self._object(depth)
        raise _broken("an unknown type marker")

    def _length(self) -> int:
        marker = self.take(1)
        if marker[0] not in _INTEGERS:
            raise _broken("a length that is not an integer")
        layout, size = _NUMBERS[marker]
        length: int = struct.unpack(layout, self.take(size))[0]
        if not 0 <= length <= len(self._data) - self.position:
            raise _broken("a length beyond the end of the file")
        return length

    def _text(self) -> str:
        try:
            return self.take(self._length()).decode("utf-8")
        except UnicodeDecodeError:
            raise _broken("text that is not UTF-8") from None

    def _array(self, depth: int) -> list[JsonValue]:
        kind = self._optional_kind()
        if self._peek() == b"#":
            self.take(1)
            count = self._length()
            if kind is not None:
                return self._numbers(kind, count)
            return [self.value(self.take(1), depth + 1) for _ in range(count)]
        if kind is not None:
            raise _broken("a typed array without a count")
        items: list[JsonValue] = []
        while (marker := self.take(1)) != b"]":
            items.append(self.value(marker, depth + 1))
        return items

    def _optional_kind(self) -> bytes | None:
        if self._peek() != b"$":
            return None
        self.take(1)
        kind = self.take(1)
        if kind not in _NUMBERS:
            raise _broken("a typed array of something other than numbers")
        return kind

    def _numbers(self, kind: bytes, count: int) -> list[JsonValue]:
        layout, size = _NUMBERS[kind]
        return list(struct.unpack(f">{count}{layout[1]}", self.take(count * size)))

    def _object(self, depth: int) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {}
        while self._peek() != b"}":
            key = self._text()
            if key in found:
                raise _broken("the same key twice")
            found[key] = self.value(self.take(1), depth + 1)
        self.take(1)
        return found
