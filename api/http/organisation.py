"""The organisation: its profile and the record of its processing."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.organisation import (
    organisation_of,
    record_of_processing,
    register_organisation,
)
from answerable.api.http.access import EVERYBODY, Purpose, Store, allowed
from answerable.api.http.schemas import Body, Json, ReceiptAnswer, Reply
from answerable.api.http.strict_json import StrictRoute
from answerable.audit.errors import NotFound
from answerable.audit.records import OrganisationProfile, Role

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["organisation"], route_class=StrictRoute)

Registrar = Annotated[ActorContext, Depends(allowed(Role.COMPLIANCE, Role.OFFICER, Role.ADMIN))]
Anybody = Annotated[ActorContext, Depends(allowed(*EVERYBODY))]
Reader = Annotated[ActorContext, Depends(allowed(Role.OFFICER, Role.AUDITOR))]


class OrganisationBody(Body):
    """The organisation's profile, as described in docs/organisation.md."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "profile": {
                        "controller": {"name": "Example Bank", "email": "desk@bank.example"},
                        "authority": {"name": "Data Protection Authority"},
                        "recipients": [
                            {
                                "id": "credit-bureau",
                                "name": {"en": "Credit bureau"},
                                "role": "controller",
                                "country": "DE",
                            }
                        ],
                    }
                }
            ]
        }
    )
    profile: Json


class OrganisationAnswer(Reply):
    """The profile in force and the entry it stands in."""

    profile: Json
    digest: str
    entry_id: str


class RegisteredAnswer(Reply):
    """A registered profile."""

    digest: str
    receipt: ReceiptAnswer


@router.get("/organisation", summary="The organisation's profile")
def profile(workspace: Store, _actor: Anybody) -> OrganisationAnswer:
    """Return what the organisation says about itself; it names no members of staff."""
    found = organisation_of(workspace)
    if found.profile is None or found.entry is None:
        raise NotFound(
            "no organisation profile is registered",
            where="organisation",
            remedy="Register one: answerable register organisation FILE",
        )
    return OrganisationAnswer(
        profile=cast("Json", found.profile.model_dump(mode="json", exclude_none=True)),
        digest=found.profile.digest,
        entry_id=found.entry.id,
    )


@router.post("/organisation", status_code=201, summary="Register the organisation's profile")
def register(body: OrganisationBody, workspace: Store, actor: Registrar) -> RegisteredAnswer:
    """Register a profile; it supersedes the one before."""
    recorded = register_organisation(
        workspace, OrganisationProfile.parse(body.profile), actor=actor
    )
    return RegisteredAnswer(digest=recorded.digest, receipt=ReceiptAnswer.of(recorded.receipt))


@router.get("/record-of-processing", summary="The record of processing activities")
def processing(workspace: Store, actor: Reader, purpose: Purpose) -> dict[str, JsonValue]:
    """Generate the record of GDPR Art. 30(1); what nobody stated is listed as missing."""
    return record_of_processing(workspace, purpose=purpose, actor=actor).to_result()
