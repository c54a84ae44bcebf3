"""A watched log with a spool beside it, and a database that can be taken away."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from answerable.audit.health import HealthState
from answerable.audit.recorder import Recorder, ReleaseMode
from answerable.audit.spool import Spool, SpoolStep, spool_key
from answerable.audit.watched import WatchedLog
from tests.log_kit import ORIGIN, LogKit

OPEN = ReleaseMode.FAIL_OPEN
CLOSED = ReleaseMode.LOG_BEFORE_RELEASE
SPOOL_LIMIT = 1_000_000


def _nothing(_step: SpoolStep) -> None:
    """Take no notice of the steps."""


@dataclass
class RecordingKit:
    """A log in a SQLite file, what records into it, and what made it."""

    kit: LogKit
    folder: Path
    log: WatchedLog
    spool: Spool
    recorder: Recorder

    @classmethod
    def create(cls, folder: Path, *, limit_bytes: int = SPOOL_LIMIT) -> Self:
        kit = LogKit.create(f"sqlite:///{folder / 'log.db'}?timeout=0")
        kit.log.close()
        return cls.over(kit, folder / "spool", limit_bytes=limit_bytes)

    @classmethod
    def over(cls, kit: LogKit, folder: Path, *, limit_bytes: int = SPOOL_LIMIT) -> Self:
        log = WatchedLog.open(kit.url, vault=kit.vault, clock=kit.clock, entropy=kit.entropy)
        key = spool_key(kit.vault.pepper(), ORIGIN)
        spool = Spool(folder, key=key, origin=ORIGIN, entropy=kit.entropy, limit_bytes=limit_bytes)
        kit.log = log
        return cls(kit, folder, log, spool, Recorder(log, spool, key=key))

    def restart(self) -> RecordingKit:
        """The same files, opened by another process."""
        self.log.close()
        return RecordingKit.over(self.kit, self.folder)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """The database is held by somebody else while the block runs."""
        path = self.kit.url.removeprefix("sqlite:///").partition("?")[0]
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            holder.execute("ROLLBACK")
            holder.close()

    def state(self) -> HealthState:
        return self.recorder.health.state

    def frames(self) -> list[Path]:
        return sorted(self.folder.glob("*.frame"))
