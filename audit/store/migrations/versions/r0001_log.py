"""The log: entries, bodies, tree, keys, views.

Revision ID: r0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from answerable.audit.store.guards import guard_statements

revision = "r0001"
down_revision = None

_SCHEMA = "audit"
_Wide = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _create(name: str, *columns: SchemaItem) -> None:
    op.create_table(name, *columns, schema=_SCHEMA, sqlite_strict=True)


def _index(name: str, table: str, *columns: str, unique: bool = False) -> None:
    op.create_index(name, table, list(columns), unique=unique, schema=_SCHEMA)


def _number(name: str, *, wide: bool = False, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(
        name,
        _Wide if wide else sa.Integer(),
        nullable=False,
        primary_key=primary_key,
        autoincrement=False,
    )


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, primary_key=primary_key)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def upgrade() -> None:
    """Make all tables and the guards of those that are append-only."""
    _create_log()
    _create_tree()
    _create_keys()
    _create_views()
    for statement in guard_statements(op.get_bind().dialect.name):
        op.execute(sa.text(statement))


def _create_log() -> None:
    _create("meta", _text("key", primary_key=True), _text("value"))
    _create(
        "entry",
        _number("seq", wide=True, primary_key=True),
        _bytes("id"),
        _number("ts", wide=True),
        _text("kind"),
        _text("function", nullable=True),
        _text("reference", nullable=True),
        _bytes("header"),
        _bytes("leaf"),
    )
    _index("entry_id", "entry", "id", unique=True)
    _index("entry_kind", "entry", "kind", "seq")
    _index("entry_function", "entry", "function", "seq")
    _index("entry_reference", "entry", "reference")
    _create(
        "body",
        _number("seq", wide=True, primary_key=True),
        _number("part", primary_key=True),
        _bytes("data"),
    )
    _create(
        "entry_subject",
        _number("seq", wide=True, primary_key=True),
        _number("number", primary_key=True),
        _text("ref"),
    )
    _index("entry_subject_ref", "entry_subject", "ref", "seq")
    _create(
        "link",
        _number("seq", wide=True, primary_key=True),
        _number("number", primary_key=True),
        _text("rel"),
        _text("target"),
    )
    _index("link_target", "link", "target", "seq")


def _create_tree() -> None:
    _create(
        "head",
        sa.Column(
            "id", sa.Integer, sa.CheckConstraint("id = 1", name="one_head"), primary_key=True
        ),
        _number("turn", wide=True),
        _number("size", wide=True),
        _number("ts", wide=True),
        _number("clock_noted", wide=True),
        _bytes("frontier"),
    )
    _create(
        "tile",
        _number("level", primary_key=True),
        _number("idx", wide=True, primary_key=True),
        _bytes("data"),
        _bytes("root"),
    )
    _create(
        "checkpoint",
        _number("size", wide=True, primary_key=True),
        _number("ts", wide=True),
        _text("note"),
    )


def _create_keys() -> None:
    _create(
        "subject_key",
        _text("ref", primary_key=True),
        _bytes("lookup"),
        _number("bucket"),
        _number("version"),
        _bytes("wrapped"),
        _bytes("sealed", nullable=True),
    )
    _index("subject_key_lookup", "subject_key", "lookup", unique=True)
    _index("subject_key_bucket", "subject_key", "bucket")
    _create("key_bucket", _number("bucket", primary_key=True), _number("version"))
    _create(
        "hold",
        _text("ref", primary_key=True),
        _text("ground", primary_key=True),
        _text("reference", primary_key=True),
        sa.Column("until", _Wide),
    )


def _create_views() -> None:
    _create(
        "projection",
        _text("name", primary_key=True),
        _number("size", wide=True),
        _bytes("root"),
        _bytes("state"),
        _bytes("mac"),
    )
    _create(
        "rollup",
        _text("day", primary_key=True),
        _text("function", primary_key=True),
        _text("outcome", primary_key=True),
        _number("cell", wide=True, primary_key=True),
        _number("n", wide=True),
    )
