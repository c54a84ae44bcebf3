# ruff: noqa: S608 - names and numbers in statements come from this file
"""The guard over the schema: who may install it, what it lets through, and for how long."""

from __future__ import annotations

import hashlib

import psycopg
import pytest
from psycopg import sql

from answerable.audit.errors import InvalidInput, NotFound, Unavailable
from answerable.audit.guarding import address_as, allow_schema_change, guard_schema
from answerable.audit.log import upgrade_log
from answerable.audit.store.database import Database
from answerable.audit.store.ddl_guard import ALLOWANCE, allow_ddl
from answerable.audit.store.tables import PARTITION_ENTRIES, PARTITIONED
from tests.log_kit import LogKit
from tests.separated_log import SUPERUSER, SeparatedLog

GUARDED = "the log is guarded"
TOKEN = bytes(range(32))


@pytest.fixture
def guarded(separated_log: SeparatedLog) -> SeparatedLog:
    """A log with separated roles whose schema is guarded."""
    guard_schema(separated_log.url(SUPERUSER))
    return separated_log


def test_sqlite_has_no_event_triggers(sqlite_kit: LogKit) -> None:
    with pytest.raises(InvalidInput, match="only PostgreSQL"):
        guard_schema(sqlite_kit.url)
    with pytest.raises(InvalidInput, match="only PostgreSQL"):
        allow_schema_change(sqlite_kit.url, TOKEN, minutes=5)


@pytest.mark.postgres
def test_a_database_without_a_log_is_not_guarded(postgres_url: str) -> None:
    with pytest.raises(NotFound):
        guard_schema(postgres_url)


@pytest.mark.postgres
def test_only_a_superuser_installs_the_guard_and_issues_allowances(
    separated_log: SeparatedLog,
) -> None:
    log = separated_log
    with pytest.raises(Unavailable, match="not installed"):
        allow_schema_change(log.url(SUPERUSER), TOKEN, minutes=5)
    with pytest.raises(Unavailable, match="no superuser"):
        guard_schema(log.url(log.deployer))
    assert log.run(SUPERUSER, "SELECT evtname FROM pg_event_trigger") == []
    guard_schema(log.url(SUPERUSER))
    for user in (log.deployer, log.roles.writer):
        with pytest.raises(Unavailable, match="no superuser"):
            allow_schema_change(log.url(user), TOKEN, minutes=5)


@pytest.mark.postgres
def test_an_allowance_out_of_range_is_refused(guarded: SeparatedLog) -> None:
    for token, minutes in ((TOKEN, 0), (TOKEN, 24 * 60 + 1), (b"short", 5)):
        with pytest.raises(InvalidInput):
            allow_schema_change(guarded.url(SUPERUSER), token, minutes=minutes)


@pytest.mark.postgres
def test_installing_again_brings_the_guard_back_and_keeps_what_was_recorded(
    guarded: SeparatedLog,
) -> None:
    log = guarded
    allow_schema_change(log.url(SUPERUSER), TOKEN, minutes=5)
    log.run(
        SUPERUSER,
        "DROP EVENT TRIGGER audit_guard_drop",
        "CREATE OR REPLACE FUNCTION audit_guard.allowed() RETURNS boolean LANGUAGE sql "
        "AS 'SELECT true'",
    )
    guard_schema(log.url(SUPERUSER))
    assert log.refusal(log.deployer, "DROP TABLE audit.tile")[1].startswith(GUARDED)
    assert log.run(SUPERUSER, "SELECT issued_by FROM audit_guard.allowance") == [(SUPERUSER,)]


@pytest.mark.postgres
def test_the_schema_is_upgraded_under_the_guard_with_an_allowance(guarded: SeparatedLog) -> None:
    log = guarded
    owner = log.url(log.deployer)
    given = allow_schema_change(log.url(SUPERUSER), TOKEN, minutes=5)
    as_owner = address_as(owner, role=log.roles.owner, allowance=given)
    upgrade_log(as_owner)
    database = Database(as_owner, must_exist=True)
    with database.write() as connection:
        who = connection.exec_driver_sql(f"SELECT current_user, current_setting('{ALLOWANCE}')")
        assert who.one() == (log.roles.owner, given)
        connection.exec_driver_sql("ALTER TABLE audit.hold ADD COLUMN more text")
    with pytest.raises(Unavailable, match="allowance"), database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE audit.hold DROP COLUMN more")
    database.close()


def move_floor(log: SeparatedLog, statement: str) -> None:
    """Move a floor as no retention run does: what goes below it is asked of the guard alone."""
    superuser = log.database(SUPERUSER)
    allowance = allow_ddl(superuser, hashlib.sha256(statement.encode()).digest(), minutes=5)
    superuser.close()
    log.run(
        SUPERUSER,
        "ALTER TABLE audit.floor DISABLE TRIGGER floor_recorded",
        statement,
        "ALTER TABLE audit.floor ENABLE ALWAYS TRIGGER floor_recorded",
        allowance=allowance,
    )


@pytest.mark.postgres
def test_partitions_below_the_floor_may_be_dropped_and_no_others(guarded: SeparatedLog) -> None:
    log = guarded
    become = f"SET ROLE {sql.Identifier(log.roles.owner).as_string(None)}"
    first = [f"{table.name}_0" for table in PARTITIONED]
    for what, seq in (("body", PARTITION_ENTRIES), ("entry", PARTITION_ENTRIES - 1)):
        move_floor(log, f"INSERT INTO audit.floor (what, seq, run) VALUES ('{what}', {seq}, 0)")
    for name in ("entry_0", "link_0", "body_1"):
        assert GUARDED in log.refusal(log.deployer, become, f"DROP TABLE audit.{name}")[1]
        parent = name.partition("_")[0]
        detach = f"ALTER TABLE audit.{parent} DETACH PARTITION audit.{name}"
        assert GUARDED in log.refusal(log.deployer, become, detach)[1]
    both = "DROP TABLE audit.body_0, audit.entry_0"
    assert GUARDED in log.refusal(log.deployer, become, both)[1]
    log.run(log.deployer, become, "DROP TABLE audit.body_0")
    move_floor(log, f"UPDATE audit.floor SET seq = {PARTITION_ENTRIES}")
    log.run(
        log.deployer,
        become,
        "ALTER TABLE audit.entry DETACH PARTITION audit.entry_0",
        *(f"DROP TABLE audit.{name}" for name in first if name != "body_0"),
    )
    left = log.run(
        SUPERUSER,
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'audit'::regnamespace "
        "AND relispartition AND relkind = 'r'",
    )
    assert left == [(len(PARTITIONED),)]


@pytest.mark.postgres
def test_detaching_concurrently_is_refused_before_it_commits_half_of_it(
    guarded: SeparatedLog,
) -> None:
    log = guarded
    attacks = (
        "ALTER TABLE audit.entry DETACH PARTITION audit.entry_1 CONCURRENTLY",
        "alter table audit.entry /* */ Detach\n-- x\nPartition audit.entry_1 concurrently",
    )
    with psycopg.connect(log.server.conninfo(log.name, log.deployer), autocommit=True) as own:
        for attack in attacks:
            with pytest.raises(psycopg.Error, match=GUARDED):
                own.execute(attack.encode())
    pending = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"
    assert log.run(SUPERUSER, pending) == [(0,)]
    log.kit.log.append(log.kit.decision("anna"))
    assert log.kit.verify().ok


@pytest.mark.postgres
def test_detaching_concurrently_elsewhere_is_left_to_those_who_cannot_touch_the_log(
    guarded: SeparatedLog,
) -> None:
    log = guarded
    log.run(SUPERUSER, "GRANT CREATE ON SCHEMA public TO PUBLIC")
    with psycopg.connect(log.server.conninfo(log.name, log.roles.reader), autocommit=True) as own:
        for statement in (
            "CREATE TABLE public.p (n integer) PARTITION BY RANGE (n)",
            "CREATE TABLE public.p_0 PARTITION OF public.p FOR VALUES FROM (0) TO (1)",
            "ALTER TABLE public.p DETACH PARTITION public.p_0 CONCURRENTLY",
            "DROP TABLE public.p, public.p_0",
        ):
            own.execute(statement.encode())
