"""The time of a turn: never before the last entry's, whatever the machine's clock does.

A step back of up to 5 s is taken and recorded; a larger one is refused, because somebody must look.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from answerable.audit.errors import ClockError
from answerable.audit.records import ClockStepped

__all__ = ["TurnClock"]

TOLERATED_STEP_US: Final = 5_000_000
NOTED_STEP_US: Final = 100_000
"""Clocks of two hosts differ by less than this; a larger step back is recorded as an entry."""


class TurnClock:
    """One reading of the clock for all entries of a turn.

    Parameters
    ----------
    clock : Callable[[], int]
        Microseconds since 1970 UTC.
    last : int
        Time of the last entry.
    noted : int
        Up to which time a step was recorded already.
    """

    def __init__(self, clock: Callable[[], int], *, last: int, noted: int) -> None:
        self._clock = clock
        self._last = last
        self.noted = noted
        self._ts: int | None = None
        self._back = 0
        self.stepped = False
        """Whether the step back of this reading is large enough to be recorded."""

    @property
    def ts(self) -> int:
        """The time of this turn's entries, microseconds.

        Raises
        ------
        ClockError
            If the clock stepped back by more than 5 s.
        """
        if self._ts is None:
            now = self._clock()
            self._back = max(self._last - now, 0)
            if self._back > TOLERATED_STEP_US:
                raise ClockError(
                    f"the clock is {self._back / 1e6:.1f} s behind the last entry",
                    where="clock",
                    remedy="At most 5 s are tolerated: correct this machine's clock.",
                )
            self._ts = max(now, self._last)
            self.stepped = self._back > NOTED_STEP_US
        return self._ts

    def unnoted_step(self) -> ClockStepped | None:
        """Return the record of a step back that nothing records yet, once a step.

        Returns
        -------
        ClockStepped or None
            Noted from now on.
        """
        ts = self.ts
        if not self.stepped or ts <= self.noted:
            return None
        self.noted = ts
        return ClockStepped(back_us=self._back, kept_at=ts)
