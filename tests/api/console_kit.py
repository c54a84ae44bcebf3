"""A browser without a screen: signs in with a one-time link and sends the console's forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from answerable.api.actor import ActorContext
from answerable.api.flows.access import issue_login_link
from answerable.api.service import create_service
from answerable.api.wiring import Workspace
from answerable.audit.records import Role
from tests.api.story import Story

__all__ = ["STAFF", "Browser", "CASES", "PageCase", "link_of", "sign_in", "sign_in_subject"]

STAFF: Final[tuple[Role, ...]] = tuple(
    role for role in Role if role not in {Role.SERVICE, Role.SUBJECT}
)
_TOKEN: Final = re.compile(r'name="csrf" value="([0-9a-f]+)"')


_LATEST: list[tuple[Workspace, FastAPI]] = []


def _service(workspace: Workspace) -> FastAPI:
    """Return the workspace's service, made once: it has no state but the workspace."""
    if not _LATEST or _LATEST[0][0] is not workspace:
        _LATEST[:] = [(workspace, create_service(workspace))]
    return _LATEST[0][1]


class Browser:
    """One browser; it follows no redirect by itself."""

    def __init__(self, story: Story) -> None:
        self.client = TestClient(
            _service(story.workspace),
            raise_server_exceptions=False,
            follow_redirects=False,
            base_url="http://console.test",
        )
        self.home = ""
        self._token = ""

    def get(self, path: str) -> Response:
        return self.client.get(path)

    def token(self) -> str:
        """Return the form token, as it stands in any page of this session."""
        if not self._token:
            found = _TOKEN.search(self.get(self.home).text)
            assert found is not None
            self._token = found[1]
        return self._token

    def send(self, path: str, **fields: str) -> Response:
        """Send a form of this session."""
        return self.client.post(path, data={"csrf": self.token(), **fields})

    def use(self, link: str) -> Response:
        answer = self.client.post("/console/login", data={"link": link})
        self.home = answer.headers.get("location", "")
        self._token = ""
        return answer


def link_of(story: Story, holder: ActorContext, **more: int) -> str:
    return issue_login_link(story.workspace, holder, **more).text


def sign_in(story: Story, role: Role) -> Browser:
    browser = Browser(story)
    assert browser.use(link_of(story, story.actors[role])).status_code == 303
    return browser


def sign_in_subject(story: Story, decision_id: str) -> Browser:
    holder = ActorContext(
        actor=story.actors[Role.OFFICER].actor, roles=frozenset({Role.SUBJECT}), scope=decision_id
    )
    browser = Browser(story)
    assert browser.use(link_of(story, holder)).status_code == 303
    return browser


@dataclass(frozen=True, kw_only=True)
class PageCase:
    """One route of the console."""

    method: str
    path: str
    roles: tuple[Role, ...]
    fields: Mapping[str, str] | None = None
    status: int = 200

    @property
    def id(self) -> str:
        return f"{self.method} {self.path}"


_READERS = (Role.OFFICER, Role.REVIEWER, Role.AUDITOR)
_OFFICER = (Role.OFFICER,)
_ASKERS = (Role.OFFICER, Role.AUDITOR, Role.COMPLIANCE)
_REVIEWER = (Role.REVIEWER,)
_SUBJECT = (Role.SUBJECT,)
_EVIDENCE = (Role.SCIENTIST, Role.MODEL_OWNER, Role.COMPLIANCE, Role.OFFICER, Role.AUDITOR)
_D = "/console/decisions/{decision_id}"
_P = "/console/subjects/{ref}"
_R = "/console/reviews/{contest_id}"
_E = "/console/entries"
_M = "/my/{decision_id}"


def _page(path: str, *roles: Role) -> PageCase:
    return PageCase(method="GET", path=path, roles=roles)


def _form(path: str, *roles: Role, status: int = 200, **fields: str) -> PageCase:
    return PageCase(method="POST", path=path, roles=roles, fields=fields, status=status)


CASES: Final = (
    _page("/console/", *STAFF),
    _page("/console/decisions", *STAFF),
    _page(_D, *STAFF),
    _form(_D, *_READERS, purpose="audit"),
    _form(f"{_D}/letter", Role.OFFICER, Role.REVIEWER, purpose="complaint", language="de"),
    _page("/console/functions", *STAFF),
    _page("/console/functions/{name}", *STAFF),
    _page("/console/cards/{name}", *STAFF),
    _page("/console/assessments/{digest}", *_EVIDENCE),
    _page("/console/data", *STAFF),
    _page("/console/scans/{scan}", *_EVIDENCE),
    _page("/console/reviews", *_REVIEWER),
    _page(_R, *_REVIEWER),
    _form(_R, *_REVIEWER),
    _page("/console/subjects", *_OFFICER),
    _form("/console/subjects", *_OFFICER, subject_id="customer-17", purpose="complaint"),
    _page(_P, *_OFFICER),
    _form(f"{_P}/access", *_OFFICER, identity_check="id-card"),
    _form(f"{_P}/state", *_OFFICER, status=303, what="restrict", statement="Please stop."),
    _form(
        f"{_P}/hold", *_OFFICER, status=303, what="place", ground="litigation", reference="case-7"
    ),
    _page(f"{_P}/erase", *_OFFICER),
    # A hold stands in the way.
    _form(f"{_P}/erase", *_OFFICER, status=409, confirm="yes", identity_check="id-card"),
    _page("/console/questions", *_ASKERS),
    _form("/console/questions", *_ASKERS, question="counts", purpose="audit"),
    _page("/console/integrity", *STAFF),
    _form("/console/integrity", *STAFF),
    _page(_E, *STAFF),
    _page(f"{_E}/{{entry_id}}", *STAFF),
    _page(f"{_E}/{{entry_id}}/proof", *STAFF),
    _page(_M, *_SUBJECT),
    _page(f"{_M}/letter", *_SUBJECT),
    _page(f"{_M}/receipt", *_SUBJECT),
    _page(f"{_M}/check", *_SUBJECT),
    _form(f"{_M}/contest", *_SUBJECT, status=303, grounds="Too harsh.", lang="de"),
    _form(
        f"{_R}/result",
        *_REVIEWER,
        status=303,
        result="upheld",
        reason_code="documents-checked",
        note="Looked at the file.",
    ),
    _form("/console/logout", *STAFF, Role.SUBJECT, status=303),
)
