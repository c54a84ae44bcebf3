"""The whole service: the HTTP API and the console in one app, and running it.

Runs with uvicorn's access log off, because that prints query strings.
"""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from answerable.api.console import mount_console
from answerable.api.http.app import create_app
from answerable.api.publishing import publishing
from answerable.api.tending import tending
from answerable.api.wiring import Workspace
from answerable.audit.errors import Unavailable

__all__ = ["create_service", "run_server"]


def create_service(workspace: Workspace) -> FastAPI:
    """Return the HTTP API with the console mounted on it.

    Parameters
    ----------
    workspace : Workspace
        Opened by the wiring; the caller closes it.

    Returns
    -------
    FastAPI
        An ASGI app.
    """
    app = create_app(workspace)
    mount_console(app)
    return app


def run_server(
    workspace: Workspace, *, host: str, port: int, announce: Callable[[str], None]
) -> None:
    """Serve a workspace until the process is told to stop.

    Parameters
    ----------
    workspace : Workspace
        Opened by the caller, who also closes it.
    host : str
        Address to listen on.
    port : int
        Port to listen on; 0 takes a free one.
    announce : Callable[[str], None]
        Told the address, once it can be listened on.

    Raises
    ------
    Unavailable
        If the port is taken or may not be used.
    """
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            port = probe.getsockname()[1]
    except OSError as error:
        raise Unavailable(
            f"the port {port} cannot be used ({type(error).__name__})",
            where=host,
            remedy="Stop what uses it, or choose another with --port.",
        ) from None
    announce(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    # From here on this process has a view to decide by when the log does not answer.
    workspace.registry()
    workspace.restrictions().entries()
    app = create_service(workspace)
    _settle_memory()
    with (
        publishing(workspace),
        tending(workspace.recorder, every_seconds=workspace.settings.tend_seconds),
    ):
        uvicorn.run(
            app,
            host=host,
            port=port,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=10,
        )


def _settle_memory() -> None:
    """Let no collection of garbage look again at what lives as long as the service.

    A hundred thousand objects of modules and routes take a full collection 40 ms, in the middle of
    one answer in a hundred.
    """
    gc.collect()
    gc.freeze()
