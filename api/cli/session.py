"""How a command finds its log: options, environment, and a settings file beside the log.

Order, first wins: the ``--db`` option, environment variables ``ANSWERABLE_*``, the file
named by ``ANSWERABLE_CONFIG``, ``answerable.toml`` beside the SQLite log that ``--db``
names, ``answerable.toml`` in the current folder. Relative paths in such a file are
relative to the file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from answerable.audit.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from answerable.api.actor import ActorContext
    from answerable.api.settings import Settings
    from answerable.api.wiring import Workspace

__all__ = [
    "DatabaseOption",
    "HtmlOption",
    "JsonOption",
    "PurposeOption",
    "micros_of",
    "open_session",
    "settings_for",
]

DatabaseOption = Annotated[
    str | None,
    typer.Option("--db", metavar="URL", help="SQLAlchemy URL of the log."),
]
JsonOption = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write the whole result as JSON; - for stdout."),
]
HtmlOption = Annotated[
    str | None, typer.Option("--html", metavar="FILE", help="Write a report with charts.")
]
PurposeOption = Annotated[
    str,
    typer.Option(
        "--purpose", help="Why personal data is read: a code such as gdpr-art-15; it is logged."
    ),
]

_FILE_NAME: Final = "answerable.toml"
_PREFIX: Final = "ANSWERABLE_"
_SQLITE: Final = "sqlite:///"
_PATHS: Final = (
    "key_dir", "kms_dir", "artefact_dir", "spool_dir", "head_file", "write_once_dir",
    "timestamp_certificate",
)  # fmt: skip


def micros_of(moment: datetime) -> int:
    """Return a time given on the command line in microseconds; without a zone it is UTC.

    Parameters
    ----------
    moment : datetime
        As typed.

    Returns
    -------
    int
        Microseconds since 1970.

    Examples
    --------
    >>> micros_of(datetime(1970, 1, 2))
    86400000000
    """
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def settings_for(database_url: str | None) -> Settings:
    """Return the settings for a command.

    Parameters
    ----------
    database_url : str or None
        Value of ``--db``.

    Returns
    -------
    Settings
        Frozen settings.

    Raises
    ------
    InvalidInput
        If the settings file or a setting is not usable.
    NotFound
        If ``ANSWERABLE_CONFIG`` names a file that does not exist.
    """
    from answerable.api.settings import load_settings

    given: dict[str, object] = {}
    file = _settings_file(database_url)
    if file is not None:
        given.update(
            (name, value)
            for name, value in _read(file).items()
            if f"{_PREFIX}{name.upper()}" not in os.environ
        )
    if database_url is not None:
        given["database_url"] = database_url
    return load_settings(**given)


def _settings_file(database_url: str | None) -> Path | None:
    named = os.environ.get(f"{_PREFIX}CONFIG")
    if named:
        if not Path(named).is_file():
            raise NotFound("no such settings file", where=f"{_PREFIX}CONFIG")
        return Path(named)
    folders = [Path()]
    named_url = database_url or os.environ.get(f"{_PREFIX}DATABASE_URL", "")
    if named_url.startswith(_SQLITE):
        folders.insert(0, Path(named_url.removeprefix(_SQLITE)).parent)
    files = (folder / _FILE_NAME for folder in folders)
    return next((file for file in files if file.is_file()), None)


def _read(file: Path) -> dict[str, object]:
    try:
        values: dict[str, object] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise InvalidInput(
            "the settings file cannot be read as TOML", where=str(file), remedy="Mend or remove it."
        ) from None
    for name in _PATHS:
        if isinstance(path := values.get(name), str) and path:
            values[name] = file.parent / path
    for name in ("database_url", "state_url", "head_url", "key_url"):
        url = values.get(name)
        if isinstance(url, str) and url.startswith(_SQLITE) and not url.startswith(_SQLITE + "/"):
            values[name] = f"{_SQLITE}{file.parent / url.removeprefix(_SQLITE)}"
    return values


@contextmanager
def open_session(database_url: str | None) -> Iterator[tuple[Workspace, ActorContext]]:
    """Open the log a command works on, and close it afterwards.

    Parameters
    ----------
    database_url : str or None
        Value of ``--db``.

    Yields
    ------
    tuple of Workspace and ActorContext
        The workspace and the actor the command line acts as.
    """
    from answerable.api.wiring import local_actor, open_workspace

    with open_workspace(settings_for(database_url)) as workspace:
        yield workspace, local_actor(workspace)
