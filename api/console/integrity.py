"""Integrity: head, checkpoint, verification, and any entry with its proof."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import JsonValue

from answerable.api.console.casefile import related_lines
from answerable.api.console.rendering import Page, reply
from answerable.api.console.routes import ConsoleRoute
from answerable.api.console.visitor import STAFF, Form, Visitor, form_of, signed_in, workspace_of
from answerable.api.console.wording import kind_words
from answerable.api.flows.verify import verification_result, verify
from answerable.api.http.schemas import ID_PATTERN
from answerable.api.wiring import Workspace
from answerable.audit.canonical import parse_header
from answerable.model_cards.report.charts import ChartText, IntervalRow, interval_bars

__all__ = ["router"]

router = APIRouter(route_class=ConsoleRoute)
Staff = Annotated[Visitor, Depends(signed_in(*STAFF))]
EntryPath = Annotated[str, Path(pattern=ID_PATTERN)]
_RECENT: Final = 250
_PAGE: Final = 50


@router.get("/console/integrity")
def integrity(request: Request, visitor: Staff) -> Response:
    """Show the head of the log and what stands in it."""
    return reply(request, _page(workspace_of(request), None), visitor)


@router.post("/console/integrity")
def verify_now(
    request: Request, sent: Annotated[tuple[Visitor, Form], Depends(form_of(*STAFF))]
) -> Response:
    """Verify the whole log now, against a checkpoint when one is given."""
    workspace = workspace_of(request)
    visitor, form = sent
    note = form.get("checkpoint", "").replace("\r\n", "\n")
    report = verify(workspace, checkpoint=f"{note.rstrip()}\n" if note else None)
    return reply(request, _page(workspace, verification_result(report)), visitor)


def _page(workspace: Workspace, report: dict[str, JsonValue] | None) -> Page:
    size = workspace.log.size()
    recent = workspace.log.latest(limit=_RECENT)
    kinds = Counter(entry.kind.value for entry in recent)
    view: dict[str, JsonValue] = {
        "origin": workspace.log.origin,
        "vkey": workspace.log.vkey,
        "size": size,
        "root": f"sha256:{workspace.log.root_at(size).hex()}",
        "checkpoint": workspace.log.latest_checkpoint(),
        "kinds": cast("dict[str, JsonValue]", dict(kinds.most_common())),
        "counted": len(recent),
        "report": report,
    }
    text = ChartText(
        id="kinds",
        title="Entries by kind",
        description=f"The newest {len(recent)} entries.",
    )
    rows = [IntervalRow(kind_words(name), float(count)) for name, count in kinds.most_common()]
    chart = interval_bars(text, rows, units="count") if rows else None
    return Page(
        "integrity.html.j2",
        "Integrity",
        view,
        {"chart": chart},
        lead="Every entry is a leaf of one tree; a signed checkpoint fixes all of them.",
    )


@router.get("/console/entries")
def entries(
    request: Request, visitor: Staff, before: Annotated[int | None, Query(ge=0)] = None
) -> Response:
    """List entries, newest first."""
    found = workspace_of(request).log.latest(before=before, limit=_PAGE + 1)
    rows: list[JsonValue] = [
        {
            "entry_id": entry.id,
            "seq": entry.seq,
            "kind": entry.kind.value,
            "ts": entry.header.ts,
            "role": entry.header.role.value,
        }
        for entry in found[:_PAGE]
    ]
    view: dict[str, JsonValue] = {
        "rows": rows,
        "next": found[_PAGE - 1].seq if len(found) > _PAGE else None,
    }
    return reply(request, Page("entries.html.j2", "Entries of the log", view), visitor)


@router.get("/console/entries/{entry_id}")
def entry(request: Request, entry_id: EntryPath, visitor: Staff) -> Response:
    """Show the header of an entry as it was hashed."""
    workspace = workspace_of(request)
    found = workspace.log.entry(entry_id)
    view: dict[str, JsonValue] = {
        "entry_id": found.id,
        "seq": found.seq,
        "kind": found.kind.value,
        "ts": found.header.ts,
        "leaf": found.leaf.hex(),
        "header": parse_header(found.header_bytes),
        "bytes": len(found.header_bytes),
        "related": cast("list[JsonValue]", related_lines(workspace, entry_id)),
    }
    drawn = {"header_text": json.dumps(view["header"], indent=2, ensure_ascii=False)}
    return reply(request, Page("entry.html.j2", f"Entry {found.seq:,}", view, drawn), visitor)


@router.get("/console/entries/{entry_id}/proof")
def proof(request: Request, entry_id: EntryPath, visitor: Staff) -> Response:
    """Hand out the receipt that proves an entry."""
    del visitor
    text = workspace_of(request).log.proof(entry_id)
    headers = {"Content-Disposition": f'attachment; filename="{entry_id}.tlog-proof"'}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)
