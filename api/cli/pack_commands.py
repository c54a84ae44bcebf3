"""Commands about evidence that is taken along: pack, receipt, and checking a pack."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from answerable.api.cli.exits import ExitCode
from answerable.api.cli.output import counted, say, table, write_json, write_private_text
from answerable.api.cli.session import DatabaseOption, PurposeOption, open_session
from answerable.api.private_files import private_file
from answerable.audit.errors import Conflict, InvalidInput

if TYPE_CHECKING:
    from answerable.audit.pack import PackSummary

__all__ = ["attach", "check_pack"]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("pack")(pack)
    app.command("receipt")(receipt)


def pack(
    decision: Annotated[list[str], typer.Argument(metavar="DECISION...", help="Ids of decisions.")],
    *,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="New file for the pack (ZIP), yours alone to read.")
    ],
    opened: Annotated[
        bool,
        typer.Option("--opened", help="With the record keys: whoever has the pack can read it."),
    ] = False,
    subject_package: Annotated[
        bool,
        typer.Option(
            "--subject-package", help="For the applicant: all about them, of nobody else."
        ),
    ] = False,
    subject: Annotated[
        str | None,
        typer.Option(
            metavar="REF", help="Whose package it is; needed when decisions are about several."
        ),
    ] = None,
    recipient: Annotated[
        str | None,
        typer.Option(help="Who gets an opened pack: a code, such as that of a court."),
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint the reader keeps; the pack is tied to it.")
    ] = None,
    purpose: PurposeOption = "evidence",
    db: DatabaseOption = None,
) -> None:
    """Write decisions with their proofs into one file that is checked without this service."""
    from answerable.api.cli.trusted import kept_checkpoint
    from answerable.api.flows.pack import PackContents, PackRequest, evidence_pack

    if opened and subject_package:
        raise InvalidInput("a pack is either opened or for the person", where="--opened")
    contents = PackContents.OPENED if opened else PackContents.SEALED
    request = PackRequest(
        decisions=decision,
        purpose=purpose,
        contents=PackContents.SUBJECT if subject_package else contents,
        recipient=recipient,
        subject=subject,
        checkpoint=kept_checkpoint(checkpoint),
    )
    with _new_file(out) as file, open_session(db) as (workspace, actor):
        summary = evidence_pack(workspace, request, file, actor=actor)
        vkey = workspace.log.vkey
    _say_made(summary, vkey)


def _new_file(out: Path) -> AbstractContextManager[BinaryIO]:
    if out.exists():
        raise Conflict("this file exists", where=str(out), remedy="Name a new file.")
    return private_file(out)


def _say_made(summary: PackSummary, vkey: str) -> None:
    from answerable.audit.tree.notes import VerifierKey

    say(
        f"{counted(summary.entries, 'entry', 'entries')}, "
        f"{counted(summary.parts, 'part', 'parts')}, {summary.opened} of them opened; "
        f"{summary.byte_count} bytes",
        f"verification key {vkey}",
        f"fingerprint {VerifierKey.parse(vkey).fingerprint}",
        "Give the key, or its fingerprint, on another way than the pack.",
    )


def receipt(
    decision: Annotated[str, typer.Argument(metavar="DECISION", help="Id of the decision.")],
    *,
    language: Annotated[str, typer.Option(help="en or de.")] = "en",
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Write the page with the receipt.")
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Write a page on which the applicant checks the receipt of a decision, without a network."""
    from answerable.api.flows.receipt import checking_page, decision_receipt

    if language not in {"en", "de"}:
        raise InvalidInput("the page speaks en and de", where="--language")
    with open_session(db) as (workspace, _):
        made = decision_receipt(workspace, decision)
    if html is None:
        say(made.text.rstrip("\n"))
        return
    write_private_text(html, checking_page(made, "de" if language == "de" else "en"))
    say(f"verification key {made.vkey}", f"fingerprint {made.fingerprint}")


def check_pack(
    pack: Path,
    trusted: tuple[str | None, Path | None],
    witnesses: Sequence[str],
    json: str | None,
) -> ExitCode:
    """Check a pack with the offline verifier and print what it found.

    Parameters
    ----------
    pack : Path
        The file.
    trusted : tuple of str and Path
        The verification key or a file with it and, optionally, a checkpoint the reader kept.
    witnesses : Sequence[str]
        Verification keys of witnesses.
    json : str or None
        Where the result is written.

    Returns
    -------
    ExitCode
        ``HOLDS`` or ``INTEGRITY``.

    Raises
    ------
    InvalidInput
        If no key was given: a pack cannot vouch for itself. If key or checkpoint is none at all.
    NotFound
        If a file does not exist.
    """
    from answerable.api.cli.trusted import kept_checkpoint, trusted_key
    from answerable.api.inputs import open_bytes
    from answerable.audit.offline.verify_pack import verify_pack

    key, checkpoint = trusted
    note = kept_checkpoint(checkpoint)
    kept = None if note is None else note.encode("utf-8")
    vkey = trusted_key(key, "pack")
    with open_bytes(pack, what="evidence pack") as file:
        found = verify_pack(file, vkey, checkpoint=kept, witnesses=witnesses)
    if not write_json(json, found):
        _print_pack(found)
    return ExitCode.HOLDS if found["ok"] else ExitCode.INTEGRITY


def _print_pack(found: dict[str, Any]) -> None:
    if found["findings"]:
        rows = ((item["layer"], item["entry"], item["what"]) for item in found["findings"])
        table("Findings", ("layer", "entry", "what"), rows)
    if found["entries"]:
        columns = ("seq", "id", "kind", "outcome")
        shown = ([str(entry.get(name, "")) for name in columns] for entry in found["entries"])
        table("Entries", columns, shown)
    for anchor in found["anchors"]:
        say(f"anchor: {anchor['what']}: {anchor['checked']}")
    verdict = "the pack verifies" if found["ok"] else "the pack does NOT verify"
    parts = ", ".join(f"{number} {name}" for name, number in found["parts"].items())
    say(
        f"{verdict}: {len(found['entries'])} entries of {found['log'] or 'no log'}, parts {parts}",
        f"key {found['key']}: the one you gave, not one from the pack",
        f"anchored: {'true' if found['anchored'] else 'false'}",
        "A pack cannot show what was left out of it.",
    )
