"""The access package: everything held about one person, and what they must be told about it.

Of a decision about several people it holds the case and this person's own data, never the
data of the others (GDPR Art. 15(4)). Who looked is told by role, time and purpose; members of staff
are not named. Each entry keeps its proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import orjson
from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.append import note_read
from answerable.api.flows.organisation import Organisation, organisation_of
from answerable.api.flows.subject.about import about_processing
from answerable.api.flows.subject.answers import RequestClosing, settlement, with_open_request
from answerable.api.flows.subject.find import RequestFacts, known_ref
from answerable.api.flows.subject.held import held_entry, without_staff
from answerable.api.flows.subject.logic import automated_decisions
from answerable.api.wiring import Workspace
from answerable.audit.entries import Receipt
from answerable.audit.errors import InvalidInput
from answerable.audit.queries import SubjectFile, everything_about
from answerable.audit.records import RecipientNotified, Record, RecordsRead, Role
from answerable.audit.requests.register import RequestLine, subject_lines
from answerable.audit.requests.rules import gdpr_rules
from answerable.audit.requests.state import objections_of, restrictions_of
from answerable.explain.letters.texts import letter_languages
from answerable.model_cards.papers import access_paper, paper_page, paper_text

__all__ = ["AccessPackage", "access_package"]

Json = dict[str, JsonValue]


@dataclass(frozen=True)
class AccessPackage:
    """Everything held about one person, ready to hand out."""

    ref: str
    result: dict[str, JsonValue]
    proofs: dict[str, str]
    """Offline proof by entry id."""
    receipt: Receipt
    """Of the entry that says the request was answered."""
    language: str = "en"
    """Of the files that people read."""

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return self.result

    def files(self) -> dict[str, bytes]:
        """Return the files to hand out, by name.

        Returns
        -------
        dict[str, bytes]
            ``access.json``, the same to read (``access.html``, ``access.txt``), and one
            ``.tlog-proof`` an entry.
        """
        paper = access_paper(self.result, language=self.language)
        written = {
            "access.json": orjson.dumps(
                self.result, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
            ),
            "access.html": paper_page(paper).encode("utf-8"),
            "access.txt": paper_text(paper).encode("utf-8"),
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
    language: str = "en",
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
        When it came in and how the person was identified. Where it names no open request, the
        person's only open one of this kind is answered, if there is one.
    purpose : str
        Why, as a code.
    language : str
        Of what people read, ``en`` or ``de``.
    actor : ActorContext
        An officer.

    Returns
    -------
    AccessPackage
        Entries, bodies, explanations, what must be told about the processing, who read, proofs.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If the log does not know the reference, or the request is not this person's.
    Conflict
        If the request was answered before.
    InvalidInput
        If several open requests could be meant, a code is malformed or nothing is written in the
        language.

    References
    ----------
    GDPR Art. 15(1) to 15(4); CJEU C-579/21.
    """
    role = actor.acting_as(Role.OFFICER)
    acting = (actor, role)
    if language not in letter_languages():
        raise InvalidInput(
            "packages are not written in this language",
            where="language",
            remedy=f"Choose one of: {', '.join(letter_languages())}.",
        )
    known_ref(workspace, ref)
    request = with_open_request(workspace, ref, "access", request)
    fulfilled = RequestClosing(outcome="fulfilled")
    *asked, answered = settlement(workspace, ref, ("access", request), fulfilled, acting=acting)
    if asked:
        workspace.log.append_many(asked)
    entries = [entry.id for entry in workspace.log.subject_entries(ref)]
    note_read(
        workspace,
        acting=acting,
        purpose=purpose,
        query="access-package",
        entries=entries,
        subjects=[ref],
    )
    everything = everything_about(workspace.log, ref)
    result = _package(workspace, everything, language)
    proofs = {item.entry.id: item.proof for item in everything.items}
    receipt = workspace.log.append(answered)
    return AccessPackage(ref=ref, result=result, proofs=proofs, receipt=receipt, language=language)


def _package(workspace: Workspace, everything: SubjectFile, language: str) -> Json:
    ref, items = everything.ref, everything.items
    organisation = organisation_of(workspace)
    shown = {item.entry.id for item in items}
    return {
        "type": "answerable.access-package.v1",
        "ref": ref,
        "log": workspace.log.origin,
        "verification_key": workspace.log.vkey,
        "checkpoint": workspace.log.latest_checkpoint() or workspace.log.checkpoint(),
        "written_at": workspace.clock(),
        "language": language,
        "erased": everything.erased,
        **about_processing(workspace, organisation, items),
        "automated_decisions": automated_decisions(
            workspace, organisation, items, language=language
        ),
        **_state(everything),
        "holds": [_json(hold) for hold in everything.holds],
        "requests": _requests(workspace, organisation, everything),
        "recipients_told": _told(everything),
        "entries": [held_entry(workspace, item, ref, shown) for item in items],
        "reads": _reads(workspace, everything),
        "not_included": [
            {"what": "data-of-other-people", "article": "gdpr-art-15-4"},
            {"what": "names-of-staff", "article": "gdpr-art-15-1-c"},
        ],
    }


def _state(everything: SubjectFile) -> Json:
    entries = [item.entry for item in everything.items]
    restricted = restrictions_of(entries)
    return {
        "restricted": bool(restricted),
        "restrictions": [{"entry_id": item.id, "since": item.header.ts} for item in restricted],
        "objections": [
            {"entry_id": item.id, "since": item.header.ts} for item in objections_of(entries)
        ],
    }


def _requests(
    workspace: Workspace, organisation: Organisation, everything: SubjectFile
) -> JsonValue:
    entries = [item.entry for item in everything.items]
    lines = subject_lines(
        workspace.log, entries, rules=gdpr_rules(), calendar=organisation.calendar
    )
    return [_request(line) for line in lines if line.subject == everything.ref]


def _request(line: RequestLine) -> JsonValue:
    return {
        "request_id": line.request_id,
        "request": line.request,
        "article": line.article,
        "received_at": line.received_at,
        "due_on": line.due_on.isoformat(),
        "extended": line.extended,
        "outcome": line.outcome,
        "ground": line.ground,
        "answered_at": line.answered_at,
    }


def _told(everything: SubjectFile) -> JsonValue:
    return [
        _json(item.body.record)
        for item in everything.items
        if isinstance(item.body.record, RecipientNotified)
    ]


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
    if record is None:
        return None
    return without_staff(cast("JsonValue", record.model_dump(mode="json")))
