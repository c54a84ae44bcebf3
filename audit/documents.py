"""The one reader of YAML: typed documents whose errors name file, line and field.

It reads what YAML 1.2's core schema and JSON have in common and refuses the rest: ``no`` is text,
not false; ``010`` and ``1_000`` are text, not numbers; dates stay text until a model asks for a
date. Duplicate keys, tags, merge keys and keys that are not text are refused. Aliases are read
within a bound on the size of the result, so that a small file cannot grow into a large one.

A document is what its author wrote, so errors may show field names and line numbers; they do not
show values.

References
----------
YAML 1.2.2, section 10.3 (core schema).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import ErrorDetails, to_json

from answerable.audit.errors import InvalidInput, NotFound, TooLarge

__all__ = ["LocatedDocument", "read_document", "read_yaml"]

M = TypeVar("M", bound=BaseModel)
DocumentPath = tuple[str | int, ...]

_MAX_BYTES: Final = 1 << 20
_MAX_NODES: Final = 50_000
_MAX_DEPTH: Final = 32
_MAX_ERRORS: Final = 8
# The base loader resolves no type: what plain text means is decided here.
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class LocatedDocument:
    """A document's value and the line on which each part of it stands."""

    where: str
    value: JsonValue
    lines: dict[DocumentPath, int]
    """Line, from 1, by the path of keys and list positions that leads to a value."""

    def place(self, path: Sequence[str | int]) -> str:
        """Return ``file:line`` of a path, or of the nearest part around it that exists.

        Parameters
        ----------
        path : Sequence of str or int
            Keys and list positions; names that are not in the document are passed over, because
            a validator's path also names the alternatives it tried.

        Returns
        -------
        str
            For example ``policy.yaml:12``.
        """
        known: DocumentPath = ()
        for part in path:
            if (*known, part) in self.lines:
                known = (*known, part)
        return f"{self.where}:{self.lines[known]}"


def read_document(source: bytes | str | Path, model: type[M], *, where: str = "") -> M:
    """Read a YAML document into a model.

    Parameters
    ----------
    source : bytes, str or Path
        The document's bytes or text; a Path is read.
    model : type of BaseModel
        Validated strictly as JSON: text for codes and dates, lists for tuples.
    where : str, optional
        Name for errors; a Path's own name when left out.

    Returns
    -------
    BaseModel
        An instance of `model`.

    Raises
    ------
    NotFound
        If the file does not exist.
    TooLarge
        If the document is over a limit.
    InvalidInput
        If it cannot be read or does not satisfy the model; names file, line and field.

    Examples
    --------
    >>> class Rule(BaseModel):
    ...     threshold: float
    >>> read_document("threshold: 0.8", Rule).threshold
    0.8
    >>> read_document("threshold: high", Rule, where="policy.yaml")
    Traceback (most recent call last):
    ...
    answerable.audit.errors.InvalidInput: policy.yaml:1: threshold: Input should be a valid number.
    """
    name = where or (source.name if isinstance(source, Path) else "document")
    document = read_yaml(_bytes_of(source, name), name)
    try:
        return model.model_validate_json(to_json(document.value), strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        lines = [_message(document, item) for item in found[:_MAX_ERRORS]]
        if len(found) > _MAX_ERRORS:
            lines.append(f"and {len(found) - _MAX_ERRORS} more")
        raise InvalidInput("\n".join(lines)) from None


def read_yaml(data: bytes, where: str) -> LocatedDocument:
    r"""Read YAML bytes, keeping the line of every value.

    Parameters
    ----------
    data : bytes
        UTF-8, at most 1 MiB, one document.
    where : str
        Name for errors.

    Returns
    -------
    LocatedDocument
        Value and lines.

    Raises
    ------
    TooLarge
        If it is over 1 MiB, 50,000 values or 32 levels.
    InvalidInput
        If it is not YAML as described above.

    Examples
    --------
    >>> document = read_yaml(b"a: 1\nb: [no, 010]\n", "x.yaml")
    >>> document.value, document.place(("b", 1))
    ({'a': 1, 'b': ['no', '010']}, 'x.yaml:2')
    """
    if len(data) > _MAX_BYTES:
        raise TooLarge(f"a document of {len(data)} bytes, the limit is {_MAX_BYTES}", where=where)
    builder = _Builder(where)
    try:
        # Events, not nodes: composing nodes recurses in C, as deep as the document asks for.
        for event in yaml.parse(data.decode("utf-8"), Loader=_LOADER):
            builder.take(event)
    except UnicodeDecodeError:
        raise InvalidInput("the document is not UTF-8 text", where=where) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark is not None else ""
        raise InvalidInput(f"not YAML: {error.problem}", where=f"{where}{line}") from None
    except yaml.YAMLError:
        raise InvalidInput("not YAML: a character that may not stand there", where=where) from None
    return LocatedDocument(where, builder.value, builder.lines)


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    value: list[JsonValue] | dict[str, JsonValue]
    path: DocumentPath
    anchor: str | None
    key: str | None = None
    key_line: int = 0


class _Builder:
    """Builds a value from parsing events and remembers lines; bounded in size and depth."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._open: list[_Open] = []
        self._anchors: dict[str, JsonValue] = {}
        self._documents = 0
        self._count = 0
        self.value: JsonValue = None
        self.lines: dict[DocumentPath, int] = {(): 1}

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._refuse(line, "not YAML of one document: a second one begins here")
        elif isinstance(event, yaml.ScalarEvent):
            self._require_no_tag(event.tag, line)
            text = str(event.value)
            plain = event.style in {None, ""}
            self._add(_plain(text) if plain else text, line, event.anchor, key=text)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(str(event.anchor), line)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._require_no_tag(event.tag, line)
            self._begin(
                [] if isinstance(event, yaml.SequenceStartEvent) else {}, line, event.anchor
            )
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = self._open.pop()
            if closed.anchor is not None:
                self._anchors[closed.anchor] = closed.value

    def _begin(
        self, value: list[JsonValue] | dict[str, JsonValue], line: int, anchor: str | None
    ) -> None:
        if len(self._open) >= _MAX_DEPTH:
            self._refuse_size(line)
        path = self._add(value, line, None)
        self._open.append(_Open(value, path, anchor))

    def _add(
        self, value: JsonValue, line: int, anchor: str | None, *, key: str | None = None
    ) -> DocumentPath:
        """Put a value where it belongs; the first of two in a mapping is its key."""
        self._count += 1
        if self._count > _MAX_NODES:
            self._refuse_size(line)
        parent = self._open[-1] if self._open else None
        path: DocumentPath = ()
        if parent is None:
            self.value = value
        elif isinstance(parent.value, list):
            path = (*parent.path, len(parent.value))
            parent.value.append(value)
        elif parent.key is None:
            self._key(parent, key, line)
            return parent.path
        else:
            # A value that begins on the next line is looked for where its key is.
            path, line = (*parent.path, parent.key), parent.key_line
            parent.value[parent.key] = value
            parent.key = None
        self.lines[path] = line
        if anchor is not None:
            self._anchors[anchor] = value
        return path

    def _key(self, parent: _Open, key: str | None, line: int) -> None:
        if key is None:
            self._refuse(line, "a key must be text")
        if key == "<<":
            self._refuse(line, "merge keys are not read; write the keys out")
        first = self.lines.get((*parent.path, key))
        if first is not None:
            self._refuse(line, f"the key '{key}' stands here again, first on line {first}")
        parent.key, parent.key_line = key, line

    def _alias(self, anchor: str, line: int) -> None:
        if anchor not in self._anchors:
            self._refuse(line, "an alias whose anchor is not complete before it")
        value = self._anchors[anchor]
        inside, levels = _extent(value, _MAX_NODES - self._count)
        if len(self._open) + levels > _MAX_DEPTH:
            self._refuse_size(line)
        self._count += inside
        self._add(value, line, None)

    def _require_no_tag(self, tag: str | None, line: int) -> None:
        if tag is not None:
            self._refuse(line, "tags are not read; write plain text, numbers, lists or mappings")

    def _refuse(self, line: int, what: str) -> NoReturn:
        raise InvalidInput(what, where=f"{self._where}:{line}")

    def _refuse_size(self, line: int) -> NoReturn:
        raise TooLarge(
            f"more than {_MAX_NODES} values or {_MAX_DEPTH} levels, aliases counted",
            where=f"{self._where}:{line}",
        )


def _extent(value: JsonValue, limit: int) -> tuple[int, int]:
    """Return how many values lie inside a value (counted to just over `limit`), and its levels."""
    inside: list[tuple[JsonValue, int]] = [(value, 0)]
    count = deepest = 0
    while inside and count <= limit:
        item, level = inside.pop()
        held = list(item.values()) if isinstance(item, dict) else item
        if isinstance(held, list):
            count += len(held)
            deepest = max(deepest, level + 1)
            inside.extend((within, level + 1) for within in held)
    return count, deepest


def _plain(text: str) -> JsonValue:
    """Return what unquoted text means: null, true, false, a number, or itself."""
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    number = float(text) if _FLOAT.fullmatch(text) else math.nan
    return number if math.isfinite(number) else text


def _bytes_of(source: bytes | str | Path, where: str) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, str):
        return source.encode("utf-8", "surrogatepass")
    try:
        return source.read_bytes()
    except FileNotFoundError:
        raise NotFound("there is no such file", where=where) from None
    except OSError as error:
        raise InvalidInput(f"the file cannot be read ({error.strerror})", where=where) from None


def _message(document: LocatedDocument, item: ErrorDetails) -> str:
    field = ".".join(str(part) for part in item["loc"]) or "the document"
    return f"{document.place(item['loc'])}: {field}: {item['msg']}"
