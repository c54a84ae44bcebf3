"""When the next checkpoint is due: at most one an interval, and only when something was added.

Pure: the clock's readings are arguments, so that whoever runs the loop (a service, a test)
decides when to look. C2SP's logs publish about once a second: more often costs the outside
store a write for each and proves nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

__all__ = ["CheckpointPace"]


@dataclass(frozen=True, slots=True)
class CheckpointPace:
    """How far the last checkpoint reached, and when it was made.

    Parameters
    ----------
    interval_us : int
        Shortest time between two checkpoints, microseconds.
    signed_size : int
        Entries under the last checkpoint.
    signed_at : int or None
        When it was made, microseconds since 1970 UTC; None before the first.

    Examples
    --------
    >>> pace = CheckpointPace().made(10, now=5_000_000)
    >>> pace.is_due(10, now=9_000_000), pace.is_due(11, now=5_500_000)
    (False, False)
    >>> pace.is_due(11, now=6_000_000), pace.wait_us(11, now=5_500_000)
    (True, 500000)
    """

    interval_us: int = 1_000_000
    signed_size: int = 0
    signed_at: int | None = None

    def is_due(self, size: int, *, now: int) -> bool:
        """Return whether a checkpoint should be made now.

        Parameters
        ----------
        size : int
            Entries in the log.
        now : int
            Microseconds since 1970 UTC.

        Returns
        -------
        bool
            True when entries were added and the interval is over. A clock that went back never
            holds a checkpoint up.
        """
        return self.wait_us(size, now=now) == 0

    def wait_us(self, size: int, *, now: int) -> int | None:
        """Return how long to wait for the next checkpoint.

        Parameters
        ----------
        size : int
            Entries in the log.
        now : int
            Microseconds since 1970 UTC.

        Returns
        -------
        int or None
            Microseconds, 0 when it is due; None while there is nothing to sign.
        """
        if size <= self.signed_size:
            return None
        if self.signed_at is None or now < self.signed_at:
            return 0
        return max(self.signed_at + self.interval_us - now, 0)

    def made(self, size: int, *, now: int) -> Self:
        """Return the pace after a checkpoint of this size."""
        return replace(self, signed_size=size, signed_at=now)
