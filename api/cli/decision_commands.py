"""Commands about single decisions: answer, explain, letter, replay, contest, review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from answerable.api.cli.exits import ExitCode
from answerable.api.cli.output import say, table, write_json, write_private_text
from answerable.api.cli.session import (
    DatabaseOption,
    HtmlOption,
    JsonOption,
    PurposeOption,
    open_session,
)

if TYPE_CHECKING:
    from answerable.api.flows.answer import Answer

__all__ = ["attach", "print_answer"]

DecisionArgument = Annotated[str, typer.Argument(metavar="DECISION", help="Id of the decision.")]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("answer")(answer)
    app.command("letter")(letter)
    app.command("replay")(replay)
    app.command("contest")(contest)
    app.command("decisions")(decisions)


def answer(
    decision: DecisionArgument,
    *,
    purpose: PurposeOption = "oversight",
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """Answer the three questions about a decision, each with its proof."""
    from answerable.api.flows.answer import answer as answer_decision

    with open_session(db) as (workspace, actor):
        result = answer_decision(workspace, decision, purpose=purpose, actor=actor)
    if not write_json(json, result.to_result()):
        print_answer(result)


def print_answer(result: Answer) -> None:
    """Print the three answers as text.

    Parameters
    ----------
    result : Answer
    """
    from answerable.api.flows.answer_text import answer_lines

    say(*answer_lines(result))


def letter(
    decision: DecisionArgument,
    *,
    view: Annotated[str, typer.Option(help="Legal view the letter must satisfy.")] = (
        "applicant_letter"
    ),
    language: Annotated[str, typer.Option(help="en or de.")] = "en",
    purpose: PurposeOption = "notice-of-decision",
    db: DatabaseOption = None,
    html: HtmlOption = None,
) -> None:
    """Write the letter to the applicant."""
    from answerable.api.flows.explain import letter as issue_letter

    with open_session(db) as (workspace, actor):
        issued = issue_letter(
            workspace, decision, view=view, language=language, purpose=purpose, actor=actor
        )
    if html is not None:
        write_private_text(html, issued.letter.html)
    else:
        say(issued.letter.text)


def replay(
    decision: DecisionArgument,
    *,
    purpose: PurposeOption = "audit-replay",
    db: DatabaseOption = None,
) -> None:
    """Explain a decision again from what was stored, and compare the bytes."""
    from answerable.api.flows.explain import replay as replay_explanation

    with open_session(db) as (workspace, actor):
        result = replay_explanation(workspace, decision, purpose=purpose, actor=actor)
    say(f"stored   {result.stored_digest}", f"replayed {result.replayed_digest}")
    say("identical" if result.identical else "DIFFERENT")
    raise typer.Exit(ExitCode.HOLDS if result.identical else ExitCode.INTEGRITY)


def contest(
    decision: DecisionArgument,
    *,
    grounds: Annotated[str, typer.Option(help="What the person says; stored encrypted.")],
    by: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Who contests; needed when several people are concerned."),
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Record that a person contests a decision."""
    from answerable.api.flows.review import contest as file_contest

    with open_session(db) as (workspace, actor):
        recorded = file_contest(workspace, decision, grounds=grounds, by=by, actor=actor)
    say(f"contest recorded as entry {recorded.entry_id}")


def decisions(
    *,
    function: Annotated[str | None, typer.Option(help="NAME@VERSION.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Outcome code.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Lines at most.")] = 50,
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """List decisions, newest first; headers only, no personal data."""
    from answerable.api.flows.decisions import DecisionQuery, list_decisions

    with open_session(db) as (workspace, _):
        lines = list_decisions(
            workspace, DecisionQuery(function=function, outcome=outcome, after=None, limit=limit)
        )
    result = [
        {
            "decision_id": line.entry_id,
            "seq": line.seq,
            "ts": line.ts,
            "function": line.function_name,
            "outcome": line.outcome,
            "automation": line.automation,
        }
        for line in lines
    ]
    if not write_json(json, cast("list[object]", result)):  # type: ignore[arg-type]
        table(
            "Decisions",
            ("seq", "decision", "function", "outcome"),
            (
                (str(line.seq), line.entry_id, line.function_name, str(line.outcome))
                for line in lines
            ),
        )
