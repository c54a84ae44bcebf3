"""Commands about failures of logging: is the log complete, what waits in the spool."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.api.cli.exits import ExitCode
from answerable.api.cli.output import say, table, write_json
from answerable.api.cli.session import DatabaseOption, JsonOption, open_session

if TYPE_CHECKING:
    from answerable.api.flows.completeness import CompletenessReport

__all__ = ["attach"]


class How(StrEnum):
    """What becomes of an append that was set aside."""

    APPEND = "append"
    DROP = "drop"


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("completeness")(completeness)
    spool = typer.Typer(help="Decisions that wait outside the log.", no_args_is_help=True)
    spool.command("list")(list_spool)
    spool.command("replay")(replay)
    spool.command("settle")(settle)
    app.add_typer(spool, name="spool")


def completeness(
    *,
    series: Annotated[str | None, typer.Option(help="Only series of this name.")] = None,
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """Compare what services say they decided with what the log holds; 3 when nobody counted."""
    with open_session(db) as (workspace, operator):
        from answerable.api.flows.completeness import completeness as compared

        report = compared(workspace, actor=operator, series=series)
    if not write_json(json, report.to_result()):
        _print(report)
    if not report.series:
        raise typer.Exit(ExitCode.NOT_ENOUGH_EVIDENCE)
    raise typer.Exit(ExitCode.HOLDS if report.complete else ExitCode.INTEGRITY)


def list_spool(*, db: DatabaseOption = None) -> None:
    """List decisions that were set aside when the spool was replayed."""
    with open_session(db) as (workspace, _):
        waiting, aside = workspace.recorder.health.waiting, workspace.recorder.aside()
    say(f"{waiting} entries wait for the log")
    table(
        "Set aside",
        ("first entry", "entries", "decided at (microseconds)"),
        ((name.entry_id, str(name.entries), str(name.at)) for name in aside),
    )


def replay(*, db: DatabaseOption = None) -> None:
    """Bring what waits in the spool into the log, as the service does by itself."""
    with open_session(db) as (workspace, _):
        report = workspace.recorder.tend()
    say(f"{report.replayed} entries replayed, {report.refused} appends not, {report.torn} torn")
    raise typer.Exit(ExitCode.HOLDS if report.finished else ExitCode.ENVIRONMENT)


def settle(
    entry: Annotated[str, typer.Argument(help="First entry id, from `spool list`.")],
    how: Annotated[How, typer.Argument(help="append it after all, or drop it for good.")],
    *,
    db: DatabaseOption = None,
) -> None:
    """Settle a decision that was set aside; who did it and how is an entry."""
    from answerable.audit.codes import Role

    with open_session(db) as (workspace, operator):
        role = operator.acting_as(Role.OFFICER)
        receipt = workspace.recorder.settle(entry, how.value, actor=operator.actor, role=role)
    say(f"settled, entry {receipt.entry_id}")


def _print(report: CompletenessReport) -> None:
    table(
        f"Completeness at {report.size} entries",
        ("service", "series", "numbers", "counted", "logged", "missing", "twice"),
        (
            (
                item.actor,
                item.series,
                f"{window.counted.first_number}-{window.counted.last_number}",
                str(window.counted.count),
                str(window.logged),
                _ranges(window.missing),
                ", ".join(str(number) for number in window.duplicates) or "none",
            )
            for item in report.series
            for window in item.windows
        ),
    )
    for item in report.series:
        if item.unstated or item.overlapping:
            say(
                f"{item.series}: numbers no statement covers: {_ranges(item.unstated)}; "
                f"covered twice: {_ranges(item.overlapping)}"
            )
    if report.waiting:
        say(f"{report.waiting} entries wait in the spool and count as missing until replayed")
    say("A log cannot prove that a decision nobody counted did not happen.")


def _ranges(ranges: tuple[tuple[int, int], ...]) -> str:
    shown = [str(low) if low == high else f"{low}-{high}" for low, high in ranges[:20]]
    return ", ".join([*shown, *(["..."] if len(ranges) > len(shown) else [])]) or "none"
