"""The tables of a log.

Append-only: `meta`, `entry`, `entry_id`, `body`, `entry_subject`, `link`, `tile`, `checkpoint`,
`anchor`. Changing: `head` (the one row every write claims and swaps), `floor` (moves forward only,
with a retention run), `subject_key`, `subject_alias`, `key_bucket`, `hold` (rows that must be able
to go), `projection` and `rollup` (views that can be rebuilt from the entries).

Columns of `entry` beside `header` and `leaf`, and the rows of `entry_id`, `entry_subject` and
`link`, are an index over the header bytes, for finding entries only: what an entry says is read
from its header.

What grows with the log is partitioned on PostgreSQL by its place in it, :data:`PARTITION_ENTRIES`
entries a partition, so that retention drops whole partitions. A body part stands at
``seq * 256 + part``: one number is one narrow key, and on SQLite the row's own.
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
    text,
)
from sqlalchemy.schema import SchemaItem

__all__ = [
    "APPEND_ONLY",
    "Cell",
    "FREQUENT",
    "PARTITIONED",
    "PARTITION_ENTRIES",
    "LAST_PLACE",
    "PARTS",
    "Row",
    "SCHEMA",
    "anchor",
    "body",
    "checkpoint",
    "entry",
    "entry_id",
    "entry_subject",
    "floor",
    "head",
    "hold",
    "key_bucket",
    "link",
    "meta",
    "metadata",
    "projection",
    "rollup",
    "subject_alias",
    "subject_key",
    "tile",
]

SCHEMA: Final = "audit"
LAST_PLACE: Final = 2**63 - 1
"""Beyond it no database counts; who forges rows may go so far."""
PARTS: Final = 256
"""Places a body takes: part `n` of entry `seq` stands at ``seq * 256 + n``."""
PARTITION_ENTRIES: Final = 1 << 20
"""Entries in a partition on PostgreSQL: a multiple of 65,536, so that whole tiles go with it."""
Cell = int | str | bytes | None
Row = tuple[Cell, ...]
"""A whole row, all columns in the table's order."""
metadata = MetaData(schema=SCHEMA)
_Wide = BigInteger().with_variant(Integer, "sqlite")


def _table(name: str, *columns: SchemaItem, rowid: bool = True, by: str | None = None) -> Table:
    partitions = None if by is None else f"RANGE ({by})"
    return Table(
        name,
        metadata,
        *columns,
        sqlite_strict=True,
        sqlite_with_rowid=rowid,
        postgresql_partition_by=partitions,
    )


def _index(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


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
    Column("key_epoch", _Wide, nullable=False, server_default=text("0")),
)
"""Size, last time and Merkle frontier; `turn` counts the transactions that claimed the row,
`key_epoch` those that took a holder's key away or wrapped it anew: a key kept in memory is good for
as long as it stays the same."""

FREQUENT: Final = "kind NOT IN ('decision', 'explanation')"
"""Which entries the index over kinds holds: the two frequent kinds are found without it."""

entry = _table(
    "entry",
    Column("seq", _Wide, primary_key=True, autoincrement=False),
    Column("ts", _Wide, nullable=False),
    Column("kind", Text, nullable=False),
    Column("function", Text),
    Column("outcome", Text),
    Column("automation", Text),
    Column("reference", Text),
    Column("header", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    _index("entry_kind", "kind", "seq", where=FREQUENT),
    _index("entry_function", "function", "seq", where="function IS NOT NULL"),
    _index("entry_reference", "reference", where="reference IS NOT NULL"),
    by="seq",
)

entry_id = _table(
    "entry_id",
    Column("id", LargeBinary, primary_key=True),
    Column("seq", _Wide, nullable=False),
    rowid=False,
)
"""Place of each entry id. A table of its own, because an index that is unique over all partitions
is none that PostgreSQL has."""

body = _table(
    "body",
    Column("place", _Wide, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    by="place",
)

entry_subject = _table(
    "entry_subject",
    Column("ref", LargeBinary, primary_key=True),
    Column("seq", _Wide, primary_key=True, autoincrement=False),
    rowid=False,
    by="seq",
)
"""Which entries name a data subject; `ref` is the 16 bytes of the reference."""

link = _table(
    "link",
    Column("target", Text, primary_key=True),
    Column("seq", _Wide, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rel", Text, nullable=False),
    rowid=False,
    by="seq",
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

anchor = _table(
    "anchor",
    Column("size", _Wide, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""What somebody outside said about the checkpoint of a size: a cosignature, a timestamp."""

floor = _table(
    "floor",
    Column("what", Text, primary_key=True),
    Column("seq", _Wide, nullable=False),
    Column("run", _Wide, nullable=False, server_default=text("-1")),
)
"""Below which place bodies, entries and tiles were removed by recorded retention runs, and the
place of the last such run's entry: rows go only while the head does not name that place yet."""

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

subject_alias = _table(
    "subject_alias",
    Column("lookup", LargeBinary, primary_key=True),
    Column("ref", Text, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Index("subject_alias_ref", "ref"),
)
"""Further ids of a holder; `mac` under the holder's own data key says that it is theirs."""

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

PARTITIONED: Final = (entry, body, entry_subject, link)
APPEND_ONLY: Final = (
    meta,
    entry,
    entry_id,
    body,
    entry_subject,
    link,
    tile,
    checkpoint,
    anchor,
)
