"""The entries of a request and its answer, made and checked before anything is appended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from answerable.api.actor import ActorContext
from answerable.api.flows.organisation import organisation_of
from answerable.api.flows.subject.find import RequestFacts
from answerable.api.wiring import Workspace
from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.erasure_grounds import erasure_grounds
from answerable.audit.errors import Conflict, InvalidInput, NotFound, PolicyViolation
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    EntryLink,
    IdentityCheck,
    Record,
    Role,
    SubjectRequestAnswered,
    SubjectRequestOpened,
)
from answerable.audit.records.requests import RequestKind
from answerable.audit.requests.deadlines import due_after
from answerable.audit.requests.register import ANSWERS, RequestLine, request_line
from answerable.audit.requests.rules import gdpr_rules

__all__ = [
    "Acting",
    "RequestClosing",
    "RequestOpening",
    "answer_draft",
    "answered_record",
    "current_line",
    "opened_record",
    "request_draft",
    "settlement",
    "still_open",
    "with_open_request",
]

_NOT_WHOLLY: Final = ("refused", "partly")
Outcome = Literal["fulfilled", "partly", "refused", "withdrawn"]
Acting = tuple[ActorContext, Role]
"""Who acts, in which role."""


@dataclass(frozen=True, kw_only=True)
class RequestOpening:
    """A request as it came in; everything but the times is a code."""

    request: RequestKind
    received_at: int
    identity_check: str
    identity_result: Literal["confirmed", "pending", "failed"] = "confirmed"
    article: str | None = None
    channel: str | None = None


@dataclass(frozen=True, kw_only=True)
class RequestClosing:
    """How a request is answered; `identity_check` says how the person was identified since."""

    outcome: Outcome
    ground: str | None = None
    identity_check: str | None = None
    acts: tuple[str, ...] = ()
    """Entries of what was done."""


def settlement(
    workspace: Workspace,
    ref: str,
    asked: tuple[RequestKind, RequestFacts],
    closing: RequestClosing,
    *,
    acting: Acting,
) -> list[Draft]:
    """Return the entries that say a request was answered, checked and not yet appended.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    ref : str
        The person.
    asked : tuple[RequestKind, RequestFacts]
        What they asked for, and how that came in. With a `request_id` the answer belongs to that
        open request; else the request itself comes first.
    closing : RequestClosing
        Outcome, ground, acts.
    acting : tuple[ActorContext, Role]
        Who answers.

    Returns
    -------
    list[Draft]
        The request, unless it was recorded before, and the answer.

    Raises
    ------
    NotFound
        If the request is not this person's, or of another kind.
    Conflict
        If it was answered before.
    InvalidInput
        If a code is malformed or the receipt lies ahead.
    """
    request, facts = asked
    actor, _ = acting
    if facts.request_id is not None:
        line = still_open(workspace, facts.request_id)
        if line.subject != ref or line.request != request:
            raise NotFound(
                f"this person has no open request for {request} of this id", where="request"
            )
        checked = RequestClosing(
            outcome=closing.outcome,
            ground=closing.ground,
            identity_check=facts.identity_check,
            acts=closing.acts,
        )
        answer = answered_record(workspace, line, checked, actor)
        return [answer_draft(workspace, answer, ref, acting)]
    opening = RequestOpening(
        request=request,
        received_at=facts.received_at,
        identity_check=facts.identity_check,
        article=facts.article,
    )
    _require_ground(request, closing)
    record = opened_record(workspace, opening, actor)
    opened = request_draft(workspace, (EntryKind.SUBJECT_REQUEST, record), ref, acting, ())
    answer = _answer(workspace, opened.entry_id, closing, None)
    return [opened, answer_draft(workspace, answer, ref, acting)]


def with_open_request(
    workspace: Workspace, ref: str, kind: RequestKind, request: RequestFacts
) -> RequestFacts:
    """Return the facts with the open request they belong to, if there is one and no other.

    Returns
    -------
    RequestFacts
        As given where the person has no open request of this kind.

    Raises
    ------
    InvalidInput
        If several open requests could be meant; lists them.
    """
    if request.request_id is not None:
        return request
    waiting = (
        current_line(workspace, entry.id)
        for entry in workspace.open_requests().entries()
        if entry.kind is EntryKind.SUBJECT_REQUEST
        and ref in {person.ref for person in entry.header.subjects}
    )
    lines = [line for line in waiting if line.request == kind]
    if not lines:
        return request
    line, *others = lines
    if others:
        raise InvalidInput(
            f"several open requests ask for this {kind}: {', '.join(x.request_id for x in lines)}",
            where="request",
            remedy="Name the one that this answers.",
        )
    return replace(request, request_id=line.request_id, received_at=line.received_at)


def opened_record(
    workspace: Workspace, opening: RequestOpening, actor: ActorContext
) -> SubjectRequestOpened:
    """Return the record of a request, with its last day.

    Parameters
    ----------
    workspace : Workspace
        Clock and organisation.
    opening : RequestOpening
        What was asked, when, and whether the person was identified.
    actor : ActorContext
        Who checked the identity.

    Returns
    -------
    SubjectRequestOpened
        Not yet appended.

    Raises
    ------
    InvalidInput
        If a code is malformed or the receipt lies ahead.
    """
    if opening.received_at > workspace.clock():
        raise InvalidInput("a receipt ahead of the clock", where="received_at")
    rules = gdpr_rules()
    calendar = organisation_of(workspace).calendar
    due = due_after(opening.received_at, rules.answer_months, rules, calendar)
    checked = None if opening.identity_result == "pending" else actor.actor
    return SubjectRequestOpened.parse(
        {
            "request": opening.request,
            "article": opening.article or rules.articles[opening.request],
            "received_at": opening.received_at,
            "due_on": due.on,
            "due_at": due.at,
            "rules": rules.digest,
            "identity": {
                "kind": opening.identity_check,
                "result": opening.identity_result,
                "by": checked,
            },
            "channel": opening.channel,
        }
    )


def current_line(workspace: Workspace, request_id: str) -> RequestLine:
    """Return a request as it stands now."""
    return request_line(
        workspace.log,
        request_id,
        rules=gdpr_rules(),
        calendar=organisation_of(workspace).calendar,
    )


def still_open(workspace: Workspace, request_id: str) -> RequestLine:
    """Return a request that waits for an answer.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    request_id : str
        Its entry.

    Returns
    -------
    RequestLine
        Without an outcome.

    Raises
    ------
    NotFound
        If there is no such request.
    Conflict
        If it was answered before.
    InvalidInput
        If it is a contest: a review answers it.
    """
    line = current_line(workspace, request_id)
    if workspace.log.entry(request_id).kind is EntryKind.CONTEST_FILED:
        raise InvalidInput(
            "a contest is answered by a review", where="request", remedy="See: answerable review"
        )
    if line.outcome is not None:
        raise Conflict(
            "this request was answered before",
            where=f"request {request_id}",
            remedy="A new request gets a clock of its own.",
        )
    return line


def answered_record(
    workspace: Workspace, line: RequestLine, closing: RequestClosing, actor: ActorContext
) -> SubjectRequestAnswered:
    """Return the record of an answer to an open request.

    Parameters
    ----------
    workspace : Workspace
        Clock.
    line : RequestLine
        The request as it stands.
    closing : RequestClosing
        Outcome, ground, identification since.
    actor : ActorContext
        Who checked the identity.

    Returns
    -------
    SubjectRequestAnswered
        Not yet appended.

    Raises
    ------
    PolicyViolation
        If something was handed out or done for a person who was not identified.
    InvalidInput
        If a ground is missing or a code malformed, or an erasure is refused on a ground that no
        provision gives; lists those that do.
    """
    identity = None
    if line.identity_result != "confirmed" and closing.identity_check is not None:
        identity = IdentityCheck.parse(
            {"kind": closing.identity_check, "result": "confirmed", "by": actor.actor}
        )
    handed_out = closing.outcome in {"fulfilled", "partly"}
    if handed_out and identity is None and line.identity_result != "confirmed":
        raise PolicyViolation(
            "the person was not identified, so nothing can be handed out or done for them",
            where=f"request {line.request_id}",
            remedy="Say how they were identified since, or refuse with a ground.",
        )
    _require_ground(line.request, closing)
    return _answer(workspace, line.request_id, closing, identity)


def _require_ground(request: str, closing: RequestClosing) -> None:
    """Refuse an answer that grants less than asked without a ground, or on one no law gives."""
    if closing.outcome not in _NOT_WHOLLY:
        return
    if request == "erasure":
        # An erasure is refused on a provision, not on a word: only what the dated file lists.
        erasure_grounds().refusal(closing.ground or "")
    elif closing.ground is None:
        raise InvalidInput("an answer that grants less than asked needs a ground", where="ground")


def _answer(
    workspace: Workspace, request_id: str, closing: RequestClosing, identity: IdentityCheck | None
) -> SubjectRequestAnswered:
    return SubjectRequestAnswered.parse(
        {
            "request": request_id,
            "outcome": closing.outcome,
            "ground": closing.ground,
            "answered_at": workspace.clock(),
            "identity": identity,
            "acts": closing.acts,
        }
    )


def answer_draft(
    workspace: Workspace, record: SubjectRequestAnswered, ref: str, acting: Acting
) -> Draft:
    """Return the entry of an answer, linked to the request and to what was done."""
    links = (
        EntryLink(rel=ANSWERS, entry=record.request),
        *(EntryLink(rel="act", entry=act) for act in record.acts),
    )
    kind = EntryKind.SUBJECT_REQUEST_ANSWERED
    return request_draft(workspace, (kind, record), ref, acting, links)


def request_draft(
    workspace: Workspace,
    what: tuple[EntryKind, Record],
    ref: str,
    acting: Acting,
    links: tuple[EntryLink, ...],
) -> Draft:
    """Return an entry about one person whose record holds no personal data."""
    kind, record = what
    actor, role = acting
    return Draft(
        kind=kind,
        entry_id=workspace.ids(),
        record=record,
        actor=actor.actor,
        role=role,
        subjects=(DraftSubject(role="data-subject", ref=ref),),
        links=links,
    )
