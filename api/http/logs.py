"""Log lines: JSON, with allow-listed fields only, to standard error.

A field that is not on the list is dropped, whoever passes it: so no body, header, path or
person can reach a log line by mistake.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

from answerable.audit.health import Event, Health, HealthState

__all__ = ["ALLOWED_FIELDS", "configure_logs", "say_state"]

ALLOWED_FIELDS: Final = frozenset(
    {
        "event", "level", "timestamp", "method", "route", "status", "duration_ms", "request_id",
        "actor_role", "error_class", "origin", "size", "port", "component", "state", "count",
        "code",
    }
)  # fmt: skip


class _StandardError:
    """Writes lines to what standard error is at that moment."""

    def __init__(self, *_names: object) -> None:
        pass

    def msg(self, line: str) -> None:
        """Write one line."""
        sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = msg


def configure_logs(level: str, *, clock: Callable[[], int]) -> None:
    """Set up structured log lines for this process.

    Parameters
    ----------
    level : str
        ``debug``, ``info``, ``warning`` or ``error``.
    clock : Callable[[], int]
        Microseconds since 1970, UTC.
    """

    def stamped(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        now = datetime.fromtimestamp(clock() / 1_000_000, tz=UTC)
        return {**event, "timestamp": now.isoformat(timespec="milliseconds")}

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            stamped,
            _only_allowed,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=_StandardError,
        cache_logger_on_first_use=False,
    )


def _only_allowed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: value for name, value in event.items() if name in ALLOWED_FIELDS}


def say_state(before: Health, _event: Event, now: Health) -> None:
    """Write one line when logging fails, degrades or works again.

    Parameters
    ----------
    before : Health
        Before the event.
    now : Health
        After it.
    """
    if now.state is before.state:
        return
    logger = structlog.get_logger("answerable.log")
    state, code, count = now.state.value, now.cause, now.waiting
    if now.state is HealthState.RECORDING:
        logger.info("log state", state=state, code=code, count=count)
    else:
        logger.error("log state", state=state, code=code, count=count)
