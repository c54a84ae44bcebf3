"""What the tests of data subjects' rights share: two applicants, an officer, a profile."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from answerable.api.actor import ActorContext
from answerable.api.flows.cases import Applicant, ApplicationRequest, Decided
from answerable.api.flows.decide import evaluate_application
from answerable.api.flows.organisation import register_organisation
from answerable.api.flows.subject import (
    RequestFacts,
    RequestOpening,
    RequestQuery,
    find_subject,
    list_requests,
    open_request,
)
from answerable.audit.documents import read_document
from answerable.audit.records import OrganisationProfile, Role
from tests.api.story import APPLICANT, FUNCTION, Story
from tests.conftest import REPOSITORY

__all__ = [
    "PARTNER",
    "PROFILE",
    "application_of",
    "decided",
    "facts",
    "lines",
    "officer",
    "opened",
    "ref_of",
    "registered",
]

PROFILE: Final = REPOSITORY / "examples" / "loan" / "organisation.yaml"
PARTNER: Final = {"name": "Max Partner", "employer": "Partner Works"}


def application_of(*people: Applicant, ground: str | None = None) -> ApplicationRequest:
    """A declined application of some people."""
    return ApplicationRequest(
        function=FUNCTION,
        inputs={"income": 800, "debt": 2100},
        subjects=people or (Applicant(subject_id="cust-4711", data=dict(APPLICANT)),),
        restriction_ground=ground,
    )


def decided(story: Story) -> Decided:
    """A decision about two applicants."""
    both = (
        Applicant(subject_id="cust-4711", data=dict(APPLICANT)),
        Applicant(subject_id="cust-4712", role="co-applicant", data=dict(PARTNER)),
    )
    return evaluate_application(
        story.workspace, application_of(*both), actor=story.actors[Role.SERVICE]
    )


def officer(story: Story) -> ActorContext:
    return story.actors[Role.OFFICER]


def ref_of(story: Story, subject_id: str = "cust-4711") -> str:
    return find_subject(story.workspace, subject_id, purpose="test", actor=officer(story)).ref


def facts(story: Story, *, request_id: str | None = None) -> RequestFacts:
    return RequestFacts(
        received_at=story.workspace.clock(), identity_check="id-card", request_id=request_id
    )


def opened(story: Story, ref: str, request: Any = "access", **given: Any) -> str:
    """Open a request and return its entry."""
    opening = RequestOpening(
        **{
            "request": request,
            "received_at": story.workspace.clock(),
            "identity_check": "id-card",
            **given,
        }
    )
    return open_request(story.workspace, ref, opening, actor=officer(story)).entry_id


def lines(story: Story, state: Any = "all", **given: Any) -> list[Any]:
    """The register as an officer lists it."""
    query = RequestQuery(state=state, **given)
    return list_requests(story.workspace, query, actor=officer(story))


def profile(path: Path = PROFILE) -> OrganisationProfile:
    return read_document(path, OrganisationProfile)


def registered(story: Story) -> OrganisationProfile:
    """Register the example's profile."""
    return register_organisation(story.workspace, profile(), actor=officer(story)).record
