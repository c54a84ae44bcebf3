"""The app factory: resources inside, protection around.

From the outside in: id and log line, security headers, a shield that lets no bug's text
out, admission, body limit, rate limit, credentials, routes. Nothing here opens a store: the
workspace comes from the wiring.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

import answerable
from answerable.api.flows.access import actor_of_key
from answerable.api.http import (
    audit,
    cards,
    counts,
    decisions,
    errors,
    evidence,
    explanations,
    functions,
    health,
    keys,
    organisation,
    packs,
    queries,
    requests,
    retention,
    reviews,
    subjects,
)
from answerable.api.http.errors import MEDIA_TYPE, Problem
from answerable.api.http.logs import configure_logs, say_state
from answerable.api.http.metrics import LogMetrics
from answerable.api.http.middleware import (
    Admission,
    BodyLimit,
    Credentials,
    RateLimit,
    RequestLog,
    SecurityHeaders,
    Shield,
)
from answerable.api.wiring import Workspace, system_clock

__all__ = ["create_app"]

_PROBLEM: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "description": what,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, what in (("4XX", "Refused; nothing was changed"), ("5XX", "Not possible now"))
}
_RESOURCES: Final[tuple[APIRouter, ...]] = (
    decisions.router,
    counts.router,
    explanations.router,
    reviews.router,
    functions.router,
    cards.router,
    evidence.router,
    subjects.router,
    keys.router,
    requests.router,
    retention.router,
    organisation.router,
    queries.router,
    audit.router,
    packs.router,
    health.router,
)


def create_app(workspace: Workspace) -> FastAPI:
    """Return the app that serves a workspace.

    Parameters
    ----------
    workspace : Workspace
        Opened by the wiring; the caller closes it.

    Returns
    -------
    FastAPI
        An ASGI app.
    """
    settings = workspace.settings
    configure_logs(settings.log_level, clock=workspace.clock)
    app = FastAPI(
        title="Answerable",
        version=answerable.__version__,
        summary="Automated decisions that someone can answer for.",
        docs_url=None,
        redoc_url=None,
        responses=_PROBLEM,
        middleware=[
            Middleware(RequestLog, clock=workspace.clock, entropy=workspace.entropy),
            Middleware(SecurityHeaders, https=settings.public_url.startswith("https:")),
            Middleware(Shield),
            Middleware(Admission, limit=settings.in_flight_limit),
            Middleware(BodyLimit, limit_bytes=settings.body_limit_bytes),
            Middleware(RateLimit, limit=settings.rate_limit, clock=system_clock),
            Middleware(Credentials, actor_of=lambda text: actor_of_key(workspace, text)),
        ],
    )
    app.state.workspace = workspace
    app.state.metrics = LogMetrics(workspace.log.watch)
    workspace.log.watch.listen(say_state)
    for router in _RESOURCES:
        app.include_router(router)
    errors.install(app)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Name the one schema of all problems in the interface's description."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        document = describe()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(own.pop("$defs", {}))
            schemas["Problem"] = own
        _drop_default_errors(document)
        return document

    app.openapi = described  # type: ignore[method-assign]


def _drop_default_errors(document: dict[str, Any]) -> None:
    """Take the framework's own error format out: no answer of ours has it."""
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
