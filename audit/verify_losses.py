"""Part of the verifier: losses that the log itself records, told beside what shows them.

A recovery never makes a lost checkpoint fit: the finding stays, and names the entry in which
two persons said so. Like :mod:`.verify` it uses the standard library alone and raises nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from answerable.audit.verify_tree import span_of

__all__ = ["RecordedLosses"]

_Find = Callable[[str, str, str], None]
_FindHead = Callable[[int, int, str], None]


class RecordedLosses:
    """What the recovery entries of a log say was lost."""

    def __init__(self) -> None:
        self._losses: list[tuple[int, int, str]] = []

    def take(self, name: str, header: dict[str, object], part: bytes | None) -> None:
        """Read an entry, whose part was compared with its header.

        Parameters
        ----------
        name : str
            How the entry is named in findings.
        header : dict
            Its header.
        part : bytes or None
            Its first stored part.
        """
        if header.get("kind") != "log.recovered" or part is None:
            return
        try:
            said = json.loads(part.decode("utf-8"))
        except (ValueError, RecursionError):
            return
        fields = said if isinstance(said, dict) else {}
        first, end = fields.get("first_lost"), fields.get("lost_size")
        if isinstance(first, int) and isinstance(end, int) and 0 <= first < end:
            self._losses.append((first, end, name))

    def telling(self, find: _Find) -> _FindHead:
        """Return how a signed head that does not fit is told.

        Parameters
        ----------
        find : callable
            Takes layer, entry and what is wrong.

        Returns
        -------
        callable
            Takes the size that was signed, the first entry it may not fit and what is wrong.
        """

        def told(size: int, begin: int, what: str) -> None:
            # Entries written since may stand where lost ones stood, so what is recorded can be
            # more than what is seen to be missing. It never makes the finding smaller.
            losses = [loss for loss in self._losses if loss[0] < size <= loss[1]]
            begin = min([begin, *(first for first, _, _ in losses)])
            end = max([size, *(end for _, end, _ in losses)])
            for first, last, name in losses:
                what += f"; entry {name} records the loss of {span_of(first, last)}"
            find("checkpoint", span_of(begin, end) if begin < end else "", what)

        return told
