"""Counts that services state, and whether the log holds as many decisions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import ConfigDict, StringConstraints

from answerable.api.actor import ActorContext
from answerable.api.flows.completeness import completeness, state_count
from answerable.api.http.access import Store, allowed
from answerable.api.http.schemas import Body, Json, Micros, Number, ReceiptAnswer, Reply, Series
from answerable.api.http.strict_json import StrictRoute
from answerable.audit.records import CallerCounted, Role

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["decisions"], route_class=StrictRoute)

Service = Annotated[ActorContext, Depends(allowed(Role.SERVICE))]
Reader = Annotated[
    ActorContext,
    Depends(allowed(Role.AUDITOR, Role.OFFICER, Role.COMPLIANCE, Role.ADMIN, Role.SERVICE)),
]


class CountBody(Body):
    """How many decisions your service made in one of its series."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "series": "loan-2026",
                    "first_number": 1,
                    "last_number": 1234,
                    "count": 1234,
                    "start": 1780000000000000,
                    "end": 1780086400000000,
                }
            ]
        }
    )
    series: Series
    first_number: Number
    last_number: Number
    count: Number
    start: Micros
    end: Micros
    function: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None


class CountAnswer(Reply):
    """The statement stands in the log."""

    receipt: ReceiptAnswer


@router.post("/counts", status_code=201, summary="State how many decisions were made")
def count(body: CountBody, workspace: Store, actor: Service) -> CountAnswer:
    """Record a count; the report compares it with the decisions that carry its numbers."""
    said = CallerCounted.parse(body.model_dump(exclude_none=True))
    return CountAnswer(receipt=ReceiptAnswer.of(state_count(workspace, said, actor=actor).receipt))


@router.get("/completeness", summary="Does the log hold as many decisions as were counted?")
def report(
    workspace: Store,
    actor: Reader,
    series: Annotated[Series | None, Query(description="Only series of this name.")] = None,
) -> Json:
    """Compare stated counts with the log: missing numbers, duplicates, gaps between statements."""
    return completeness(workspace, actor=actor, series=series).to_result()
