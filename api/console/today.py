"""The first page: what waits, what is released, what was decided, how the log stands."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from pydantic import JsonValue

from answerable.api.console.rendering import Page, reply
from answerable.api.console.routes import ConsoleRoute
from answerable.api.console.visitor import STAFF, Visitor, signed_in, workspace_of
from answerable.api.console.wording import outcome_words
from answerable.api.flows.organisation import organisation_of
from answerable.api.flows.review import open_contests
from answerable.api.wiring import Workspace
from answerable.audit.records import Role
from answerable.audit.requests.register import open_lines
from answerable.audit.requests.rules import gdpr_rules
from answerable.governance.status import status_of
from answerable.model_cards.report.charts import ChartText, IntervalRow, interval_bars

__all__ = ["function_lines", "overdue_requests", "router"]

router = APIRouter(route_class=ConsoleRoute)


@router.get("/console/")
def today(request: Request, visitor: Annotated[Visitor, Depends(signed_in(*STAFF))]) -> Response:
    """Show what needs attention."""
    workspace = workspace_of(request)
    outcomes = _outcomes(workspace)
    waiting = [
        {
            "contest_id": line.contest_id,
            "decision_id": line.decision_id,
            "function": line.function_name,
            "due_at": line.due_at,
            "late": line.due_at < workspace.clock(),
        }
        for line in open_contests(workspace)
    ]
    overdue = overdue_requests(workspace) if visitor.holds(Role.OFFICER) else []
    view: dict[str, JsonValue] = {
        "now": workspace.clock(),
        "overdue": cast("list[JsonValue]", overdue),
        "contests": cast("list[JsonValue]", waiting),
        "functions": cast("list[JsonValue]", function_lines(workspace)),
        "outcomes": cast("dict[str, JsonValue]", dict(outcomes)),
        "decisions": sum(outcomes.values()),
        "size": workspace.log.size(),
        "origin": workspace.log.origin,
        "anchored_size": _checkpoint_size(workspace),
    }
    page = Page("today.html.j2", "Today", view, {"chart": _chart(outcomes)})
    return reply(request, page, visitor)


def overdue_requests(workspace: Workspace) -> list[dict[str, JsonValue]]:
    """Return open requests of data subjects whose last day has passed, oldest first.

    Parameters
    ----------
    workspace : Workspace

    Returns
    -------
    list of dict
        ``request_id, request, due_at``; who asked is not shown.
    """
    now = workspace.clock()
    waiting = open_lines(
        workspace.log,
        workspace.open_requests().entries(),
        rules=gdpr_rules(),
        calendar=organisation_of(workspace).calendar,
    )
    return [
        {"request_id": line.request_id, "request": line.request, "due_at": line.due_at}
        for line in waiting
        if line.is_overdue(now)
    ]


def function_lines(workspace: Workspace) -> list[dict[str, JsonValue]]:
    """Return name, state and release of every decision function, newest first.

    Parameters
    ----------
    workspace : Workspace

    Returns
    -------
    list of dict
        ``name, digest, state, valid_until, registered_at``.
    """
    registry = workspace.registry()
    now = workspace.clock()
    lines: list[dict[str, JsonValue]] = []
    for found in sorted(registry.functions.values(), key=lambda item: -item.at.seq):
        ends = [
            item.record.valid_until
            for item in registry.releases.values()
            if item.record.function == found.digest and item.ended is None
        ]
        lines.append(
            {
                "name": found.name,
                "digest": found.digest,
                "state": status_of(registry, found.digest, now).value,
                "valid_until": max(ends, default=None),
                "registered_at": found.at.ts,
            }
        )
    return lines


def _outcomes(workspace: Workspace) -> Counter[str]:
    counted: Counter[str] = Counter()
    for line in workspace.log.counts():
        counted[line.outcome] += line.n
    return counted


def _chart(outcomes: Counter[str]) -> object | None:
    if not outcomes:
        return None
    text = ChartText(
        id="outcomes",
        title="Decisions by outcome",
        description="All decisions in the log.",
    )
    rows = [
        IntervalRow(outcome_words(name), float(count)) for name, count in outcomes.most_common()
    ]
    return interval_bars(text, rows, units="count")


def _checkpoint_size(workspace: Workspace) -> int | None:
    note = workspace.log.latest_checkpoint()
    return None if note is None else int(note.split("\n")[1])
