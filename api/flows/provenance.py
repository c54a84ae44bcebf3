"""Which code and which environment stand behind a decision function.

Read at the door, so that the functions below take them as values.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

__all__ = ["CodeState", "code_state", "environment_lock"]

_GIT_SECONDS: Final = 10


@dataclass(frozen=True)
class CodeState:
    """The commit a folder stands at, and whether it holds changes beyond it.

    Attributes
    ----------
    commit : str
        40 hexadecimal digits, or ``unversioned``.
    dirty : bool
        True when files differ from the commit, or nothing is known about them.
    """

    commit: str
    dirty: bool


def code_state(folder: Path) -> CodeState:
    """Return the state of the git checkout that holds `folder`.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    CodeState
        ``unversioned`` and dirty where there is no checkout or no git.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return CodeState(commit="unversioned", dirty=True)
    return CodeState(commit=commit, dirty=bool(_git(folder, "status", "--porcelain")))


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        result = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            ["git", *arguments],  # noqa: S607 - the git of whoever registers
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def environment_lock() -> bytes:
    """Return the installed distributions, one ``name==version`` a line, sorted.

    Returns
    -------
    bytes
        The same bytes for the same environment; its digest is what a decision function
        names.
    """
    found = {
        f"{item.metadata['Name'].lower()}=={item.version}"
        for item in distributions()
        if item.metadata["Name"]
    }
    return ("\n".join(sorted(found)) + "\n").encode("utf-8")
