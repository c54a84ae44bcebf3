"""Commands about keys: what is held, rotation, disclosure of one record, further identifiers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from answerable.api.cli.output import progress_bar, say, write_json
from answerable.api.cli.session import DatabaseOption, JsonOption, open_session
from answerable.audit.errors import Conflict, Unavailable

__all__ = ["add_identifier", "add_log_keys", "attach", "erasure_receipt"]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("disclose")(disclose)
    app.command("open-disclosure")(open_disclosed)


def add_log_keys(group: typer.Typer) -> None:
    """Add the commands about the log's own keys to the group of keys."""
    group.command("status")(status)
    group.command("rotate")(rotate)
    group.command("rotate-signing")(rotate_signing)
    group.command("rotate-kek")(rotate_kek)


def status(*, db: DatabaseOption = None, json: JsonOption = None) -> None:
    """Say what the key store holds; no key is shown."""
    from answerable.api.flows.keys import key_status

    with open_session(db) as (workspace, actor):
        found = key_status(workspace, actor=actor)
    if write_json(json, found.to_result()):
        return
    days = found.key_backup_days
    say(
        f"keys lie in a {found.store}, {'sealed' if found.sealed else 'as they are'}",
        f"{found.buckets_used} buckets used, rotated up to version {found.rotated_most}",
        *(f"verification key {number} {vkey}" for number, vkey in enumerate(found.vkeys, start=1)),
        f"signing seeds held: {', '.join(map(str, found.seeds_held))}",
        f"backups of the keys: {'not stated' if days is None else f'kept for {days} days'}",
    )


def rotate(
    *,
    bucket: Annotated[
        list[int] | None, typer.Option(help="Only this bucket (0 to 4095); may be repeated.")
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Wrap the keys of persons under new bucket keys and destroy the old ones."""
    from answerable.api.flows.keys import rotate_buckets

    with (
        open_session(db) as (workspace, actor),
        progress_bar("Rotating", None) as advance,
    ):
        done = rotate_buckets(workspace, bucket, actor=actor, progress=advance)
    say(f"{done} buckets have new keys")


def rotate_signing(
    *,
    destroy_old: Annotated[
        bool, typer.Option("--destroy-old", help="Destroy the seeds of replaced keys.")
    ] = False,
    db: DatabaseOption = None,
) -> None:
    """Sign checkpoints with a new key from now on; old and new key say so together."""
    from answerable.api.flows.keys import rotate_signing_key

    with open_session(db) as (workspace, actor):
        made = rotate_signing_key(workspace, destroy_old=destroy_old, actor=actor)
    say(
        f"recorded as entry {made.receipt.entry_id}",
        f"old verification key {made.old_vkey}",
        f"new verification key {made.new_vkey}",
        "Publish the new key; either of them verifies the whole log.",
    )


def rotate_kek(*, db: DatabaseOption = None) -> None:
    """Seal the key store under a new key, so that older copies of it open nothing."""
    from answerable.api.flows.keys import rotate_vault_key

    with open_session(db) as (workspace, actor):
        ended = rotate_vault_key(workspace, actor=actor)
    if ended:
        say("sealed anew; older copies of the key store are worth nothing now")
    else:
        say(
            "sealed anew; the service destroyed no older master key: older copies of the key "
            "store still open for whoever may call it"
        )


def disclose(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Id of an entry.")],
    *,
    part: Annotated[int, typer.Option(min=0, help="0 is the case, then persons' own data.")] = 0,
    recipient: Annotated[
        str, typer.Option(help="Who gets it: a code such as court-of-berlin; it is logged.")
    ],
    purpose: Annotated[str, typer.Option(help="Why: a code such as litigation; it is logged.")],
    out: Annotated[Path, typer.Option(help="New file for the disclosure, yours alone to read.")],
    db: DatabaseOption = None,
) -> None:
    """Give one part of one record away: its key, its bytes and its proof, and nothing else."""
    from answerable.api.flows.disclosing import disclose as disclose_part

    if out.exists():
        raise Conflict("this file exists", where=str(out), remedy="Name a new file.")
    with open_session(db) as (workspace, actor):
        given = disclose_part(
            workspace, entry, part, recipient=recipient, purpose=purpose, actor=actor
        )
    _write_private(out, given.disclosure.to_json())
    say(f"disclosed as entry {given.receipt.entry_id}", f"whoever has {out} can read that part")


def open_disclosed(
    file: Annotated[Path, typer.Argument(help="A disclosure, from `disclose`.")],
    *,
    key: Annotated[Path, typer.Option(help="File with the log's verification key.")],
    json: JsonOption = None,
) -> None:
    """Open a disclosed part and check it against the log's proof; needs no log."""
    from answerable.api.inputs import read_bytes
    from answerable.audit.disclosure import Disclosure, open_disclosure

    disclosure = Disclosure.from_json(read_bytes(file, what="disclosure").strip())
    vkey = read_bytes(key, what="verification key").decode("utf-8", errors="replace").strip()
    opened = open_disclosure(disclosure, vkey)
    result = {
        "entry_id": opened.header.id,
        "kind": opened.header.kind.value,
        "log": opened.header.log,
        "seq": opened.seq,
        "size": opened.checkpoint.size,
        "part": opened.part.part,
        "content": opened.content,
    }
    if not write_json(json, result):
        write_json("-", result)


def add_identifier(
    *,
    subject_id: Annotated[
        str, typer.Option(prompt="Subject id", help="Asked for when left out, to keep it private.")
    ],
    further_id: Annotated[
        str, typer.Option(prompt="Further id", help="Asked for when left out, to keep it private.")
    ],
    source: Annotated[str, typer.Option(help="Which system's identifier it is, a code.")],
    db: DatabaseOption = None,
) -> None:
    """Let one more identifier lead to a person; neither of them is logged."""
    from answerable.api.flows.subject.identity import add_identifier as add

    with open_session(db) as (workspace, actor):
        added = add(workspace, subject_id, further_id, source=source, actor=actor)
    say(added.ref, f"recorded as entry {added.receipt.entry_id}")


def erasure_receipt(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Entry that records the erasure.")],
    *,
    db: DatabaseOption = None,
    json: JsonOption = None,
) -> None:
    """Write what a person is given after an erasure: what went, the proof, what remains."""
    from answerable.api.flows.subject.identity import erasure_receipt as receipt_for

    with open_session(db) as (workspace, actor):
        receipt = receipt_for(workspace, entry, actor=actor)
    if not write_json(json, receipt.model_dump(mode="json", exclude_none=True)):
        say(*receipt.lines(), "", receipt.proof.rstrip("\n"))


def _write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner may read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except OSError as error:
        raise Unavailable(
            f"the disclosure cannot be written ({error.strerror})",
            where=str(path),
            remedy="It was recorded; disclose it again to a file that can be written.",
        ) from None
