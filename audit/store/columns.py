"""Many rows as a few long values that SQL takes apart, in the words of either database.

A driver that sends rows one by one spends more on each than the database does. Here a column
travels in the shortest way its values allow, and row `i` is put together where it is stored:

- all alike: one parameter;
- whole numbers in even steps: the first and the step;
- values of one length: one long value, cut evenly;
- anything else: one long value and the places where to cut it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple, cast

from sqlalchemy import BigInteger, Integer, LargeBinary, Table, Text

from answerable.audit.store.tables import Cell, Row

__all__ = [
    "MOST_BYTES",
    "POSTGRES",
    "POSTGRES_TYPES",
    "SQLITE",
    "Sent",
    "Words",
    "bytes_of",
    "sent",
]

MOST_BYTES: Final = 8 * 1024 * 1024
"""Of the values of one statement, so that large bodies are not copied all at once."""
POSTGRES_TYPES: Final = {BigInteger: "int8", Integer: "int4", Text: "text", LargeBinary: "bytea"}
_KINDS: Final = (BigInteger, Integer, Text, LargeBinary)


class Words(NamedTuple):
    """How a database says what is needed: ``@0``, ``@1`` stand for parameters, ``#`` for bytes."""

    alike: dict[type, str]
    steps: str
    even: str
    cut: str
    read: dict[type, str]
    """From bytes to a value."""
    missing: str
    """NULL for no bytes at all, else ``?`` of what follows a mark."""


class Sent(NamedTuple):
    """How a column travels: the expression of its value in row `i`, and its parameters."""

    expression: str
    parameters: tuple[Cell, ...]


SQLITE: Final = Words(
    alike=dict.fromkeys(_KINDS, "@0"),
    steps="(@0 + i * @1)",
    even="substr(@0, i * @1 + 1, @1)",
    cut="substr(@0, CAST(substr(@1, i * 24 + 1, 12) AS INTEGER), "
    "CAST(substr(@1, i * 24 + 13, 12) AS INTEGER))",
    read={
        BigInteger: "CAST(# AS INTEGER)",
        Integer: "CAST(# AS INTEGER)",
        Text: "CAST(# AS TEXT)",
        LargeBinary: "#",
    },
    missing="iif(length(#) = 0, NULL, ?)",
)
POSTGRES: Final = Words(
    alike={kind: f"@0::{name}" for kind, name in POSTGRES_TYPES.items()},
    steps="(@0::int8 + i * @1::int8)",
    even="substr(@0::bytea, (i * @1 + 1)::int4, @1::int4)",
    cut="substr(@0::bytea, convert_from(substr(@1::bytea, i * 24 + 1, 12), 'UTF8')::int4, "
    "convert_from(substr(@1::bytea, i * 24 + 13, 12), 'UTF8')::int4)",
    read={
        BigInteger: "convert_from(#, 'UTF8')::int8",
        Integer: "convert_from(#, 'UTF8')::int4",
        Text: "convert_from(#, 'UTF8')",
        LargeBinary: "#",
    },
    missing="CASE WHEN length(#) = 0 THEN NULL ELSE ? END",
)


def sent(words: Words, table: Table, rows: Sequence[Row]) -> list[Sent]:
    """Return how each column of some rows travels.

    Parameters
    ----------
    words : Words
        Of the database.
    table : Table
        One of ours.
    rows : Sequence[Row]
        Whole rows, all columns in the table's order; at least one.

    Returns
    -------
    list of Sent
        In the order of the columns.
    """
    columns = zip(*rows, strict=True)
    kinds = [type(column.type) for column in table.columns]
    return [_column(words, kind, held) for kind, held in zip(kinds, columns, strict=True)]


def bytes_of(rows: Iterable[Row]) -> int:
    """Return the bytes of the cells that can be long."""
    return sum(len(cell) for row in rows for cell in row if isinstance(cell, bytes))


def _column(words: Words, kind: type, values: tuple[Cell, ...]) -> Sent:
    if values.count(values[0]) == len(values):
        return Sent(words.alike[kind], (values[0],))
    if None not in values:
        return _full(words, kind, values)
    # A mark before each value tells nothing from what is empty.
    marked = [b"" if value is None else b"=" + _written(value) for value in values]
    cut = _cut(words, marked)
    value = words.read[kind].replace("#", f"substr({cut.expression}, 2)")
    return cut._replace(expression=words.missing.replace("#", cut.expression).replace("?", value))


def _full(words: Words, kind: type, values: tuple[Cell, ...]) -> Sent:
    if kind is LargeBinary:
        return _cut(words, cast("Sequence[bytes]", values))
    if kind is not Text:
        first, step = cast("int", values[0]), cast("int", values[1]) - cast("int", values[0])
        if step > 0 and values == tuple(range(first, first + step * len(values), step)):
            return Sent(words.steps, (first, step))
    cut = _cut(words, [_written(value) for value in values])
    return cut._replace(expression=words.read[kind].replace("#", cut.expression))


def _written(value: Cell) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _cut(words: Words, values: Sequence[bytes]) -> Sent:
    sizes = [*map(len, values)]
    if sizes.count(sizes[0]) == len(sizes):
        return Sent(words.even, (b"".join(values), sizes[0]))
    places = zip(accumulate(sizes[:-1], initial=1), sizes, strict=True)
    return Sent(
        words.cut, (b"".join(values), b"".join([b"%012d%012d" % place for place in places]))
    )
