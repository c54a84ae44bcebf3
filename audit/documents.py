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
_YAML: Final = "tag:yaml.org,2002:"
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
    try:
        text = data.decode("utf-8")
        # The base loader resolves no type at all: what plain text means is decided here.
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except UnicodeDecodeError:
        raise InvalidInput("the document is not UTF-8 text", where=where) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark is not None else ""
        raise InvalidInput(f"not YAML: {error.problem}", where=f"{where}{line}") from None
    except yaml.YAMLError:
        raise InvalidInput("not YAML: a character that may not stand there", where=where) from None
    except RecursionError:
        raise TooLarge(f"nested deeper than {_MAX_DEPTH} levels", where=where) from None
    builder = _Builder(where)
    value = None if node is None else builder.build(node, ())
    return LocatedDocument(where, value, builder.lines or {(): 1})


class _Builder:
    """Turns composed nodes into values and remembers lines; bounded in size and depth."""

    def __init__(self, where: str) -> None:
        self._where = where
        self.lines: dict[DocumentPath, int] = {}

    def build(self, node: yaml.Node, path: DocumentPath) -> JsonValue:
        self.lines[path] = node.start_mark.line + 1
        if len(path) > _MAX_DEPTH or len(self.lines) > _MAX_NODES:
            raise TooLarge(
                f"more than {_MAX_NODES} values or {_MAX_DEPTH} levels, aliases counted",
                where=self._at(node),
            )
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._require_tag(node, "seq")
            return [self.build(item, (*path, at)) for at, item in enumerate(node.value)]
        self._require_tag(node, "str")
        quoted = isinstance(node, yaml.ScalarNode) and node.style is not None
        return str(node.value) if quoted else _plain(str(node.value))

    def _mapping(self, node: yaml.MappingNode, path: DocumentPath) -> JsonValue:
        self._require_tag(node, "map")
        result: dict[str, JsonValue] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in result:
                first = self.lines[*path, key]
                self._refuse(key_node, f"the key '{key}' stands here again, first on line {first}")
            result[key] = self.build(value_node, (*path, key))
            # A value that begins on the next line is looked for where its key is.
            self.lines[*path, key] = key_node.start_mark.line + 1
        return result

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self._refuse(node, "a key must be text")
        self._require_tag(node, "str")
        if node.value == "<<":
            self._refuse(node, "merge keys are not read; write the keys out")
        return str(node.value)

    def _require_tag(self, node: yaml.Node, expected: str) -> None:
        if node.tag != _YAML + expected:
            self._refuse(node, "tags are not read; write plain text, numbers, lists or mappings")

    def _refuse(self, node: yaml.Node, what: str) -> NoReturn:
        raise InvalidInput(what, where=self._at(node))

    def _at(self, node: yaml.Node) -> str:
        return f"{self._where}:{node.start_mark.line + 1}"


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
