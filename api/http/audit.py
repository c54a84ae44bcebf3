"""The log from outside: head, checkpoint, headers, proofs. No body is ever read here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import StringConstraints

from answerable.api.actor import ActorContext
from answerable.api.http.access import EVERYBODY, Store, allowed
from answerable.api.http.cursors import open_cursor, seal_cursor
from answerable.api.http.evidence import not_modified
from answerable.api.http.schemas import ID_PATTERN, Json, Reply
from answerable.api.http.strict_json import StrictRoute
from answerable.audit.entries import Entry
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role

__all__ = ["router"]

router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=StrictRoute)

Reader = Annotated[ActorContext, Depends(allowed(*EVERYBODY))]
Auditor = Annotated[ActorContext, Depends(allowed(Role.AUDITOR, Role.OFFICER, Role.ADMIN))]
EntryId = Annotated[str, Path(pattern=ID_PATTERN, description="Id of any entry.")]
Size = Annotated[int, Query(ge=0, lt=2**53)]


class HeadAnswer(Reply):
    """The head of the log now, unsigned; the checkpoint is signed."""

    log: str
    size: int
    root: str
    verification_key: str


class EntryAnswer(Reply):
    """An entry's header as it was hashed; it holds no personal data."""

    entry_id: str
    seq: int
    leaf: str
    header: Json


class EntryPage(Reply):
    """A page of entries in log order; send `next` as `cursor` to go on."""

    items: list[EntryAnswer]
    next: str | None


class ConsistencyAnswer(Reply):
    """Proof that the newer tree head extends the older one (RFC 9162)."""

    old: int
    new: int
    hashes: list[str]


@router.get("/head", summary="Size and root of the log")
def head(workspace: Store, _actor: Reader) -> HeadAnswer:
    """Return the head of the log as it is now."""
    size = workspace.log.size()
    return HeadAnswer(
        log=workspace.log.origin,
        size=size,
        root=workspace.log.root_at(size).hex(),
        verification_key=workspace.log.vkey,
    )


@router.get(
    "/checkpoint", summary="A signed checkpoint of the head", response_class=PlainTextResponse
)
def checkpoint(workspace: Store, _actor: Reader) -> str:
    """Sign the head (C2SP signed note). Keep it: it is what proves later that nothing changed."""
    return workspace.log.checkpoint()


@router.get("/entries", summary="List entries")
def entries(
    workspace: Store,
    _actor: Auditor,
    kind: Annotated[EntryKind | None, Query(description="Only this kind.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str | None, StringConstraints(max_length=64), Query()] = None,
) -> EntryPage:
    """List headers in log order."""
    listing = f"entries:{kind.value if kind else ''}"
    after = -1
    if cursor is not None:
        after = open_cursor(cursor, listing=listing, keyed_hash=workspace.keyed_hash)
    page = workspace.log.entries(kinds=(kind,) if kind else (), after=after, limit=limit)
    more = len(page) == limit
    return EntryPage(
        items=[_entry(item) for item in page],
        next=(
            seal_cursor(page[-1].seq, listing=listing, keyed_hash=workspace.keyed_hash)
            if more
            else None
        ),
    )


@router.get("/entries/{entry_id}", summary="Read a header", response_model=EntryAnswer)
def entry(entry_id: EntryId, request: Request, workspace: Store, _actor: Auditor) -> Response:
    """Return the header of an entry; immutable."""
    found = workspace.log.entry(entry_id)
    tag = found.leaf.hex()
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, max-age=31536000, immutable"}
    return JSONResponse(_entry(found).model_dump(mode="json"), headers=headers)


@router.get(
    "/entries/{entry_id}/proof",
    summary="An offline proof that the entry stands in the log",
    response_class=PlainTextResponse,
)
def proof(entry_id: EntryId, workspace: Store, _actor: Reader) -> str:
    """Return a C2SP tlog-proof: anybody can check it without this service."""
    return workspace.log.proof(entry_id)


@router.get("/consistency", summary="Proof that the log only grew")
def consistency(workspace: Store, _actor: Reader, old: Size, new: Size) -> ConsistencyAnswer:
    """Return the hashes that prove that the head of size `new` extends that of size `old`."""
    if not old <= new <= workspace.log.size():
        raise InvalidInput(
            "old must not be above new, nor new above the log's size",
            where="old, new",
            remedy="Ask for the head first.",
        )
    hashes = workspace.log.consistency(old, new)
    return ConsistencyAnswer(old=old, new=new, hashes=[item.hex() for item in hashes])


def _entry(found: Entry) -> EntryAnswer:
    return EntryAnswer(
        entry_id=found.id,
        seq=found.seq,
        leaf=found.leaf.hex(),
        header=found.header.model_dump(mode="json", exclude_none=True),
    )
