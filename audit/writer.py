"""The one place that commits changes to a log: turns, one at a time in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from answerable.audit.entries import Draft, Receipt
from answerable.audit.errors import EvidenceBroken, TooLarge
from answerable.audit.identity import Scribe
from answerable.audit.store.database import Database
from answerable.audit.store.failures import ConnectionLost
from answerable.audit.turn import Turn

__all__ = ["MAX_BATCH", "Writer"]

T = TypeVar("T")

MAX_BATCH: Final = 10_000


class Writer:
    """Runs turns, one at a time in this process.

    Parameters
    ----------
    database : Database
        The log's database.
    scribe : Scribe
        Who writes.
    """

    def __init__(self, database: Database, scribe: Scribe) -> None:
        self.scribe = scribe
        self._database = database
        # Threads take turns here: left to the database's own lock, some of them starve.
        self._lock = threading.Lock()
        self._seen = 0

    def append_many(self, drafts: Sequence[Draft]) -> list[Receipt]:
        """Append all drafts in one transaction, or none.

        Returns
        -------
        list of Receipt
            In the order of the drafts.

        Raises
        ------
        TooLarge
            If there are more than 10,000.
        """
        if len(drafts) > MAX_BATCH:
            raise TooLarge(
                f"{len(drafts)} entries at once, the limit is {MAX_BATCH}",
                where="append_many",
                remedy="Append them in several calls.",
            )

        def place_all(turn: Turn) -> list[Receipt]:
            turn.expect(drafts)
            return [turn.place(draft) for draft in drafts]

        if not drafts:
            return []
        try:
            return self.run(place_all)
        except ConnectionLost:
            # Perhaps it was committed: the same entry ids say so, and give the same receipts.
            return self.run(place_all)

    def run(self, step: Callable[[Turn], T]) -> T:
        """Run one turn.

        Parameters
        ----------
        step : Callable[[Turn], T]
            What to do once the head is claimed.

        Returns
        -------
        T
            What `step` returned, once committed.

        Raises
        ------
        EvidenceBroken
            If the log is shorter than this process has seen it.
        """
        with self._lock:
            with self._database.write() as connection:
                turn = Turn(connection, self.scribe)
                if turn.head.size < self._seen:
                    raise EvidenceBroken(
                        f"the log had {self._seen} entries and now has {turn.head.size}",
                        where="log head",
                        remedy="It was cut or restored underneath: verify it against the last"
                        " checkpoint outside.",
                    )
                result = step(turn)
                head = turn.finish()
            self._seen = head.size
            return result
