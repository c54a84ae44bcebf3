"""Part of the verifier: losses that the log itself records, told beside what shows them.

A recovery never makes a lost checkpoint fit: the finding stays, and names the entry in which
two persons said so. Like :mod:`.verify` it uses the standard library alone and raises nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable

__all__ = ["RecordedLosses"]

_Find = Callable[[str, str, str], None]
_FindHead = Callable[[int, str, str], None]


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
        if isinstance(first, int) and isinstance(end, int):
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
            Takes the size that was signed, entry and what is wrong.
        """

        def told(size: int, entry: str, what: str) -> None:
            names = [name for first, end, name in self._losses if first < size <= end]
            find(
                "checkpoint", entry, what + "".join(f"; entry {n} records the loss" for n in names)
            )

        return told
