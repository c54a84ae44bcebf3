"""What the owner of the log, and a superuser by mistake, try where event triggers stand."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from answerable.audit.store.ddl_guard import allow_ddl
from tests.separated_log import (
    PRIVILEGE,
    SUPERUSER,
    SeparatedLog,
    guarded,
    still_whole,
)

pytestmark = pytest.mark.postgres

GUARDED = "the log is guarded"


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
