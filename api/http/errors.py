"""Every error as an RFC 9457 problem; the only place that knows HTTP status codes.

Promises: a problem repeats nothing the caller sent and no text of an exception that is
not our own. A refused field is named only when the interface declares a field of that
name, so a value sent as a key is not echoed either.

References
----------
RFC 9457 (Problem Details for HTTP APIs).
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from answerable.audit.errors import (
    AnswerableError,
    Conflict,
    EngineError,
    Erased,
    EvidenceBroken,
    InvalidInput,
    MissingExtra,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    PolicyViolation,
    TooBusy,
    TooLarge,
    Unavailable,
    UndefinedMetric,
)

__all__ = [
    "MEDIA_TYPE",
    "STATUS",
    "Problem",
    "install",
    "internal_problem",
    "problem",
    "problem_of",
    "status_of",
]

MEDIA_TYPE: Final = "application/problem+json"

STATUS: Final[dict[type[AnswerableError], int]] = {
    InvalidInput: 422,
    UndefinedMetric: 422,
    NotFound: 404,
    Conflict: 409,
    PolicyViolation: 409,
    NotAuthenticated: 401,
    NotAllowed: 403,
    TooLarge: 413,
    TooBusy: 429,
    Unavailable: 503,
    Erased: 410,
    EngineError: 502,
    MissingExtra: 501,
    EvidenceBroken: 500,
}
"""Status of each class; a class not listed has the status of its nearest base."""

_FALLBACK: Final = 500
_MOST_FIELDS: Final = 20
_DECLARED_CONTEXT: Final = {
    "literal_error": "expected",
    "enum": "expected",
    "string_pattern_mismatch": "pattern",
}
"""Kinds of refusal that say what is allowed, and where pydantic keeps it."""
_HEADERS: Final = {
    STATUS[NotAuthenticated]: {"WWW-Authenticate": "Bearer"},
    # Queues empty within a second; the rate limit knows better and says so itself.
    STATUS[TooBusy]: {"Retry-After": "1"},
}


class RefusedField(BaseModel):
    """One field that was not accepted."""

    pointer: Annotated[str, Field(description="JSON pointer from the request", examples=["/body"])]
    code: Annotated[str, Field(description="What is wrong with it", examples=["missing"])]
    expected: Annotated[
        str,
        Field(
            description="What it may be, when that is a list or a form", examples=["'en' or 'de'"]
        ),
    ] = ""


class Problem(BaseModel):
    """What went wrong, without anything the caller sent."""

    type: Annotated[str, Field(examples=["urn:answerable:problem:not-found"])]
    title: Annotated[str, Field(examples=["Not Found"])]
    status: Annotated[int, Field(examples=[404])]
    detail: str = ""
    request_id: str = ""
    errors: list[RefusedField] = Field(default_factory=list)


def status_of(error: type[AnswerableError]) -> int:
    """Return the HTTP status of an error class.

    Parameters
    ----------
    error : type[AnswerableError]
        The class.

    Returns
    -------
    int
        400 to 599.

    Examples
    --------
    >>> from answerable.audit.errors import NotReleased
    >>> status_of(NotReleased)
    409
    """
    for base in error.__mro__:
        if base in STATUS:
            return STATUS[base]
    return _FALLBACK


def problem(
    status: int,
    code: str,
    *,
    detail: str = "",
    request_id: str = "",
    errors: list[RefusedField] | None = None,
) -> JSONResponse:
    """Return a problem as a response.

    Parameters
    ----------
    status : int
        HTTP status.
    code : str
        Our code; becomes the last part of the problem's type.
    detail : str
        Our own words.
    request_id : str
        Id under which the service's log mentions the request.
    errors : list[RefusedField], optional
        Fields that were refused.

    Returns
    -------
    JSONResponse
        With the media type of RFC 9457.
    """
    body = Problem(
        type=f"urn:answerable:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        request_id=request_id,
        errors=errors or [],
    )
    headers = _HEADERS.get(status, {})
    return JSONResponse(
        body.model_dump(exclude_defaults=True), status, headers=headers, media_type=MEDIA_TYPE
    )


def problem_of(error: AnswerableError, *, request_id: str = "") -> JSONResponse:
    """Return one of our errors as a response.

    Parameters
    ----------
    error : AnswerableError
        Its message is our own words and holds no personal data.
    request_id : str
        Id of the request.

    Returns
    -------
    JSONResponse
        The problem.
    """
    return problem(status_of(type(error)), error.code, detail=str(error), request_id=request_id)


def install(app: FastAPI) -> None:
    """Make an app answer every error as a problem.

    Parameters
    ----------
    app : FastAPI
        The app whose handlers are set.
    """
    declared: set[str] = set()

    def fields_of(error: RequestValidationError) -> list[RefusedField]:
        if not declared:
            declared.update(_declared_names(app.openapi()))
        return [
            RefusedField(
                pointer=_pointer(item["loc"], declared),
                code=str(item["type"]),
                expected=_expected(item),
            )
            for item in error.errors()[:_MOST_FIELDS]
        ]

    async def ours(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, AnswerableError)  # noqa: S101  registered for this class alone
        request.state.error_class = type(error).__name__
        return problem_of(error, request_id=request_id_of(request))

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        request.state.error_class = "InvalidInput"
        return problem(
            STATUS[InvalidInput],
            InvalidInput.code,
            detail="The request does not have the declared form; see the fields named.",
            request_id=request_id_of(request),
            errors=fields_of(error),
        )

    async def of_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        answer = problem(error.status_code, code, request_id=request_id_of(request))
        answer.headers.update(error.headers or {})
        return answer

    app.add_exception_handler(AnswerableError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, of_http)


def internal_problem(request_id: str) -> JSONResponse:
    """Return the problem for an error that is a bug: nothing of it is shown.

    Parameters
    ----------
    request_id : str
        Id under which the service's log mentions it.

    Returns
    -------
    JSONResponse
        Status 500.
    """
    return problem(
        _FALLBACK,
        "internal",
        detail="An error on our side; the service's log mentions the request id.",
        request_id=request_id,
    )


def request_id_of(request: Request) -> str:
    """Return the id this service gave the request, or an empty string."""
    return str(getattr(request.state, "request_id", ""))


def _expected(item: Mapping[str, Any]) -> str:
    # These contexts hold what the interface declares. Others may hold what was sent.
    named = _DECLARED_CONTEXT.get(str(item["type"]))
    return "" if named is None else str(item.get("ctx", {}).get(named, ""))


def _pointer(loc: tuple[str | int, ...], declared: set[str]) -> str:
    parts = [
        str(part) if isinstance(part, int) or part in declared else "(undeclared)" for part in loc
    ]
    return "/" + "/".join(parts)


def _declared_names(openapi: object) -> set[str]:
    names = {"body", "query", "path", "header", "cookie"}
    waiting: list[object] = [openapi]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            properties = value.get("properties")
            if isinstance(properties, dict):
                names.update(properties)
            if "in" in value and isinstance(value.get("name"), str):
                names.add(value["name"])
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return names
