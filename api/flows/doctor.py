"""Is this installation able to keep its promises? Checks that change nothing.

Each check says what was found and what to do; one that cannot be made says so and counts
as a warning, never as good.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, Literal, cast

from pydantic import JsonValue

from answerable.api.flows.doctor_anchors import anchor_checks
from answerable.api.flows.doctor_keys import key_checks
from answerable.api.settings import Settings
from answerable.api.wiring import open_workspace, system_entropy
from answerable.audit.errors import AnswerableError
from answerable.audit.guarding import inspect_enforcement
from answerable.audit.stored import stored_log

__all__ = ["Check", "DoctorReport", "examine", "examine_database"]

State = Literal["good", "warning", "bad"]

_EXTRAS: Final = {
    "data": "pandas",
    "fairness": "fairlearn",
    "explain": "shap",
    "models": "xgboost",
    "privacy": "presidio_analyzer",
    "api": "fastapi",
    "postgres": "psycopg",
    "timestamp": "rfc3161_client",
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    advice: str


@dataclass(frozen=True)
class DoctorReport:
    """All checks; `ok` is False when one of them is bad."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is bad."""
        return all(check.state != "bad" for check in self.checks)

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        checks = [
            {"name": item.name, "state": item.state, "advice": item.advice} for item in self.checks
        ]
        return {"ok": self.ok, "checks": cast("list[JsonValue]", checks)}


def examine(settings: Settings) -> DoctorReport:
    """Examine an installation.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    DoctorReport
        Checks of keys, database, opening, enforcement, anchors, clock, modes, optional parts.
    """
    return DoctorReport(
        (
            *(Check(*found) for found in key_checks(settings, entropy=system_entropy)),
            _tried("database", lambda: _database(settings)),
            _tried("log and keys belong together", lambda: _opening(settings)),
            *_enforcement(settings),
            *(Check(*found) for found in anchor_checks(settings)),
            _clock_source(settings),
            _release_mode(settings),
            *(_extra(name, module) for name, module in _EXTRAS.items()),
        )
    )


def examine_database(settings: Settings) -> DoctorReport:
    """Examine the log's database alone: its schema, and what enforces append-only there.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    DoctorReport
        Without the keys: an auditor's role is enough.

    Raises
    ------
    NotFound
        If there is no log.
    Unavailable
        If the schema is older or newer; the message says what to run.
    """
    stored_log(settings.database_url).close()
    return DoctorReport((Check("schema", "good", "current"), *_enforcement(settings)))


def _tried(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, "good", check())
    except AnswerableError as error:
        return Check(name, "bad", str(error))


def _database(settings: Settings) -> str:
    stored = stored_log(settings.database_url)
    stored.close()
    return f"schema current, {stored.state.size} entries"


def _opening(settings: Settings) -> str:
    with open_workspace(settings) as workspace:
        return f"log {workspace.log.origin}"


def _enforcement(settings: Settings) -> tuple[Check, ...]:
    try:
        facts = inspect_enforcement(settings.database_url)
    except AnswerableError as error:
        return (Check("append-only enforcement", "bad", str(error)),)
    return tuple(Check(fact.name, fact.state, fact.advice) for fact in facts)


def _clock_source(settings: Settings) -> Check:
    if settings.clock_source:
        return Check(
            "clock",
            "good",
            f"stated reference: {settings.clock_source}; a step back is an entry in the log",
        )
    return Check(
        "clock",
        "warning",
        "Synchronise this machine's clock and state the reference: ANSWERABLE_CLOCK_SOURCE",
    )


def _release_mode(settings: Settings) -> Check:
    modes = {settings.release_mode, *settings.release_modes.values()}
    name = "release mode"
    if "fail_open" not in modes:
        return Check(name, "good", f"{', '.join(sorted(modes))}: no receipt, no decision")
    if settings.database_file is None and not settings.state_url:
        return Check(
            name,
            "bad",
            "fail_open, but API keys lie in the log's own server and cannot be checked while it is "
            "away: set ANSWERABLE_STATE_URL to a database of its own",
        )
    return Check(
        name,
        "warning",
        f"fail_open: decisions wait in {settings.spool_dir} during an outage, encrypted; leave "
        "that folder out of every backup",
    )


def _extra(name: str, module: str) -> Check:
    if find_spec(module) is None:
        return Check(f"extra {name}", "warning", f"pip install 'answerable[{name}]'")
    return Check(f"extra {name}", "good", "installed")
