"""What a person provided, in a form another service can read (GDPR Art. 20).

Only what the person gave, and only where the processing rests on consent or contract: outcome,
score and explanation are not theirs to carry but are in the access package.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

import orjson
from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.append import note_read
from answerable.api.flows.subject.answers import RequestClosing, settlement, with_open_request
from answerable.api.flows.subject.find import RequestFacts, known_ref
from answerable.api.flows.subject.held import own_data
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry, Receipt
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Decision, Role, SubjectStatement
from answerable.audit.requests.rules import gdpr_rules

__all__ = ["PortablePackage", "portability_package"]

Json = dict[str, JsonValue]
FILE_NAME: Final = "portability.json"


@dataclass(frozen=True)
class PortablePackage:
    """What a person provided, ready to hand out or to send to another service."""

    ref: str
    result: Json
    receipt: Receipt
    """Of the entry that says the request was answered."""

    def to_result(self) -> Json:
        """Return the JSON form."""
        return self.result

    def files(self) -> dict[str, bytes]:
        """Return the one file to hand out, by name."""
        options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
        return {FILE_NAME: orjson.dumps(self.result, option=options)}


def portability_package(
    workspace: Workspace,
    ref: str,
    request: RequestFacts,
    *,
    purpose: str,
    actor: ActorContext,
) -> PortablePackage:
    """Answer a request for portability, noting the read and the request.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    ref : str
        The person.
    request : RequestFacts
        When it came in and how the person was identified. Where it names no open request, the
        person's only open one of this kind is answered, if there is one.
    purpose : str
        Why, as a code.
    actor : ActorContext
        An officer.

    Returns
    -------
    PortablePackage
        Inputs of decisions, the person's own data, their corrections; each with its proof.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If the log does not know the reference, or the request is not this person's.
    Conflict
        If the request was answered before.
    InvalidInput
        If several open requests could be meant, a code is malformed.

    References
    ----------
    GDPR Art. 20(1) and 20(4).
    """
    role = actor.acting_as(Role.OFFICER)
    acting = (actor, role)
    known_ref(workspace, ref)
    request = with_open_request(workspace, ref, "portability", request)
    fulfilled = RequestClosing(outcome="fulfilled")
    *opened, answered = settlement(
        workspace, ref, ("portability", request), fulfilled, acting=acting
    )
    if opened:
        workspace.log.append_many(opened)
    entries = workspace.log.subject_entries(ref)
    note_read(
        workspace,
        acting=acting,
        purpose=purpose,
        query="portability",
        entries=[entry.id for entry in entries],
        subjects=[ref],
    )
    left_out: Counter[str] = Counter()
    items = [
        item
        for entry in entries
        for item in (*_given(workspace, entry, ref, left_out), *_corrected(workspace, entry))
    ]
    result: Json = {
        "type": "answerable.portability.v1",
        "ref": ref,
        "log": workspace.log.origin,
        "verification_key": workspace.log.vkey,
        "checkpoint": workspace.log.latest_checkpoint() or workspace.log.checkpoint(),
        "written_at": workspace.clock(),
        "items": cast("JsonValue", items),
        "left_out": cast("JsonValue", dict(sorted(left_out.items()))),
    }
    return PortablePackage(ref, result, workspace.log.append(answered))


def _given(workspace: Workspace, entry: Entry, ref: str, left_out: Counter[str]) -> Iterator[Json]:
    """Yield what was given for one decision, or count why it is left out."""
    header = entry.header
    if entry.kind is not EntryKind.DECISION:
        return
    if header.supersedes is not None:
        left_out["repeats-an-earlier-decision"] += 1
        return
    if header.basis not in gdpr_rules().portability_bases:
        left_out["not-on-consent-or-contract"] += 1
        return
    body = workspace.log.open_body(entry)
    if not isinstance(body.record, Decision):
        left_out["erased"] += 1
        return
    yield {
        "entry_id": header.id,
        "ts": header.ts,
        "kind": header.kind.value,
        "purpose": header.purpose,
        "lawful_basis": header.basis,
        "inputs": dict(body.record.inputs),
        "about_you": cast("JsonValue", own_data(entry, body, ref)),
        "given_together_with": len(header.subjects) - 1,
        "proof": workspace.log.proof(header.id),
    }


def _corrected(workspace: Workspace, entry: Entry) -> Iterator[Json]:
    if entry.kind is not EntryKind.SUBJECT_RECTIFIED:
        return
    record = workspace.log.open_body(entry).record
    if isinstance(record, SubjectStatement) and record.fields:
        yield {
            "entry_id": entry.id,
            "ts": entry.header.ts,
            "kind": entry.kind.value,
            "about": record.entry,
            "fields": dict(record.fields),
            "proof": workspace.log.proof(entry.id),
        }
