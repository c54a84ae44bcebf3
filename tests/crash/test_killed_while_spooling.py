"""A process is killed between the steps of spooling and replaying: nothing acknowledged is lost."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from answerable.audit.keys.vault import FileVault
from answerable.audit.kinds import EntryKind
from answerable.audit.spool import SpoolStep
from tests.attacks.processes import let_go, started
from tests.log_kit import SECOND, LogKit
from tests.recording_kit import RecordingKit

CHILD = Path(__file__).parent / "children" / "spooling.py"
COUNT = 6


class Bank:
    """A log whose database is held by somebody else, and a process that decides."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'log.db'}?timeout=0"
        self.kit = LogKit.create(self.url, keys=folder / "keys")
        self.kit.log.close()

    def run(self, what: str, step: SpoolStep | None, after: int) -> int:
        """Run the child until it ends or dies at the step; return its exit code."""
        child = subprocess.Popen(
            [
                sys.executable,
                str(CHILD),
                what,
                self.url,
                str(self.folder / "keys"),
                str(self.folder / "spool"),
                str(COUNT),
                str(self.folder / "acknowledged"),
                started(),
                step.value if step is not None else "",
                str(after),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        if child.stdout.readline() != "ready\n":
            raise AssertionError(child.communicate()[1])
        return let_go(child)[0]

    def spool_in_an_outage(self, step: SpoolStep | None, after: int) -> int:
        holder = sqlite3.connect(self.folder / "log.db", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        ended = self.run("spool", step, after)
        holder.execute("ROLLBACK")
        holder.close()
        return ended

    def acknowledged(self) -> list[str]:
        path = self.folder / "acknowledged"
        lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
        assert all(line.endswith(" True") for line in lines)
        return [line.split()[0] for line in lines]

    def brought_back(self) -> RecordingKit:
        """Open everything in a process that lives, and bring the spool into the log."""
        self.kit.clock.now += 3600 * SECOND
        self.kit.vault = FileVault(self.folder / "keys")
        kit = RecordingKit.over(self.kit, self.folder / "spool")
        assert kit.recorder.tend().finished
        assert {path.name for path in (self.folder / "spool").rglob("*")} <= {"lock", "outage"}
        return kit


# Files in the order they are written: the seal, a frame, the note of the outage, more frames.
@pytest.mark.parametrize(
    ("file", "acknowledged", "durable"),
    [(1, 0, 0), (2, 0, 0), (3, 0, 1), (6, 3, 3)],
    ids=["seal", "frame", "note", "fourth-frame"],
)
@pytest.mark.parametrize("step", [SpoolStep.WRITTEN, SpoolStep.NAMED])
def test_killed_while_spooling(
    tmp_path: Path, step: SpoolStep, file: int, acknowledged: int, durable: int
) -> None:
    bank = Bank(tmp_path)
    assert bank.spool_in_an_outage(step, file) == -signal.SIGKILL
    assert len(bank.acknowledged()) == acknowledged
    kit = bank.brought_back()
    decisions = [entry.id for entry in kit.log.entries(kinds=(EntryKind.DECISION,))]
    # What was durable and not yet acknowledged is there too: its caller asks again by its id.
    assert decisions[:acknowledged] == bank.acknowledged()
    named_frame = step is SpoolStep.NAMED and file in {2, 6}
    assert len(decisions) == durable + named_frame
    noted = file > 3 or (file, step) == (3, SpoolStep.NAMED)
    assert len(kit.log.entries(kinds=(EntryKind.LOGGING_FAILED,))) == noted
    assert kit.kit.verify().ok
    kit.log.close()


@pytest.mark.parametrize(
    ("step", "after"),
    [(SpoolStep.APPENDED, 1), (SpoolStep.REMOVED, 1), (SpoolStep.REMOVED, COUNT)],
)
def test_killed_while_replaying(tmp_path: Path, step: SpoolStep, after: int) -> None:
    bank = Bank(tmp_path)
    assert bank.spool_in_an_outage(None, 0) == 0
    assert len(bank.acknowledged()) == COUNT
    assert bank.run("replay", step, after) == -signal.SIGKILL
    kit = bank.brought_back()
    decisions = [entry.id for entry in kit.log.entries(kinds=(EntryKind.DECISION,))]
    assert decisions == bank.acknowledged()
    assert len(kit.log.entries(kinds=(EntryKind.LOGGING_FAILED,))) == 1
    assert kit.log.entries(kinds=(EntryKind.SPOOL_REFUSED,)) == []
    assert kit.kit.verify().ok
    kit.log.close()
