"""Commands on model cards: build, check, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from answerable.api.cli.exits import ExitCode
from answerable.api.cli.output import say, write_json
from answerable.api.cli.session import DatabaseOption, JsonOption, open_session

__all__ = ["attach"]

FunctionArgument = Annotated[
    str, typer.Argument(metavar="FUNCTION@VERSION", help="A registered decision function.")
]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    group = typer.Typer(help="Build, check and export model cards.", no_args_is_help=True)
    group.command("build")(build)
    group.command("check")(check)
    group.command("export")(export)
    app.add_typer(group, name="card")


def build(
    function: FunctionArgument,
    *,
    db: DatabaseOption = None,
    out: Annotated[Path | None, typer.Option(help="Folder for HTML, Markdown and JSON.")] = None,
    json: JsonOption = None,
) -> None:
    """Build the card of a decision function from its evidence and record it."""
    from answerable.api.flows.card import build_card, export_card, render_card

    with open_session(db) as (workspace, actor):
        built = build_card(workspace, function, actor=actor)
        paths = export_card(workspace, function, out) if out is not None else ()
        data = render_card(workspace, function, format="json")
    if not _write(json, data):
        say(f"card {built.core.digest}", *(str(path) for path in paths))


def check(
    function: FunctionArgument, *, db: DatabaseOption = None, json: JsonOption = None
) -> None:
    """Compare every computed field of the card with its evidence."""
    from answerable.api.flows.card import check_card

    with open_session(db) as (workspace, _):
        result = check_card(workspace, function)
    if not write_json(json, result.to_result()):
        for finding in result.findings:
            say(f"{finding.field}: {finding.what}")
        say("the card agrees with its evidence" if result.ok else "the card does not agree")
    raise typer.Exit(ExitCode.HOLDS if result.ok else ExitCode.INTEGRITY)


def export(
    function: FunctionArgument,
    *,
    out: Annotated[Path, typer.Option(help="Folder for HTML, Markdown and JSON.")],
    db: DatabaseOption = None,
) -> None:
    """Write the stored card with its live overlay."""
    from answerable.api.flows.card import export_card

    with open_session(db) as (workspace, _):
        for path in export_card(workspace, function, out):
            say(str(path))


def _write(target: str | None, data: bytes) -> bool:
    import orjson

    return write_json(target, orjson.loads(data)) if target is not None else False
