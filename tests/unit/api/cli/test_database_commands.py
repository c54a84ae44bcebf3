"""db upgrade, check, roles, guard-ddl, allow-ddl: looking after the log's database."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import psycopg
import pytest

from answerable.api.settings import load_settings
from answerable.api.wiring import create_workspace
from tests.command_line import Shop, answerable, refused
from tests.postgres_server import PostgresServer

NAMES = ("--owner", "cli owner", "--writer", "cli writer", "--reader", "cli reader")


def test_the_schema_is_checked_and_upgrading_a_current_one_changes_nothing(shop: Shop) -> None:
    size = shop.size()
    checked = shop.run("db", "check", "--json", "-")
    assert (checked.code, checked.json["ok"]) == (0, True)
    assert checked.json["checks"][0] == {"name": "schema", "state": "good", "advice": "current"}
    assert shop.run("db", "upgrade").out.strip() == "schema current"
    assert shop.size() == size


def test_a_dropped_trigger_is_named_and_ends_the_check_with_its_exit_code(shop: Shop) -> None:
    with contextlib.closing(sqlite3.connect(shop.database)) as foreign:
        foreign.execute("DROP TRIGGER entry_no_delete")
    for command in (("db", "check"), ("doctor",)):
        ran = shop.run(*command, "--json", "-")
        bad = [check["advice"] for check in ran.json["checks"] if check["state"] == "bad"]
        assert (ran.code, len(bad)) == (6, 1)
        assert "trigger entry_no_delete is missing" in bad[0]
    assert "entry_no_delete" in shop.run("db", "check").out


def test_the_statements_are_printed_for_whoever_may_run_them(shop: Shop) -> None:
    printed = shop.run("db", "roles", *NAMES).out
    assert printed.startswith("BEGIN;\n")
    assert 'CREATE ROLE "cli owner" NOLOGIN;' in printed
    assert printed.rstrip().endswith("COMMIT;")
    guard = answerable("db", "guard-ddl").out
    assert "CREATE EVENT TRIGGER audit_guard_ddl ON ddl_command_end" in guard


def test_what_sqlite_does_not_have_is_refused_with_one_line(shop: Shop, tmp_path: Path) -> None:
    refused(shop.run("db", "roles", *NAMES, "--apply"), 2, "only PostgreSQL has roles")
    refused(shop.run("db", "guard-ddl", "--apply"), 2, "only PostgreSQL has event triggers")
    refused(shop.run("db", "allow-ddl"), 2, "only PostgreSQL")
    refused(shop.run("db", "upgrade", "--role", "x"), 2, "only PostgreSQL")
    allowance = tmp_path / "allowance"
    allowance.write_text("not hexadecimal")
    refused(shop.run("db", "upgrade", "--allowance", allowance), 2, "not an allowance")
    same = ("--owner", "x", "--writer", "x", "--reader", "r")
    refused(shop.run("db", "roles", *same), 2, "different roles")


@pytest.mark.postgres
def test_the_road_of_the_documents_is_walked_on_postgresql(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make, separate, guard, upgrade with an allowance, and serve as the writer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANSWERABLE_KEY_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("ANSWERABLE_ARTEFACT_DIR", str(tmp_path / "artefacts"))
    with postgres_server.fresh_database() as name:
        admin = ("--db", postgres_server.url(name))
        settings = load_settings(database_url=postgres_server.url(name))
        create_workspace(settings).close()
        assert answerable("db", "roles", *NAMES, "--apply", *admin).out == "roles separated\n"
        assert answerable("db", "guard-ddl", "--apply", *admin).out == "schema guarded\n"
        allowance = tmp_path / "allowance"
        allowance.write_text(answerable("db", "allow-ddl", "--minutes", "5", *admin).out)
        upgraded = answerable(
            "db", "upgrade", "--role", "cli owner", "--allowance", allowance, *admin
        )
        assert upgraded.out == "schema current\n"
        writer = ("--db", postgres_server.url(name, "cli writer"))
        checked = answerable("db", "check", "--json", "-", *writer)
        states = {check["name"]: check["state"] for check in checked.json["checks"]}
        assert states["connected role"] == states["event triggers"] == "good"
        # Keys and sessions lie beside the log: the writer changes those freely.
        issued = answerable("keys", "issue", "one", "--role", "service", *writer)
        assert issued.code == 0, issued.err
        reader = ("--db", postgres_server.url(name, "cli reader"))
        assert answerable("verify", *reader).code == 0
        assert answerable("keys", "list", *reader).code == 6
    with psycopg.connect(postgres_server.conninfo("postgres"), autocommit=True) as connection:
        for role in NAMES[1::2]:
            connection.execute(f'DROP ROLE "{role}"'.encode())
