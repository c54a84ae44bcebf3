"""CSV, Parquet and JSON Lines files, and any other input file as bytes.

A column of numbers with leading zeros or a plus sign stays text, so account numbers keep
their digits. An empty field is missing; in an otherwise numeric column so are ``NA``,
``NaN`` and ``null``. Encodings other than UTF-8 are refused, not guessed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
from pydantic import JsonValue

from answerable.api.inputs.table import Arrow, Table, load_pyarrow
from answerable.audit.errors import InvalidInput, NotFound, TooLarge, Unavailable

__all__ = ["FILE_LIMIT", "open_bytes", "read_bytes", "read_file"]

FILE_LIMIT: Final = 256 * 1024 * 1024
"""Largest policy, model, catalogue or checkpoint file, in bytes."""

_DATA_LIMIT: Final = 4 * 1024**3
_INTEGER: Final = r"^-?(0|[1-9][0-9]{0,17})$"
_NUMBER: Final = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?$"
_MISSING: Final = ("NA", "NaN", "nan", "null", "NULL")
_BOM: Final = b"\xef\xbb\xbf"


def read_file(path: Path) -> Table:
    """Read a table from a file, by its extension.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.parquet``, ``.jsonl`` or ``.ndjson``.

    Returns
    -------
    Table
        As it stands there; it may still be empty of rows.

    Raises
    ------
    InvalidInput
        If it is not readable as what its name says, is empty, or the kind is unknown.
    NotFound
        If there is no such file.
    Unavailable
        If it cannot be opened.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidInput(
            f"the kind of data {path.suffix or '(no extension)'!r} is not known",
            where=path.name,
            remedy="Give a .csv, .parquet or .jsonl file, or a database URL with #table.",
        )
    data = read_bytes(path, what="data", limit=_DATA_LIMIT)
    if not data.strip():
        raise InvalidInput("the file is empty", where=path.name)
    return Table(reader(data, path.name), path.name)


def read_bytes(path: str | Path, *, what: str, limit: int = FILE_LIMIT) -> bytes:
    """Read any other input file whole.

    Parameters
    ----------
    path : str or Path
        The file.
    what : str
        What it should be, for messages: ``policy``, ``model``, ``checkpoint`` ...
    limit : int
        Largest size in bytes.

    Returns
    -------
    bytes
        Its bytes.

    Raises
    ------
    NotFound
        If there is no such file.
    InvalidInput
        If it is a folder.
    TooLarge
        If it is over the limit.
    Unavailable
        If it cannot be read.
    """
    path = Path(path)
    with open_bytes(path, what=what) as file:
        if path.stat().st_size > limit:
            raise TooLarge(f"the {what} file is over {limit} bytes", where=str(path))
        return file.read()


@contextmanager
def open_bytes(path: Path, *, what: str) -> Iterator[BinaryIO]:
    """Open any other input file for reading piece by piece.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What it should be, for messages.

    Yields
    ------
    BinaryIO
        Open for reading, seekable.

    Raises
    ------
    NotFound
        If there is no such file.
    InvalidInput
        If it is a folder.
    Unavailable
        If it cannot be read.
    """
    kind = what if what.endswith("file") else f"{what} file"
    if not path.exists():
        raise NotFound(
            f"there is no {kind} of this name", where=str(path), remedy="Check the path."
        )
    if path.is_dir():
        raise InvalidInput(f"a folder, not a {kind}", where=str(path))
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise Unavailable(
            f"the {what} file cannot be read ({type(error).__name__})",
            where=str(path),
            remedy="Check the permissions.",
        ) from None


def _read_csv(data: bytes, where: str) -> Arrow:
    pa = load_pyarrow()
    from pyarrow import csv as arrow_csv

    names = _csv_header(data, where)
    bad: list[tuple[int, int, int]] = []

    def skip_and_note(row: Any) -> str:
        bad.append((row.number or 0, row.expected_columns, row.actual_columns))
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data.removeprefix(_BOM)),
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=1 << 24),
            parse_options=arrow_csv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=skip_and_note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid:
        raise InvalidInput(
            "not a readable CSV table", where=where, remedy="Check quotes and separators."
        ) from None
    if bad:
        number, expected, actual = bad[0]
        raise InvalidInput(
            f"{actual} fields where the header has {expected}",
            where=f"{where}, row {number}",
            remedy="Quote fields that hold commas; use commas as separators.",
        )
    return pa.table([_typed(column) for column in table.columns], names=table.column_names)


def _csv_header(data: bytes, where: str) -> list[str]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            "not UTF-8 text", where=f"{where}, line {line}", remedy="Save the file as UTF-8."
        ) from None
    if data.count(b'"') % 2:
        # Any RFC 4180 file has an even number; Arrow would read on silently to the end.
        raise InvalidInput("a quote is opened and never closed", where=where)
    if "\0" in text:
        raise InvalidInput("the text holds NUL bytes", where=where)
    names = next(csv.reader(io.StringIO(text, newline="")))
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InvalidInput(f"the column {twice[0]!r} stands twice", where=f"{where}, line 1")
    return names


def _typed(column: Arrow) -> Arrow:
    """Return a text column as integers or numbers when every value reads back the same."""
    pa = load_pyarrow()
    from pyarrow import compute

    distinct = compute.drop_null(compute.unique(column))
    numeric = distinct.filter(
        compute.invert(compute.is_in(distinct, value_set=pa.array(list(_MISSING))))
    )
    if len(numeric) == 0:
        return column
    for pattern, kind in ((_INTEGER, pa.int64()), (_NUMBER, pa.float64())):
        if compute.all(compute.match_substring_regex(numeric, pattern)).as_py():
            missing = compute.is_in(column, value_set=pa.array(list(_MISSING)))
            return compute.if_else(missing, pa.scalar(None, pa.string()), column).cast(kind)
    return column


def _read_parquet(data: bytes, where: str) -> Arrow:
    pa = load_pyarrow()
    from pyarrow import parquet

    try:
        return parquet.read_table(pa.BufferReader(data))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
        raise InvalidInput(
            "not a readable Parquet file", where=where, remedy="Check that it was copied whole."
        ) from None


def _read_json_lines(data: bytes, where: str) -> Arrow:
    pa = load_pyarrow()
    columns: dict[str, list[JsonValue]] = {}
    count = 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        row = _json_object(line, f"{where}, line {number}")
        for name, value in row.items():
            columns.setdefault(name, [None] * count).append(value)
        count += 1
        for values in columns.values():
            if len(values) < count:
                values.append(None)
    arrays = []
    for name, values in columns.items():
        try:
            arrays.append(pa.array(values))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            raise InvalidInput(f"the column {name!r} mixes kinds of values", where=where) from None
    return pa.table(arrays, names=list(columns))


def _json_object(line: bytes, where: str) -> dict[str, JsonValue]:
    try:
        value: JsonValue = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise InvalidInput("not strict JSON", where=where) from None
    if not isinstance(value, dict):
        raise InvalidInput(
            "not a JSON object", where=where, remedy="Write one object with named fields a line."
        )
    return value


_READERS: Final[dict[str, Callable[[bytes, str], Arrow]]] = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}
