"""Commands of a supervisor: questions to the log. Each is recorded with who asked and why."""

from __future__ import annotations

from typing import Annotated

import typer

from answerable.api.cli.exits import ExitCode
from answerable.api.cli.query_options import (
    AfterOption,
    CheckpointOption,
    CountOption,
    FirstDayOption,
    FunctionOption,
    KindOption,
    LastDayOption,
    LimitOption,
    OutcomeOption,
    Part,
    PurposeOption,
    SinceOption,
    UntilOption,
    Window,
    ask_log,
    read_note,
    show,
)
from answerable.api.cli.session import DatabaseOption, JsonOption

__all__ = ["attach"]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    group = typer.Typer(
        help="Ask the log what a supervisor asks; every question is recorded.",
        no_args_is_help=True,
    )
    group.command("adverse")(adverse)
    group.command("affected")(affected)
    group.command("oversight")(oversight)
    group.command("acts")(acts)
    group.command("reads")(reads)
    group.command("irregularities")(irregularities)
    group.command("counts")(counts)
    group.command("lineage")(lineage)
    group.command("changes")(changes)
    group.command("sample")(sample)
    app.add_typer(group, name="query")


def adverse(
    function: Annotated[str, typer.Argument(metavar="FUNCTION", help="name@version or digest.")],
    *,
    outcome: OutcomeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    after: AfterOption = -1,
    limit: LimitOption = 100,
    purpose: PurposeOption = "supervision",
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """List adverse decisions that no person took part in (GDPR Art. 22)."""
    from answerable.api.flows.query import ask_adverse

    window = Window(since, until)
    found = ask_log(
        db,
        lambda workspace, asking: ask_adverse(
            workspace, window.scope(function=function, outcomes=outcome), asking
        ),
        Part(purpose, after, limit),
    )
    show(found, json, ("seq", "entry_id", "ts", "outcome", "subjects", "release"))


def affected(
    *,
    function: FunctionOption = None,
    outcome: OutcomeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    count: CountOption = False,
    after: AfterOption = -1,
    limit: LimitOption = 100,
    purpose: PurposeOption = "supervision",
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """List whom decisions were about, each once, by reference (GDPR Art. 33, 34)."""
    from answerable.api.flows.query import ask_affected

    scope = Window(since, until).scope(function=function, outcomes=outcome)
    found = ask_log(
        db,
        lambda workspace, asking: ask_affected(workspace, scope, asking),
        Part(purpose, after, limit, count),
    )
    show(found, json, ("ref", "role", "seq", "entry_id", "ts"))


def oversight(
    *,
    function: FunctionOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    count: CountOption = False,
    after: AfterOption = -1,
    limit: LimitOption = 100,
    purpose: PurposeOption = "supervision",
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """List contests, human reviews and overrides (AI Act Art. 14, GDPR Art. 22(3))."""
    from answerable.api.flows.query import ask_oversight

    scope = Window(since, until).scope(function=function)
    found = ask_log(
        db,
        lambda workspace, asking: ask_oversight(workspace, scope, asking),
        Part(purpose, after, limit, count),
    )
    show(found, json, ("seq", "what", "actor", "decision", "replaced_by", "took_us"))


def acts(
    *,
    kind: KindOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    count: CountOption = False,
    after: AfterOption = -1,
    limit: LimitOption = 100,
    purpose: PurposeOption = "supervision",
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """List erasures, refusals, holds and retention runs (GDPR Art. 5(2), 17, 30)."""
    from answerable.api.flows.query import ask_acts

    scope = Window(since, until).scope(kinds=kind)
    found = ask_log(
        db,
        lambda workspace, asking: ask_acts(workspace, scope, asking),
        Part(purpose, after, limit, count),
    )
    show(found, json, ("seq", "kind", "ts", "actor", "subjects", "facts"))


def reads(
    *,
    read_for: Annotated[
        str | None, typer.Option("--read-for", metavar="CODE", help="Only for this purpose.")
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    count: CountOption = False,
    after: AfterOption = -1,
    limit: LimitOption = 100,
    purpose: PurposeOption = "supervision",
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """List who looked at whose data, in which role and for which purpose."""
    from answerable.api.flows.query import ask_reads

    scope = Window(since, until).scope()
    found = ask_log(
        db,
        lambda workspace, asking: ask_reads(workspace, scope, asking, purpose=read_for),
        Part(purpose, after, limit, count),
    )
    show(found, json, ("seq", "kind", "ts", "role", "purpose", "actor", "subjects"))


def irregularities(
    *,
    function: FunctionOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    count: CountOption = False,
    after: AfterOption = -1,
    limit: LimitOption = 100,
    purpose: PurposeOption = "supervision",
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """List decisions without a release or replaced twice, incidents, steps of the clock."""
    from answerable.api.flows.query import ask_irregularities

    scope = Window(since, until).scope(function=function)
    found = ask_log(
        db,
        lambda workspace, asking: ask_irregularities(workspace, scope, asking),
        Part(purpose, after, limit, count),
    )
    show(found, json, ("seq", "what", "entry_id", "ts", "about"))


def counts(
    *,
    function: FunctionOption = None,
    first_day: FirstDayOption = None,
    last_day: LastDayOption = None,
    recount: Annotated[
        bool, typer.Option("--recount", help="Prove the counts against every header.")
    ] = False,
    after: AfterOption = -1,
    limit: LimitOption = 100,
    purpose: PurposeOption = "supervision",
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """Count decisions by day, function and outcome; a difference on a recount exits with 4."""
    from answerable.api.flows.query import CountsAsked, ask_counts

    asked = CountsAsked(
        first_day=first_day,
        last_day=last_day,
        function=function,
        recounted=recount,
    )
    found = ask_log(
        db,
        lambda workspace, asking: ask_counts(workspace, asked, asking),
        Part(purpose, after, limit),
    )
    show(found, json, ("day", "function_name", "outcome", "n"))
    if found.summary["differences"]:
        raise typer.Exit(ExitCode.INTEGRITY)


def lineage(
    *,
    function: FunctionOption = None,
    first_day: FirstDayOption = None,
    last_day: LastDayOption = None,
    after: AfterOption = -1,
    limit: LimitOption = 100,
    purpose: PurposeOption = "supervision",
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """Say which functions decided, under which releases, trained on which data."""
    from answerable.api.flows.query import CountsAsked, ask_lineage

    asked = CountsAsked(first_day=first_day, last_day=last_day, function=function)
    found = ask_log(
        db,
        lambda workspace, asking: ask_lineage(workspace, asked, asking),
        Part(purpose, after, limit),
    )
    show(found, json, ("function_name", "function", "decisions", "releases", "data"))


def changes(
    *,
    checkpoint: CheckpointOption,
    kind: KindOption = None,
    size: Annotated[
        int | None,
        typer.Option("--until-size", metavar="N", min=0, help="No further than this size."),
    ] = None,
    after: AfterOption = -1,
    limit: LimitOption = 100,
    purpose: PurposeOption = "supervision",
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """Prove that the log only grew from a checkpoint, and list what was appended since."""
    from answerable.api.flows.query import ChangesAsked, ask_changes, kinds_named

    asked = ChangesAsked(checkpoint=read_note(checkpoint), size=size, kinds=kinds_named(kind or ()))
    found = ask_log(
        db,
        lambda workspace, asking: ask_changes(workspace, asked, asking),
        Part(purpose, after, limit),
    )
    show(found, json, ("seq", "kind", "entry_id", "ts", "role"))


def sample(
    *,
    checkpoint: CheckpointOption,
    number: Annotated[int, typer.Option("--n", metavar="N", help="How many decisions.")],
    nonce: Annotated[
        str, typer.Option(help="The examiner's hex digits, given after the checkpoint.")
    ] = "",
    by_outcome: Annotated[bool, typer.Option("--by-outcome", help="N of each outcome.")] = False,
    function: FunctionOption = None,
    outcome: OutcomeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    purpose: PurposeOption = "supervision",
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """Draw decisions by a published checkpoint, so that nobody can pick the files."""
    from answerable.api.flows.query import ask_sample
    from answerable.audit.queries import Draw

    scope = Window(since, until).scope(function=function, outcomes=outcome)
    how = Draw(n=number, nonce=nonce, by_outcome=by_outcome)
    note = read_note(checkpoint)
    found = ask_log(
        db,
        lambda workspace, asking: ask_sample(workspace, scope, asking, checkpoint=note, how=how),
        Part(purpose),
    )
    show(found, json, ("seq", "entry_id", "outcome"))
