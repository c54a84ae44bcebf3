"""What an installation keeps outside its database, and what that cannot show.

Changes nothing and calls nobody: a timestamp authority is not asked for a timestamp here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Final, Literal, NamedTuple

from answerable.api.outside import trusted_authority, write_once_folder
from answerable.api.settings import Settings
from answerable.api.wiring import open_workspace
from answerable.audit.anchors.standing import GapKind
from answerable.audit.errors import AnswerableError
from answerable.audit.recovery import PERSONS, SETTLING_ROLES, epoch_of, may_settle

__all__ = ["AnchorCheck", "anchor_checks"]


class AnchorCheck(NamedTuple):
    """One thing that was looked at."""

    name: str
    state: Literal["good", "warning", "bad"]
    advice: str


_HEAD_SHOWS: Final = (
    "It shows an older backup, a cut tail and an exchanged database; not two histories shown to"
    " two people, nor a change by whoever can write both places."
)


def anchor_checks(settings: Settings) -> list[AnchorCheck]:
    """Return what was found about the outside head, signers, folder, timestamps and witnesses.

    Parameters
    ----------
    settings : Settings
        Names them.

    Returns
    -------
    list of AnchorCheck
        Five, in this order.
    """
    return [
        _tried("outside head", lambda: _head(settings)),
        _tried("signers of a loss", lambda: _signers(settings)),
        _tried("write-once folder", lambda: _folder(settings)),
        _tried("timestamps", lambda: _timestamps(settings)),
        AnchorCheck(
            "witnesses",
            "warning",
            "Nobody outside compares what different people are shown. Give checkpoints to several"
            " people; cosigned ones can be verified.",
        ),
    ]


def _tried(name: str, check: Callable[[], tuple[Literal["good", "warning"], str]]) -> AnchorCheck:
    try:
        return AnchorCheck(name, *check())
    except AnswerableError as error:
        return AnchorCheck(name, "bad", str(error))


def _head(settings: Settings) -> tuple[Literal["good", "warning"], str]:
    with open_workspace(settings) as workspace:
        head = workspace.log.outside
        if workspace.log.gap is not None:
            raise workspace.log.gap.refusal()
        if head is None or head.read() is None:
            return "warning", "None yet: run answerable log head."
    database = settings.database_file
    beside = settings.head_path.resolve().parent
    if not settings.head_url and database is not None and beside == database.resolve().parent:
        return "warning", (
            f"{head.where} lies in the database's folder, and a restored folder brings back both."
            " Set ANSWERABLE_HEAD_FILE."
        )
    return "good", f"Kept in {head.where}. {_HEAD_SHOWS}"


def _signers(settings: Settings) -> tuple[Literal["good", "warning"], str]:
    with open_workspace(settings) as workspace:
        count = sum(may_settle(actor) for actor in workspace.directory.actors())
    who = f"{count} registered with a key as {' or '.join(SETTLING_ROLES)}"
    if count < PERSONS:
        return "warning", (
            f"{who}, but {PERSONS} must sign before a restored backup or a lost outside head can"
            " be recovered. Register them now: answerable register actor NAME --role officer"
            " --key-file FILE. In a log that can only be read it is too late."
        )
    return "good", f"{who}; {PERSONS} of them can record that entries were lost."


def _folder(settings: Settings) -> tuple[Literal["good", "warning"], str]:
    if not settings.write_once_dir:
        return "warning", (
            "None: an outside head that is put back together with an old backup goes unseen. Set"
            " ANSWERABLE_WRITE_ONCE_DIR to storage that refuses changes."
        )
    with open_workspace(settings) as workspace:
        folder = write_once_folder(settings, epoch_of(workspace.log))
        newest = None if folder is None else folder.newest()
        if folder is None or newest is None:
            return "warning", "Empty: run answerable log anchor."
        gap = workspace.log.compare_with_note(newest, folder.where)
    if gap is not None and gap.kind is GapKind.HEAD_TOO_OLD:
        return "warning", f"Too old to be compared: {gap.what}. Run answerable log anchor."
    return "good", f"Checkpoints in {folder.where}. Whether it refuses changes cannot be seen here."


def _timestamps(settings: Settings) -> tuple[Literal["good", "warning"], str]:
    if not settings.timestamp_url:
        return "warning", (
            "None: whoever holds the signing key can date checkpoints as they like. Set"
            " ANSWERABLE_TIMESTAMP_URL to an RFC 3161 authority."
        )
    trusted_authority(settings)
    if find_spec("rfc3161_client") is None:
        return "warning", "The extra is missing: pip install 'answerable[timestamp]'"
    return "good", "They show that a checkpoint existed at a time; not that it was the only one."
