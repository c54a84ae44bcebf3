"""Looking after the log while the service runs: a thread that tries, notes and replays."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from answerable.audit.errors import AnswerableError
from answerable.audit.recorder import Recorder

__all__ = ["tending"]


@contextmanager
def tending(recorder: Recorder, *, every_seconds: float) -> Iterator[None]:
    """Tend a log at once and then regularly, while the block runs.

    Parameters
    ----------
    recorder : Recorder
        Whose log and spool.
    every_seconds : float
        How often.

    Yields
    ------
    None
        Nothing; the block runs.
    """
    stop = threading.Event()

    def work() -> None:
        tend_once(recorder)
        while not stop.wait(every_seconds):
            tend_once(recorder)

    thread = threading.Thread(target=work, name="log-tender", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def tend_once(recorder: Recorder) -> None:
    """Tend a log; what goes wrong is a log line, for the next round tries again."""
    logger = structlog.get_logger("answerable.log")
    try:
        report = recorder.tend()
    except AnswerableError as error:
        logger.warning("log tending failed", error_class=type(error).__name__, code=error.code)
        return
    if report.replayed or report.refused or report.torn:
        logger.info("spool replayed", count=report.replayed)
