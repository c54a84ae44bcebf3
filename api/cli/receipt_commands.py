"""Checking the receipt of one entry: its text and a key, no log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from answerable.api.cli.exits import ExitCode
from answerable.api.cli.output import say, table, utc, write_json

if TYPE_CHECKING:
    from answerable.api.flows.receipt import ReceiptCheck

__all__ = ["check_receipt"]


def check_receipt(
    receipt: Path, trusted: tuple[str | None, Path | None], json: str | None
) -> ExitCode:
    """Check a receipt and print what it proves.

    Parameters
    ----------
    receipt : Path
        The file, as `log proof` or `receipt` gave it.
    trusted : tuple of str and Path
        The verification key or a file with it and, optionally, a checkpoint the reader kept.
    json : str or None
        Where the result is written.

    Returns
    -------
    ExitCode
        ``HOLDS`` or ``INTEGRITY``.

    Raises
    ------
    InvalidInput
        If no key was given: a receipt cannot vouch for itself. If key or checkpoint is none at all.
    NotFound
        If a file does not exist.
    """
    from answerable.api.cli.trusted import kept_checkpoint, read_text, trusted_key
    from answerable.api.flows.receipt import checked_receipt

    key, checkpoint = trusted
    vkey, note = trusted_key(key, "receipt"), kept_checkpoint(checkpoint)
    found = checked_receipt(read_text(receipt, "receipt"), vkey, checkpoint=note)
    if not write_json(json, found.to_result()):
        _print(found)
    return ExitCode.HOLDS if found.ok else ExitCode.INTEGRITY


def _print(found: ReceiptCheck) -> None:
    if found.findings:
        table("Findings", ("layer", "what"), found.findings)
    say("the receipt holds" if found.ok else "the receipt does NOT hold")
    header = found.header
    if header is not None and found.ok:
        outcome = "" if header.outcome is None else f", outcome {header.outcome}"
        say(
            f"it proves entry {found.seq} of {header.log}: {header.kind.value} {header.id}",
            f"recorded {utc(header.ts)}{outcome}",
            f"under a signed checkpoint of size {found.size}, root {found.root}",
        )
    say(f"anchored: {'true' if found.anchored else 'false'}", *found.remarks)
