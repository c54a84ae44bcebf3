"""The library's own client, speaking to an app in this process: no socket, the same bytes."""

from __future__ import annotations

import httpx
from fastapi import FastAPI
from starlette.testclient import TestClient

from answerable.api.client import AnswerableClient

__all__ = ["InProcess", "client_of"]


class InProcess(httpx.BaseTransport):
    """Carries requests to an app by calling it."""

    def __init__(self, app: FastAPI) -> None:
        self._client = TestClient(app, raise_server_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._client.request(
            request.method,
            str(request.url),
            content=request.read(),
            headers=list(request.headers.items()),
        )
        return httpx.Response(
            answer.status_code, headers=list(answer.headers.items()), content=answer.content
        )

    def close(self) -> None:
        self._client.close()


def client_of(app: FastAPI, api_key: str) -> AnswerableClient:
    """Return a client with this key."""
    http = httpx.Client(transport=InProcess(app), base_url="http://testserver")
    return AnswerableClient("http://testserver", api_key, http=http)
