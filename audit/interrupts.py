"""Signals wait until what must not be torn apart has ended.

Python runs signal handlers in the main thread, between any two steps: the ``KeyboardInterrupt``
that stops a cell of a notebook can arise between taking a connection and noting that it was taken.
Here the first signal of a kind is noted and handed to its handler at the end; a second one comes
through at once, so that nobody is shut in with a database that does not answer.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final

__all__ = ["SignalsWait"]

_Handler = Callable[[int, FrameType | None], Any]

_HELD_BACK: Final = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGALRM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGBREAK")
    if hasattr(signal, name)
)


class SignalsWait:
    """A block during which the handlers of signals wait; in other threads it does nothing.

    Nested blocks hand on to the outer one. A handler that raises does so at the end of the block,
    and what the block itself raised is then its context.

    Examples
    --------
    >>> told = []
    >>> before = signal.signal(signal.SIGTERM, lambda number, frame: told.append("handled"))
    >>> with SignalsWait():
    ...     signal.raise_signal(signal.SIGTERM)
    ...     told.append("done")
    >>> told
    ['done', 'handled']
    >>> _ = signal.signal(signal.SIGTERM, before)
    """

    __slots__ = ("_came", "_ended", "_handlers")

    def __init__(self) -> None:
        self._handlers: dict[int, _Handler] = {}
        self._came: dict[int, FrameType | None] = {}
        self._ended = False

    def __enter__(self) -> None:
        if threading.get_ident() != threading.main_thread().ident:
            return
        try:
            for number in _HELD_BACK:
                handler = signal.getsignal(number)
                if callable(handler):
                    # Noted first: to put back a handler that was never replaced does no harm.
                    self._handlers[number] = handler
                    signal.signal(number, self._note)
        except ValueError:  # the main thread of an interpreter that is told of no signals
            self._handlers.clear()
        except BaseException:
            self._put_back()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handlers:
            self._put_back()
            self._hand_on()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._ended or number in self._came:
            self._handlers[number](number, frame)
        else:
            self._came[number] = frame

    def _put_back(self) -> None:
        self._ended = True  # so that one left in place by a handler that raises here hands on
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _hand_on(self) -> None:
        """Call the handlers of what came; that one raises keeps no other from being called."""
        while self._came:
            number, frame = self._came.popitem()
            try:
                self._handlers[number](number, frame)
            except BaseException:
                self._hand_on()
                raise
