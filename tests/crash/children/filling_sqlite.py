"""A process inside the namespace of a small disk: a SQLite log on it is filled again and again.

Run as a module with the folder where the disk is mounted, how often, and where to write the counts.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.crash.filling import fill_again_and_again
from tests.log_kit import LogKit


def main(disk: str, rounds: str, out: str) -> None:
    kit = LogKit.create(f"sqlite:///{disk}/log.db")
    tally = fill_again_and_again(kit, Path(disk), int(rounds))
    kit.log.close()
    Path(out).write_text(json.dumps(asdict(tally)), encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
