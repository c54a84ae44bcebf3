"""Registered data sets and what their scans found."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import JsonValue

from answerable.api.console.rendering import Page, reply, report_page
from answerable.api.console.routes import ConsoleRoute
from answerable.api.console.visitor import (
    EVIDENCE_READERS,
    STAFF,
    Visitor,
    signed_in,
    workspace_of,
)
from answerable.api.flows.evidence import evidence_by_digest
from answerable.audit.errors import NotFound
from answerable.audit.kinds import EntryKind
from answerable.model_cards.report import scan_report

__all__ = ["router"]

router = APIRouter(route_class=ConsoleRoute)
Staff = Annotated[Visitor, Depends(signed_in(*STAFF))]


@router.get("/console/data")
def data(request: Request, visitor: Staff) -> Response:
    """List registered data sets with their newest scan."""
    registry = workspace_of(request).registry()
    scans: dict[str, str] = {}
    for item in sorted(registry.evidence.values(), key=lambda found: found.at.seq):
        if item.kind is EntryKind.PRIVACY_SCANNED:
            scans.update(dict.fromkeys(item.datasets.values(), item.digest))
    rows: list[JsonValue] = [
        {
            "name": found.record.name,
            "role": found.record.role.value,
            "rows": found.record.rows,
            "columns": len(found.record.columns),
            "fingerprint": found.record.fingerprint,
            "source": found.record.source,
            "erased_rows": len(found.record.tombstones),
            "ts": found.at.ts,
            "scan": scans.get(found.record.digest),
        }
        for found in sorted(registry.datasets.values(), key=lambda item: -item.at.seq)
    ]
    page = Page(
        "data.html.j2",
        "Data",
        {"datasets": rows},
        lead="Fingerprints and facts; rows are not stored here.",
    )
    return reply(request, page, visitor)


@router.get("/console/scans/{digest}")
def scan(
    request: Request,
    digest: Annotated[str, Path(pattern=r"^sha256:[0-9a-f]{64}$")],
    visitor: Annotated[Visitor, Depends(signed_in(*EVIDENCE_READERS))],
) -> Response:
    """Show a scan as its report."""
    del visitor
    found = evidence_by_digest(workspace_of(request), digest)
    if found.record.kind != EntryKind.PRIVACY_SCANNED.value:
        raise NotFound("this evidence is no scan", where="evidence")
    return report_page(request, scan_report(found.record.result), found.record.result)
