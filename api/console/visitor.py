"""Who is signed in: sessions in a cookie, a token in every form, one-time links.

The cookie holds a random secret; the state keeps its hash. A form must send back the
session's token, so a page of another site cannot act in this browser.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from fastapi import Depends, Request, Response

from answerable.api.actor import ActorContext
from answerable.api.flows.access import current_roles
from answerable.api.flows.credentials import bound_secret, is_bound, said_of
from answerable.api.state.credentials import LoginLink, Session, same_text, secret_hash
from answerable.api.wiring import Workspace
from answerable.audit.codes import Role
from answerable.audit.errors import InvalidInput, NotAllowed, NotAuthenticated

__all__ = [
    "COOKIE",
    "EVIDENCE_READERS",
    "STAFF",
    "Form",
    "Visitor",
    "current_visitor",
    "end_session",
    "form_of",
    "open_session",
    "read_form",
    "signed_in",
    "workspace_of",
]

COOKIE: Final = "answerable_session"
STAFF: Final = tuple(role for role in Role if role not in {Role.SERVICE, Role.SUBJECT})
EVIDENCE_READERS: Final = (
    Role.SCIENTIST,
    Role.MODEL_OWNER,
    Role.COMPLIANCE,
    Role.OFFICER,
    Role.AUDITOR,
)
"""Who may see evidence whole, as over HTTP; others see it without small groups."""
_SESSION_HOURS: Final = 8
_MICROS_PER_HOUR: Final = 3_600_000_000
_CSRF_BYTES: Final = 24
_FORM_FIELDS: Final = 64

Form = dict[str, str]


@dataclass(frozen=True)
class Visitor:
    """A signed-in browser."""

    actor: ActorContext
    csrf: str
    session: str
    """Hash of the session's secret."""

    @property
    def home(self) -> str:
        """The first page this visitor may see."""
        return "/console/" if self.actor.scope is None else f"/my/{self.actor.scope}"

    def holds(self, *roles: str) -> bool:
        """Return whether the visitor holds one of the roles, for templates."""
        return any(role.value in roles for role in self.actor.roles)

    @property
    def reads_evidence(self) -> bool:
        """Whether evidence may be shown to them whole."""
        return not self.actor.roles.isdisjoint(EVIDENCE_READERS)


def workspace_of(request: Request) -> Workspace:
    """Return the workspace the app serves."""
    workspace = request.app.state.workspace
    assert isinstance(workspace, Workspace)  # noqa: S101 - create_app sets it
    return workspace


def current_visitor(request: Request) -> Visitor | None:
    """Return who is signed in, or None."""
    secret = request.cookies.get(COOKIE)
    if not secret:
        return None
    workspace = workspace_of(request)
    session = workspace.state.session_of(secret_hash(secret), now=workspace.clock())
    if session is None or not is_bound(workspace, secret, session):
        return None
    roles = session.roles
    if session.scope is None:
        roles = current_roles(workspace, session.actor, roles)
        if not roles:
            return None
    actor = ActorContext(actor=session.actor, roles=roles, scope=session.scope)
    return Visitor(actor=actor, csrf=session.csrf, session=session.hash)


def signed_in(*roles: Role) -> Callable[[Request], Visitor]:
    """Return the dependency that gives the visitor when they hold one of the roles.

    Parameters
    ----------
    *roles : Role
        Roles that may see the page.

    Returns
    -------
    Callable[[Request], Visitor]
        Raises :class:`NotAuthenticated` or :class:`NotAllowed`.
    """

    def visitor(request: Request) -> Visitor:
        found = current_visitor(request)
        if found is None:
            raise NotAuthenticated("nobody is signed in", remedy="Use a sign-in link.")
        found.actor.acting_as(*roles)
        return found

    return visitor


async def read_form(request: Request) -> Form:
    """Return the fields of a form, each once.

    Parameters
    ----------
    request : Request

    Returns
    -------
    Form
        Without the spaces around what was typed.

    Raises
    ------
    NotAllowed
        If the browser says that another site sent it.
    InvalidInput
        If it is not a form.
    """
    # Before a session exists no token can protect the sign-in form itself; browsers say
    # where a request comes from.
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise NotAllowed("this form came from another site", remedy="Use the console's own pages.")
    body = await request.body()
    try:
        fields = parse_qs(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=_FORM_FIELDS,
        )
    except (UnicodeDecodeError, ValueError):
        raise InvalidInput("the form cannot be read", remedy="Send it again.") from None
    return {name: values[-1].strip() for name, values in fields.items()}


def form_of(*roles: Role) -> Callable[..., Awaitable[tuple[Visitor, Form]]]:
    """Return the dependency that gives visitor and form after checking the form's token.

    Parameters
    ----------
    *roles : Role
        Roles that may send the form.

    Returns
    -------
    Callable
        Raises :class:`NotAllowed` when the token is missing or another session's.
    """
    allowed = Depends(signed_in(*roles))

    async def checked(request: Request, visitor: Visitor = allowed) -> tuple[Visitor, Form]:
        form = await read_form(request)
        if not same_text(form.get("csrf", ""), visitor.csrf):
            raise NotAllowed("this form is not from your session", remedy="Load the page again.")
        return visitor, form

    return checked


def open_session(workspace: Workspace, link: LoginLink, response: Response) -> None:
    """Sign the browser in that used a one-time link.

    Parameters
    ----------
    workspace : Workspace
    link : LoginLink
        Used up by the caller.
    response : Response
        Gets the cookie.
    """
    now = workspace.clock()
    expires_at = now + _SESSION_HOURS * _MICROS_PER_HOUR
    said = said_of(link.actor, link.roles, (now, expires_at), link.scope)
    secret = bound_secret(workspace, kind="ans", said=said)
    workspace.state.add_session(
        Session(
            hash=secret.hash,
            actor=link.actor,
            roles=link.roles,
            csrf=workspace.entropy(_CSRF_BYTES).hex(),
            created_at=now,
            expires_at=expires_at,
            scope=link.scope,
        )
    )
    response.set_cookie(
        COOKIE,
        secret.text,
        max_age=_SESSION_HOURS * 3600,
        httponly=True,
        samesite="strict",
        secure=workspace.settings.public_url.startswith("https:"),
        path="/",
    )


def end_session(workspace: Workspace, visitor: Visitor, response: Response) -> None:
    """Sign the browser out."""
    workspace.state.end_session(visitor.session)
    response.delete_cookie(COOKIE, path="/")
