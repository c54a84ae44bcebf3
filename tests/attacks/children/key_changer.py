"""A process that rotates keys of a log and dies at a step.

Run by path with: bucket|signing, database URL, key directory, when this machine was started
(microseconds, as the log counts them), the step at which to die, and for `bucket` its number.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from enum import StrEnum

from answerable.api.wiring import system_entropy
from answerable.audit.keys.vault import FileVault
from answerable.audit.log import Log
from answerable.audit.records import Role

ACTOR = "a-" + "1" * 32


def main(what: str, url: str, keys: str, *more: str) -> None:
    started, die_at = more[:2]

    def clock() -> int:
        return int(started) + time.monotonic_ns() // 1000

    def reached(step: StrEnum) -> None:
        if step.value == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    log = Log.open(url, vault=FileVault(keys), clock=clock, entropy=system_entropy)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    if what == "bucket":
        log.rotate_bucket(int(more[2]), reached=reached)
    else:
        log.rotate_signing_key(ACTOR, Role.ADMIN, reached=reached)
    log.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
