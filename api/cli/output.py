"""What commands print: results to stdout, progress and errors to stderr, JSON for machines.

Rich is imported when something is printed, so that ``--help`` stays quick.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from answerable.api.private_files import not_written, write_private
from answerable.api.wording import counted

if TYPE_CHECKING:
    from pydantic import JsonValue
    from rich.console import Console

__all__ = [
    "complain", "counted", "note", "progress_bar", "say", "status", "table", "utc",
    "write_json", "write_private_text", "write_text",
]  # fmt: skip


@cache
def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def say(*lines: str) -> None:
    """Print lines to stdout without interpreting markup in them."""
    for line in lines:
        _console(stderr=False).print(line, markup=False, soft_wrap=True)


def note(message: str) -> None:
    """Print a line to stderr that belongs to no result."""
    _console(stderr=True).print(message, markup=False, soft_wrap=True)


def utc(micros: int) -> str:
    """Return a time in microseconds since 1970 as a person reads it, to the second.

    Returns
    -------
    str
        ISO 8601, UTC.

    Examples
    --------
    >>> utc(1_796_127_740_980_452)
    '2026-12-01T12:22:20Z'
    """
    return f"{datetime.fromtimestamp(micros // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def complain(message: str) -> None:
    """Print an error to stderr, uncoloured when stderr is no terminal."""
    _console(stderr=True).print("error: ", style="bold red", end="")
    _console(stderr=True).print(message, markup=False, soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table to stdout; no word is broken, so that an id can be copied."""
    from answerable.api.tables import print_table

    print_table(_console(stderr=False), title, columns, rows)


def write_json(target: str | None, result: JsonValue) -> bool:
    """Write a whole result as JSON, for its owner alone: many results tell about persons.

    Parameters
    ----------
    target : str or None
        A path, ``-`` for stdout, or None for nothing.
    result : JsonValue

    Returns
    -------
    bool
        True when stdout was used, so that the caller prints nothing else there.

    Raises
    ------
    Unavailable
        If the file cannot be written.
    """
    if target is None:
        return False

    import orjson

    data = orjson.dumps(result, option=orjson.OPT_INDENT_2) + b"\n"
    if target == "-":
        sys.stdout.write(data.decode("utf-8"))
        return True
    write_private(Path(target), data)
    return False


def write_text(target: str | None, text: str) -> None:
    """Write a report that holds no personal data when a target is given.

    Raises
    ------
    Unavailable
        If the file cannot be written.
    """
    if target is not None:
        _write(Path(target), text.encode("utf-8"))


def write_private_text(target: str | None, text: str) -> None:
    """Write what is about a person, for its owner alone, when a target is given.

    Raises
    ------
    Unavailable
        If the file cannot be written.
    """
    if target is not None:
        write_private(Path(target), text.encode("utf-8"))


def _write(path: Path, data: bytes) -> None:
    # A reader never sees half a report: the file appears whole or not at all.
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise not_written(path, error) from None


@contextmanager
def status(message: str) -> Iterator[None]:
    """Show a spinner on stderr while something short runs."""
    with _console(stderr=True).status(message):
        yield


@contextmanager
def progress_bar(message: str, total: int | None) -> Iterator[Callable[..., None]]:
    """Show a progress bar on stderr; yields a function that takes what is done and of how many."""
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    console = _console(stderr=True)
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task(message, total=total)
        yield lambda done, total=None: bar.update(task, completed=done, total=total)
