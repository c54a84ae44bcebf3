"""Who asks the log a question, and the entry that says so.

Promises: nobody without one of :data:`ASKERS` gets an answer; the question stands in the log, with
who asked, why and exactly what, before anything is handed out; answers hold references, never
names, and nothing encrypted is opened for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.append import recorded_first
from answerable.api.wiring import Workspace
from answerable.audit.entries import Draft, Receipt
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import Scope
from answerable.audit.records import EntryLink, QueryAsked, Role

__all__ = [
    "ASKERS",
    "Answer",
    "Asked",
    "Asking",
    "Question",
    "ask",
    "kinds_named",
    "scope_parameters",
]

ASKERS: Final = (Role.OFFICER, Role.AUDITOR, Role.COMPLIANCE)
"""Who may ask the log; in this order the role is written into the entry."""

Lines = Sequence[Mapping[str, JsonValue]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks, why, and for which part of the answer."""

    actor: ActorContext
    purpose: str
    """A code; it stands in the log."""
    after: int = -1
    """Where to continue: `next` of the answer before."""
    limit: int = 100
    counted: bool = False
    """Whether to count over everything asked about as well, however long that takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as it is recorded: its name, and everything that decides the answer."""

    name: str
    parameters: Mapping[str, JsonValue]
    function: str | None = None
    links: tuple[EntryLink, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A part of an answer, and the entry that says who asked."""

    question: Question
    size: int
    """How many entries the log had when it was asked."""
    items: Lines
    next: int | None
    """Where to continue; None at the end."""
    summary: Mapping[str, JsonValue]
    asked: Receipt

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form: keys may be added, never renamed."""
        return {
            "query": self.question.name,
            "parameters": dict(self.question.parameters),
            "size": self.size,
            "summary": dict(self.summary),
            "items": [dict(item) for item in self.items],
            "next": self.next,
            "asked": self.asked.entry_id,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that may be asked, and has not been answered yet."""

    workspace: Workspace
    asking: Asking
    question: Question
    role: Role
    size: int

    def answer(
        self, items: Lines, following: int | None, summary: Mapping[str, JsonValue]
    ) -> Answer:
        """Record the question and return its answer.

        Parameters
        ----------
        items : Sequence of Mapping
            Lines.
        following : int or None
            Where to continue.
        summary : Mapping
            What holds for everything asked about.

        Returns
        -------
        Answer
            With the receipt of the entry.

        Raises
        ------
        Unavailable
            If the log cannot be written: nothing is handed out then.
        """
        trace = Draft(
            kind=EntryKind.QUERY_ASKED,
            entry_id=self.workspace.ids(),
            record=_record(self.asking, self.question, size=self.size, count=len(items)),
            actor=self.asking.actor.actor,
            role=self.role,
            links=self.question.links,
            function=self.question.function,
            purpose=self.asking.purpose,
        )
        with recorded_first():
            receipt = self.workspace.log.append(trace)
        return Answer(
            question=self.question,
            size=self.size,
            items=items,
            next=following,
            summary=summary,
            asked=receipt,
        )


def ask(workspace: Workspace, asking: Asking, question: Question) -> Asked:
    """Return a question that may be asked, before anything is read.

    Parameters
    ----------
    workspace : Workspace
        Where it is asked.
    asking : Asking
        Who asks, and why.
    question : Question
        What.

    Returns
    -------
    Asked
        To be answered.

    Raises
    ------
    NotAllowed
        If the actor holds none of :data:`ASKERS`.
    InvalidInput
        If the purpose or a parameter is no code.
    """
    role = asking.actor.acting_as(*ASKERS)
    _record(asking, question, size=0, count=0)
    return Asked(workspace, asking, question, role, workspace.log.size())


def scope_parameters(scope: Scope) -> dict[str, JsonValue]:
    """Return what a scope narrows by, for the record of the question."""
    given: dict[str, JsonValue] = {
        "function": scope.function,
        "outcomes": list(scope.outcomes) or None,
        "automation": scope.automation.value if scope.automation else None,
        "since": scope.since or None,
        "until": scope.until,
    }
    return {name: value for name, value in given.items() if value is not None}


def kinds_named(names: Sequence[str]) -> tuple[EntryKind, ...]:
    """Return entry kinds by their names in headers.

    Parameters
    ----------
    names : Sequence[str]
        Such as ``hold.placed``.

    Returns
    -------
    tuple of EntryKind
        In the order given.

    Raises
    ------
    InvalidInput
        If no entry is of such a kind.
    """
    known = {kind.value: kind for kind in EntryKind}
    if not set(names) <= known.keys():
        raise InvalidInput(
            "no entry is of such a kind", where="kind", remedy="docs/entries.md lists them."
        )
    return tuple(known[name] for name in names)


def _record(asking: Asking, question: Question, *, size: int, count: int) -> QueryAsked:
    return QueryAsked.parse(
        {
            "purpose": asking.purpose,
            "query": question.name,
            "parameters": dict(question.parameters),
            "size": size,
            "count": count,
        }
    )
