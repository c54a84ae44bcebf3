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

from answerable.api.flows.doctor_keys import key_checks
from answerable.api.settings import Settings
from answerable.api.wiring import open_workspace, system_entropy
from answerable.audit.errors import AnswerableError
from answerable.audit.stored import stored_log, upgrade_log

__all__ = ["Check", "DoctorReport", "check_schema", "examine", "upgrade_schema"]

State = Literal["good", "warning", "bad"]

_EXTRAS: Final = {
    "data": "pandas",
    "fairness": "fairlearn",
    "explain": "shap",
    "models": "xgboost",
    "privacy": "presidio_analyzer",
    "api": "fastapi",
    "postgres": "psycopg",
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
        Checks of keys, database, opening, enforcement and optional parts.
    """
    return DoctorReport(
        (
            *(Check(*found) for found in key_checks(settings, entropy=system_entropy)),
            _tried("database", lambda: _database(settings)),
            _tried("log and keys belong together", lambda: _opening(settings)),
            _enforcement(settings),
            *(_extra(name, module) for name, module in _EXTRAS.items()),
        )
    )


def upgrade_schema(settings: Settings) -> str:
    """Bring the log's database to this version's schema.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    str
        ``current``.

    Raises
    ------
    NotFound
        If there is no database.
    Unavailable
        If it is newer, locked, full or read-only.
    """
    upgrade_log(settings.database_url)
    return check_schema(settings)


def check_schema(settings: Settings) -> str:
    """Check that the log's database has this version's schema.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    str
        ``current``.

    Raises
    ------
    NotFound
        If there is no log.
    Unavailable
        If the schema is older or newer; the message says what to run.
    """
    stored_log(settings.database_url).close()
    return "current"


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


def _enforcement(settings: Settings) -> Check:
    if settings.database_file is not None:
        what = (
            "Triggers stop changes through this application; whoever may write the file can "
            "drop them. Keep checkpoints elsewhere: answerable log head --out FILE"
        )
    else:
        what = (
            "Triggers and grants stop the writer; the owner of the database can drop them. "
            "Keep checkpoints elsewhere: answerable log head --out FILE"
        )
    return Check("append-only enforcement", "warning", what)


def _extra(name: str, module: str) -> Check:
    if find_spec(module) is None:
        return Check(f"extra {name}", "warning", f"pip install 'answerable[{name}]'")
    return Check(f"extra {name}", "good", "installed")
