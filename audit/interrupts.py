"""Signals wait until what must not be torn apart has ended.

Python runs signal handlers in the main thread, between any two steps: the ``KeyboardInterrupt``
that stops a cell of a notebook can arise between taking a connection and noting that it was taken.
Here the first signal of a kind is noted and handed to its handler at the end; a second one comes
through as soon as Python runs, so that nobody is shut in with a database that does not answer.
(SQLite waits for a lock outside Python: up to its timeout.)
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
            try:
                self._put_back()
            finally:
                try:
                    self._hand_on()
                finally:
                    self._hand_on()  # an interrupt may come as the first one begins

    def _note(self, number: int, frame: FrameType | None) -> None:
        if _while_replacing(frame):
            self._came.setdefault(number, frame)  # a few steps before all is handed on
        elif self._ended or number in self._came:
            self._handlers[number](number, frame)
        else:
            self._came[number] = frame

    def _put_back(self, tries: int = 9) -> None:
        """Put all handlers back, also when one that is back already raises; not over newer ones."""
        try:
            for number, handler in self._handlers.items():
                if signal.getsignal(number) == self._note:
                    signal.signal(number, handler)
            self._ended = True  # should one be left all the same, it hands on at once
        except BaseException:
            if tries:
                self._put_back(tries - 1)
            raise

    def _hand_on(self, tries: int = 9) -> None:
        """Call the handlers of what came; that one raises keeps no other from being called."""
        try:
            while self._came:
                number, frame = next(iter(self._came.items()))
                try:
                    self._handlers[number](number, frame)
                finally:
                    self._came.pop(number, None)
        except BaseException:
            if tries:
                self._hand_on(tries - 1)
            raise


def _while_replacing(frame: FrameType | None) -> bool:
    """Whether handlers are just being replaced or put back, here or in what is called for it."""
    for _ in range(_DEEP):
        if frame is None:
            return False
        if frame.f_code in _OWN:
            return True
        frame = frame.f_back
    return False


_DEEP: Final = 5
"""Calls that setting a handler takes, and more."""
_OWN: Final = frozenset(
    getattr(SignalsWait, name).__code__
    for name in ("__enter__", "__exit__", "_put_back", "_hand_on")
)
