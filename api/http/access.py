"""Who calls, with which role, and why: the dependencies every route declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPBearer

from answerable.api.actor import ActorContext
from answerable.api.wiring import Workspace
from answerable.audit.errors import NotAuthenticated
from answerable.audit.records import Role

__all__ = ["EVERYBODY", "Purpose", "Store", "allowed"]

EVERYBODY = tuple(role for role in Role if role is not Role.SUBJECT)
"""All roles an API key can hold."""

_scheme = HTTPBearer(
    scheme_name="API key",
    description="An API key, made with `answerable keys issue`.",
    auto_error=False,
)

Purpose = Annotated[
    str,
    Header(
        alias="Answerable-Purpose",
        pattern=r"^[a-z0-9][a-z0-9_.@:/+-]{0,127}$",
        description="Why personal data is read, as a code; stands in the log beside who read it.",
        examples=["gdpr-art-15"],
    ),
]


def allowed(*roles: Role) -> Callable[..., ActorContext]:
    """Return the dependency that gives the caller, when they hold one of the roles.

    Parameters
    ----------
    *roles : Role
        Roles that may use the route.

    Returns
    -------
    Callable[..., ActorContext]
        Raises :class:`NotAuthenticated` or :class:`NotAllowed`.
    """

    def caller(request: Request, _key: Annotated[object, Security(_scheme)]) -> ActorContext:
        actor = getattr(request.state, "actor", None)
        if not isinstance(actor, ActorContext):
            raise NotAuthenticated("this needs an API key")
        actor.acting_as(*roles)
        return actor

    return caller


def _workspace(request: Request) -> Workspace:
    workspace = request.app.state.workspace
    assert isinstance(workspace, Workspace)  # noqa: S101  create_app sets it
    return workspace


Store = Annotated[Workspace, Depends(_workspace)]
"""The open workspace."""
