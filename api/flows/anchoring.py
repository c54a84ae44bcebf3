"""Showing the newest checkpoint to every anchor that is configured, and keeping what they say."""

from __future__ import annotations

from dataclasses import dataclass

from answerable.api.outside import timestamp_anchor, write_once_folder
from answerable.api.settings import Settings
from answerable.api.wiring import Workspace
from answerable.audit.anchors.outside import Anchor
from answerable.audit.errors import AnswerableError
from answerable.audit.recovery import epoch_of

__all__ = ["Anchored", "anchor_now", "has_anchors"]


@dataclass(frozen=True, slots=True)
class Anchored:
    """What became of one anchor."""

    kind: str
    where: str
    error: AnswerableError | None = None
    """Why it did not hold; the others are not held up by it."""


def anchor_now(workspace: Workspace) -> tuple[int, list[Anchored]]:
    """Make a checkpoint and have every configured anchor vouch for it.

    Parameters
    ----------
    workspace : Workspace
        Its settings name the anchors.

    Returns
    -------
    size : int
        Entries under the checkpoint.
    anchored : list of Anchored
        One for each anchor; what it returned is kept beside the checkpoint.

    Raises
    ------
    EvidenceBroken
        If the log does not begin with what was signed before.
    Unavailable
        If the log cannot be written.
    InvalidInput
        If the settings of an anchor cannot be used.
    NotFound
        If the authority's certificate is missing.
    """
    log = workspace.log
    anchors = _anchors(workspace.settings, epoch_of(log))
    note = log.checkpoint()
    size = log.open_checkpoint(note).size
    done = []
    for anchor in anchors:
        try:
            log.keep_anchor(size, anchor.kind, anchor.anchor(note))
        except AnswerableError as error:
            done.append(Anchored(anchor.kind, anchor.where, error))
        else:
            done.append(Anchored(anchor.kind, anchor.where))
    return size, done


def has_anchors(settings: Settings) -> bool:
    """Return whether anything beside the outside head is asked to vouch for checkpoints.

    Parameters
    ----------
    settings : Settings
        Name a write-once folder, a timestamp authority, or neither.

    Returns
    -------
    bool
        True when at least one is named.
    """
    return bool(settings.write_once_dir or settings.timestamp_url)


def _anchors(settings: Settings, epoch: int) -> list[Anchor]:
    found: list[Anchor | None] = [write_once_folder(settings, epoch), timestamp_anchor(settings)]
    return [anchor for anchor in found if anchor is not None]
