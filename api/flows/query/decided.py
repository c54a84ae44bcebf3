"""Questions about decisions: adverse ones, who was affected, counts, what decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final, cast

from pydantic import JsonValue

from answerable.api.flows.lookup import function_digest, function_name
from answerable.api.flows.query.asking import Answer, Asking, Question, ask, scope_parameters
from answerable.api.flows.query.lines import affected_line, count_line, decision_line
from answerable.api.wiring import Workspace
from answerable.audit.errors import InvalidInput
from answerable.audit.queries import (
    Days,
    Scope,
    adverse_codes,
    adverse_decisions,
    affected_persons,
    count_affected,
    outcome_counts,
    recount,
)
from answerable.governance.registry import FunctionEntry, Registry

__all__ = [
    "CountsAsked",
    "ask_adverse",
    "ask_affected",
    "ask_counts",
    "ask_lineage",
    "known_function",
]

_MOST_LINES: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsAsked:
    """Which days (UTC, both included), which function, and whether to recount the headers."""

    first_day: str | None = None
    last_day: str | None = None
    function: str | None = None
    recounted: bool = False


def known_function(workspace: Workspace, function: str | None) -> str | None:
    """Return the digest of a function that is asked about.

    Parameters
    ----------
    workspace : Workspace
        Where it may be registered.
    function : str or None
        ``name@version`` or a digest; a digest need not be registered.

    Returns
    -------
    str or None
        ``sha256:<hex>``; None when no function is asked about.

    Raises
    ------
    NotFound
        If no function of this name is registered.
    """
    if function is None or function.startswith("sha256:"):
        return function
    return function_digest(workspace, function)


def ask_adverse(workspace: Workspace, scope: Scope, asking: Asking) -> Answer:
    """List the adverse decisions of a function that no person took part in.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    scope : Scope
        The function as a digest or a name, the window, and the outcome codes that count as
        adverse: those its registration leaves over when none are given.
    asking : Asking
        Who asks, and why.

    Returns
    -------
    Answer
        Decisions as their headers say, oldest first.

    Raises
    ------
    NotAllowed
        If the actor may not ask.
    NotFound
        If the function is named and not registered.
    InvalidInput
        If nothing says which outcomes are adverse, or a value is malformed.

    References
    ----------
    GDPR, Article 22(1).
    """
    digest = known_function(workspace, scope.function)
    given = scope.outcomes
    codes = given or _registered_adverse(workspace.registry(), digest)
    asked_about = replace(scope, function=digest, outcomes=codes)
    asked = ask(
        workspace,
        asking,
        Question(name="adverse", parameters=scope_parameters(asked_about), function=digest),
    )
    page = adverse_decisions(workspace.log, asked_about, after=asking.after, limit=asking.limit)
    summary: dict[str, JsonValue] = {
        "adverse": list(codes),
        "adverse_from": "given" if given else "function",
        "function_name": function_name(workspace, digest),
    }
    return asked.answer(
        [decision_line(workspace, entry) for entry in page.items], page.next, summary
    )


def ask_affected(workspace: Workspace, scope: Scope, asking: Asking) -> Answer:
    """List whom decisions were about, by reference: of a function, or in a window.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    scope : Scope
        Which decisions; a breach window with nothing else names everybody decided about in it.
    asking : Asking
        Who asks, and why.

    Returns
    -------
    Answer
        Each person once, at the first decision; erased persons too.

    Raises
    ------
    NotAllowed
        If the actor may not ask.
    NotFound
        If the function is named and not registered.
    InvalidInput
        If a value is malformed.

    References
    ----------
    GDPR, Articles 33(3)(a) and 34(1).
    """
    digest = known_function(workspace, scope.function)
    asked_about = replace(scope, function=digest)
    asked = ask(
        workspace,
        asking,
        Question(name="affected", parameters=scope_parameters(asked_about), function=digest),
    )
    page = affected_persons(workspace.log, asked_about, after=asking.after, limit=asking.limit)
    counted = count_affected(workspace.log, asked_about) if asking.counted else None
    return asked.answer(
        [affected_line(person) for person in page.items], page.next, {"persons": counted}
    )


def ask_counts(workspace: Workspace, counts: CountsAsked, asking: Asking) -> Answer:
    """Count decisions by day, function and outcome code, and recount them when asked to.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    counts : CountsAsked
        Which days and function.
    asking : Asking
        Who asks, and why.

    Returns
    -------
    Answer
        Kept counts; `summary` names each difference to the headers after a recount.

    Raises
    ------
    NotAllowed
        If the actor may not ask.
    NotFound
        If the function is named and not registered.
    InvalidInput
        If a value is malformed.
    """
    digest = known_function(workspace, counts.function)
    days = Days(
        first=_day(counts.first_day, "first_day"),
        last=_day(counts.last_day, "last_day"),
        function=digest,
    )
    parameters = _day_parameters(counts, digest)
    asked = ask(workspace, asking, Question(name="counts", parameters=parameters, function=digest))
    lines = outcome_counts(workspace.log, days)
    differences = recount(workspace.log, days) if counts.recounted else None
    part, following = _part(asking, len(lines))
    summary: dict[str, JsonValue] = {
        "decisions": sum(line.n for line in lines),
        "differences": None
        if differences is None
        else [
            {
                "day": item.day,
                "function": item.function,
                "outcome": item.outcome,
                "kept": item.kept,
                "counted": item.counted,
            }
            for item in differences
        ],
    }
    return asked.answer([count_line(workspace, line) for line in lines[part]], following, summary)


def ask_lineage(workspace: Workspace, counts: CountsAsked, asking: Asking) -> Answer:
    """Say which functions decided on some days, under which releases, trained on which data.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    counts : CountsAsked
        Which days and function; nothing is recounted.
    asking : Asking
        Who asks, and why.

    Returns
    -------
    Answer
        A line for each function that decided, by digest.

    Raises
    ------
    NotAllowed
        If the actor may not ask.
    NotFound
        If the function is named and not registered.
    InvalidInput
        If a value is malformed.

    References
    ----------
    AI Act, Articles 10(2) and 12(2); GDPR, Article 5(2).
    """
    digest = known_function(workspace, counts.function)
    days = Days(
        first=_day(counts.first_day, "first_day"),
        last=_day(counts.last_day, "last_day"),
        function=digest,
    )
    asked = ask(
        workspace,
        asking,
        Question(name="lineage", parameters=_day_parameters(counts, digest), function=digest),
    )
    decided: dict[str, int] = {}
    for line in outcome_counts(workspace.log, days):
        decided[line.function] = decided.get(line.function, 0) + line.n
    functions = sorted(decided)
    part, following = _part(asking, len(functions))
    registry, scope = workspace.registry(), days.scope()
    items = [_lineage_line(registry, name, decided[name], scope) for name in functions[part]]
    return asked.answer(items, following, {"functions": len(functions)})


def _registered_adverse(registry: Registry, digest: str | None) -> tuple[str, ...]:
    found = registry.functions.get(digest or "")
    codes = () if found is None else adverse_codes(found.record)
    if not codes:
        raise InvalidInput(
            "nothing says which outcomes of this function are adverse",
            where="outcomes",
            remedy="Name the outcome codes, or a function that is registered.",
        )
    return codes


def _day_parameters(counts: CountsAsked, digest: str | None) -> dict[str, JsonValue]:
    given: dict[str, JsonValue] = {
        "function": digest,
        "first_day": counts.first_day,
        "last_day": counts.last_day,
        "recounted": counts.recounted or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _day(text: str | None, where: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("not a day", where=where, remedy="Write it as 2026-07-01.") from None


def _part(asking: Asking, total: int) -> tuple[slice, int | None]:
    """Return which lines of a sorted whole are handed out, and where to continue."""
    if not 1 <= asking.limit <= _MOST_LINES:
        raise InvalidInput(
            f"a page of {asking.limit} items",
            where="limit",
            remedy=f"Ask for 1 to {_MOST_LINES}.",
        )
    first = asking.after + 1
    end = first + asking.limit
    return slice(first, end), end - 1 if end < total else None


def _lineage_line(
    registry: Registry, digest: str, decisions: int, scope: Scope
) -> dict[str, JsonValue]:
    found = registry.functions.get(digest)
    return {
        "function": digest,
        "function_name": found.name if found else "",
        "registered": found.at.entry if found else None,
        "decisions": decisions,
        "releases": cast("JsonValue", _releases(registry, digest, scope)),
        "data": cast("JsonValue", _data(registry, found) if found else []),
        "code_commit": found.record.code_commit if found else None,
        "environment": found.record.environment if found else None,
    }


def _releases(registry: Registry, digest: str, scope: Scope) -> list[dict[str, JsonValue]]:
    """Return the releases that were in force at some time of the window."""
    held = [item for item in registry.releases.values() if item.record.function == digest]
    return [
        {
            "entry_id": item.at.entry,
            "granted_at": item.at.ts,
            "valid_until": item.record.valid_until,
            "ended_at": item.ended_at,
        }
        for item in sorted(held, key=lambda item: item.at.seq)
        if (scope.until is None or item.at.ts < scope.until)
        and min(item.record.valid_until, item.ended_at or item.record.valid_until) > scope.since
    ]


def _data(registry: Registry, found: FunctionEntry) -> list[dict[str, JsonValue]]:
    lines: list[dict[str, JsonValue]] = []
    for model in found.record.models:
        for digest in model.trained_on:
            state = registry.datasets.get(digest) or registry.current_dataset(digest)
            lines.append(
                {
                    "model": model.artefact,
                    "dataset": digest,
                    "name": state.record.name if state else "",
                    "fingerprint": registry.fingerprint(digest),
                    "rows": state.record.rows if state else None,
                    "registered": state.at.entry if state else None,
                }
            )
    return lines
