"""What surrounds every request: id, log line, headers, body limit, rate limit, credentials.

Pure ASGI. Promises: a log line holds the method, the route's template, the status and the
duration, never a path, a query string, a header or a body; a body over the limit is
refused before anything parses it; nothing below ``/v1`` runs without known credentials.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable
from typing import Any, Final

import structlog
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from answerable.api.actor import ActorContext
from answerable.api.http.errors import internal_problem, problem_of
from answerable.api.state.credentials import secret_hash
from answerable.audit.errors import AnswerableError, NotAuthenticated, TooBusy, TooLarge

__all__ = [
    "Admission",
    "BodyLimit",
    "Credentials",
    "RateLimit",
    "RequestLog",
    "SecurityHeaders",
    "Shield",
]

API_PREFIX: Final = "/v1/"
_STRICT_CSP: Final = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _STRICT_CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class RequestLog:
    """Gives each request an id and writes one line about it.

    Parameters
    ----------
    app : ASGIApp
        What runs inside.
    clock : Callable[[], int]
        Microseconds.
    entropy : Callable[[int], bytes]
        For the request id.
    """

    def __init__(
        self, app: ASGIApp, *, clock: Callable[[], int], entropy: Callable[[int], bytes]
    ) -> None:
        self._app = app
        self._clock = clock
        self._entropy = entropy
        self._logger = structlog.get_logger("answerable.http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["request_id"] = self._entropy(8).hex()
        started = self._clock()
        status = [500]

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = state["request_id"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._logger.info(
                "request",
                method=scope["method"],
                route=_route_of(scope),
                status=status[0],
                duration_ms=(self._clock() - started) // 1000,
                request_id=state["request_id"],
                error_class=state.get("error_class", ""),
                component=state.get("component", ""),
            )


class Shield:
    """Answers a bug with a problem, inside the log and the headers.

    The framework's own handler would re-raise it to the server, whose log prints the
    traceback with the values in it. Here the class and the place of the error are kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = [False]

        async def noting(message: Message) -> None:
            begun[0] = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        # The last door before the server's log: see above.
        except Exception as error:  # allow broad-except: a bug's text must not reach the server log
            state: dict[str, Any] = scope.setdefault("state", {})
            state["error_class"] = type(error).__name__
            state["component"] = _place_of(error)
            if not begun[0]:
                answer = internal_problem(str(state.get("request_id", "")))
                await answer(scope, receive, send)


class SecurityHeaders:
    """Sets the strict headers an answer does not set itself."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = dict(_HEADERS)
        if https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, hardened if scope["type"] == "http" else send)


class BodyLimit:
    """Reads a request's body up to a limit before anything else does."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int) -> None:
        self._app = app
        self._limit = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._body(scope, receive)
        except ClientDisconnect:
            return
        if body is None:
            error = TooLarge(
                f"the request body is over {self._limit} bytes", remedy="Send it in parts."
            )
            await _refuse(error, scope, receive, send)
            return
        given = [False]

        async def replay() -> Message:
            if given[0]:
                return await receive()
            given[0] = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced) > self._limit:
            return None
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                # Half a form can be a whole one: nothing is done for a caller who has gone.
                raise ClientDisconnect
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > self._limit:
                return None
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)


class RateLimit:
    """Bounds requests per credential, or per address without one.

    Parameters
    ----------
    app : ASGIApp
        What runs inside.
    limit : str
        In the notation of the limits library, for example ``600/minute``.
    clock : Callable[[], int]
        Wall clock, microseconds: the library itself counts in wall time.
    """

    def __init__(self, app: ASGIApp, *, limit: str, clock: Callable[[], int]) -> None:
        self._app = app
        self._item: RateLimitItem = parse(limit)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not scope["path"].startswith(API_PREFIX):
            await self._app(scope, receive, send)
            return
        key = _caller_of(scope)
        if self._limiter.hit(self._item, key):
            await self._app(scope, receive, send)
            return
        reset = self._limiter.get_window_stats(self._item, key).reset_time
        wait = max(1, math.ceil(reset - self._clock() / 1_000_000))
        error = TooBusy(
            f"more than {self._item.amount} requests in {self._item.get_expiry()} s",
            remedy=f"Wait {wait} s.",
        )
        await _refuse(error, scope, receive, send, {"Retry-After": str(wait)})


class Admission:
    """Bounds how many requests are under way at once: threads and memory are finite.

    Parameters
    ----------
    app : ASGIApp
        What runs inside.
    limit : int
        Requests below ``/v1``; more is answered with 429 at once, and nothing is done for them.
    """

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self._app = app
        self._limit = limit
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not scope["path"].startswith(API_PREFIX):
            await self._app(scope, receive, send)
            return
        if self._under_way >= self._limit:
            error = TooBusy(
                f"more than {self._limit} requests are under way", remedy="Try again in a second."
            )
            await _refuse(error, scope, receive, send)
            return
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1


class Credentials:
    """Turns the bearer key of a request below ``/v1`` into an actor, or refuses it.

    Parameters
    ----------
    app : ASGIApp
        What runs inside.
    actor_of : Callable[[str], ActorContext | None]
        Actor of a key's text, None when the key is unknown, expired or revoked.
    """

    def __init__(self, app: ASGIApp, *, actor_of: Callable[[str], ActorContext | None]) -> None:
        self._app = app
        self._actor_of = actor_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and scope["path"].startswith(API_PREFIX):
            try:
                scope.setdefault("state", {})["actor"] = await self._actor(scope)
            except AnswerableError as error:
                await _refuse(error, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _actor(self, scope: Scope) -> ActorContext:
        scheme, _, secret = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise NotAuthenticated(
                "this needs an API key", remedy="Send it as: Authorization: Bearer <key>."
            )
        actor = await run_in_threadpool(self._actor_of, secret.strip())
        if actor is None:
            raise NotAuthenticated(
                "the API key is unknown, expired or revoked", remedy="Ask for a new key."
            )
        return actor


async def _refuse(
    error: AnswerableError,
    scope: Scope,
    receive: Receive,
    send: Send,
    headers: dict[str, str] | None = None,
) -> None:
    state: dict[str, Any] = scope.setdefault("state", {})
    state["error_class"] = type(error).__name__
    answer = problem_of(error, request_id=str(state.get("request_id", "")))
    answer.headers.update(headers or {})
    await answer(scope, receive, send)


def _caller_of(scope: Scope) -> str:
    credential = Headers(scope=scope).get("authorization", "")
    if credential:
        return secret_hash(credential)
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _place_of(error: BaseException) -> str:
    """Return file and line of the innermost frame that is ours; no values."""
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("answerable."):
            place = f"{module}:{line}"
    return place


def _route_of(scope: Scope) -> str:
    route = scope.get("route")
    return str(getattr(route, "path", "(none)"))
