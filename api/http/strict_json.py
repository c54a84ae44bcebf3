"""Bodies of requests read strictly: no key twice in an object, no NaN, no Infinity.

Python's parser lets the last of two equal keys win, so two readers of one request could disagree
about what was asked.

References
----------
RFC 8259, section 4 (names within an object should be unique); RFC 7493 (I-JSON), section 2.3.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute

__all__ = ["StrictRoute"]


class StrictRoute(APIRoute):
    """A route whose JSON bodies are read strictly; what is not gives the answer of bad JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route.

        Returns
        -------
        Callable
            Takes a request, gives its answer.
        """
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return handled


class _StrictRequest(Request):
    async def json(self) -> Any:
        return json.loads(
            await self.body(), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise json.JSONDecodeError("an object holds the same key twice", "", 0)
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no JSON number", "", 0)
