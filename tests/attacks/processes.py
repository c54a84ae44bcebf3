"""Starts the child processes of the attacks on erasure and rotation."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.log_kit import SECOND, START

CHILDREN = Path(__file__).parent / "children"
_ONE_OF_TWO = CHILDREN / "one_of_two.py"


def started() -> str:
    """When this machine was started, for children whose log began at `START`."""
    return str(START + 60 * SECOND - time.monotonic_ns() // 1000)


def start_child(*arguments: str, script: Path = _ONE_OF_TWO) -> subprocess.Popen[str]:
    """Start a child and wait until its log is open."""
    child = subprocess.Popen(
        [sys.executable, str(script), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    if child.stdout.readline() != "ready\n":
        raise AssertionError(child.communicate()[1])
    return child


def let_go(*children: subprocess.Popen[str]) -> list[int]:
    """Let the children run at the same time; return how they ended."""
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    ended = []
    for child in children:
        _, errors = child.communicate(timeout=120)
        if child.returncode > 0:
            raise AssertionError(errors)
        ended.append(child.returncode)
    return ended
