"""A route whose errors are pages: sign-in where nobody is signed in, our words otherwise."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from answerable.api.console.rendering import Page, reply
from answerable.api.console.visitor import current_visitor
from answerable.api.http.errors import problem_of, status_of
from answerable.audit.errors import AnswerableError, InvalidInput, NotAuthenticated

__all__ = ["ConsoleRoute"]


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
            return _error_page(request, error)

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
        title=HTTPStatus(status).phrase,
        view={"what": error.what, "where": error.where, "remedy": error.remedy, "status": status},
        status=status,
    )
    return reply(request, page, current_visitor(request))
