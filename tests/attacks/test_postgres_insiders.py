"""What insiders of a PostgreSQL server try, and whether privileges or the tables' triggers stop it;
what the owner may is stopped by event triggers, or left to the checkpoint outside.
"""

# ruff: noqa: S608 - table and role names come from our own metadata

from __future__ import annotations

from collections.abc import Callable

import pytest
from psycopg import sql

from answerable.audit.errors import Unavailable
from answerable.audit.store.tables import APPEND_ONLY, PARTITION_ENTRIES, PARTITIONED
from tests.attacks.test_append_only_tables import shadowed
from tests.separated_log import (
    PRIVILEGE,
    SUPERUSER,
    SeparatedLog,
    filled,
    guarded,
    still_whole,
)

pytestmark = pytest.mark.postgres

NAMES = [table.name for table in APPEND_ONLY]
COLUMN = {table.name: next(iter(table.columns)).name for table in APPEND_ONLY}
TRIGGER = "23000"


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
    assert shadowed(kit, *NAMES, "head", "subject_key") == [0, 0]
    size = kit.log.size()
    assert kit.log.append(kit.decision("anna")).seq == size
    assert shadowed(kit) == [0, 0]
    assert kit.log.size() == size + 1
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
