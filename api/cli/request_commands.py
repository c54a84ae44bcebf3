"""Commands of the register of requests, and of telling recipients."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.api.cli.output import say, table, write_json
from answerable.api.cli.session import DatabaseOption, JsonOption, micros_of, open_session
from answerable.audit.errors import InvalidInput

if TYPE_CHECKING:
    from pydantic import JsonValue

    from answerable.audit.requests.register import RequestLine

__all__ = ["attach"]


class Asked(StrEnum):
    """What a person can ask for."""

    ACCESS = "access"
    PORTABILITY = "portability"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    HUMAN_REVIEW = "human_review"


class Identified(StrEnum):
    """Whether the person was identified."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    FAILED = "failed"


class Answered(StrEnum):
    """How a request was answered."""

    FULFILLED = "fulfilled"
    PARTLY = "partly"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Told(StrEnum):
    """Whether a recipient was told."""

    TOLD = "told"
    IMPOSSIBLE = "impossible"
    DISPROPORTIONATE = "disproportionate"


RefArgument = Annotated[
    str, typer.Argument(metavar="REF", help="Reference of the person, from `subject find`.")
]
RequestArgument = Annotated[str, typer.Argument(metavar="ID", help="Entry of the request.")]


def attach(subject: typer.Typer) -> None:
    """Add this module's commands to ``answerable subject``."""
    group = typer.Typer(
        help="Keep the clock of a request: open it, extend it, answer it.",
        no_args_is_help=True,
    )
    group.command("open")(open_)
    group.command("extend")(extend)
    group.command("close")(close)
    subject.add_typer(group, name="request")
    subject.command("requests")(requests)
    subject.command("recipients")(recipients)
    subject.command("notify")(notify)


def open_(
    ref: RefArgument,
    *,
    asks_for: Annotated[Asked, typer.Option("--for", help="What the person asks for.")],
    identity_check: Annotated[str, typer.Option(help="How the person was identified: a code.")],
    identity: Annotated[
        Identified, typer.Option(help="Whether they are who they say.")
    ] = Identified.CONFIRMED,
    received: Annotated[
        datetime | None, typer.Option(help="When it came in, UTC; now when left out.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="How it came in: a code.")] = None,
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """Record that a person asked for something; the clock runs from receipt."""
    from answerable.api.flows.subject import RequestOpening, open_request

    with open_session(db) as (workspace, actor):
        opening = RequestOpening(
            request=asks_for.value,
            received_at=workspace.clock() if received is None else micros_of(received),
            identity_check=identity_check,
            identity_result=identity.value,
            channel=channel,
        )
        recorded = open_request(workspace, ref, opening, actor=actor)
    due_on = recorded.record.due_on.isoformat()
    if not write_json(json, {"request_id": recorded.entry_id, "due_on": due_on}):
        say(f"request {recorded.entry_id}", f"to be answered by {due_on}")


def extend(
    request: RequestArgument,
    *,
    reason: Annotated[str, typer.Option(help="Why more time is necessary: a code.")],
    told: Annotated[
        datetime | None, typer.Option(help="When the person was told, UTC; now when left out.")
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Extend the time to answer, once; the person is told within the first month."""
    from answerable.api.flows.subject import extend_request

    with open_session(db) as (workspace, actor):
        told_at = None if told is None else micros_of(told)
        recorded = extend_request(workspace, request, reason=reason, told_at=told_at, actor=actor)
    say(f"extended by entry {recorded.entry_id}", f"to be answered by {recorded.record.due_on}")


def close(
    request: RequestArgument,
    *,
    outcome: Annotated[Answered, typer.Option(help="How it was answered.")],
    ground: Annotated[
        str | None,
        typer.Option(
            help="Why not wholly: a code; needed unless fulfilled. For an erasure, one of the"
            " listed grounds, such as gdpr-17-3-b: an error lists them."
        ),
    ] = None,
    identity_check: Annotated[
        str | None, typer.Option(help="How the person was identified since: a code.")
    ] = None,
    act: Annotated[
        list[str] | None, typer.Option(help="Entry of what was done; may be given several times.")
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Record how a request was answered."""
    from answerable.api.flows.subject import RequestClosing, close_request

    closing = RequestClosing(
        outcome=outcome.value, ground=ground, identity_check=identity_check, acts=tuple(act or ())
    )
    with open_session(db) as (workspace, actor):
        recorded = close_request(workspace, request, closing, actor=actor)
    say(f"answered by entry {recorded.entry_id}")


def requests(
    *,
    waiting: Annotated[
        bool, typer.Option("--open", help="Only those that wait for an answer.")
    ] = False,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only open ones whose last day has passed.")
    ] = False,
    after: Annotated[
        int | None, typer.Option(help="Go on after this place in the log, from the last page.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Lines at most.")] = 50,
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """List requests of data subjects with their last day and outcome."""
    from answerable.api.flows.subject import RequestQuery, list_requests

    if waiting and overdue:
        raise InvalidInput("either --open or --overdue", where="requests")
    query = RequestQuery(
        state="overdue" if overdue else "open" if waiting else "all", after=after, limit=limit
    )
    with open_session(db) as (workspace, actor):
        lines = list_requests(workspace, query, actor=actor)
        now = workspace.clock()
    if not write_json(json, [_result(line, now) for line in lines]):
        table(
            "Requests",
            ("seq", "request", "asked for", "due on", "state"),
            (
                (
                    str(line.seq),
                    line.request_id,
                    line.request,
                    line.due_on.isoformat(),
                    line.outcome or ("OVERDUE" if line.is_overdue(now) else "open"),
                )
                for line in lines
            ),
        )


def recipients(ref: RefArgument, *, db: DatabaseOption = None, json: JsonOption = None) -> None:
    """List whom to tell of corrections, erasures and restrictions (GDPR Art. 19)."""
    from answerable.api.flows.subject import notices_of

    with open_session(db) as (workspace, actor):
        found = notices_of(workspace, ref, actor=actor)
    if write_json(json, found.to_result()):
        return
    if not found.stated:
        say("no profile says to whom data goes: answerable register organisation --help")
    table(
        "Recipients",
        ("act", "what", "recipient", "told"),
        ((line.act, line.kind, line.recipient, line.result or "no") for line in found.lines),
    )


def notify(
    ref: RefArgument,
    *,
    act: Annotated[str, typer.Option(help="Entry of the correction, erasure or restriction.")],
    recipient: Annotated[str, typer.Option(help="Code of the recipient in the profile.")],
    result: Annotated[Told, typer.Option(help="Whether they were told.")] = Told.TOLD,
    ground: Annotated[str | None, typer.Option(help="Why not: a code.")] = None,
    channel: Annotated[str | None, typer.Option(help="How they were told: a code.")] = None,
    db: DatabaseOption = None,
) -> None:
    """Record that a recipient was told, or why that was not possible (GDPR Art. 19)."""
    from answerable.api.flows.subject import Notice, notify_recipient

    notice = Notice(
        act=act, recipient=recipient, result=result.value, ground=ground, channel=channel
    )
    with open_session(db) as (workspace, actor):
        recorded = notify_recipient(workspace, ref, notice, actor=actor)
    say(f"recorded as entry {recorded.entry_id}")


def _result(line: RequestLine, now: int) -> dict[str, JsonValue]:
    return {
        "request_id": line.request_id,
        "seq": line.seq,
        "subject": line.subject,
        "request": line.request,
        "article": line.article,
        "received_at": line.received_at,
        "due_on": line.due_on.isoformat(),
        "due_at": line.due_at,
        "extended": line.extended,
        "identity_check": line.identity_check,
        "identity_result": line.identity_result,
        "outcome": line.outcome,
        "ground": line.ground,
        "answered_at": line.answered_at,
        "answer_id": line.answer_id,
        "overdue": line.is_overdue(now),
        "late": line.late,
    }
