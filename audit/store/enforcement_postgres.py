# ruff: noqa: S608 - every name in a statement is a constant, or quoted by sql_text
"""Which guards of a PostgreSQL log are there, who is connected, and what nobody enforces.

The triggers and functions that should be there are read from the statements of the revisions;
what is there is read from the catalog, partitions included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from answerable.audit.store.database import Database
from answerable.audit.store.ddl_guard import (
    EVENT_TRIGGERS,
    GUARD_SCHEMA,
    ddl_guard_statements,
)
from answerable.audit.store.guard_facts import GuardFact, fact_of_faults
from answerable.audit.store.guards import every_guard
from answerable.audit.store.roles import PRUNED
from answerable.audit.store.tables import (
    APPEND_ONLY,
    PARTITION_ENTRIES,
    PARTITIONED,
    SCHEMA,
    metadata,
)

__all__ = ["facts_on", "postgres_facts"]

_SUSPECT: Final = (
    "Somebody who owns the tables changed them: verify the log against a checkpoint kept "
    "elsewhere, then restore what is named here."
)
_TRIGGER: Final = re.compile(
    rf"CREATE TRIGGER (\w+) BEFORE ([A-Z ]+) ON {SCHEMA}\.(\w+) "
    rf"FOR EACH (ROW|STATEMENT) EXECUTE FUNCTION {SCHEMA}\.(\w+)\(\)"
)
_FUNCTION: Final = re.compile(r"FUNCTION (\w+\.\w+)\(.*?\$(\w*)\$(.*)\$\2\$", re.DOTALL)
_BITS: Final = {"ROW": 1, "BEFORE": 2, "INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
_STATES: Final = {
    "D": "is disabled",
    "O": "is skipped in replication mode (it must be ENABLE ALWAYS)",
    "R": "fires in replication mode only (it must be ENABLE ALWAYS)",
}
_EVERYBODY: Final = "everybody"
_RELATIONS: Final = text(
    """SELECT c.oid, c.relname, c.relkind, c.relpersistence, c.relrowsecurity,
        p.relname AS parent, coalesce(i.inhdetachpending, false) AS detaching,
        pg_get_userbyid(c.relowner) AS owner
    FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
        LEFT JOIN pg_class p ON p.oid = i.inhparent
    WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind IN ('r', 'p', 'f', 'v', 'm')"""
)
_TRIGGERS: Final = text(
    """SELECT c.relname, t.tgname, t.tgtype, t.tgenabled, n.nspname || '.' || f.proname AS calls,
        t.tgqual IS NULL AND t.tgattr::text = '' AS unconditional
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc f ON f.oid = t.tgfoid
        JOIN pg_namespace n ON n.oid = f.pronamespace
    WHERE c.relnamespace = to_regnamespace(:schema) AND NOT t.tgisinternal"""
)
_FUNCTIONS: Final = text(
    """SELECT n.nspname || '.' || p.proname, p.prosrc
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = :schema"""
)
_REWRITES: Final = text(
    """SELECT 'rule ' || r.rulename || ' on ' || c.relname
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    WHERE c.relnamespace = to_regnamespace(:schema) AND r.rulename <> '_RETURN'
    UNION ALL SELECT 'row-security policy ' || p.polname || ' on ' || c.relname
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE c.relnamespace = to_regnamespace(:schema) ORDER BY 1"""
)
_WHO: Final = text(
    """SELECT current_user, r.rolsuper, r.rolbypassrls,
        current_setting('session_replication_role') AS replication
    FROM pg_roles r WHERE r.rolname = current_user"""
)
_OWNERS: Final = text(
    """SELECT DISTINCT pg_get_userbyid(c.relowner) AS owner, r.rolcanlogin,
        pg_has_role(current_user, c.relowner, 'MEMBER') AS member
    FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
    WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind IN ('r', 'p') ORDER BY 1"""
)
_GRANTS: Final = text(
    f"""SELECT CASE a.grantee WHEN 0 THEN '{_EVERYBODY}' ELSE pg_get_userbyid(a.grantee) END AS who,
        c.relname, string_agg(DISTINCT lower(a.privilege_type), ', ') AS what
    FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relnamespace = to_regnamespace(:schema) AND a.grantee <> c.relowner
        AND a.privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES')
    GROUP BY 1, 2 ORDER BY 1, 2"""
)
_EVENT_TRIGGERS: Final = text(
    """SELECT e.evtname, e.evtenabled, r.rolsuper FROM pg_event_trigger e
        JOIN pg_roles r ON r.oid = e.evtowner"""
)


@dataclass(frozen=True, slots=True)
class _Trigger:
    """A trigger as it should be: when it fires, and what it calls."""

    bits: int
    calls: str


@dataclass(frozen=True, slots=True)
class _Catalog:
    """What the catalog says about the log's tables."""

    relations: dict[str, Any]
    triggers: dict[tuple[str, str], Any]
    functions: dict[str, str]

    def partitions(self, parent: str) -> list[Any]:
        """Return what looks like a partition of a table, attached or not."""
        pattern = re.compile(rf"{parent}_(\d+)")
        return [
            row
            for name, row in self.relations.items()
            if row.parent == parent or pattern.fullmatch(name)
        ]


def postgres_facts(database: Database) -> list[GuardFact]:
    """Read what guards a PostgreSQL log, as the connected role sees it.

    Parameters
    ----------
    database : Database
        A log of this version's schema.

    Returns
    -------
    list of GuardFact
        On triggers, partitions, rules, the connected role, grants, event triggers, and what no
        guard stops.

    Raises
    ------
    Unavailable
        If the database cannot be read.
    """
    with database.read() as connection:
        return facts_on(connection)


def facts_on(connection: Connection) -> list[GuardFact]:
    """Read what guards a log within a transaction; see :func:`postgres_facts`.

    Parameters
    ----------
    connection : Connection
        With `pg_catalog` on its path.

    Returns
    -------
    list of GuardFact
        In the same order.
    """
    catalog = _catalog(connection)
    return [
        _tables(catalog),
        _partitions(connection, catalog),
        _rewrites(connection, catalog),
        _connected(connection),
        _grants(connection),
        _event_triggers(connection),
        _beyond(),
    ]


def _catalog(connection: Connection) -> _Catalog:
    inside = {"schema": SCHEMA}
    relations = {row.relname: row for row in connection.execute(_RELATIONS, inside)}
    triggers = {(row.relname, row.tgname): row for row in connection.execute(_TRIGGERS, inside)}
    return _Catalog(relations, triggers, _functions(connection, SCHEMA))


def _functions(connection: Connection, schema: str) -> dict[str, str]:
    rows = connection.execute(_FUNCTIONS, {"schema": schema})
    return {name: source for name, source in rows}  # noqa: C416 - rows are no pairs to mypy


def _wanted_triggers() -> dict[tuple[str, str], _Trigger]:
    wanted = {}
    for statement in every_guard("postgresql"):
        if made := _TRIGGER.fullmatch(" ".join(statement.split())):
            name, events, table, scope, function = made.groups()
            bits = sum(_BITS[event] for event in events.split(" OR "))
            bits += _BITS["BEFORE"] + (_BITS["ROW"] if scope == "ROW" else 0)
            wanted[table, name] = _Trigger(bits, f"{SCHEMA}.{function}")
    return wanted


def _sources(statements: list[str]) -> dict[str, str]:
    found = (_FUNCTION.search(statement) for statement in statements)
    return {made[1]: made[3] for made in found if made}


def _tables(catalog: _Catalog) -> GuardFact:
    wanted = _wanted_triggers()
    for parent in PARTITIONED:
        for row in catalog.partitions(parent.name):
            own = f"{row.relname}_no_truncate"
            wanted[row.relname, own] = wanted[parent.name, f"{parent.name}_no_truncate"]
            inherited = f"{parent.name}_no_change"
            wanted[row.relname, inherited] = wanted[parent.name, inherited]
    faults = [
        f"table {table.name} is missing"
        for table in metadata.sorted_tables
        if table.name not in catalog.relations
    ]
    for (table, name), trigger in sorted(wanted.items()):
        faults += _trigger_faults(f"trigger {name} of {table}", trigger, catalog, (table, name))
    faults += [
        f"trigger {name} of {table} is not ours"
        for table, name in sorted(set(catalog.triggers) - set(wanted))
    ]
    faults += [
        f"function {name} is {'changed' if name in catalog.functions else 'missing'}"
        for name, source in sorted(_sources(every_guard("postgresql")).items())
        if catalog.functions.get(name) != source
    ]
    tables = len({table for table, _ in wanted})
    good = f"{len(wanted)} triggers on {tables} tables and partitions, all enabled ALWAYS"
    return fact_of_faults("guards of the tables", good, faults, _SUSPECT)


def _trigger_faults(
    what: str, wanted: _Trigger, catalog: _Catalog, key: tuple[str, str]
) -> Iterator[str]:
    if key[0] not in catalog.relations:
        return
    found = catalog.triggers.get(key)
    if found is None:
        yield f"{what} is missing"
    elif found.tgenabled != "A":
        yield f"{what} {_STATES[found.tgenabled]}"
    elif (found.tgtype, found.calls) != (wanted.bits, wanted.calls) or not found.unconditional:
        yield f"{what} is changed"


def _partitions(connection: Connection, catalog: _Catalog) -> GuardFact:
    size = connection.execute(text(f"SELECT size FROM {SCHEMA}.head")).scalar() or 0
    rows = connection.execute(text(f"SELECT what, seq FROM {SCHEMA}.floor"))
    floors: dict[str, int] = {what: seq for what, seq in rows}  # noqa: C416 - as above
    faults, count = [], 0
    for parent in (table.name for table in PARTITIONED):
        floor = floors.get("body" if parent == "body" else "entry", 0)
        numbers = range(floor // PARTITION_ENTRIES, size // PARTITION_ENTRIES + 1)
        faults += [
            f"partition {parent}_{number} is missing"
            for number in numbers
            if f"{parent}_{number}" not in catalog.relations
        ]
        for row in catalog.partitions(parent):
            count += 1
            faults += _partition_faults(row, parent)
    return fact_of_faults("partitions", f"{count} attached, none missing", faults, _SUSPECT)


def _partition_faults(row: Any, parent: str) -> Iterator[str]:
    if row.parent != parent:
        yield f"partition {row.relname} is not attached"
    if row.detaching:
        yield f"partition {row.relname} is half detached"
    if row.relkind != "r":
        yield f"partition {row.relname} is no table of this database"
    elif row.relpersistence != "p":
        yield f"partition {row.relname} does not survive a crash (it is UNLOGGED)"


def _rewrites(connection: Connection, catalog: _Catalog) -> GuardFact:
    faults = list(connection.execute(_REWRITES, {"schema": SCHEMA}).scalars())
    faults += [
        f"row security is on for {name}"
        for name, row in sorted(catalog.relations.items())
        if row.relrowsecurity
    ]
    replication = connection.execute(_WHO).one().replication
    if replication != "origin":
        faults.append(f"session_replication_role is {replication}")
    good = "none swallows what is appended or hides what is read"
    return fact_of_faults("rules and row security", good, faults, _SUSPECT)


def _connected(connection: Connection) -> GuardFact:
    who = connection.execute(_WHO).one()
    owners = connection.execute(_OWNERS, {"schema": SCHEMA}).all()
    name = "connected role"
    separate = "Run the service as a writer: answerable db roles"
    if who.rolsuper:
        return GuardFact(
            name, "warning", f"{who.current_user} is a superuser: nothing binds it. {separate}"
        )
    if any(row.member for row in owners):
        what = "owns the tables, or may act as their owner: it can disable every trigger"
        return GuardFact(name, "warning", f"{who.current_user} {what}. {separate}")
    if any(row.rolcanlogin for row in owners):
        may = ", ".join(row.owner for row in owners if row.rolcanlogin)
        what = f"{who.current_user} owns nothing, but the owner of the tables ({may}) can log in"
        return GuardFact(name, "warning", f"{what}. Run: ALTER ROLE ... NOLOGIN")
    return GuardFact(
        name, "good", f"{who.current_user} owns none of the tables and is no superuser"
    )


def _grants(connection: Connection) -> GuardFact:
    guarded = {table.name for table in APPEND_ONLY}
    parents = "|".join(table.name for table in PARTITIONED)
    partition = re.compile(rf"({parents})_\d+")
    removing, may = set(), []
    for row in connection.execute(_GRANTS, {"schema": SCHEMA}):
        name = (
            re.sub(r"_\d+$", "", row.relname) if partition.fullmatch(row.relname) else row.relname
        )
        if row.what == "delete" and row.relname in PRUNED and row.who != _EVERYBODY:
            removing.add(row.who)
        elif name in guarded:
            may.append(f"{row.who} holds {row.what} on {row.relname}")
    if may:
        advice = f"{'; '.join(may)}. Run answerable db roles --apply, and REVOKE what it leaves"
        return GuardFact("grants", "warning", advice)
    also = f"; what a retention run released, {', '.join(sorted(removing))}" if removing else ""
    return GuardFact("grants", "good", f"nobody but the owner may change what was appended{also}")


def _event_triggers(connection: Connection) -> GuardFact:
    name = "event triggers"
    found = {row.evtname: row for row in connection.execute(_EVENT_TRIGGERS)}
    if not set(EVENT_TRIGGERS) & set(found):
        return GuardFact(
            name,
            "warning",
            "none: the owner of the tables can disable triggers, rewrite a column or take a "
            "partition away. Where there is a superuser: answerable db guard-ddl --apply",
        )
    sources = _functions(connection, GUARD_SCHEMA)
    faults = [
        f"event trigger {event} is {'not ENABLE ALWAYS' if event in found else 'missing'}"
        for event in EVENT_TRIGGERS
        if event not in found or found[event].evtenabled != "A"
    ]
    faults += [
        f"function {function} is {'changed' if function in sources else 'missing'}"
        for function, source in sorted(_sources(ddl_guard_statements()).items())
        if sources.get(function) != source
    ]
    used = connection.execute(
        text(f"SELECT count(used_at), max(used_at) FROM {GUARD_SCHEMA}.allowance")
    ).one()
    last = f", last on {used[1]:%Y-%m-%d}" if used[0] else ""
    good = f"refuse changes of the schema; {used[0]} were allowed{last}"
    remedy = "A superuser did that, or another version made them: answerable db guard-ddl --apply"
    return fact_of_faults(name, good, faults, remedy)


def _beyond() -> GuardFact:
    return GuardFact(
        "what no guard stops",
        "warning",
        "A superuser, or whoever has the server's files, can change everything. Only a checkpoint "
        "kept elsewhere shows that: answerable log head --out FILE",
    )
