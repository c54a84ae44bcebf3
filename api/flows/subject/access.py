"""The access package: everything held about one person, each entry with its proof.

Of a decision about several people it holds the case and this person's own data, never the
data of the others (GDPR Art. 15(4)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import orjson
from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.append import note_read
from answerable.api.flows.lookup import function_name
from answerable.api.flows.subject.find import RequestFacts, known_ref
from answerable.api.wiring import Workspace
from answerable.audit.entries import Draft, DraftSubject, Entry, OpenedBody, Receipt
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import SubjectFile, SubjectItem, everything_about
from answerable.audit.records import Record, RecordsRead, Role, SubjectRequest

__all__ = ["AccessPackage", "access_package", "log_request"]


@dataclass(frozen=True)
class AccessPackage:
    """Everything held about one person, ready to hand out."""

    ref: str
    result: dict[str, JsonValue]
    proofs: dict[str, str]
    """Offline proof by entry id."""
    receipt: Receipt
    """Of the request's entry."""

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return self.result

    def files(self) -> dict[str, bytes]:
        """Return the files to hand out, by name.

        Returns
        -------
        dict[str, bytes]
            ``access.json`` and one ``.tlog-proof`` an entry.
        """
        written = {
            "access.json": orjson.dumps(
                self.result, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
            )
        }
        for entry_id, proof in self.proofs.items():
            written[f"{entry_id}.tlog-proof"] = proof.encode("utf-8")
        return written


def access_package(
    workspace: Workspace,
    ref: str,
    request: RequestFacts,
    *,
    purpose: str,
    actor: ActorContext,
) -> AccessPackage:
    """Answer an access request, noting the read and the request.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    ref : str
        The person, from ``find_subject``.
    request : RequestFacts
        When it came in and how the person was identified.
    purpose : str
        Why, as a code.
    actor : ActorContext
        An officer.

    Returns
    -------
    AccessPackage
        Entries, bodies, explanations, who read them, proofs.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If the log does not know the reference.
    InvalidInput
        If a code is malformed.

    References
    ----------
    GDPR Art. 15(1), 15(3), 15(4) and 20(1).
    """
    role = actor.acting_as(Role.OFFICER)
    known_ref(workspace, ref)
    receipt = log_request(workspace, ref, _record(request, "access"), acting=(actor, role))
    entries = [entry.id for entry in workspace.log.subject_entries(ref)]
    note_read(
        workspace,
        acting=(actor, role),
        purpose=purpose,
        query="access-package",
        entries=entries,
        subjects=[ref],
    )
    everything = everything_about(workspace.log, ref)
    result: dict[str, JsonValue] = {
        "type": "answerable.access-package.v1",
        "ref": ref,
        "log": workspace.log.origin,
        "verification_key": workspace.log.vkey,
        "checkpoint": workspace.log.latest_checkpoint() or workspace.log.checkpoint(),
        "written_at": workspace.clock(),
        "erased": everything.erased,
        "holds": [_json(hold) for hold in everything.holds],
        "entries": [_entry(workspace, item, ref) for item in everything.items],
        "reads": _reads(workspace, everything),
    }
    proofs = {item.entry.id: item.proof for item in everything.items}
    return AccessPackage(ref=ref, result=result, proofs=proofs, receipt=receipt)


def log_request(
    workspace: Workspace,
    ref: str,
    record: SubjectRequest,
    *,
    acting: tuple[ActorContext, Role],
    kind: EntryKind = EntryKind.SUBJECT_REQUEST,
) -> Receipt:
    """Append a data subject's request and how it was answered; codes only, stored clear.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    ref : str
        The person.
    record : SubjectRequest
        The request.
    acting : tuple[ActorContext, Role]
        Who answers it.
    kind : EntryKind
        ``subject.request`` or ``subject.erasure_refused``.

    Returns
    -------
    Receipt
        Of the entry.

    Raises
    ------
    NotFound
        If the log does not know the reference.
    """
    actor, role = acting
    return workspace.log.append(
        Draft(
            kind=kind,
            entry_id=workspace.ids(),
            record=record,
            actor=actor.actor,
            role=role,
            subjects=(DraftSubject(role="data-subject", ref=ref),),
        )
    )


def _record(request: RequestFacts, kind: str) -> SubjectRequest:
    return SubjectRequest.parse(
        {
            "request": kind,
            "article": request.article,
            "received_at": request.received_at,
            "identity_check": request.identity_check,
            "outcome": "fulfilled",
        }
    )


def _entry(workspace: Workspace, item: SubjectItem, ref: str) -> dict[str, JsonValue]:
    header = item.entry.header
    own = _own_data(item.entry, item.body, ref)
    return {
        "entry_id": header.id,
        "seq": item.entry.seq,
        "kind": header.kind.value,
        "ts": header.ts,
        "claimed_at": header.at,
        "function": header.function,
        "function_name": function_name(workspace, header.function),
        "outcome": header.outcome,
        "automation": header.automation.value if header.automation else None,
        "purpose": header.purpose,
        "lawful_basis": header.basis,
        "acted_in_role": header.role.value,
        "record": _json(item.body.record),
        "own_data": cast("JsonValue", own),
        "erased": bool(item.body.erased_parts),
        "related": list(item.related),
        "proof": item.proof,
    }


def _own_data(entry: Entry, body: OpenedBody, ref: str) -> dict[str, JsonValue] | None:
    for number, subject in enumerate(entry.header.subjects):
        if subject.ref == ref:
            return body.subjects.get(number)
    return None


def _reads(workspace: Workspace, everything: SubjectFile) -> list[JsonValue]:
    reads: list[JsonValue] = []
    for entry in everything.reads:
        record = workspace.log.open_body(entry).record
        if isinstance(record, RecordsRead):
            reads.append(
                {
                    "entry_id": entry.id,
                    "ts": entry.header.ts,
                    "role": entry.header.role.value,
                    "purpose": record.purpose,
                    "query": record.query,
                }
            )
    return reads


def _json(record: Record | None) -> JsonValue:
    return None if record is None else cast("JsonValue", record.model_dump(mode="json"))
