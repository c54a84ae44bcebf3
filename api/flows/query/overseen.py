"""Questions about what people did: oversight, acts on data, reads, and what went wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from pydantic import JsonValue

from answerable.api.flows.query.asking import Answer, Asking, Question, ask, scope_parameters
from answerable.api.flows.query.decided import known_function
from answerable.api.flows.query.lines import (
    act_line,
    irregularity_line,
    oversight_line,
    oversight_totals,
    reader_line,
)
from answerable.api.wiring import Workspace
from answerable.audit.queries import (
    Scope,
    acts_on_data,
    count_by_ground,
    count_irregularities,
    irregularities,
    oversight,
    oversight_summary,
    reads,
    reads_by_purpose,
)

__all__ = ["ask_acts", "ask_irregularities", "ask_oversight", "ask_reads"]


def ask_oversight(workspace: Workspace, scope: Scope, asking: Asking) -> Answer:
    """List contests, human reviews and overrides, with what each review did and how long it took.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    scope : Scope
        The window, and the function when only one is asked about.
    asking : Asking
        Who asks, and why; `counted` adds shares and times over the whole window.

    Returns
    -------
    Answer
        From headers: what people wrote stays encrypted.

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
    AI Act, Article 14; GDPR, Article 22(3).
    """
    about = replace(scope, function=known_function(workspace, scope.function))
    asked = ask(workspace, asking, _question("oversight", about))
    page = oversight(workspace.log, about, after=asking.after, limit=asking.limit)
    summary = oversight_totals(oversight_summary(workspace.log, about)) if asking.counted else {}
    return asked.answer([oversight_line(line) for line in page.items], page.next, summary)


def ask_acts(workspace: Workspace, scope: Scope, asking: Asking) -> Answer:
    """List erasures, refusals with their ground, holds placed and lifted, retention runs.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    scope : Scope
        The window, and kinds when only some are asked about.
    asking : Asking
        Who asks, and why; `counted` adds numbers by kind and ground.

    Returns
    -------
    Answer
        With what each record says.

    Raises
    ------
    NotAllowed
        If the actor may not ask.
    InvalidInput
        If a value is malformed.

    References
    ----------
    GDPR, Articles 5(2), 17 and 30.
    """
    asked = ask(workspace, asking, _question("acts", scope))
    page = acts_on_data(workspace.log, scope, after=asking.after, limit=asking.limit)
    summary: dict[str, JsonValue] = {}
    if asking.counted:
        grounds = count_by_ground(workspace.log, scope)
        summary["by_ground"] = cast("JsonValue", grounds)
    return asked.answer([act_line(line) for line in page.items], page.next, summary)


def ask_reads(
    workspace: Workspace, scope: Scope, asking: Asking, *, purpose: str | None = None
) -> Answer:
    """List who read personal data or asked the log, in which role and for which purpose.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    scope : Scope
        The window; without an end it ends now, so that this question is not in its own answer.
    asking : Asking
        Who asks, and why; `counted` adds numbers by role, purpose and reader.
    purpose : str, optional
        Only what was read for this purpose.

    Returns
    -------
    Answer
        Staff and persons by reference.

    Raises
    ------
    NotAllowed
        If the actor may not ask.
    InvalidInput
        If a value is malformed.

    References
    ----------
    GDPR, Articles 5(2) and 32(1).
    """
    about = scope if scope.until is not None else replace(scope, until=workspace.clock())
    question = _question("reads", about, **({} if purpose is None else {"purpose": purpose}))
    asked = ask(workspace, asking, question)
    page = reads(workspace.log, about, purpose=purpose, after=asking.after, limit=asking.limit)
    summary: dict[str, JsonValue] = {}
    if asking.counted:
        counted = reads_by_purpose(workspace.log, about)
        summary["by_purpose"] = [
            reader_line(line) for line in counted if purpose in (None, line.purpose)
        ]
    return asked.answer([act_line(line) for line in page.items], page.next, summary)


def ask_irregularities(workspace: Workspace, scope: Scope, asking: Asking) -> Answer:
    """List decisions without a release or replaced twice, incidents, and steps of the clock.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    scope : Scope
        The window, and the function when only one is asked about.
    asking : Asking
        Who asks, and why; `counted` adds numbers, and reads every decision for them.

    Returns
    -------
    Answer
        A page may be empty and still have a `next`.

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
    AI Act, Articles 12(2) and 26(5).
    """
    about = replace(scope, function=known_function(workspace, scope.function))
    asked = ask(workspace, asking, _question("irregularities", about))
    page = irregularities(workspace.log, about, after=asking.after, limit=asking.limit)
    summary: dict[str, JsonValue] = {}
    if asking.counted:
        summary["counts"] = cast("JsonValue", count_irregularities(workspace.log, about))
    return asked.answer([irregularity_line(line) for line in page.items], page.next, summary)


def _question(name: str, scope: Scope, **more: JsonValue) -> Question:
    parameters = scope_parameters(scope)
    if scope.kinds:
        parameters["kinds"] = [kind.value for kind in scope.kinds]
    return Question(name=name, parameters={**parameters, **more}, function=scope.function)
