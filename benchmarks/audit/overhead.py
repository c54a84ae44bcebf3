"""How many bytes a record takes beside its body, and what each part of them costs.

The body is the canonical bytes a caller gave. Everything else is overhead: what encryption adds,
header and leaf, index columns, the database's own row and page overhead, indexes, tiles, keys.
Tables and indexes are measured whole, as the database stores them, and divided by the entries.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from ground import Figures, Ground, Material, ground
from loaded import DATABASES, loaded

from answerable.audit.log import Log
from answerable.audit.store.authorizer import schema_changes

_PARTS = {
    "header": "SELECT sum(length(header)) FROM {schema}.entry",
    "leaf": "SELECT sum(length(leaf)) FROM {schema}.entry",
    "index columns": (
        "SELECT sum(16 + length(kind) + coalesce(length(function), 0)"
        " + coalesce(length(outcome), 0) + coalesce(length(automation), 0)"
        " + coalesce(length(reference), 0)) FROM {schema}.entry"
    ),
    "stored parts": "SELECT sum(length(data)) FROM {schema}.body",
}
_SQLITE = """
    SELECT m.tbl_name, s.name = m.tbl_name, sum(s.pgsize)
    FROM dbstat AS s JOIN sqlite_schema AS m ON m.name = s.name GROUP BY 1, 2
"""
_POSTGRES = """
    SELECT coalesce(parent.relname, own.relname), true, sum(pg_table_size(own.oid))
    FROM pg_class AS own LEFT JOIN pg_inherits AS i ON i.inhrelid = own.oid
    LEFT JOIN pg_class AS parent ON parent.oid = i.inhparent
    WHERE own.relkind = 'r' AND own.relnamespace = 'audit'::regnamespace GROUP BY 1
    UNION ALL
    SELECT coalesce(parent.relname, own.relname), false, sum(pg_indexes_size(own.oid))
    FROM pg_class AS own LEFT JOIN pg_inherits AS i ON i.inhrelid = own.oid
    LEFT JOIN pg_class AS parent ON parent.oid = i.inhparent
    WHERE own.relkind = 'r' AND own.relnamespace = 'audit'::regnamespace GROUP BY 1
"""


def sizes(log: Log, kind: str) -> tuple[dict[str, int], dict[tuple[str, bool], int]]:
    """Return bytes of what was written, and of tables (True) and their indexes (False)."""
    schema = "main" if kind == "sqlite" else "audit"
    statement = _SQLITE if kind == "sqlite" else _POSTGRES
    # The table of pages is made for the asking, which a log's own connections may not do.
    with log._database.read() as connection, schema_changes(connection):
        one: Callable[[str], Any] = lambda text: connection.exec_driver_sql(text).scalar()  # noqa: E731
        written = {what: int(one(text.format(schema=schema))) for what, text in _PARTS.items()}
        rows = connection.exec_driver_sql(statement).all()
    return written, {(str(name), bool(own)): int(size) for name, own, size in rows}


def measured(kind: str, log: Log, figures: Figures) -> None:
    """Add what each part costs a record of one log."""
    count = log.size()
    material = Material()
    body = sum(len(item.to_json()) for item in material.bodies) / len(material.bodies)
    written, stored = sizes(log, kind)
    each = {what: size / count for what, size in written.items()}
    held = {what: size / count for what, size in stored.items()}
    told: dict[str, float] = {
        "encryption: nonce and tag": each["stored parts"] - body,
        "header": each["header"],
        "leaf": each["leaf"],
        "index columns in the entry": each["index columns"],
        "entry: rows and pages": held["entry", True]
        - each["header"]
        - each["leaf"]
        - each["index columns"],
        "entry: indexes": held.get(("entry", False), 0.0),
        "body: rows and pages": held["body", True] - each["stored parts"],
        "body: index": held.get(("body", False), 0.0),
    }
    for table in ("entry_id", "entry_subject", "tile"):
        told[table] = held[table, True] + held.get((table, False), 0.0)
    keys = sum(size for (table, _), size in held.items() if table in {"subject_key", "key_bucket"})
    told["keys: one person for eight records"] = keys
    figures.add(f"{kind}: body as given", body, "bytes")
    for what, size in told.items():
        figures.add(f"{kind}: {what}", size, "bytes")
    whole = sum(told.values())
    beside = f"{whole / body:.0%} of the body"
    figures.add(f"{kind}: beside the body", whole, "bytes", beside=beside)
    rest = sum(held.values()) - body - whole
    figures.add(f"{kind}: everything else in the database", rest, "bytes")


def one(place: Ground, kind: str, entries: int, figures: Figures) -> None:
    """Load and measure a log of one database."""
    with loaded(place, kind, entries, figures) as (_, log):
        measured(kind, log, figures)


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--entries", type=int, default=200_000)
    asked.add_argument("--database", choices=DATABASES, action="append")
    given = asked.parse_args()
    figures = Figures("overhead")
    with ground() as place:
        for kind in given.database or DATABASES:
            one(place, kind, given.entries, figures)
    figures.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
