"""A route whose errors are pages: sign-in where nobody is signed in, our words otherwise."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from answerable.api.console.rendering import Page, reply
from answerable.api.console.visitor import current_visitor
from answerable.api.http.errors import problem_of, status_of
from answerable.audit.errors import (
    AnswerableError,
    InvalidInput,
    NotAuthenticated,
    Unavailable,
)

__all__ = ["ConsoleRoute"]


_TITLES: Final[dict[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "You are not signed in",
    HTTPStatus.FORBIDDEN: "This is not yours to see",
    HTTPStatus.NOT_FOUND: "Nothing is here",
    HTTPStatus.CONFLICT: "This does not fit what is there",
    HTTPStatus.GONE: "This was erased",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Something is missing",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not possible right now",
}


class ConsoleRoute(APIRoute):
    """Answers our errors as pages, or as problems when JSON was asked for."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route's handler."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError:
                error: AnswerableError = InvalidInput(
                    "the address or the form does not have the expected parts",
                    remedy="Go back and use the page's own links and forms.",
                )
            except AnswerableError as raised:
                error = raised
            return await run_in_threadpool(_error_page, request, error)

        return handled


def _error_page(request: Request, error: AnswerableError) -> Response:
    request.state.error_class = type(error).__name__
    if request.query_params.get("format") == "json":
        return problem_of(error)
    if isinstance(error, NotAuthenticated) and request.method == "GET":
        return RedirectResponse("/console/login", status_code=HTTPStatus.SEE_OTHER)
    status = status_of(type(error))
    page = Page(
        template="error.html.j2",
        title=_TITLES.get(status, "Something is in the way"),
        view={"what": error.what, "where": error.where, "remedy": error.remedy, "status": status},
        status=status,
    )
    try:
        visitor = current_visitor(request)
    except Unavailable:
        visitor = None
    return reply(request, page, visitor)
