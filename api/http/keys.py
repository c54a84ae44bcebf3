"""Identifiers of persons, receipts of erasures, disclosure of one part of one record."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import ConfigDict, Field, StringConstraints

from answerable.api.actor import ActorContext
from answerable.api.flows.disclosing import disclose
from answerable.api.flows.subject.identity import add_identifier, erasure_receipt
from answerable.api.http.access import Purpose, Store, allowed
from answerable.api.http.schemas import ID_PATTERN, Body, Code, ReceiptAnswer, Reply
from answerable.api.http.strict_json import StrictRoute
from answerable.audit.disclosure import Disclosure
from answerable.audit.erasure_receipt import ErasureReceipt
from answerable.audit.records import Role

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["data subjects"], route_class=StrictRoute)

Officer = Annotated[ActorContext, Depends(allowed(Role.OFFICER))]
Overseer = Annotated[ActorContext, Depends(allowed(Role.OFFICER, Role.AUDITOR))]
EntryId = Annotated[str, Path(pattern=ID_PATTERN, description="Id of any entry.")]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class IdentifierBody(Body):
    """An identifier a person is known by, and a further one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"subject_id": "customer-17", "further_id": "crm-90210", "source": "crm"},
            ]
        }
    )

    subject_id: Identifier
    further_id: Identifier
    source: Annotated[Code, Field(description="Which system's identifier it is.")]


class IdentifierAnswer(Reply):
    """Whom the further identifier leads to; neither identifier is repeated."""

    ref: str
    receipt: ReceiptAnswer


class DisclosureBody(Body):
    """Which part goes to whom."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"part": 0, "recipient": "court-vienna"}]}
    )

    part: Annotated[int, Field(ge=0, lt=256, description="0 is the case.")] = 0
    recipient: Code


class DisclosureAnswer(Reply):
    """What opens that part and no other; treat it like the data itself."""

    disclosure: Disclosure
    receipt: ReceiptAnswer


@router.post("/subjects:add-identifier", status_code=201, summary="Add an identifier of a person")
def identified(body: IdentifierBody, workspace: Store, actor: Officer) -> IdentifierAnswer:
    """Let a further identifier lead to a person; the log says so without either of them."""
    added = add_identifier(
        workspace, body.subject_id, body.further_id, source=body.source, actor=actor
    )
    return IdentifierAnswer(ref=added.ref, receipt=ReceiptAnswer.of(added.receipt))


@router.get("/erasures/{entry_id}", summary="The receipt of an erasure")
def receipt(entry_id: EntryId, workspace: Store, actor: Overseer) -> ErasureReceipt:
    """Return what was destroyed, its proof, what remains, and for how long a backup matters."""
    return erasure_receipt(workspace, entry_id, actor=actor)


@router.post("/entries/{entry_id}:disclose", summary="Disclose one part of one record")
def disclosed(
    entry_id: EntryId, body: DisclosureBody, workspace: Store, actor: Officer, purpose: Purpose
) -> DisclosureAnswer:
    """Give the key of one part away, such as to a court; recipient and purpose are logged."""
    given = disclose(
        workspace,
        entry_id,
        body.part,
        recipient=body.recipient,
        purpose=purpose,
        actor=actor,
    )
    return DisclosureAnswer(disclosure=given.disclosure, receipt=ReceiptAnswer.of(given.receipt))
