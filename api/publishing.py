"""Publishing while the service runs: checkpoints at their pace, anchors at a slower one.

A thread of its own, so that no caller waits for the outside head or for an authority. What fails
is a fact of the log's health, a metric and a log line; decisions go on, unless their release mode
asks for the outside head. The last round runs when the service stops: what was logged until then
is covered.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from answerable.api.flows.anchoring import anchor_now, has_anchors
from answerable.api.wiring import Workspace
from answerable.audit.anchors.pace import CheckpointPace
from answerable.audit.errors import AnswerableError
from answerable.audit.health import AnchorsAsked

__all__ = ["CheckpointRounds", "publishing"]

_US: Final = 1_000_000
_ANCHOR_RETRY_US: Final = 60 * _US


class CheckpointRounds:
    """Decides in each round what is due, and does it.

    Parameters
    ----------
    workspace : Workspace
        Its settings say how often.
    """

    def __init__(self, workspace: Workspace) -> None:
        settings = workspace.settings
        self._workspace = workspace
        self._checkpoints = CheckpointPace(settings.checkpoint_seconds * _US)
        self._anchors = CheckpointPace(settings.anchor_seconds * _US)
        self._with_anchors = has_anchors(settings)
        self._retry_seconds = max(settings.checkpoint_seconds, settings.tend_seconds)

    def run(self, *, last: bool = False) -> int:
        """Publish and anchor what is due; nothing is raised for what cannot be done now.

        Parameters
        ----------
        last : bool
            The service stops: whatever was added is due.

        Returns
        -------
        int
            Seconds until the next round.
        """
        if self._workspace.log.gap is not None:
            # Two persons end that, not the next round; the health says read_only meanwhile.
            return self._retry_seconds
        try:
            self._publish(last=last)
        except Exception as error:  # allow broad-except: the thread must live, and tells of it
            _say("checkpoint failed", error)
            return self._retry_seconds
        if self._with_anchors:
            self._anchor(last=last)
        return self._workspace.settings.checkpoint_seconds

    def _publish(self, *, last: bool) -> None:
        log, now = self._workspace.log, self._workspace.clock()
        if _is_due(self._checkpoints, log.size(), now=now, last=last):
            size = log.open_checkpoint(log.checkpoint()).size
            self._checkpoints = self._checkpoints.made(size, now=now)

    def _anchor(self, *, last: bool) -> None:
        now, pace, watch = self._workspace.clock(), self._anchors, self._workspace.log.watch
        if not _is_due(pace, self._checkpoints.signed_size, now=now, last=last):
            return
        try:
            size, done = anchor_now(self._workspace)
            errors: list[Exception] = [item.error for item in done if item.error is not None]
        except Exception as error:  # allow broad-except: the thread must live, and tells of it
            size, errors = pace.signed_size, [error]
        for failed in errors:
            _say("anchor failed", failed)
        if errors:
            # Asked again sooner than at the pace, and never in every round.
            soon = now - max(pace.interval_us - _ANCHOR_RETRY_US, 0)
            self._anchors = pace.made(pace.signed_size, now=soon)
        else:
            self._anchors = pace.made(size, now=now)
        watch.notice(AnchorsAsked(now, _code_of(errors[-1]) if errors else ""))


@contextmanager
def publishing(workspace: Workspace) -> Iterator[None]:
    """Publish at once, then at the pace of the settings, and once more at the end.

    Parameters
    ----------
    workspace : Workspace
        Opened; it must stay so until the block is left.

    Yields
    ------
    None
        Nothing; the block runs.
    """
    stop = threading.Event()
    rounds = CheckpointRounds(workspace)

    def work() -> None:
        wait = rounds.run()
        while not stop.wait(wait):
            wait = rounds.run()
        rounds.run(last=True)

    thread = threading.Thread(target=work, name="checkpoint-publisher", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _is_due(pace: CheckpointPace, size: int, *, now: int, last: bool) -> bool:
    return size > pace.signed_size if last else pace.is_due(size, now=now)


def _code_of(error: Exception) -> str:
    return error.code if isinstance(error, AnswerableError) else "internal"


def _say(what: str, error: Exception) -> None:
    structlog.get_logger("answerable.log").warning(
        what, error_class=type(error).__name__, code=_code_of(error)
    )
