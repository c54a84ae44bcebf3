"""The owner of a database takes guards, tables and partitions away, and rewrites what they held.

Nothing in a database binds its owner. Whatever is gone or changed is named by the writer before a
receipt, by a reader, or by the verification.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from answerable.audit.errors import RecordTampered, Unavailable
from answerable.audit.log import stored_log
from answerable.audit.store.enforcement import inspect_enforcement
from answerable.audit.verify import verify_log
from tests.attacks.test_rewritten_rows import findings
from tests.log_kit import LogKit
from tests.separated_log import SUPERUSER, SeparatedLog, guarded

APPENDED = 260
UNGUARDED = "ALTER TABLE audit.{} DISABLE TRIGGER ALL"
DECLINED = (
    "pg_catalog.convert_to(pg_catalog.replace(pg_catalog.convert_from(header, 'UTF8'), "
    "'approve', 'decline'), 'UTF8')"
)


def elsewhere(kit: LogKit, *statements: str) -> None:
    """Run statements from another program than ours, guards removed first."""
    file = Path(kit.url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


def filled(kit: LogKit) -> str:
    kit.log.append_many([kit.decision(f"person-{n % 3}", n=n) for n in range(APPENDED)])
    return kit.log.checkpoint()


# --------------------------------------------------------------------------- SQLite


@pytest.mark.parametrize("table", ["entry", "entry_id", "body", "entry_subject"])
def test_a_trigger_that_swallows_rows_is_noticed_before_the_receipt(
    sqlite_kit: LogKit, table: str
) -> None:
    kit = sqlite_kit
    size = kit.log.size()
    elsewhere(
        kit, f"CREATE TRIGGER silent BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END"
    )
    for drafts in ([kit.decision("anna")], [kit.decision("anna") for _ in range(20)]):
        with pytest.raises(Unavailable, match="did not store every row"):
            kit.log.append_many(drafts)
    assert kit.log.size() == size
    elsewhere(kit)
    assert kit.log.append(kit.decision("anna")).seq == size


def test_a_table_exchanged_for_a_copy_with_other_rows_is_named(sqlite_kit: LogKit) -> None:
    kit = sqlite_kit
    note = filled(kit)
    elsewhere(
        kit,
        "CREATE TABLE copy AS SELECT seq, ts, kind, function, 'decline' AS outcome, automation, "
        "reference, CAST(replace(header, '\"approve\"', '\"decline\"') AS BLOB) AS header, leaf "
        "FROM entry",
        "DROP TABLE entry",
        "ALTER TABLE copy RENAME TO entry",
    )
    kit.reopen()
    assert {("leaf", "2"), ("leaf", str(APPENDED))} <= findings(kit, note)
    with pytest.raises(RecordTampered, match="entry 1"):
        kit.log.entry_at(1)
    (fact,) = [item for item in inspect_enforcement(kit.url) if item.name == "tables and indexes"]
    assert fact.state == "bad"
    assert "table entry is changed" in fact.advice


def test_a_schema_written_by_hand_that_hides_rows_is_named(sqlite_kit: LogKit) -> None:
    kit = sqlite_kit
    note = filled(kit)
    size = kit.log.size()
    elsewhere(
        kit,
        "ALTER TABLE entry RENAME TO whole",
        "PRAGMA writable_schema = ON",
        "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) VALUES ('view', 'entry', "
        "'entry', 0, 'CREATE VIEW entry AS SELECT * FROM whole WHERE seq <> 7')",
    )
    kit.reopen()
    assert ("sequence", "7") in findings(kit, note)
    with pytest.raises(Unavailable):
        kit.log.append(kit.decision("anna"))
    assert kit.log.size() == size


# --------------------------------------------------------------------------- PostgreSQL


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("statements", "named"),
    [
        ((UNGUARDED.format("entry_0"), "TRUNCATE audit.entry_0"), ("root", "0")),
        (("ALTER TABLE audit.entry DETACH PARTITION audit.entry_0",), ("root", "0")),
        (("DROP TABLE audit.entry_0",), ("root", "0")),
        (
            (f"ALTER TABLE audit.entry ALTER COLUMN header TYPE bytea USING {DECLINED}",),
            ("leaf", "2"),
        ),
        (
            (
                "ALTER TABLE audit.tile ALTER COLUMN data TYPE bytea "
                "USING data || pg_catalog.decode('00', 'hex')",
            ),
            ("tile", "0"),
        ),
    ],
    ids=["truncate", "detach", "drop", "rewrite-headers", "rewrite-tiles"],
)
def test_a_partition_or_column_rewritten_past_all_triggers_is_named(
    postgres_kit: LogKit, statements: tuple[str, ...], named: tuple[str, str]
) -> None:
    """No row trigger fires for any of these; on this log no event trigger stands."""
    kit = postgres_kit
    note = filled(kit)
    _run(kit, *statements)
    kit.reopen()
    assert named in findings(kit, note)


@pytest.mark.postgres
@pytest.mark.parametrize("statement", ["TRUNCATE audit.body_0", "DROP TABLE audit.body_0"])
def test_bodies_that_went_with_their_partition_are_named(
    postgres_kit: LogKit, statement: str
) -> None:
    kit = postgres_kit
    filled(kit)
    _run(kit, *([UNGUARDED.format("body_0")] if "TRUNCATE" in statement else []), statement)
    found = kit.log.stored().findings_beside()
    assert {("body", str(seq)) for seq in (0, 1, APPENDED)} <= {
        (item.layer, item.entry.split(" ")[0]) for item in found
    }
    with pytest.raises(RecordTampered, match="entry 1"):
        kit.log.open_body(kit.log.entry_at(1))


@pytest.mark.postgres
def test_a_superuser_who_switches_every_guard_off_is_shown_by_the_verification(
    separated_log: SeparatedLog,
) -> None:
    log = guarded(separated_log)
    note = log.kit.log.checkpoint()
    version = int(log.run(SUPERUSER, "SHOW server_version_num")[0][0])
    past = (
        "SET LOCAL event_triggers = off"
        if version >= 170_000
        else "ALTER EVENT TRIGGER audit_guard_ddl DISABLE"
    )
    log.run(
        SUPERUSER,
        past,
        UNGUARDED.format("entry"),
        f"UPDATE audit.entry SET header = {DECLINED} WHERE seq = 2",  # noqa: S608 - from this file
    )
    assert ("leaf", "2") in findings(log.kit, note)
    with pytest.raises(RecordTampered, match="entry 2"):
        log.kit.log.entry_at(2)


@pytest.mark.postgres
def test_rows_hidden_by_a_policy_from_who_does_not_ask_are_missed_by_their_places(
    postgres_kit: LogKit,
) -> None:
    """The service asks for an error instead; whoever does not is told by the gap."""
    kit = postgres_kit
    note = filled(kit)
    _run(
        kit,
        "ALTER TABLE audit.entry ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE audit.entry FORCE ROW LEVEL SECURITY",
        "CREATE POLICY hidden ON audit.entry USING (seq <> 7)",
        "CREATE ROLE auditor_asking LOGIN",
        "GRANT USAGE ON SCHEMA audit TO auditor_asking",
        "GRANT SELECT ON ALL TABLES IN SCHEMA audit TO auditor_asking",
    )
    asking = kit.url.replace("postgres@", "auditor_asking@")
    try:
        with pytest.raises(Unavailable):
            sequence_findings(asking, note, kit.log.vkey)
        asking += "&options=-c row_security=on"
        assert sequence_findings(asking, note, kit.log.vkey) == ["7"]
    finally:
        _run(kit, "DROP OWNED BY auditor_asking", "DROP ROLE auditor_asking")


def sequence_findings(url: str, note: str, vkey: str) -> list[str]:
    """What an auditor misses who reads the database without the vault."""
    stored = stored_log(url)
    try:
        report = verify_log(
            stored.rows(), origin=stored.origin, vkey=vkey, checkpoint=note, stored=stored.state
        )
        return [item.entry for item in report.findings if item.layer == "sequence"]
    finally:
        stored.close()


def _run(kit: LogKit, *statements: str) -> None:
    with kit.log._database._engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
