"""The demonstration's own server: real HTTP on the loopback address, in a thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import uvicorn

from answerable.api.service import create_service
from answerable.api.wiring import Workspace
from answerable.audit.errors import Unavailable

__all__ = ["free_port", "serving"]

_HOST = "127.0.0.1"
_START_SECONDS = 30


def free_port(wanted: int) -> int:
    """Return `wanted` when nobody listens there, else a free port.

    Parameters
    ----------
    wanted : int
        0 asks for any free port.

    Returns
    -------
    int

    Raises
    ------
    Unavailable
        If the machine has no free port.
    """
    for port in (wanted, 0):
        with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Unavailable("no free port on the loopback address")


class _AnnouncedServer(uvicorn.Server):
    """A server that says when it listens, so that nobody has to poll."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce it."""
        await super().startup(sockets=sockets)
        self.listening.set()


@contextmanager
def serving(workspace: Workspace, port: int) -> Iterator[str]:
    """Serve the API and the console while the block runs.

    Parameters
    ----------
    workspace : Workspace
    port : int
        A free port.

    Yields
    ------
    str
        The address.

    Raises
    ------
    Unavailable
        If the server does not start.
    """
    config = uvicorn.Config(
        create_service(workspace), host=_HOST, port=port, access_log=False, log_level="warning"
    )
    server = _AnnouncedServer(config)
    thread = threading.Thread(target=server.run, name="demo-server", daemon=True)
    thread.start()
    if not server.listening.wait(_START_SECONDS):
        server.should_exit = True
        raise Unavailable("the demonstration's server did not start", where=f"port {port}")
    try:
        yield f"http://{_HOST}:{port}"
    finally:
        server.should_exit = True
        thread.join()
