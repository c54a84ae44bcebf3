"""What guards a log is read from its database, and what is not as it was made is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from answerable.audit.errors import NotFound
from answerable.audit.guarding import GuardFact, guard_schema, inspect_enforcement
from answerable.audit.store.enforcement_sqlite import sqlite_facts
from tests.log_kit import LogKit
from tests.separated_log import RETENTION, SUPERUSER, SeparatedLog

GUARDS = "guards of the tables"


def facts_of(url: str) -> dict[str, GuardFact]:
    return {fact.name: fact for fact in inspect_enforcement(url)}


def states_of(url: str) -> dict[str, str]:
    return {name: fact.state for name, fact in facts_of(url).items()}


def test_an_untouched_sqlite_log_is_guarded_as_far_as_a_file_can_be(sqlite_kit: LogKit) -> None:
    assert states_of(sqlite_kit.url) == {
        GUARDS: "good",
        "tables and indexes": "good",
        "settings of the connection": "good",
        "permissions of the file": "good",
        "what no guard stops": "warning",
    }


SQLITE_ATTACKS = {
    "DROP TRIGGER body_no_update": (GUARDS, "trigger body_no_update is missing"),
    "CREATE TRIGGER swallow BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END": (
        GUARDS,
        "trigger swallow is not ours",
    ),
    "DROP TRIGGER tile_no_delete; CREATE TRIGGER tile_no_delete BEFORE DELETE ON tile "
    "WHEN OLD.level < 0 BEGIN SELECT RAISE(ABORT, 'append-only table: tile'); END": (
        GUARDS,
        "trigger tile_no_delete is changed",
    ),
    "DROP INDEX entry_function": ("tables and indexes", "index entry_function is missing"),
    "CREATE TABLE copy AS SELECT * FROM checkpoint; DROP TABLE checkpoint; "
    "ALTER TABLE copy RENAME TO checkpoint": (
        "tables and indexes",
        "table checkpoint is changed",
    ),
    "PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = 'head_forward'": (
        GUARDS,
        "trigger head_forward is missing",
    ),
}


@pytest.mark.parametrize("attack", SQLITE_ATTACKS)
def test_a_change_of_a_sqlite_schema_is_named(sqlite_kit: LogKit, attack: str) -> None:
    sqlite_kit.log.close()
    path = sqlite_kit.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.executescript(attack)
    name, what = SQLITE_ATTACKS[attack]
    fact = facts_of(sqlite_kit.url)[name]
    assert fact.state == "bad"
    assert what in fact.advice


def test_a_file_that_everybody_may_write_is_a_warning(sqlite_kit: LogKit) -> None:
    path = Path(sqlite_kit.url.removeprefix("sqlite:///"))
    path.chmod(0o666)
    fact = facts_of(sqlite_kit.url)["permissions of the file"]
    assert (fact.state, "chmod o-w" in fact.advice) == ("warning", True)
    path.chmod(0o600)
    path.parent.chmod(0o777)
    assert states_of(sqlite_kit.url)["permissions of the file"] == "warning"


def test_a_log_in_memory_has_no_file_to_judge(memory_kit: LogKit) -> None:
    facts = {fact.name: fact.state for fact in sqlite_facts(memory_kit.log._database)}
    assert "permissions of the file" not in facts
    assert "bad" not in facts.values()


def test_a_database_without_a_log_is_said_to_be_none(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(NotFound):
        inspect_enforcement(f"sqlite:///{tmp_path / 'empty.db'}")


@pytest.mark.postgres
def test_the_writer_sees_what_is_enforced_and_what_is_not(separated_log: SeparatedLog) -> None:
    log = separated_log
    separated = {
        GUARDS: "good",
        "partitions": "good",
        "rules and row security": "good",
        "connected role": "good",
        "grants": "good",
        "event triggers": "warning",
        "what no guard stops": "warning",
    }
    assert states_of(log.url(log.roles.writer)) == separated
    assert states_of(log.url(log.roles.reader)) == separated
    assert states_of(log.url(log.deployer)) == separated | {"connected role": "warning"}
    guard_schema(log.url(SUPERUSER))
    assert states_of(log.url(log.roles.writer)) == separated | {"event triggers": "good"}
    superuser = facts_of(log.url(SUPERUSER))["connected role"]
    assert (superuser.state, "superuser" in superuser.advice) == ("warning", True)


POSTGRES_ATTACKS = {
    "ALTER TABLE audit.meta DISABLE TRIGGER meta_no_change": (
        GUARDS,
        "trigger meta_no_change of meta is disabled",
    ),
    "ALTER TABLE audit.meta ENABLE TRIGGER meta_no_change": (
        GUARDS,
        "trigger meta_no_change of meta is skipped in replication mode",
    ),
    "ALTER TABLE audit.meta ENABLE REPLICA TRIGGER meta_no_change": (
        GUARDS,
        "trigger meta_no_change of meta fires in replication mode only",
    ),
    "DROP TRIGGER tile_no_truncate ON audit.tile": (
        GUARDS,
        "trigger tile_no_truncate of tile is missing",
    ),
    "DROP TRIGGER entry_0_no_truncate ON audit.entry_0": (
        GUARDS,
        "trigger entry_0_no_truncate of entry_0 is missing",
    ),
    "ALTER TABLE audit.body_0 DISABLE TRIGGER body_no_change": (
        GUARDS,
        "trigger body_no_change of body_0 is disabled",
    ),
    "CREATE OR REPLACE TRIGGER tile_no_change BEFORE UPDATE OR DELETE ON audit.tile "
    "FOR EACH ROW WHEN (OLD.level < 0) EXECUTE FUNCTION audit.refuse_change(); "
    "ALTER TABLE audit.tile ENABLE ALWAYS TRIGGER tile_no_change": (
        GUARDS,
        "trigger tile_no_change of tile is changed",
    ),
    "CREATE TRIGGER swallow BEFORE INSERT ON audit.entry FOR EACH ROW "
    "EXECUTE FUNCTION audit.refuse_change()": (GUARDS, "trigger swallow of entry is not ours"),
    "CREATE OR REPLACE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql "
    "AS 'BEGIN RETURN NEW; END'": (GUARDS, "function audit.refuse_change is changed"),
    "DROP FUNCTION audit.extend(bigint)": (GUARDS, "function audit.extend is missing"),
    "ALTER TABLE audit.hold RENAME TO other": (GUARDS, "table hold is missing"),
    "ALTER TABLE audit.link DETACH PARTITION audit.link_1": (
        "partitions",
        "partition link_1 is not attached",
    ),
    "DROP TABLE audit.body_0": ("partitions", "partition body_0 is missing"),
    "ALTER TABLE audit.entry_1 SET UNLOGGED": (
        "partitions",
        "partition entry_1 does not survive a crash",
    ),
    "CREATE RULE silent AS ON INSERT TO audit.entry DO INSTEAD NOTHING": (
        "rules and row security",
        "rule silent on entry",
    ),
    "CREATE POLICY hidden ON audit.body USING (place < 5)": (
        "rules and row security",
        "row-security policy hidden on body",
    ),
    "ALTER TABLE audit.entry ENABLE ROW LEVEL SECURITY": (
        "rules and row security",
        "row security is on for entry",
    ),
}


@pytest.mark.postgres
def test_a_change_of_a_postgresql_schema_is_named(separated_log: SeparatedLog) -> None:
    log = separated_log
    seen: dict[str, tuple[str, bool]] = {}
    for attack, (name, what) in POSTGRES_ATTACKS.items():
        fact = log.facts_after(attack)[name]
        seen[attack] = (fact.state, what in fact.advice)
    assert seen == dict.fromkeys(POSTGRES_ATTACKS, ("bad", True))
    assert states_of(log.url(log.roles.writer))[GUARDS] == "good"


@pytest.mark.postgres
def test_grants_beyond_appending_are_named_with_who_holds_them(
    separated_log: SeparatedLog,
) -> None:
    log = separated_log
    reader = sql.Identifier(log.roles.reader).as_string(None)
    log.run(
        SUPERUSER,
        "GRANT DELETE, TRUNCATE ON audit.entry_0 TO PUBLIC",
        f"GRANT UPDATE ON audit.checkpoint TO {reader}",
        "GRANT UPDATE ON audit.rollup TO PUBLIC",
    )
    fact = facts_of(log.url(log.roles.writer))["grants"]
    assert fact.state == "warning"
    assert "everybody holds delete, truncate on entry_0" in fact.advice
    assert f"{log.roles.reader} holds update on checkpoint" in fact.advice
    assert "rollup" not in fact.advice


@pytest.mark.postgres
def test_a_role_for_retention_is_named_and_no_warning(separated_log: SeparatedLog) -> None:
    log = separated_log
    log.separate_retention()
    fact = facts_of(log.url(log.roles.writer))["grants"]
    assert (fact.state, f"released, {RETENTION}" in fact.advice) == ("good", True)
    deleting = "DELETE FROM audit.entry WHERE seq = 0"
    # The privilege is there, and the trigger stands.
    assert log.refusal(RETENTION, deleting)[0] == "23000"
    assert log.refusal(RETENTION, "TRUNCATE audit.entry")[0] == "42501"


@pytest.mark.postgres
def test_an_owner_that_can_log_in_is_named(separated_log: SeparatedLog) -> None:
    log = separated_log
    log.run(SUPERUSER, f"ALTER ROLE {sql.Identifier(log.roles.owner).as_string(None)} LOGIN")
    fact = facts_of(log.url(log.roles.writer))["connected role"]
    assert (fact.state, log.roles.owner in fact.advice) == ("warning", True)


@pytest.mark.postgres
def test_a_session_in_replication_mode_is_bad(separated_log: SeparatedLog) -> None:
    url = separated_log.url(SUPERUSER) + "&options=-c%20session_replication_role%3Dreplica"
    fact = facts_of(url)["rules and row security"]
    assert (fact.state, "session_replication_role is replica" in fact.advice) == ("bad", True)


@pytest.mark.postgres
def test_a_guard_over_ddl_that_was_loosened_is_named(separated_log: SeparatedLog) -> None:
    log = separated_log
    guard_schema(log.url(SUPERUSER))
    loosened = {
        "ALTER EVENT TRIGGER audit_guard_drop DISABLE": (
            "event trigger audit_guard_drop is not ENABLE ALWAYS"
        ),
        "DROP EVENT TRIGGER audit_guard_ddl": "event trigger audit_guard_ddl is missing",
        "CREATE OR REPLACE FUNCTION audit_guard.allowed() RETURNS boolean LANGUAGE sql "
        "AS 'SELECT true'": "function audit_guard.allowed is changed",
    }
    for statement, what in loosened.items():
        fact = log.facts_after(statement)["event triggers"]
        assert (fact.state, what in fact.advice) == ("bad", True), fact.advice
    used = "INSERT INTO audit_guard.allowance VALUES ('x', 'a', now(), '7', now(), 'b')"
    assert "1 were allowed, last on " in log.facts_after(used)["event triggers"].advice


@pytest.mark.postgres
def test_inspecting_takes_no_more_rights_than_reading(separated_log: SeparatedLog) -> None:
    log = separated_log
    with psycopg.connect(log.server.conninfo(log.name, log.roles.reader)) as connection:
        connection.execute("SELECT count(*) FROM audit.entry")
    assert facts_of(log.url(log.roles.reader)).keys() == facts_of(log.url(SUPERUSER)).keys()
