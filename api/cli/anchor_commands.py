"""Commands about what stands outside: anchors, and recording that something was lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.api.cli.output import say, table, write_text
from answerable.api.cli.session import DatabaseOption, open_session
from answerable.audit.errors import NotFound

if TYPE_CHECKING:
    from answerable.api.flows.recovering import Closing
    from answerable.api.wiring import Workspace

__all__ = ["attach", "kept_outside"]

ReasonOption = Annotated[
    str, typer.Option(help="Why, as a code such as backup-restored; it stands in the log.")
]
KeysOption = Annotated[
    list[Path], typer.Option("--key-file", help="Signing key of a person; may be given twice.")
]
StatementOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="What a first person signed; written when a second signature is missing.",
    ),
]


def attach(group: typer.Typer) -> None:
    """Add this module's commands to the group ``log``."""
    group.command("anchor")(anchor)
    group.command("recover")(recover)
    group.command("accept-head")(accept_head)


def kept_outside(workspace: Workspace) -> str:
    """Return the outside head as it is.

    Parameters
    ----------
    workspace : Workspace
        Whose log.

    Returns
    -------
    str
        The signed note.

    Raises
    ------
    NotFound
        If none is kept.
    """
    head = workspace.log.outside
    note = None if head is None else head.read()
    if note is None:
        raise NotFound(
            "no checkpoint is kept outside",
            where=workspace.log.origin if head is None else head.where,
            remedy="Run: answerable log head",
        )
    return note


def anchor(*, db: DatabaseOption = None) -> None:
    """Show the newest checkpoint to the write-once folder and the timestamp authority."""
    with open_session(db) as (workspace, _):
        from answerable.api.flows.anchoring import anchor_now

        size, done = anchor_now(workspace)
    table(
        f"Checkpoint of {size} entries",
        ("anchor", "where", "result"),
        ((item.kind, item.where, str(item.error) if item.error else "kept") for item in done),
    )
    if not done:
        say("no anchor is configured beside the outside head: see answerable doctor")
    for item in done:
        if item.error is not None:
            raise item.error


def recover(
    *,
    reason: ReasonOption,
    key_file: KeysOption,
    statement: StatementOption = None,
    db: DatabaseOption = None,
) -> None:
    """Record, signed by two persons, that signed entries are lost; the log can be written again."""
    _close("recover", reason, key_file, statement, db)


def accept_head(
    *,
    reason: ReasonOption,
    key_file: KeysOption,
    statement: StatementOption = None,
    db: DatabaseOption = None,
) -> None:
    """Record, signed by two persons, that the outside head was lost, and put a new one there."""
    _close("accept-head", reason, key_file, statement, db)


def _close(
    how: Closing, reason: str, key_files: list[Path], statement: Path | None, db: str | None
) -> None:
    with open_session(db) as (workspace, _):
        from answerable.api.flows.recovering import close_gap
        from answerable.api.inputs import read_bytes

        given = None
        if statement is not None and statement.exists():
            given = read_bytes(statement, what="statement")
        settled = close_gap(workspace, how, reason=reason, key_files=key_files, given=given)
        size = workspace.log.size()
    if settled.missing:
        text = settled.statement.to_json().decode("utf-8")
        if statement is not None:
            write_text(str(statement), text)
        else:
            say(text)
        say("one more person must sign: run the same command with their key and this statement")
        return
    entry = "recorded before" if settled.receipt is None else settled.receipt.entry_id
    say(f"entry {entry}", f"the log has {size} entries and can be written")
