"""What insiders of a PostgreSQL server try, and which layer stops it: privileges, the tables'
triggers, event triggers; what none of them stops is left to the checkpoint outside.
"""

# ruff: noqa: S608 - table and role names come from our own metadata

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from answerable.audit.errors import Unavailable
from answerable.audit.store.ddl_guard import allow_ddl, apply_ddl_guard
from answerable.audit.store.tables import APPEND_ONLY, PARTITION_ENTRIES, PARTITIONED
from tests.separated_log import SUPERUSER, SeparatedLog

pytestmark = pytest.mark.postgres

NAMES = [table.name for table in APPEND_ONLY]
COLUMN = {table.name: next(iter(table.columns)).name for table in APPEND_ONLY}
PRIVILEGE = "42501"
TRIGGER = "23000"
GUARDED = "the log is guarded"


def filled(log: SeparatedLog) -> SeparatedLog:
    log.kit.log.append_many([log.kit.decision("anna"), *(log.kit.decision() for _ in range(260))])
    log.kit.log.checkpoint()
    return log


def guarded(log: SeparatedLog) -> SeparatedLog:
    """The same log with the event triggers that only a superuser can make."""
    filled(log)
    database = log.database(SUPERUSER)
    apply_ddl_guard(database)
    database.close()
    return log


def still_whole(log: SeparatedLog) -> bool:
    log.kit.log.append(log.kit.decision("bert"))
    return log.kit.verify().ok


def test_the_service_does_all_it_must_as_the_writer(separated_log: SeparatedLog) -> None:
    kit = filled(separated_log).kit
    ref = kit.ref("anna")
    kit.log.place_hold(kit.hold(ref))
    assert kit.verify().ok
    assert separated_log.run(separated_log.roles.writer, "SELECT current_user") == [
        (separated_log.roles.writer,)
    ]


def test_the_writer_may_not_change_what_was_appended(separated_log: SeparatedLog) -> None:
    log = filled(separated_log)
    attacks = [attack for name in NAMES for attack in writers_attacks(name, COLUMN[name])]
    assert {
        attack: log.refusal(log.roles.writer, attack)[0] for attack in attacks
    } == dict.fromkeys(attacks, PRIVILEGE)
    assert still_whole(log)


def writers_attacks(name: str, column: str) -> tuple[str, ...]:
    return (
        f"UPDATE audit.{name} SET {column} = {column}",
        f"DELETE FROM audit.{name}",
        f"TRUNCATE audit.{name}",
        f"TRUNCATE audit.{name} CASCADE",
        f"ALTER TABLE audit.{name} DISABLE TRIGGER ALL",
        f"ALTER TABLE audit.{name} DISABLE TRIGGER {name}_no_change",
        f"DROP TRIGGER {name}_no_change ON audit.{name}",
        f"CREATE RULE silent AS ON INSERT TO audit.{name} DO INSTEAD NOTHING",
        f"ALTER TABLE audit.{name} ENABLE ROW LEVEL SECURITY",
        f"DROP TABLE audit.{name}",
        f"CREATE INDEX ON audit.{name} ({column})",
    )


def test_the_writer_may_not_move_the_head_back(separated_log: SeparatedLog) -> None:
    log = filled(separated_log)
    writer = log.roles.writer
    assert log.refusal(writer, "UPDATE audit.head SET size = size - 1")[0] == TRIGGER
    for statement in (
        "UPDATE audit.head SET id = 2",
        "DELETE FROM audit.head",
        "TRUNCATE audit.head",
        "INSERT INTO audit.head SELECT 2, turn, size, ts, clock_noted, frontier FROM audit.head",
    ):
        assert log.refusal(writer, statement)[0] == PRIVILEGE
    assert still_whole(log)


def test_the_writer_may_not_become_more(separated_log: SeparatedLog) -> None:
    log = separated_log
    owner = sql.Identifier(log.roles.owner).as_string(None)
    for statement in (
        f"SET ROLE {owner}",
        "SET session_replication_role = replica",
        f"GRANT {owner} TO CURRENT_USER",
        "CREATE FUNCTION audit.refuse_change2() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE OR REPLACE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NULL; END'",
        "DROP SCHEMA audit CASCADE",
        "ALTER SCHEMA audit RENAME TO elsewhere",
        "CREATE TABLE audit.shadow (n integer)",
    ):
        assert log.refusal(log.roles.writer, statement)[0] == PRIVILEGE


def test_the_writers_temporary_table_stands_in_for_nothing(separated_log: SeparatedLog) -> None:
    kit = filled(separated_log).kit
    with kit.log._database._engine.connect() as connection:
        for name in (*NAMES, "head", "subject_key"):
            connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {name} (n integer)")
        connection.commit()
        size = kit.log.size()
        assert kit.log.append(kit.decision("anna")).seq == size
    assert kit.verify().ok


def test_the_reader_changes_nothing_and_sees_no_wrapped_key(separated_log: SeparatedLog) -> None:
    log = filled(separated_log)
    reader = log.roles.reader
    for name in NAMES:
        assert log.refusal(reader, f"INSERT INTO audit.{name} SELECT * FROM audit.{name}")[0] == (
            PRIVILEGE
        )
    for column in ("wrapped", "lookup", "sealed"):
        assert log.refusal(reader, f"SELECT {column} FROM audit.subject_key")[0] == PRIVILEGE
    for statement in ("UPDATE audit.head SET turn = turn", "DELETE FROM audit.subject_key"):
        assert log.refusal(reader, statement)[0] == PRIVILEGE


def test_without_event_triggers_the_owner_gets_past_the_tables_triggers(
    separated_log: SeparatedLog,
) -> None:
    """Why triggers are hygiene, and the proof comes from outside."""
    log = filled(separated_log)
    note = log.kit.log.checkpoint()
    log.run(
        log.deployer,
        "ALTER TABLE audit.meta DISABLE TRIGGER ALL",
        "ALTER TABLE audit.tile ALTER COLUMN data TYPE bytea USING decode('00', 'hex')",
    )
    assert not log.kit.verify(checkpoint=note).ok


def test_rows_are_neither_hidden_nor_swallowed_without_a_word(separated_log: SeparatedLog) -> None:
    log = filled(separated_log)
    kit = log.kit
    size = kit.log.size()
    few, many = [kit.decision("anna")], [kit.decision("anna") for _ in range(300)]
    log.run(
        SUPERUSER,
        "CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NULL; END'",
    )
    for name in ("entry", "body", "entry_id", "entry_subject"):
        # COPY, which takes many rows, passes by rules and fires triggers.
        for swallow, undo, attempts in (
            ("CREATE RULE s AS ON INSERT TO {} DO INSTEAD NOTHING", "DROP RULE s ON {}", [few]),
            (
                "CREATE TRIGGER s BEFORE INSERT ON {} FOR EACH ROW "
                "EXECUTE FUNCTION public.swallow()",
                "DROP TRIGGER s ON {}",
                [few, many],
            ),
        ):
            log.run(log.deployer, swallow.format(f"audit.{name}"))
            for drafts in attempts:
                with pytest.raises(Unavailable, match="did not store every row"):
                    kit.log.append_many(drafts)
            log.run(log.deployer, undo.format(f"audit.{name}"))
    log.run(
        log.deployer,
        "CREATE POLICY hidden ON audit.entry USING (seq < 5)",
        "ALTER TABLE audit.entry ENABLE ROW LEVEL SECURITY",
    )
    # The connection asks for an error rather than for fewer rows.
    with pytest.raises(Unavailable):
        kit.verify()
    log.run(log.deployer, "ALTER TABLE audit.entry DISABLE ROW LEVEL SECURITY")
    assert kit.log.size() == size
    assert still_whole(log)


OWNERS_ATTACKS = {
    "disables a trigger": "ALTER TABLE audit.checkpoint DISABLE TRIGGER checkpoint_no_change",
    "makes a trigger one that replication skips": (
        "ALTER TABLE audit.checkpoint ENABLE REPLICA TRIGGER checkpoint_no_change"
    ),
    "drops a trigger": "DROP TRIGGER checkpoint_no_change ON audit.checkpoint",
    "renames a trigger": (
        "ALTER TRIGGER checkpoint_no_change ON audit.checkpoint RENAME TO something"
    ),
    "adds a trigger that swallows rows": (
        "CREATE TRIGGER swallow BEFORE INSERT ON audit.entry FOR EACH ROW "
        "EXECUTE FUNCTION public.swallow()"
    ),
    "empties the trigger's function": (
        "CREATE OR REPLACE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NEW; END'"
    ),
    "drops the trigger's function": "DROP FUNCTION audit.refuse_change() CASCADE",
    "moves the trigger's function": "ALTER FUNCTION audit.refuse_change() SET SCHEMA public",
    "rewrites a column": (
        "ALTER TABLE audit.checkpoint ALTER COLUMN note TYPE text USING 'forged'"
    ),
    "adds a column": "ALTER TABLE audit.checkpoint ADD COLUMN more text",
    "drops a column": "ALTER TABLE audit.checkpoint DROP COLUMN ts",
    "drops a table": "DROP TABLE audit.tile",
    "drops an index": "DROP INDEX audit.entry_kind",
    "moves a table": "ALTER TABLE audit.tile SET SCHEMA public",
    "renames a table": "ALTER TABLE audit.tile RENAME TO something",
    "renames the schema": "ALTER SCHEMA audit RENAME TO something",
    "drops the schema": "DROP SCHEMA audit CASCADE",
    "makes a rule": "CREATE RULE silent AS ON INSERT TO audit.entry DO INSTEAD NOTHING",
    "makes a policy": "CREATE POLICY hidden ON audit.entry USING (seq < 5)",
    "turns row security on": "ALTER TABLE audit.entry ENABLE ROW LEVEL SECURITY",
    "drops all it owns": "DROP OWNED BY CURRENT_USER",
    "disables the parent's trigger": "ALTER TABLE audit.entry DISABLE TRIGGER entry_no_change",
    "disables a partition's trigger": (
        "ALTER TABLE audit.entry_0 DISABLE TRIGGER entry_0_no_truncate"
    ),
    "disables a trigger of a partition that is still empty": (
        "ALTER TABLE audit.entry_1 DISABLE TRIGGER entry_1_no_truncate"
    ),
    "drops a partition's trigger": "DROP TRIGGER entry_0_no_truncate ON audit.entry_0",
    "detaches a partition": "ALTER TABLE audit.entry DETACH PARTITION audit.entry_0",
    "detaches the empty partition": "ALTER TABLE audit.entry DETACH PARTITION audit.entry_1",
    "drops a partition": "DROP TABLE audit.body_0",
    "drops the empty partition": "DROP TABLE audit.body_1",
    "moves a partition": "ALTER TABLE audit.body_0 SET SCHEMA public",
    "renames a partition": "ALTER TABLE audit.body_0 RENAME TO something",
    "rewrites a partitioned column": (
        "ALTER TABLE audit.body ALTER COLUMN data TYPE bytea USING decode('00', 'hex')"
    ),
    "drops a column of all partitions": "ALTER TABLE audit.entry DROP COLUMN reference",
    "renames the partitioned table": "ALTER TABLE audit.entry RENAME TO something",
    "moves the partitioned table": "ALTER TABLE audit.entry SET SCHEMA public",
    "makes a partition that a crash empties": (
        "CREATE UNLOGGED TABLE audit.body_2 PARTITION OF audit.body "
        "FOR VALUES FROM (536870912) TO (805306368)"
    ),
    "adds a trigger that swallows rows of the next partition": (
        "CREATE TRIGGER swallow BEFORE INSERT ON audit.entry_1 FOR EACH ROW "
        "EXECUTE FUNCTION public.swallow()"
    ),
    "hides rows of a partition": "ALTER TABLE audit.entry_0 ENABLE ROW LEVEL SECURITY",
}


def test_event_triggers_stop_the_owner(separated_log: SeparatedLog) -> None:
    log = guarded(separated_log)
    owner = sql.Identifier(log.roles.owner).as_string(None)
    log.run(
        SUPERUSER,
        "CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NULL; END'",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        f"GRANT CREATE ON DATABASE {log.name} TO {owner}",
    )
    said = {
        attack: log.refusal(log.deployer, f"SET ROLE {owner}", statement)[1]
        for attack, statement in OWNERS_ATTACKS.items()
    }
    assert {attack: message for attack, message in said.items() if GUARDED not in message} == {}
    assert still_whole(log)


def test_a_partition_can_be_emptied_by_nobody(separated_log: SeparatedLog) -> None:
    log = filled(separated_log)
    for number in (0, 1):
        for parent in PARTITIONED:
            name = f"audit.{parent.name}_{number}"
            for statement in (
                f"TRUNCATE {name}",
                f"DELETE FROM {name}",
                f"INSERT INTO {name} SELECT",
            ):
                assert log.refusal(log.roles.writer, statement)[0] == PRIVILEGE
            for loosened in ("SELECT 1", "SET LOCAL session_replication_role = replica"):
                assert log.refusal(SUPERUSER, loosened, f"TRUNCATE {name}")[0] == TRIGGER
    assert log.refusal(SUPERUSER, "DELETE FROM audit.entry_0")[0] == TRIGGER
    assert still_whole(log)


@pytest.mark.parametrize("guard", [filled, guarded])
def test_the_writer_has_partitions_made_that_carry_the_same_guards(
    separated_log: SeparatedLog, guard: Callable[[SeparatedLog], SeparatedLog]
) -> None:
    log = guard(separated_log)
    last = PARTITION_ENTRIES
    # A temporary view that stands in for a catalog would say that the guards are there already.
    names = [f"{table.name}_2_no_truncate" for table in PARTITIONED]
    log.run(
        log.roles.writer,
        "CREATE TEMPORARY VIEW pg_trigger AS SELECT n AS tgname, c.oid AS tgrelid "
        f"FROM pg_catalog.pg_class c, pg_catalog.unnest(ARRAY{names}) n",
        "GRANT SELECT ON pg_temp.pg_trigger TO PUBLIC",
        f"SELECT audit.extend({last})",
    )
    log.run(
        log.roles.writer,
        f"INSERT INTO audit.body (place, data) VALUES ({2 * last * 256}, 'x')",
        f"INSERT INTO audit.entry_subject (ref, seq) VALUES ('x', {2 * last})",
    )
    for statement in ("DELETE FROM audit.body_2", "TRUNCATE audit.body_2", "TRUNCATE audit.link_2"):
        assert log.refusal(SUPERUSER, statement)[0] == TRIGGER
    assert log.refusal(log.roles.writer, "INSERT INTO audit.body_2 SELECT")[0] == PRIVILEGE


def test_the_writer_has_no_partitions_made_far_ahead(separated_log: SeparatedLog) -> None:
    log = separated_log
    for place in (-1, 0, 3 * PARTITION_ENTRIES):
        log.run(log.roles.writer, f"SELECT audit.extend({place})")
    assert log.run(
        SUPERUSER, "SELECT to_regclass('audit.entry_2'), to_regclass('audit.entry_3')"
    ) == [(None, None)]
    for closed in ("make_partition(9)", "guard_partitions()"):
        assert log.refusal(log.roles.writer, f"SELECT audit.{closed}")[0] == PRIVILEGE


def test_event_triggers_stop_a_superusers_slip_too(separated_log: SeparatedLog) -> None:
    log = guarded(separated_log)
    for before in ("SELECT 1", "SET LOCAL session_replication_role = replica"):
        _, message = log.refusal(SUPERUSER, before, OWNERS_ATTACKS["rewrites a column"])
        assert GUARDED in message
    assert still_whole(log)


def test_the_owner_can_take_no_part_of_the_guard_away(separated_log: SeparatedLog) -> None:
    log = guarded(separated_log)
    become = sql.SQL("SET ROLE {}").format(sql.Identifier(log.roles.owner)).as_string(None)
    statements = [
        "DROP EVENT TRIGGER audit_guard_ddl",
        "ALTER EVENT TRIGGER audit_guard_drop DISABLE",
        "DROP FUNCTION audit_guard.on_ddl() CASCADE",
        "DROP SCHEMA audit_guard CASCADE",
        "CREATE OR REPLACE FUNCTION audit_guard.allowed() RETURNS boolean LANGUAGE sql "
        "AS 'SELECT true'",
        "SELECT digest FROM audit_guard.allowance",
        "INSERT INTO audit_guard.allowance VALUES ('x', 'me', 'infinity')",
        "UPDATE audit_guard.allowance SET not_after = 'infinity'",
        "SELECT audit_guard.allowed()",
        "SET session_replication_role = replica",
    ]
    if int(log.run(SUPERUSER, "SHOW server_version_num")[0][0]) >= 170000:
        statements.append("SET event_triggers = off")
    for statement in statements:
        assert log.refusal(log.deployer, become, statement)[0] == PRIVILEGE


def test_an_allowance_opens_one_transaction_and_no_second(separated_log: SeparatedLog) -> None:
    log = guarded(separated_log)
    superuser = log.database(SUPERUSER)
    allowance = allow_ddl(superuser, b"a" * 32, minutes=5)
    superuser.close()
    change = "CREATE INDEX allowed ON audit.checkpoint (ts)"
    undo = "DROP INDEX audit.allowed"
    _, message = log.refusal(log.deployer, "SET audit.allow_ddl = 'something'", change)
    assert GUARDED in message
    log.run(log.deployer, change, undo, allowance=allowance)
    with pytest.raises(psycopg.Error, match=GUARDED):
        log.run(log.deployer, change, allowance=allowance)
    used = log.run(log.roles.reader, "SELECT issued_by, used_by FROM audit_guard.allowance")
    assert used == [(SUPERUSER, log.deployer)]


def test_an_allowance_of_a_transaction_that_failed_is_not_used_up(
    separated_log: SeparatedLog,
) -> None:
    log = guarded(separated_log)
    superuser = log.database(SUPERUSER)
    allowance = allow_ddl(superuser, b"b" * 32, minutes=5)
    change = "CREATE INDEX allowed ON audit.checkpoint (ts)"
    with pytest.raises(psycopg.Error, match="division by zero"):
        log.run(log.deployer, change, "SELECT 1 / 0", allowance=allowance)
    log.run(log.deployer, change, allowance=allowance)
    expired = allow_ddl(superuser, b"c" * 32, minutes=1)
    log.run(SUPERUSER, "UPDATE audit_guard.allowance SET not_after = 'epoch' WHERE used_in IS NULL")
    with pytest.raises(psycopg.Error, match=GUARDED):
        log.run(log.deployer, "DROP INDEX audit.allowed", allowance=expired)
    superuser.close()


def test_the_guard_lets_everything_else_in_the_database_alone(separated_log: SeparatedLog) -> None:
    log = guarded(separated_log)
    log.run(
        log.deployer,
        "CREATE SCHEMA other",
        "CREATE TABLE other.entry (n integer)",
        "CREATE RULE r AS ON INSERT TO other.entry DO INSTEAD NOTHING",
        "ALTER TABLE other.entry ALTER COLUMN n TYPE bigint USING n + 1",
        "ALTER SCHEMA other RENAME TO another",
        "DROP SCHEMA another CASCADE",
        "CREATE TEMPORARY TABLE entry (n integer)",
        "DROP TABLE entry",
        "GRANT SELECT ON audit.entry TO CURRENT_USER",
        "COMMENT ON TABLE audit.entry IS 'the log'",
    )
    assert still_whole(log)
