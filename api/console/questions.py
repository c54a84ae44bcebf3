"""Questions to the log: pick one, read the answer as a table, with the entry that records it.

The same flows as the command line and the HTTP API answer here, so each question stands in the log,
with who asked and why, before its answer is shown.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Request, Response
from pydantic import JsonValue

from answerable.api.console.rendering import Page, reply
from answerable.api.console.routes import ConsoleRoute
from answerable.api.console.visitor import Form, Visitor, form_of, signed_in, workspace_of
from answerable.api.flows.query import (
    ASKERS,
    Answer,
    Asking,
    ChangesAsked,
    CountsAsked,
    ask_acts,
    ask_adverse,
    ask_affected,
    ask_changes,
    ask_counts,
    ask_irregularities,
    ask_lineage,
    ask_oversight,
    ask_reads,
    ask_sample,
)
from answerable.api.wiring import Workspace
from answerable.audit.errors import InvalidInput
from answerable.audit.queries import Draw, Scope
from answerable.model_cards.report.charts import Chart, ChartText, IntervalRow, interval_bars

__all__ = ["router"]

router = APIRouter(route_class=ConsoleRoute)
Asker = Annotated[Visitor, Depends(signed_in(*ASKERS))]
_Ask = Callable[[Workspace, Form, Asking], Answer]

_LINES: Final = 100
_MICROS: Final = 1_000_000
_ENTRY: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_PURPOSES: Final = {
    "supervision": "A supervisor asks",
    "audit": "Audit",
    "incident": "An incident or a breach",
    "internal-review": "Internal review",
}
_FIELDS: Final = ("question", "purpose", "function", "first_day", "last_day", "checkpoint", "n",
                  "nonce")  # fmt: skip


@router.get("/console/questions")
def questions(request: Request, visitor: Asker) -> Response:
    """Show what can be asked."""
    return reply(request, _page({}, None), visitor)


@router.post("/console/questions")
def ask(
    request: Request, sent: Annotated[tuple[Visitor, Form], Depends(form_of(*ASKERS))]
) -> Response:
    """Ask the log, and show a part of the answer."""
    visitor, form = sent
    found = _QUESTIONS.get(form.get("question", ""))
    if found is None:
        raise InvalidInput("choose one of the questions", where="question")
    asking = Asking(
        actor=visitor.actor,
        purpose=form.get("purpose", ""),
        after=_whole(form, "after", -1, least=-1),
        limit=_LINES,
    )
    return reply(request, _page(form, found[1](workspace_of(request), form, asking)), visitor)


def _page(form: Form, answer: Answer | None) -> Page:
    view: dict[str, JsonValue] = {
        "questions": {name: words for name, (words, _) in _QUESTIONS.items()},
        "purposes": dict(_PURPOSES),
        "given": {name: form.get(name, "") for name in _FIELDS},
        "answer": None if answer is None else answer.to_result(),
    }
    drawn: dict[str, object] = {"chart": None, "columns": [], "rows": []}
    if answer is not None:
        columns = list(dict.fromkeys(name for item in answer.items for name in item))
        drawn = {
            "chart": _chart(answer),
            "columns": columns,
            "rows": [[_cell(name, item.get(name)) for name in columns] for item in answer.items],
            "facts": [(name, _cell(name, value)) for name, value in answer.summary.items()],
        }
    return Page(
        "questions.html.j2",
        "Questions",
        view,
        drawn,
        lead="What a supervisor, an auditor or an officer asks. Each question stands in the log.",
    )


def _cell(name: str, value: JsonValue) -> dict[str, str]:
    """Return what stands in a cell, and the entry it leads to if it names one."""
    if value is None or value in ("", [], {}):
        return {"text": "–", "entry": ""}
    if name == "ts" and isinstance(value, int):
        return {"text": f"{datetime.fromtimestamp(value / _MICROS, tz=UTC):%Y-%m-%d %H:%M:%S}Z",
                "entry": ""}  # fmt: skip
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return {"text": text, "entry": text if _ENTRY.fullmatch(text) else ""}


def _chart(answer: Answer) -> Chart | None:
    """Draw the decisions that were counted, by outcome."""
    if answer.question.name != "counts" or not answer.items:
        return None
    counted: Counter[str] = Counter()
    for item in answer.items:
        counted[str(item["outcome"])] += cast("int", item["n"])
    rows = [IntervalRow(name, float(n)) for name, n in counted.most_common()]
    text = ChartText(id="outcomes", title="Decisions by outcome", description="Of the lines below.")
    return interval_bars(text, rows, units="count")


def _scope(form: Form, *, function: bool = True) -> Scope:
    first, last = _day(form, "first_day"), _day(form, "last_day")
    return Scope(
        function=(form.get("function") or None) if function else None,
        since=0 if first is None else _micros(first),
        until=None if last is None else _micros(last + timedelta(days=1)),
    )


def _adverse(workspace: Workspace, form: Form, asking: Asking) -> Answer:
    if not form.get("function"):
        raise InvalidInput(
            "this question is about one decision function",
            where="function",
            remedy="Go back and give it as name@version.",
        )
    return ask_adverse(workspace, _scope(form), asking)


def _changes(workspace: Workspace, form: Form, asking: Asking) -> Answer:
    return ask_changes(workspace, ChangesAsked(checkpoint=_note(form)), asking)


def _sample(workspace: Workspace, form: Form, asking: Asking) -> Answer:
    how = Draw(n=_whole(form, "n", 10, least=1), nonce=form.get("nonce", ""))
    return ask_sample(workspace, _scope(form), asking, checkpoint=_note(form), how=how)


def _days(form: Form) -> CountsAsked:
    first, last = _day(form, "first_day"), _day(form, "last_day")
    return CountsAsked(
        first_day=None if first is None else first.isoformat(),
        last_day=None if last is None else last.isoformat(),
        function=form.get("function") or None,
    )


_QUESTIONS: Final[Mapping[str, tuple[str, _Ask]]] = {
    "adverse": ("Which adverse decisions did no person take part in?", _adverse),
    "affected": (
        "Whom were decisions about?",
        lambda workspace, form, asking: ask_affected(workspace, _scope(form), asking),
    ),
    "oversight": (
        "Who contested, who reviewed, what was overturned?",
        lambda workspace, form, asking: ask_oversight(workspace, _scope(form), asking),
    ),
    "acts": (
        "What was erased, refused, held, removed?",
        lambda workspace, form, asking: ask_acts(workspace, _scope(form, function=False), asking),
    ),
    "reads": (
        "Who looked at whose data, and why?",
        lambda workspace, form, asking: ask_reads(
            workspace, _scope(form, function=False), asking, purpose=None
        ),
    ),
    "irregularities": (
        "What should not have happened?",
        lambda workspace, form, asking: ask_irregularities(workspace, _scope(form), asking),
    ),
    "counts": (
        "How many decisions, by day, function and outcome?",
        lambda workspace, form, asking: ask_counts(workspace, _days(form), asking),
    ),
    "lineage": (
        "What decided, under which release, trained on which data?",
        lambda workspace, form, asking: ask_lineage(workspace, _days(form), asking),
    ),
    "changes": ("What was appended since a checkpoint?", _changes),
    "sample": ("Show me some decisions, chosen by nobody.", _sample),
}


def _note(form: Form) -> str:
    text = form.get("checkpoint", "").replace("\r\n", "\n").rstrip()
    if not text:
        raise InvalidInput(
            "this question needs a checkpoint that was published",
            where="checkpoint",
            remedy="Go back and paste one as it was published, every line of it.",
        )
    return f"{text}\n"


def _whole(form: Form, name: str, default: int, *, least: int) -> int:
    text = form.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"-?[0-9]{1,15}", text) or int(text) < least:
        raise InvalidInput(f"a whole number of at least {least}", where=name)
    return int(text)


def _day(form: Form, name: str) -> date | None:
    text = form.get(name, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("a day like 2026-07-01", where=name) from None


def _micros(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * _MICROS
