"""What must hold of a log after every fault, and the counts that are told of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from answerable.audit.log import Log
from answerable.audit.tree.merkle import Frontier
from answerable.audit.verify import verify_log

__all__ = ["FAULTS", "ROUNDS", "Receipts", "Tally"]

ROUNDS: Final = int(os.environ.get("ANSWERABLE_CRASH_ROUNDS", "3"))
"""How often a process is killed."""
FAULTS: Final = max(3, ROUNDS // 10)
"""How often a disk is full, and how often a connection is lost."""

Receipts = Mapping[str, tuple[int, bytes]]
"""Entry id to place and leaf hash, as they were acknowledged."""


@dataclass
class Tally:
    """What was counted over all rounds of one kind of fault."""

    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    forks: int = 0
    refused: int = 0
    """Appends that ended in an error and were asked again under the same id."""
    stored_all_the_same: int = 0
    """Those of them that were in the log already: the outcome had been unknown."""

    def said(self) -> str:
        return ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in asdict(self).items() if n)

    def count(self, log: Log, receipts: Receipts, *, before: str | None = None) -> str:
        """Compare a log with what it acknowledged and with its checkpoint before; return the next.

        Nothing may be lost (every receipt stands where it said), nothing forked (the places follow
        one another, the head is that of the entries, the checkpoint before is a prefix).
        """
        stored = log.stored()
        rows = list(stored.rows())
        here = {json.loads(row.header)["id"]: (row.seq, row.leaf) for row in rows}
        self.acknowledged = len(receipts)
        self.lost += sum(here.get(entry_id) != told for entry_id, told in receipts.items())
        frontier = Frontier().extend([row.leaf for row in rows])
        report = verify_log(
            iter(rows), origin=log.origin, vkey=log.vkey, checkpoint=before, stored=stored.state
        )
        whole = (
            [row.seq for row in rows] == list(range(log.size()))
            and (frontier.size, frontier.root()) == (stored.state.size, stored.state.root)
            and report.ok
            and report.anchored == (before is not None)
            and stored.findings_beside(cell_of=log.cell_of) == []
        )
        self.forks += not whole
        return log.checkpoint()
