"""The tables of a log.

Append-only: `meta`, `entry`, `body`, `entry_subject`, `link`, `tile`, `checkpoint`. Changing:
`head` (the one row every write claims and swaps), `subject_key`, `key_bucket`, `hold` (rows that
must be able to go), `projection` and `rollup` (views that can be rebuilt from the entries).

Columns of `entry`, `entry_subject` and `link` beside `header` and `leaf` are an index over the
header bytes, for finding entries only: what an entry says is read from its header.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.schema import SchemaItem

__all__ = [
    "APPEND_ONLY",
    "SCHEMA",
    "body",
    "checkpoint",
    "entry",
    "entry_subject",
    "head",
    "hold",
    "key_bucket",
    "link",
    "meta",
    "metadata",
    "projection",
    "rollup",
    "subject_key",
    "tile",
]

SCHEMA: Final = "audit"
metadata = MetaData(schema=SCHEMA)
_Wide = BigInteger().with_variant(Integer, "sqlite")


def _table(name: str, *columns: SchemaItem) -> Table:
    return Table(name, metadata, *columns, sqlite_strict=True)


meta = _table(
    "meta",
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts fixed when the log was made: origin, vkey, pepper check."""

head = _table(
    "head",
    Column("id", Integer, CheckConstraint("id = 1", name="one_head"), primary_key=True),
    Column("turn", _Wide, nullable=False),
    Column("size", _Wide, nullable=False),
    Column("ts", _Wide, nullable=False),
    Column("clock_noted", _Wide, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
)
"""Size, last time and Merkle frontier; `turn` counts the transactions that claimed the row."""

entry = _table(
    "entry",
    Column("seq", _Wide, primary_key=True, autoincrement=False),
    Column("id", LargeBinary, nullable=False),
    Column("ts", _Wide, nullable=False),
    Column("kind", Text, nullable=False),
    Column("function", Text),
    Column("reference", Text),
    Column("header", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Index("entry_id", "id", unique=True),
    Index("entry_kind", "kind", "seq"),
    Index("entry_function", "function", "seq"),
    Index("entry_reference", "reference"),
)

body = _table(
    "body",
    Column("seq", _Wide, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

entry_subject = _table(
    "entry_subject",
    Column("seq", _Wide, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("ref", Text, nullable=False),
    Index("entry_subject_ref", "ref", "seq"),
)

link = _table(
    "link",
    Column("seq", _Wide, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rel", Text, nullable=False),
    Column("target", Text, nullable=False),
    Index("link_target", "target", "seq"),
)
"""What an entry's header names: links (and `supersedes`) by entry id or digest."""

tile = _table(
    "tile",
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("idx", _Wide, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    Column("root", LargeBinary, nullable=False),
)
"""Full tiles of 256 hashes with their roots; partial tiles are made up from rows below."""

checkpoint = _table(
    "checkpoint",
    Column("size", _Wide, primary_key=True, autoincrement=False),
    Column("ts", _Wide, nullable=False),
    Column("note", Text, nullable=False),
)
"""One signed note for one size: a size never gets a second one."""

subject_key = _table(
    "subject_key",
    Column("ref", Text, primary_key=True),
    Column("lookup", LargeBinary, nullable=False),
    Column("bucket", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary),
    Index("subject_key_lookup", "lookup", unique=True),
    Index("subject_key_bucket", "bucket"),
)
"""Wrapped data keys of holders; `sealed` is an actor's name under the actor's own key."""

key_bucket = _table(
    "key_bucket",
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

hold = _table(
    "hold",
    Column("ref", Text, primary_key=True),
    Column("ground", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("until", _Wide),
)

projection = _table(
    "projection",
    Column("name", Text, primary_key=True),
    Column("size", _Wide, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
)

rollup = _table(
    "rollup",
    Column("day", Text, primary_key=True),
    Column("function", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("cell", _Wide, primary_key=True, autoincrement=False),
    Column("n", _Wide, nullable=False),
)

APPEND_ONLY: Final = (meta, entry, body, entry_subject, link, tile, checkpoint)
