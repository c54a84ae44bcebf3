"""Places: partitions on PostgreSQL, narrow keys, ids and floors in tables of their own.

Rows of revision r0001 are carried over; the hashed bytes are not touched.

Revision ID: r0002
Revises: r0001
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from answerable.audit.store.guards import partition_functions, place_guard_statements

revision = "r0002"
down_revision = "r0001"

_SCHEMA: Final = "audit"
_Wide = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOVED: Final = ("entry", "body", "entry_subject", "link")
_CHUNK: Final = 10_000
_ENTRIES: Final = {
    "sqlite": """INSERT INTO main.entry SELECT seq, ts, kind, function,
        json_extract(CAST(header AS TEXT), '$.outcome'),
        json_extract(CAST(header AS TEXT), '$.automation'),
        reference, header, leaf FROM main.entry_r0001 ORDER BY seq""",
    "postgresql": """INSERT INTO audit.entry SELECT seq, ts, kind, function,
        pg_catalog.json_extract_path_text(
            pg_catalog.convert_from(header, 'UTF8')::pg_catalog.json, 'outcome'),
        pg_catalog.json_extract_path_text(
            pg_catalog.convert_from(header, 'UTF8')::pg_catalog.json, 'automation'),
        reference, header, leaf FROM audit.entry_r0001""",
}
_OTHERS: Final = (
    "INSERT INTO {schema}.entry_id SELECT id, seq FROM {schema}.entry_r0001",
    "INSERT INTO {schema}.body SELECT seq * 256 + part, data FROM {schema}.body_r0001",
    "INSERT INTO {schema}.link SELECT target, seq, number, rel FROM {schema}.link_r0001",
)


def _create(name: str, *columns: SchemaItem, rowid: bool = True, by: str | None = None) -> None:
    op.create_table(
        name,
        *columns,
        schema=_SCHEMA,
        sqlite_strict=True,
        sqlite_with_rowid=rowid,
        postgresql_partition_by=None if by is None else f"RANGE ({by})",
    )


def _number(name: str, *, wide: bool = True, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(
        name,
        _Wide if wide else sa.Integer(),
        nullable=False,
        primary_key=primary_key,
        autoincrement=False,
    )


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, primary_key=primary_key)


def _bytes(name: str, *, primary_key: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False, primary_key=primary_key)


def upgrade() -> None:
    """Make the new tables, carry the rows over, drop the old ones, set the guards."""
    connection = op.get_bind()
    dialect = connection.dialect.name
    schema = "main" if dialect == "sqlite" else _SCHEMA
    for name in _MOVED:
        connection.execute(sa.text(f"ALTER TABLE {schema}.{name} RENAME TO {name}_r0001"))
    # The new table of ids takes the name of the old index.
    connection.execute(sa.text(f"DROP INDEX {schema}.entry_id"))
    whole = "INTEGER" if dialect == "sqlite" else "BIGINT"
    added = f"ALTER TABLE {schema}.head ADD COLUMN key_epoch {whole} NOT NULL DEFAULT 0"
    connection.execute(sa.text(added))
    _create_moved()
    _create_new()
    if dialect == "postgresql":
        _partition(connection)
    connection.execute(sa.text(_ENTRIES[dialect]))
    for statement in _OTHERS:
        connection.execute(sa.text(statement.format(schema=schema)))
    _copy_subjects(connection, schema)
    for name in _MOVED:
        op.drop_table(f"{name}_r0001", schema=_SCHEMA)
    _create_indexes()
    for statement in place_guard_statements(dialect):
        connection.execute(sa.text(statement))


def _create_moved() -> None:
    _create(
        "entry",
        _number("seq", primary_key=True),
        _number("ts"),
        _text("kind"),
        _text("function", nullable=True),
        _text("outcome", nullable=True),
        _text("automation", nullable=True),
        _text("reference", nullable=True),
        _bytes("header"),
        _bytes("leaf"),
        by="seq",
    )
    _create("body", _number("place", primary_key=True), _bytes("data"), by="place")
    _create(
        "entry_subject",
        _bytes("ref", primary_key=True),
        _number("seq", primary_key=True),
        rowid=False,
        by="seq",
    )
    _create(
        "link",
        _text("target", primary_key=True),
        _number("seq", primary_key=True),
        _number("number", wide=False, primary_key=True),
        _text("rel"),
        rowid=False,
        by="seq",
    )


def _create_new() -> None:
    _create("entry_id", _bytes("id", primary_key=True), _number("seq"), rowid=False)
    _create(
        "anchor",
        _number("size", primary_key=True),
        _number("number", wide=False, primary_key=True),
        _text("kind"),
        _bytes("data"),
    )
    _create("floor", _text("what", primary_key=True), _number("seq"))
    _create("subject_alias", _bytes("lookup", primary_key=True), _text("ref"), _bytes("mac"))
    op.create_index("subject_alias_ref", "subject_alias", ["ref"], schema=_SCHEMA)


def _create_indexes() -> None:
    for name, columns, where in (
        ("entry_kind", ["kind", "seq"], "kind NOT IN ('decision', 'explanation')"),
        ("entry_function", ["function", "seq"], "function IS NOT NULL"),
        ("entry_reference", ["reference"], "reference IS NOT NULL"),
    ):
        op.create_index(
            name,
            "entry",
            columns,
            schema=_SCHEMA,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def _partition(connection: sa.Connection) -> None:
    """Make the partitions that hold what is there, and the next one."""
    # Ciphertext and hashes do not compress: trying costs time.
    for table in ("body", "tile"):
        connection.execute(
            sa.text(f"ALTER TABLE {_SCHEMA}.{table} ALTER COLUMN data SET STORAGE EXTERNAL")
        )
    for statement in partition_functions():
        connection.execute(sa.text(statement))
    size = connection.execute(sa.text(f"SELECT size FROM {_SCHEMA}.head")).scalar() or 0  # noqa: S608
    for number in range((size >> 20) + 2):
        connection.execute(sa.text(f"SELECT {_SCHEMA}.make_partition({number})"))


def _copy_subjects(connection: sa.Connection, schema: str) -> None:
    # In Python, because the SQLite of Debian 12 has no function that reads hex digits.
    rows = connection.execute(sa.text(f"SELECT ref, seq FROM {schema}.entry_subject_r0001"))  # noqa: S608
    for part in rows.partitions(_CHUNK):
        connection.execute(
            sa.text(f"INSERT INTO {schema}.entry_subject (ref, seq) VALUES (:ref, :seq)"),  # noqa: S608
            [{"ref": bytes.fromhex(ref.partition("-")[2]), "seq": seq} for ref, seq in part],
        )
