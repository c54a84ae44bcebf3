"""Commands that run and look after the service: init, serve, keys, doctor, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from answerable.api.cli.database_commands import print_checks
from answerable.api.cli.exits import ExitCode
from answerable.api.cli.key_commands import add_log_keys
from answerable.api.cli.output import note, say, table, write_json
from answerable.api.cli.session import DatabaseOption, JsonOption, open_session, settings_for
from answerable.audit.codes import Role

__all__ = ["attach"]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("init")(init)
    app.command("serve")(serve)
    app.command("doctor")(doctor)
    app.command("demo")(demo)
    keys = typer.Typer(
        help="API keys of services and people; the log's own keys.", no_args_is_help=True
    )
    keys.command("issue")(issue_key)
    keys.command("list")(list_keys)
    keys.command("revoke")(revoke_key)
    keys.command("sign-in")(sign_in)
    add_log_keys(keys)
    app.add_typer(keys, name="keys")


def init(*, db: DatabaseOption = None) -> None:
    """Create the log, its keys and its state; refuses to touch an existing log."""
    from answerable.api.wiring import create_workspace

    settings = settings_for(db)
    with create_workspace(settings) as workspace:
        say(
            f"log {workspace.log.origin}",
            f"verification key {workspace.log.vkey}",
            f"keys in {settings.key_place}: back them up apart from the database",
        )


def serve(
    *,
    db: DatabaseOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.")] = None,
) -> None:
    """Run the HTTP API and the console."""
    from answerable.api.service import run_server
    from answerable.api.wiring import open_workspace

    settings = settings_for(db)
    with open_workspace(settings) as workspace:
        if workspace.log.gap is not None:
            note(f"warning: {workspace.log.gap.refusal()}")
        run_server(
            workspace,
            host=host or settings.host,
            port=settings.port if port is None else port,
            announce=lambda address: note(f"serving {address}; stop with Ctrl+C"),
        )


def doctor(*, db: DatabaseOption = None, json: JsonOption = None) -> None:
    """Check keys, database, schema and settings, and say what cannot be enforced here."""
    from answerable.api.flows.doctor import examine

    report = examine(settings_for(db))
    if not write_json(json, report.to_result()):
        print_checks("Doctor", report)
    raise typer.Exit(ExitCode.HOLDS if report.ok else ExitCode.ENVIRONMENT)


def issue_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    *,
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    db: DatabaseOption = None,
) -> None:
    """Issue an API key; it is shown once."""
    with open_session(db) as (workspace, operator):
        from answerable.api.flows.access import issue_api_key

        issued = issue_api_key(workspace, name=name, roles=role, actor=operator)
    say(issued.secret)


def list_keys(*, db: DatabaseOption = None) -> None:
    """List API keys by prefix, never the keys."""
    with open_session(db) as (workspace, operator):
        from answerable.api.flows.access import list_api_keys

        keys = list_api_keys(workspace, actor=operator)
    table(
        "API keys",
        ("prefix", "name", "roles", "state"),
        (
            (
                key.prefix,
                key.name,
                ", ".join(sorted(role.value for role in key.roles)),
                "revoked" if key.revoked_at is not None else "active",
            )
            for key in keys
        ),
    )


def revoke_key(
    prefix: Annotated[str, typer.Argument(help="From `keys list`.")], *, db: DatabaseOption = None
) -> None:
    """Revoke an API key."""
    with open_session(db) as (workspace, operator):
        from answerable.api.flows.access import revoke_api_key

        revoke_api_key(workspace, prefix, actor=operator)
    say(f"revoked {prefix}")


def sign_in(
    *,
    actor: Annotated[
        str | None, typer.Option(help="Reference of a registered person; the operator if left out.")
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Print a one-time link that signs one browser in to the console.

    It begins with ANSWERABLE_PUBLIC_URL, or with ANSWERABLE_HOST and ANSWERABLE_PORT when that is
    not set: set one of them where the service listens elsewhere.
    """
    from answerable.api.actor import ActorContext
    from answerable.api.flows.access import issue_login_link

    with open_session(db) as (workspace, operator):
        holder = operator
        if actor is not None:
            found = workspace.directory.find(actor)
            holder = ActorContext(actor=actor, roles=frozenset(found.roles), service=found.service)
        link = issue_login_link(workspace, holder)
        say(f"{workspace.settings.address}/console/login?link={link.text}")


def demo(
    *,
    folder: Annotated[Path, typer.Option(help="Where the demonstration writes.")] = Path(
        "build/demo"
    ),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Leave the console open.")] = (
        True
    ),
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to serve on; a taken one is replaced.")
    ] = 8000,
) -> None:
    """Run the whole story on real loan decisions."""
    from answerable.api.demo.story import run_demo

    run_demo(folder, serve=serve, port=port)
