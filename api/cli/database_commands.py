"""Commands for the log's database: db upgrade, check, roles, guard-ddl, allow-ddl."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.api.cli.exits import ExitCode
from answerable.api.cli.output import say, table, write_json
from answerable.api.cli.session import DatabaseOption, JsonOption, settings_for

if TYPE_CHECKING:
    from answerable.api.flows.doctor import DoctorReport

__all__ = ["attach", "print_checks"]

_ApplyOption = Annotated[
    bool, typer.Option("--apply", help="Run the statements instead of printing them.")
]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    group = typer.Typer(
        help="The log's database: schema, roles, what enforces append-only.", no_args_is_help=True
    )
    group.command("upgrade")(upgrade)
    group.command("check")(check)
    group.command("roles")(roles)
    group.command("guard-ddl")(guard_ddl)
    group.command("allow-ddl")(allow_ddl)
    app.add_typer(group, name="db")


def print_checks(title: str, report: DoctorReport) -> None:
    """Print what was looked at.

    Parameters
    ----------
    title : str
    report : DoctorReport
    """
    table(
        title,
        ("check", "state", "what to do"),
        ((item.name, item.state, item.advice) for item in report.checks),
    )


def upgrade(
    *,
    role: Annotated[
        str | None,
        typer.Option(help="Owner of the tables, of which the connected role is a member."),
    ] = None,
    allowance: Annotated[
        Path | None, typer.Option(help="File with what `db allow-ddl` printed.")
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Bring the database to this version's schema."""
    from answerable.api.flows.database import upgrade_schema
    from answerable.api.inputs import read_bytes

    given = None
    if allowance is not None:
        given = read_bytes(allowance, what="allowance").decode("utf-8", errors="replace").strip()
    upgrade_schema(settings_for(db), role=role, allowance=given)
    say("schema current")


def check(*, db: DatabaseOption = None, json: JsonOption = None) -> None:
    """Say whether schema and guards are this version's, and what cannot be enforced here."""
    from answerable.api.flows.doctor import examine_database

    report = examine_database(settings_for(db))
    if not write_json(json, report.to_result()):
        print_checks("Database", report)
    raise typer.Exit(ExitCode.HOLDS if report.ok else ExitCode.ENVIRONMENT)


def roles(
    *,
    owner: Annotated[str, typer.Option(help="Owns schema and tables; nobody logs in as it.")],
    writer: Annotated[str, typer.Option(help="Appends: the service.")],
    reader: Annotated[str, typer.Option(help="Reads and verifies: the auditor.")],
    retention: Annotated[
        str | None, typer.Option(help="Also deletes what a retention run released.")
    ] = None,
    apply: _ApplyOption = False,
    db: DatabaseOption = None,
) -> None:
    """Separate owner, writer and reader on PostgreSQL; may be run again at any time."""
    from answerable.api.flows.database import Roles, apply_roles, role_script

    settings = settings_for(db)
    wanted = Roles(owner, writer, reader, retention)
    if apply:
        apply_roles(settings, wanted)
        say("roles separated")
    else:
        say(role_script(settings, wanted))


def guard_ddl(*, apply: _ApplyOption = False, db: DatabaseOption = None) -> None:
    """Refuse changes of the log's schema on PostgreSQL by event triggers; needs a superuser."""
    from answerable.api.flows.database import apply_ddl_guard, ddl_guard_script

    if apply:
        apply_ddl_guard(settings_for(db))
        say("schema guarded")
    else:
        say(ddl_guard_script())


def allow_ddl(
    *,
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="How long it may be used.")] = 60,
    db: DatabaseOption = None,
) -> None:
    """Print an allowance for one change of the guarded schema; needs a superuser."""
    from answerable.api.flows.database import allow_ddl as issue
    from answerable.api.wiring import system_entropy

    say(issue(settings_for(db), minutes=minutes, entropy=system_entropy))
