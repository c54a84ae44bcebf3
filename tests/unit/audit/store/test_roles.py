"""Three roles, each with what it needs and no more, made without a superuser."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from answerable.audit.errors import InvalidInput, NotFound, Unavailable
from answerable.audit.guarding import address_as, separate_roles
from answerable.audit.log import Log, upgrade_log
from answerable.audit.store.database import Database
from answerable.audit.store.roles import Roles, apply_roles, role_statements
from answerable.audit.store.tables import APPEND_ONLY, metadata
from answerable.audit.stored import stored_log
from answerable.audit.verify import verify_log
from tests.log_kit import ORIGIN, LogKit
from tests.postgres_server import PostgresServer
from tests.separated_log import SUPERUSER, SeparatedLog

ROLES = Roles("o", "w", "r")


@pytest.mark.parametrize("name", ["", "public", "none", "pg_monitor", "a\0b", "a\nb", "ü" * 32])
def test_a_name_that_is_no_role_is_refused(name: str) -> None:
    for roles in ((name, "w", "r"), ("o", name, "r"), ("o", "w", name)):
        with pytest.raises(InvalidInput, match="not a usable role name"):
            Roles(*roles)


def test_one_role_for_two_duties_is_refused() -> None:
    for roles in (("o", "o", "r"), ("o", "w", "o"), ("o", "w", "w")):
        with pytest.raises(InvalidInput, match="different roles"):
            Roles(*roles)
    with pytest.raises(InvalidInput, match="different roles"):
        Roles("o", "w", "r", "w")


def test_every_table_is_granted_to_writer_and_reader() -> None:
    statements = role_statements(ROLES)
    for table in metadata.tables.values():
        grants = [text for text in statements if text.startswith("GRANT") and f" {table} " in text]
        assert len(grants) == 2, table


def test_what_is_append_only_is_granted_for_appending_only() -> None:
    statements = role_statements(ROLES)
    for table in APPEND_ONLY:
        assert f'GRANT SELECT, INSERT ON TABLE {table} TO "w"' in statements


def test_sqlite_has_no_roles(sqlite_kit: LogKit) -> None:
    with pytest.raises(InvalidInput, match="only PostgreSQL"):
        separate_roles(sqlite_kit.url, ROLES)
    with pytest.raises(InvalidInput, match="only PostgreSQL"):
        address_as(sqlite_kit.url, role="o")
    with pytest.raises(InvalidInput, match="only PostgreSQL"):
        address_as("not an address", role="o")
    assert address_as(sqlite_kit.url) == sqlite_kit.url


def test_an_address_keeps_its_options_and_takes_no_others() -> None:
    url = "postgresql+psycopg://me:secret@host/log?options=-c+work_mem%3D1MB"
    address = make_url(address_as(url, role="a \\ b", allowance="00ff"))
    assert address.query["options"] == (
        "-c work_mem=1MB -c role=a\\ \\\\\\ b -c audit.allow_ddl=00ff"
    )
    assert address.password == "secret"
    for allowance in ("", "xyz", "00 -c role=postgres"):
        with pytest.raises(InvalidInput, match="not an allowance"):
            address_as(url, allowance=allowance)


def test_only_the_role_for_retention_may_delete_what_was_appended() -> None:
    roles = Roles("o", "w", "r", "p")
    for table in APPEND_ONLY:
        assert f'GRANT SELECT, INSERT ON TABLE {table} TO "w", "p"' in role_statements(roles)
    deleting = [text for text in role_statements(roles) if text.startswith("GRANT DELETE")]
    assert [text.rpartition(" TO ")[2] for text in deleting] == ['"p"']
    assert not any(text.startswith("GRANT DELETE") for text in role_statements(ROLES))


@pytest.mark.postgres
def test_a_database_without_a_log_is_left_alone(postgres_url: str) -> None:
    database = Database(postgres_url, must_exist=True)
    with pytest.raises(NotFound):
        apply_roles(database, Roles("owner-x", "writer-x", "reader-x"))
    with database.read() as connection:
        made = connection.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = 'owner-x'").all()
    assert made == []
    database.close()


@pytest.mark.postgres
def test_who_may_not_make_roles_is_told_and_changes_nothing(separated_log: SeparatedLog) -> None:
    before = separated_log.run(SUPERUSER, "SELECT rolname FROM pg_roles ORDER BY 1")
    for user in (separated_log.roles.writer, separated_log.roles.reader):
        with pytest.raises(Unavailable, match="CREATEROLE"):
            separate_roles(separated_log.url(user), Roles("owner-x", "writer-x", "reader-x"))
    assert separated_log.run(SUPERUSER, "SELECT rolname FROM pg_roles ORDER BY 1") == before


@pytest.mark.postgres
def test_separating_again_changes_nothing_and_takes_back_what_was_added(
    separated_log: SeparatedLog,
) -> None:
    log = separated_log
    grants = (
        "SELECT relname, relowner, relacl::text, (SELECT array_agg(attacl::text ORDER BY attnum) "
        "FROM pg_attribute a WHERE attrelid = c.oid AND attacl IS NOT NULL) FROM pg_class c "
        "WHERE relnamespace = 'audit'::regnamespace ORDER BY 1"
    )
    before = log.run(SUPERUSER, grants)
    separate_roles(log.url(log.deployer), log.roles)
    assert log.run(SUPERUSER, grants) == before
    writer, reader = (
        sql.Identifier(name).as_string(None) for name in (log.roles.writer, log.roles.reader)
    )
    log.run(
        SUPERUSER,
        f"GRANT ALL ON ALL TABLES IN SCHEMA audit TO {writer}",
        f"GRANT SELECT (wrapped) ON audit.subject_key TO {reader}",
        "GRANT ALL ON SCHEMA audit TO PUBLIC",
    )
    separate_roles(log.url(log.deployer), log.roles)
    assert {row[0]: sorted((row[2] or "").split(",")) for row in log.run(SUPERUSER, grants)} == {
        row[0]: sorted((row[2] or "").split(",")) for row in before
    }


@pytest.mark.postgres
def test_the_owner_owns_everything_and_cannot_log_in(separated_log: SeparatedLog) -> None:
    log = separated_log
    owned = log.run(
        SUPERUSER,
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class "
        "WHERE relnamespace = 'audit'::regnamespace UNION "
        "SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace = 'audit'::regnamespace "
        "UNION SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'audit'",
    )
    assert owned == [(log.roles.owner,)]
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        log.run(log.roles.owner, "SELECT 1")


@pytest.mark.postgres
def test_the_reader_verifies_the_whole_log(separated_log: SeparatedLog) -> None:
    kit = separated_log.kit
    kit.log.append(kit.decision("anna", "bert"))
    kit.log.place_hold(kit.hold(kit.ref("anna")))
    note = kit.log.checkpoint()
    stored = stored_log(separated_log.url(separated_log.roles.reader))
    report = verify_log(
        stored.rows(), origin=ORIGIN, vkey=kit.log.vkey, checkpoint=note, stored=stored.state
    )
    assert (report.ok, report.anchored) == (True, True)
    assert stored.findings_beside() == []
    stored.close()
    reading = Log.open(
        separated_log.url(separated_log.roles.reader),
        vault=kit.vault,
        clock=kit.clock,
        entropy=kit.entropy,
    )
    with pytest.raises(Unavailable, match="may not do this"):
        reading.append(kit.decision())
    reading.close()
    assert kit.verify().ok


@pytest.mark.postgres
def test_the_schema_is_upgraded_as_the_owner_and_by_nobody_else(
    separated_log: SeparatedLog,
) -> None:
    log = separated_log
    upgrade_log(address_as(log.url(log.deployer), role=log.roles.owner))
    with pytest.raises(Unavailable):
        upgrade_log(address_as(log.url(log.roles.writer), role=log.roles.owner))


@pytest.mark.postgres
def test_tables_beside_the_log_are_the_writers_to_change(
    separated_log: SeparatedLog, any_postgres: PostgresServer
) -> None:
    log = separated_log
    log.run(
        log.deployer,
        "CREATE TABLE public.state_x (n integer)",
        "CREATE TABLE public.other (n integer)",
    )
    separate_roles(log.url(log.deployer), log.roles, beside=("state_x", "state_absent"))
    log.run(
        log.roles.writer,
        "INSERT INTO public.state_x VALUES (1)",
        "UPDATE public.state_x SET n = 2",
        "DELETE FROM public.state_x",
    )
    assert log.refusal(log.roles.writer, "SELECT * FROM public.other")[0] == "42501"
    assert log.refusal(log.roles.reader, "SELECT * FROM public.state_x")[0] == "42501"
