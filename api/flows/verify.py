"""Verifying a log: the verification key comes from the vault or from a file, never the log.

A database says which key signed it; whoever rewrote the database also wrote that. So the
key is taken from outside, and a log that names another one is a finding.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import JsonValue

from answerable.api.outside import outside_head
from answerable.api.settings import Settings
from answerable.api.vaults import open_vault
from answerable.api.wiring import Workspace, system_entropy
from answerable.audit.beside import CellOf, cell_reader
from answerable.audit.errors import AnswerableError, NotFound
from answerable.audit.key_chain import KeyChain
from answerable.audit.keys.vault import KeyVault
from answerable.audit.records import LogKeyRotated
from answerable.audit.stored import StoredLog, stored_log
from answerable.audit.tree.notes import verifier_key
from answerable.audit.verify import Finding, VerificationReport, verify_log

__all__ = ["verification_result", "verify", "verify_database"]

Progress = Callable[[int, int], None]
"""Takes how many entries are done, and of how many: each is gone through twice."""


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
        Called with the number of entries done, and of how many: each is gone through twice.

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
    return _verified(log.stored(), log.vkey, log.cell_reader(), checkpoint, progress)


def verify_database(
    settings: Settings,
    *,
    key: str | None = None,
    checkpoint: str | None = None,
    progress: Progress | None = None,
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
        Called with the number of entries done, and of how many: each is gone through twice.

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
    stored = stored_log(settings.database_url)
    try:
        # A key from elsewhere may be that of another log than the head at this machine.
        if head is not None and (key is None or head.startswith(f"{stored.origin}\n")):
            checkpoint = head
        if key is not None:
            return _verified(stored, key, None, checkpoint, progress)
        vault, vkey = _own_vault(settings, stored.origin)
        return _verified(stored, vkey, cell_reader(vault.period_key), checkpoint, progress)
    finally:
        stored.close()


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


def _verified(
    stored: StoredLog,
    vkey: str,
    cell_of: CellOf | None,
    checkpoint: str | None,
    progress: Progress | None,
) -> VerificationReport:
    size = stored.last + 1
    with _collector_paused():
        report = verify_log(
            stored.chunks(),
            origin=stored.origin,
            vkey=vkey,
            checkpoint=checkpoint,
            stored=stored.state,
            progress=progress and (lambda done: progress(done, 2 * size)),
        )
        # The tree proves the headers; what else is kept follows from them and is compared here.
        more = stored.findings_beside(
            cell_of=cell_of,
            progress=progress and (lambda done: progress(min(size + done, 2 * size), 2 * size)),
        )
    if vkey not in _named_keys(stored):
        what = "the database names another verification key than yours"
        more.append(Finding("checkpoint", "", what))
    if not more:
        return report
    return replace(report, ok=False, findings=(*report.findings, *more))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Leave cycles of garbage for later: there are none here, and looking takes a fifth as long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _named_keys(stored: StoredLog) -> tuple[str, ...]:
    """Return the keys the database names, none where a rotation among them does not hold."""
    try:
        rotations = [LogKeyRotated.from_json(data) for data in stored.state.rotations]
        return KeyChain.of(stored.vkey, rotations).vkeys
    except AnswerableError:
        return ()


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
