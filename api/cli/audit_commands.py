"""Commands of the auditor: verify, log head, log proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.api.cli import anchor_commands, pack_commands, receipt_commands
from answerable.api.cli.exits import ExitCode
from answerable.api.cli.output import counted, progress_bar, say, table, write_json, write_text
from answerable.api.cli.session import DatabaseOption, JsonOption, open_session, settings_for
from answerable.audit.errors import InvalidInput

if TYPE_CHECKING:
    from answerable.audit.verify import VerificationReport

__all__ = ["attach", "print_verification"]

ProcessesOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="How many share the work; without it one for each processor if the log is large.",
    ),
]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("verify")(verify)
    pack_commands.attach(app)
    group = typer.Typer(
        help="Tree head, proofs and anchors of the log; recording a loss.", no_args_is_help=True
    )
    group.command("head")(head)
    group.command("proof")(proof)
    anchor_commands.attach(group)
    app.add_typer(group, name="log")


def verify(
    *,
    db: DatabaseOption = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="A checkpoint kept outside; without one the outside head is taken."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="VKEY",
            help="The log's verification key or a file with it, for use without the key folder.",
        ),
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option(help="Check this evidence pack instead of a database; needs --key."),
    ] = None,
    receipt: Annotated[
        Path | None,
        typer.Option(help="Check this receipt of one entry instead; needs --key."),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(help="Verification key of a witness whose cosignature in a pack counts."),
    ] = None,
    processes: ProcessesOption = None,
    json: JsonOption = None,
) -> None:
    """Recompute every hash of the log and compare it with its signed checkpoint."""
    from answerable.api.cli.trusted import kept_checkpoint, trusted_key
    from answerable.api.flows.verify import verification_result, verify_database

    if pack is not None and receipt is not None:
        raise InvalidInput("give a pack or a receipt, not both", where="--receipt")
    if pack is not None:
        raise typer.Exit(pack_commands.check_pack(pack, (key, checkpoint), witness or (), json))
    if receipt is not None:
        raise typer.Exit(receipt_commands.check_receipt(receipt, (key, checkpoint), json))
    note = kept_checkpoint(checkpoint)
    vkey = None if key is None else trusted_key(key, "log")
    settings = settings_for(db)
    with progress_bar("Verifying", None) as advance:
        report = verify_database(
            settings, key=vkey, checkpoint=note, progress=advance, processes=processes
        )
    if not write_json(json, verification_result(report)):
        print_verification(report)
    raise typer.Exit(ExitCode.HOLDS if report.ok else ExitCode.INTEGRITY)


def print_verification(report: VerificationReport) -> None:
    """Print what verification found.

    Parameters
    ----------
    report : VerificationReport
    """
    if report.findings:
        table(
            "Findings",
            ("layer", "entry", "what"),
            ((found.layer, str(found.entry), found.what) for found in report.findings),
        )
    verdict = "the log verifies" if report.ok else "the log does NOT verify"
    say(f"{verdict}: {counted(report.size, 'entry', 'entries')}, root {report.root}")
    say(f"anchored: {'true' if report.anchored else 'false'}")


def head(
    *,
    db: DatabaseOption = None,
    out: Annotated[str | None, typer.Option(metavar="FILE", help="Keep it outside.")] = None,
    outside: Annotated[
        bool, typer.Option("--outside", help="Print the outside head as it is; sign nothing.")
    ] = False,
) -> None:
    """Sign and print the current checkpoint; keep a copy outside the house."""
    with open_session(db) as (workspace, _):
        note = anchor_commands.kept_outside(workspace) if outside else workspace.log.checkpoint()
    if out is not None:
        write_text(out, note)
    else:
        say(note.rstrip("\n"))


def proof(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Id of an entry.")],
    *,
    db: DatabaseOption = None,
    out: Annotated[str | None, typer.Option(metavar="FILE", help="Write it to a file.")] = None,
) -> None:
    """Write the proof that an entry stands in the log (C2SP tlog-proof)."""
    with open_session(db) as (workspace, _):
        text = workspace.log.proof(entry)
    if out is not None:
        write_text(out, text)
    else:
        say(text.rstrip("\n"))
