"""Verifying a log: the verification key comes from the vault or from a file, never the log.

A database says which key signed it; whoever rewrote the database also wrote that. So the
key is taken from outside, and a log that names another one is a finding.
"""

from __future__ import annotations

import os
from typing import Final, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import JsonValue

from answerable.api.outside import outside_head
from answerable.api.settings import Settings
from answerable.api.vaults import open_vault
from answerable.api.wiring import Workspace, system_entropy
from answerable.audit.errors import NotFound
from answerable.audit.keys.vault import KeyVault
from answerable.audit.stored import stored_log
from answerable.audit.tree.notes import verifier_key
from answerable.audit.verify import VerificationReport
from answerable.audit.verifying import PeriodKey, Progress, verify_stored

__all__ = ["verification_result", "verify", "verify_database"]

_WORTH_A_PROCESS: Final = 100_000
"""Entries: a process takes a second to start, and three to go through so many."""


def verify(
    workspace: Workspace, *, checkpoint: str | None = None, progress: Progress | None = None
) -> VerificationReport:
    """Verify the log of an open workspace.

    Parameters
    ----------
    workspace : Workspace
        Its vault gives the verification key.
    checkpoint : str, optional
        A checkpoint kept outside; without one, the outside head is taken.
    progress : callable, optional
        Called with the number of entries done, and of how many; one process alone goes through
        each twice.

    Returns
    -------
    VerificationReport
        `ok` is True when there are no findings.

    Raises
    ------
    Unavailable
        If a store cannot be read.
    """
    log = workspace.log
    if checkpoint is None and log.outside is not None:
        # Read before the rows: a head that is newer than they would look like a cut tail.
        checkpoint = log.outside.read()
    return verify_stored(
        log.stored(),
        vkey=log.vkey,
        period_key=log.period_key,
        checkpoint=checkpoint,
        progress=progress,
    )


def verify_database(
    settings: Settings,
    *,
    key: str | None = None,
    checkpoint: str | None = None,
    progress: Progress | None = None,
    processes: int | None = 1,
) -> VerificationReport:
    """Verify the log in a database, which may be a copy; nothing is written.

    Parameters
    ----------
    settings : Settings
        Names the database, the log and, when `key` is None, the vault.
    key : str, optional
        The log's verification key as text, from a source other than the database.
    checkpoint : str, optional
        A checkpoint kept outside; without one, the outside head is taken if it is this log's.
    progress : callable, optional
        Called with the number of entries done, and of how many; one process alone goes through
        each twice.
    processes : int or None
        How many share the work; None takes one for each processor when the log is large.

    Returns
    -------
    VerificationReport
        `ok` is True when there are no findings.

    Raises
    ------
    NotFound
        If there is no log, or no key to verify it with.
    Unavailable
        If the database cannot be read or has another schema.
    """
    head = None if checkpoint is not None else _outside(settings)
    period_key: PeriodKey | None = None
    stored = stored_log(settings.database_url)
    try:
        # A key from elsewhere may be that of another log than the head at this machine.
        if head is not None and (key is None or head.startswith(f"{stored.origin}\n")):
            checkpoint = head
        if key is not None:
            vkey = key
        else:
            vault, vkey = _own_vault(settings, stored.origin)
            period_key = vault.period_key
        return verify_stored(
            stored,
            vkey=vkey,
            period_key=period_key,
            checkpoint=checkpoint,
            progress=progress,
            processes=_fitting(stored.last + 1) if processes is None else processes,
        )
    finally:
        stored.close()


def _fitting(entries: int) -> int:
    """Return one process for each processor this one may use, as far as the log is worth it."""
    if hasattr(os, "sched_getaffinity"):
        processors = len(os.sched_getaffinity(0))
    else:  # pragma: no cover - not on Linux
        processors = os.cpu_count() or 1
    return max(1, min(processors, entries // _WORTH_A_PROCESS))


def _outside(settings: Settings) -> str | None:
    head = outside_head(settings, settings.origin)
    try:
        return head.read()
    finally:
        head.close()


def _own_vault(settings: Settings, origin: str) -> tuple[KeyVault, str]:
    try:
        vault = open_vault(settings, entropy=system_entropy)
        # The oldest that is left: what was made and never used is newer than those in use.
        numbers = vault.signing_numbers(origin)
        seed = vault.signing_key(origin, numbers[0] if numbers else 1)
    except NotFound:
        raise NotFound(
            "there is no key to verify this log with",
            where=f"log {origin}",
            remedy="Give the log's verification key with --key, or set ANSWERABLE_KEY_DIR.",
        ) from None
    return vault, str(verifier_key(origin, Ed25519PrivateKey.from_private_bytes(seed)))


def verification_result(report: VerificationReport) -> dict[str, JsonValue]:
    """Return the JSON form of a verification, the result of ``answerable verify --json``.

    Parameters
    ----------
    report : VerificationReport

    Returns
    -------
    dict
        ``ok, size, root, anchored, missing_parts, findings``.
    """
    findings = [
        {"layer": found.layer, "entry": found.entry, "what": found.what}
        for found in report.findings
    ]
    return {
        "ok": report.ok,
        "size": report.size,
        "root": report.root,
        "anchored": report.anchored,
        "missing_parts": report.missing_parts,
        "findings": cast("list[JsonValue]", findings),
    }
