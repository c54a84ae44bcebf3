"""A process that runs an approved removal and is killed in the middle of it.

Run as a module with: database URL, key directory, the time, a file with the approval, and where
to die: a piece of SQL after whose first execution, or ``commit`` for just before the commit.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from answerable.audit.keys.vault import FileVault
from answerable.audit.log import Log
from answerable.audit.records import RetentionApproval
from tests.log_kit import LogKit, SeededEntropy, SteppedClock
from tests.retention_kit import RetainedLog


def main(url: str, keys: str, now: str, approval: str, where: str) -> None:
    vault, clock, entropy = FileVault(Path(keys)), SteppedClock(int(now)), SeededEntropy("child")
    log = Log.open(url, vault=vault, clock=clock, entropy=entropy)
    engine = log._database._engine
    seen: list[str] = []

    def executed(*arguments: object) -> None:
        statement = str(arguments[2])
        seen.append(statement)
        if where != "commit" and where in statement:
            os.kill(os.getpid(), signal.SIGKILL)

    def committing(_connection: object) -> None:
        if where == "commit" and any("DELETE FROM" in statement for statement in seen):
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "after_cursor_execute", executed)
    event.listen(engine, "commit", committing)
    kit = LogKit(url, vault, clock, entropy, log)
    signed = RetentionApproval.from_json(Path(approval).read_bytes())
    retained = RetainedLog(kit, signed.approver, most=256)
    retained.run(retained.order(signed))


if __name__ == "__main__":
    main(*sys.argv[1:])
