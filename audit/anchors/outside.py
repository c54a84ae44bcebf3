"""What stands outside: heads moved by compare-and-swap, and anchors that vouch for checkpoints.

A store that obeys :class:`OutsideHead` makes two promises. What `swap` was given is there after
a power cut once `swap` has returned; and of two swaps from the same old note at most one
succeeds, in however many threads and processes. It does not judge notes: a note is text to it.
"""

from __future__ import annotations

import threading
from typing import Protocol

from answerable.audit.errors import Conflict

__all__ = ["Anchor", "MemoryHead", "OutsideHead", "head_moved"]


class OutsideHead(Protocol):
    """Where the newest signed checkpoint is kept outside the log's database."""

    @property
    def where(self) -> str:
        """The place, without credentials."""

    def read(self) -> str | None:
        """Return the note that is kept.

        Returns
        -------
        str or None
            None before the first, or when it was lost.

        Raises
        ------
        Unavailable
            If the store cannot be read.
        """

    def swap(self, old: str | None, new: str) -> None:
        """Put a note in the place of another.

        Parameters
        ----------
        old : str or None
            What :meth:`read` gave.
        new : str
            What is kept from now on.

        Raises
        ------
        Conflict
            If something else than `old` is kept; nothing was changed.
        Unavailable
            If the store cannot be written; what is kept then is `old` or `new`.
        """

    def close(self) -> None:
        """Give connections back; it may be used again."""


class Anchor(Protocol):
    """Whoever is shown a checkpoint and returns what proves that it was."""

    @property
    def kind(self) -> str:
        """How what it returns is called where it is kept."""

    @property
    def where(self) -> str:
        """The place, without credentials."""

    def anchor(self, note: str) -> bytes:
        """Return what proves that a checkpoint was shown there.

        Parameters
        ----------
        note : str
            The signed note.

        Returns
        -------
        bytes
            Kept as they are.

        Raises
        ------
        AnswerableError
            If it cannot be reached, refuses, or finds the checkpoint wrong.
        """


class MemoryHead:
    """An outside head in memory, for tests and notebooks: it goes with the process.

    Examples
    --------
    >>> head = MemoryHead()
    >>> head.swap(None, "first")
    >>> head.read()
    'first'
    """

    def __init__(self, note: str | None = None) -> None:
        self._note = note
        self._lock = threading.Lock()

    @property
    def where(self) -> str:
        """The place."""
        return "memory"

    def read(self) -> str | None:
        """Return the note that is kept."""
        return self._note

    def swap(self, old: str | None, new: str) -> None:
        """Put a note in the place of another.

        Raises
        ------
        Conflict
            If something else than `old` is kept.
        """
        with self._lock:
            if self._note != old:
                raise head_moved(self.where)
            self._note = new

    def close(self) -> None:
        """Do nothing."""


def head_moved(where: str) -> Conflict:
    """Return the error for a swap from a note that is not there."""
    return Conflict(
        "the outside head is not the one that was read",
        where=where,
        remedy="Read it again; another process moved it, or somebody exchanged it.",
    )
