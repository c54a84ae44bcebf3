"""Stands between a log and PostgreSQL and cuts the connection at a chosen message.

Cut before it is passed on, the server never sees the message. Cut once the server has answered it,
the answer is lost: whoever waited for it cannot know whether it was done.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

__all__ = ["Cut", "CuttingProxy", "cutting_proxy"]

_NAME: Final = ".s.PGSQL.5432"
_MOST: Final = 1 << 20


class Cut(Enum):
    """Where the connection ends."""

    BEFORE = "before the server sees the message"
    ANSWERED = "after the server has it, before its answer comes back"


@dataclass
class CuttingProxy:
    """Passes bytes on in both directions until it is told to cut."""

    folder: Path
    server: Path
    made: threading.Event = field(default_factory=threading.Event)
    """Set once the cut that was asked for has been made."""
    _left: int = 0
    _cut: Cut = Cut.BEFORE
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, message: int, cut: Cut) -> None:
        """Cut at the n-th message of the clients from now on, once."""
        with self._lock:
            self.made.clear()
            self._left, self._cut = message, cut

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is shut."""
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self.server / _NAME))
            for target in (self._ask, _pass_on):
                threading.Thread(target=target, args=(server, client), daemon=True).start()

    def _ask(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(_MOST):
                cut = self._cut_here()
                if cut is not None:
                    client.shutdown(socket.SHUT_RDWR)
                if cut is not Cut.BEFORE:
                    server.sendall(data)
                if cut is not None:
                    self.made.set()
                    break
        # The server does what it was sent, then sees the end.
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _cut_here(self) -> Cut | None:
        with self._lock:
            self._left -= 1
            return self._cut if self._left == 0 else None


def _pass_on(server: socket.socket, client: socket.socket) -> None:
    """Pass the answers on until the server ends; what the client no longer takes is dropped."""
    with contextlib.suppress(OSError):
        while data := server.recv(_MOST):
            with contextlib.suppress(OSError):
                client.sendall(data)
    for end in (server, client):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def cutting_proxy(server: Path) -> Iterator[CuttingProxy]:
    """Listen in a folder of its own; clients name that folder as their host."""
    folder = Path(tempfile.mkdtemp(prefix="answerable-cut-"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / _NAME))
        listener.listen()
        proxy = CuttingProxy(folder, server)
        thread = threading.Thread(target=proxy.serve, args=(listener,))
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            shutil.rmtree(folder)
