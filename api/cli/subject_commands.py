"""Commands of the compliance officer: everything about one person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.api.cli import request_commands
from answerable.api.cli.key_commands import add_identifier, erasure_receipt
from answerable.api.cli.output import counted, note, say, table, write_json
from answerable.api.cli.session import (
    DatabaseOption,
    JsonOption,
    PurposeOption,
    micros_of,
    open_session,
)
from answerable.api.private_files import private_folder, write_private

if TYPE_CHECKING:
    from answerable.api.flows.subject import RequestFacts

__all__ = ["attach"]

RefArgument = Annotated[
    str, typer.Argument(metavar="REF", help="Reference of the person, from `subject find`.")
]
RequestOption = Annotated[
    str | None,
    typer.Option(
        metavar="ID", help="The open request this answers; else both are recorded together."
    ),
]
AnsweredOption = Annotated[
    str | None,
    typer.Option(
        "--request",
        metavar="ID",
        help="The open request this answers; else the person's only open one of this kind, and "
        "where there is none, request and answer are recorded together.",
    ),
]
CheckOption = Annotated[
    str, typer.Option("--identity-check", help="How the person was identified: a code.")
]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    group = typer.Typer(
        help="Answer a data subject: access, rectification, erasure, restriction, objection.",
        no_args_is_help=True,
    )
    group.command("find")(find)
    group.command("access")(access)
    group.command("portability")(portability)
    group.command("restrict")(restrict)
    group.command("lift-restriction")(lift_restriction)
    group.command("object")(object_to)
    group.command("rectify")(rectify)
    group.command("hold")(hold)
    group.command("lift-hold")(lift_hold)
    group.command("erase")(erase)
    group.command("erasure-receipt")(erasure_receipt)
    group.command("add-identifier")(add_identifier)
    request_commands.attach(group)
    app.add_typer(group, name="subject")


def find(
    *,
    subject_id: Annotated[
        str, typer.Option(prompt="Subject id", help="Asked for when left out, to keep it private.")
    ],
    purpose: PurposeOption,
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """Find a person by the identifier your service uses."""
    from answerable.api.flows.subject import find_subject

    with open_session(db) as (workspace, actor):
        found = find_subject(workspace, subject_id, purpose=purpose, actor=actor)
    if write_json(json, found.to_result()):
        return
    table(
        found.ref,
        ("seq", "entry", "kind", "role"),
        ((str(line.seq), line.entry_id, line.kind, line.role) for line in found.entries),
    )
    say(f"restricted: {'yes' if found.restricted else 'no'}; legal holds: {len(found.holds)}")


def access(
    ref: RefArgument,
    *,
    identity_check: CheckOption,
    out: Annotated[Path, typer.Option(help="Folder for the access package.")],
    purpose: PurposeOption = "gdpr-art-15",
    language: Annotated[str, typer.Option(help="Of the files to read: en or de.")] = "en",
    request: AnsweredOption = None,
    db: DatabaseOption = None,
) -> None:
    """Write everything held about a person, with proofs (GDPR Art. 15)."""
    from answerable.api.flows.subject import access_package

    with open_session(db) as (workspace, actor):
        package = access_package(
            workspace,
            ref,
            _facts(workspace.clock(), identity_check, "gdpr-art-15", request),
            purpose=purpose,
            language=language,
            actor=actor,
        )
    _write(out, package.files())


def portability(
    ref: RefArgument,
    *,
    identity_check: CheckOption,
    out: Annotated[Path, typer.Option(help="Folder for the file.")],
    purpose: PurposeOption = "gdpr-art-20",
    request: AnsweredOption = None,
    db: DatabaseOption = None,
) -> None:
    """Write what a person provided, in a machine-readable form (GDPR Art. 20)."""
    from answerable.api.flows.subject import portability_package

    with open_session(db) as (workspace, actor):
        facts = _facts(workspace.clock(), identity_check, "gdpr-art-20", request)
        package = portability_package(workspace, ref, facts, purpose=purpose, actor=actor)
    _write(out, package.files())


def restrict(
    ref: RefArgument,
    *,
    statement: Annotated[str, typer.Option(help="What the person says; stored encrypted.")],
    request: RequestOption = None,
    db: DatabaseOption = None,
) -> None:
    """Record a restriction of processing (GDPR Art. 18)."""
    _state("restrict", ref, statement, request, db)


def lift_restriction(
    ref: RefArgument,
    *,
    ground: Annotated[str, typer.Option(help="Why it ends, a code.")],
    told_on: Annotated[
        datetime | None,
        typer.Option(help="When the person was told, UTC; now when left out."),
    ] = None,
    channel: Annotated[str | None, typer.Option(help="How they were told, a code.")] = None,
    db: DatabaseOption = None,
) -> None:
    """Lift restrictions, after the person was told (GDPR Art. 18(3))."""
    from answerable.api.flows.subject import lift_restriction as record_lifting

    with open_session(db) as (workspace, actor):
        told_at = workspace.clock() if told_on is None else micros_of(told_on)
        recorded = record_lifting(
            workspace, ref, ground=ground, told_at=told_at, channel=channel, actor=actor
        )
    say(f"restriction lifted by entry {recorded.entry_id}")


def object_to(
    ref: RefArgument,
    *,
    statement: Annotated[str, typer.Option(help="What the person says; stored encrypted.")],
    request: RequestOption = None,
    db: DatabaseOption = None,
) -> None:
    """Record an objection (GDPR Art. 21)."""
    _state("object_to", ref, statement, request, db)


def rectify(
    ref: RefArgument,
    *,
    statement: Annotated[str, typer.Option(help="What is corrected; stored encrypted.")],
    request: RequestOption = None,
    db: DatabaseOption = None,
) -> None:
    """Record a rectification (GDPR Art. 16); nothing is edited."""
    _state("rectify", ref, statement, request, db)


def hold(
    ref: RefArgument,
    *,
    ground: Annotated[str, typer.Option(help="Legal ground, a code.")],
    reference: Annotated[str, typer.Option(help="Case reference, a code.")],
    db: DatabaseOption = None,
) -> None:
    """Place a legal hold: nothing about this person can be erased while it stands."""
    from answerable.api.flows.subject import place_hold

    with open_session(db) as (workspace, actor):
        receipt = place_hold(workspace, ref, ground=ground, reference=reference, actor=actor)
    say(f"hold recorded as entry {receipt.entry_id}")


def lift_hold(
    ref: RefArgument,
    *,
    ground: Annotated[str, typer.Option(help="Legal ground, a code.")],
    reference: Annotated[str, typer.Option(help="Case reference, a code.")],
    db: DatabaseOption = None,
) -> None:
    """Lift a legal hold."""
    from answerable.api.flows.subject import lift_hold as record_lifting

    with open_session(db) as (workspace, actor):
        receipt = record_lifting(workspace, ref, ground=ground, reference=reference, actor=actor)
    say(f"hold lifted by entry {receipt.entry_id}")


def erase(
    ref: RefArgument,
    *,
    identity_check: CheckOption,
    confirm: Annotated[
        bool,
        typer.Option("--yes", prompt="This cannot be undone. Erase?", help="Do not ask."),
    ],
    request: AnsweredOption = None,
    db: DatabaseOption = None,
) -> None:
    """Erase a person's data by destroying their key (GDPR Art. 17)."""
    from answerable.api.flows.subject import erase as erase_subject

    if not confirm:
        raise typer.Abort
    with open_session(db) as (workspace, actor):
        facts = _facts(workspace.clock(), identity_check, "gdpr-art-17", request)
        erasure = erase_subject(workspace, ref, facts, actor=actor)
    say(
        f"erased by entry {erasure.receipt.entry_id}",
        f"in answer to request {erasure.request_id}",
        f"{counted(erasure.entries, 'entry', 'entries')} can no longer be read",
    )
    if erasure.left_open:
        note(f"still open about this person: {', '.join(erasure.left_open)}")


def _write(folder: Path, written: Mapping[str, bytes]) -> None:
    private_folder(folder)
    for name, data in written.items():
        write_private(folder / name, data)
        say(str(folder / name))


def _facts(now: int, identity_check: str, article: str, request: str | None) -> RequestFacts:
    from answerable.api.flows.subject import RequestFacts

    return RequestFacts(
        received_at=now, identity_check=identity_check, article=article, request_id=request
    )


def _state(flow_name: str, ref: str, statement: str, request: str | None, db: str | None) -> None:
    from answerable.api.flows import subject
    from answerable.audit.records import SubjectStatement

    flow = {
        "restrict": subject.restrict,
        "object_to": subject.object_to,
        "rectify": subject.rectify,
    }[flow_name]
    with open_session(db) as (workspace, actor):
        recorded = flow(
            workspace,
            ref,
            SubjectStatement(statement=statement),
            request_id=request,
            actor=actor,
        )
    say(f"recorded as entry {recorded.entry_id}")
