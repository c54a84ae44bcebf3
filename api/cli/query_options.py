"""What the questions to the log share on the command line: options, times, pages, printing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from answerable.api.cli.output import say, status, table, utc, write_json
from answerable.api.cli.session import open_session
from answerable.audit.errors import InvalidInput

if TYPE_CHECKING:
    from answerable.api.flows.query import Answer, Asking
    from answerable.api.wiring import Workspace
    from answerable.audit.queries import Scope

__all__ = [
    "AfterOption",
    "CheckpointOption",
    "CountOption",
    "FirstDayOption",
    "FunctionOption",
    "KindOption",
    "LastDayOption",
    "LimitOption",
    "OutcomeOption",
    "Part",
    "PurposeOption",
    "SinceOption",
    "UntilOption",
    "Window",
    "ask_log",
    "read_note",
    "show",
]

_MICROS: Final = 1_000_000
_TIMES: Final = ("ts", "until", "since")
_DURATION: Final = "_us"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

FunctionOption = Annotated[
    str | None,
    typer.Option("--function", metavar="FUNCTION", help="name@version, or a digest."),
]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="From this day or time, UTC: 2026-07-01T08:00."),
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Up to this time, excluded, UTC.")
]
OutcomeOption = Annotated[
    list[str] | None, typer.Option("--outcome", metavar="CODE", help="Outcome code; repeatable.")
]
KindOption = Annotated[
    list[str] | None, typer.Option("--kind", metavar="KIND", help="Entry kind; repeatable.")
]
AfterOption = Annotated[
    int, typer.Option("--after", metavar="N", min=-1, help="Continue after `next` of a page.")
]
LimitOption = Annotated[int, typer.Option("--limit", metavar="N", help="Lines on a page.")]
CountOption = Annotated[
    bool, typer.Option("--count", help="Count over everything asked about as well.")
]
PurposeOption = Annotated[
    str,
    typer.Option("--purpose", help="Why it is asked: a code such as supervision; it is logged."),
]
FirstDayOption = Annotated[
    str | None, typer.Option("--first-day", metavar="DAY", help="First day, UTC.")
]
LastDayOption = Annotated[
    str | None, typer.Option("--last-day", metavar="DAY", help="Last day, included, UTC.")
]
CheckpointOption = Annotated[
    Path, typer.Option("--checkpoint", metavar="FILE", help="A checkpoint kept outside.")
]


@dataclass(frozen=True)
class Window:
    """A window of the log's own time, as it was typed."""

    since: str | None
    until: str | None

    def scope(
        self,
        *,
        function: str | None = None,
        outcomes: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
    ) -> Scope:
        """Return what is asked about.

        Parameters
        ----------
        function : str, optional
            ``name@version`` or a digest.
        outcomes, kinds : Sequence[str], optional
            Outcome codes and entry kinds that narrow it.

        Returns
        -------
        Scope
            With times in microseconds UTC.

        Raises
        ------
        InvalidInput
            If a time or a kind is none.
        """
        from answerable.api.flows.query import kinds_named
        from answerable.audit.queries import Scope

        return Scope(
            kinds=kinds_named(kinds or ()),
            function=function,
            outcomes=tuple(outcomes or ()),
            since=0 if self.since is None else _moment(self.since, "since"),
            until=None if self.until is None else _moment(self.until, "until"),
        )


@dataclass(frozen=True)
class Part:
    """Why it is asked, and which part of the answer is wanted."""

    purpose: str
    after: int = -1
    limit: int = 100
    counted: bool = False


def ask_log(db: str | None, question: Callable[[Workspace, Asking], Answer], page: Part) -> Answer:
    """Open the log and ask it.

    Parameters
    ----------
    db : str, optional
        Value of ``--db``.
    question : Callable[[Workspace, Asking], Answer]
        A flow.
    page : Part
        Which part of the answer.

    Returns
    -------
    Answer
        Recorded already.
    """
    from answerable.api.flows.query import Asking

    with open_session(db) as (workspace, actor), status("Asking the log"):
        asking = Asking(
            actor=actor,
            purpose=page.purpose,
            after=page.after,
            limit=page.limit,
            counted=page.counted,
        )
        return question(workspace, asking)


def show(answer: Answer, json: str | None, columns: Sequence[str]) -> None:
    """Print an answer as a table and its summary, or write it as JSON."""
    if write_json(json, answer.to_result()):
        return
    table(
        answer.question.name,
        [_title(column) for column in columns],
        ([_cell(column, line.get(column)) for column in columns] for line in answer.items),
    )
    if not answer.items:
        say("none")
    for name, value in answer.summary.items():
        if value is not None:
            say(f"{_title(name)}: {_cell(name, value) or 'none'}")
    if answer.next is not None:
        say(f"more: --after {answer.next}")
    say(f"recorded as entry {answer.asked.entry_id}")


def _title(name: str) -> str:
    """Return the name of a field in a table: a duration shows its unit in the cell."""
    return name.removesuffix(_DURATION)


def _cell(column: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and (column in _TIMES or column.endswith(("_at", "_until"))):
        return utc(value)
    if isinstance(value, int) and column.endswith(_DURATION):
        return f"{value / 1000:,.0f} ms"
    if isinstance(value, dict):
        told = ((_title(name), _cell(name, item)) for name, item in value.items())
        return ", ".join(f"{name} {item}" for name, item in told if item)
    if isinstance(value, list):
        return "; ".join(_cell("", item) for item in value)
    return str(value)


def _moment(text: str, where: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            "not a day or a time", where=where, remedy="Write 2026-07-01 or 2026-07-01T08:00."
        ) from None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    past = aware - _EPOCH
    return max(0, past.days * 86_400 * _MICROS + past.seconds * _MICROS + past.microseconds)


def read_note(path: Path) -> str:
    """Return a checkpoint from a file."""
    from answerable.api.inputs import read_bytes

    return read_bytes(path, what="checkpoint").decode("utf-8", errors="replace")
