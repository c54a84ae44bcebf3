"""A small log in which much happened, and what its headers say: the oracle of every question."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from answerable.audit.codes import Automation, Role
from answerable.audit.entries import Draft, DraftSubject, Receipt
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Contest,
    EntryLink,
    Evidence,
    LegalHold,
    QueryAsked,
    Record,
    RecordsRead,
    Review,
    SubjectRequest,
)
from tests.log_kit import ACTOR, FUNCTION, SECOND, LogKit, redecided

OTHER = "sha256:" + "ab" * 32
REVIEWER = "a-" + "2" * 32
OUTCOMES = ("approve", "decline", "decline.margin", "refer")
AUTOMATIONS = tuple(Automation)
DAY = 86_400 * SECOND

Json = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """An entry as its header says, parsed by the standard library."""

    seq: int
    header: Json

    @property
    def refs(self) -> list[str]:
        return [person["ref"] for person in self.header.get("subjects", [])]


def rows(kit: LogKit) -> list[Row]:
    """Return every entry of a log, as any reader of JSON sees it."""
    return [Row(entry.seq, json.loads(entry.header_bytes)) for entry in kit.log.entries(limit=5000)]


def decisions(kit: LogKit, count: int = 60, *, apart_us: int = SECOND) -> list[Receipt]:
    """Append decisions of two functions about a dozen people, some about two of them."""
    drafts = []
    for number in range(count):
        people = [f"person-{number * number % 11}"]
        if number % 7 == 0:
            people.append(f"partner-{number % 3}")
        drafts.append(
            redecided(
                kit.decision(*people),
                function=OTHER if number % 5 == 0 else FUNCTION,
                outcome_code=OUTCOMES[number % 4],
                automation=AUTOMATIONS[number % 3 if number % 2 else 0],
                release="none" if number % 13 == 0 else kit.entry_id(),
            )
        )
    receipts = []
    for draft in drafts:
        kit.clock.now += apart_us
        receipts.append(kit.log.append(draft))
    return receipts


def entry(kit: LogKit, kind: EntryKind, record: Record, *links: EntryLink, **more: Any) -> Receipt:
    """Append an entry with a clear body."""
    given: Json = {"actor": ACTOR, "role": Role.OFFICER, **more}
    draft = Draft(kind=kind, entry_id=kit.entry_id(), record=record, links=links, **given)
    return kit.log.append(draft)


def contest(kit: LogKit, decision: Receipt, ref: str) -> Receipt:
    record = Contest(decision=decision.entry_id, grounds="no", received_at=kit.clock.now)
    return entry(
        kit,
        EntryKind.CONTEST_FILED,
        record,
        EntryLink(rel="contests", entry=decision.entry_id),
        subjects=(DraftSubject(role="applicant", ref=ref),),
        function=FUNCTION,
    )


def review(
    kit: LogKit, decision: Receipt, contested: Receipt | None = None, *, reviewer: str = REVIEWER
) -> Receipt:
    record = Review(
        decision=decision.entry_id, reviewer=reviewer, result="upheld", reason_code="checked"
    )
    links = [EntryLink(rel="reviews", entry=decision.entry_id)]
    if contested is not None:
        links.append(EntryLink(rel="answers", entry=contested.entry_id))
    more: Json = {"actor": reviewer, "role": Role.REVIEWER, "function": FUNCTION}
    return entry(kit, EntryKind.REVIEW_COMPLETED, record, *links, **more)


def overturn(kit: LogKit, decision: Receipt, person: str) -> Receipt:
    """Append the decision of a person that replaces one."""
    return kit.log.append(
        replace(
            redecided(
                kit.decision(person),
                supersedes=decision.entry_id,
                automation=Automation.MANUAL,
                release=kit.entry_id(),
            ),
            actor=REVIEWER,
            role=Role.REVIEWER,
        )
    )


def incident(kit: LogKit, decision: Receipt) -> Receipt:
    record = Evidence(
        kind=EntryKind.INCIDENT_OPENED.value,
        inputs={"function": FUNCTION},
        code="test",
        result_type="answerable.incident.v1",
        result={"decision": decision.entry_id},
    )
    link = EntryLink(rel="concerns", entry=decision.entry_id)
    return entry(kit, EntryKind.INCIDENT_OPENED, record, link, function=FUNCTION)


def refusal(kit: LogKit, ref: str, ground: str) -> Receipt:
    record = SubjectRequest(
        request="erasure",
        article="gdpr-art-17",
        received_at=1,
        identity_check="id-card",
        outcome="refused",
        ground=ground,
    )
    person = (DraftSubject(role="data-subject", ref=ref),)
    return entry(kit, EntryKind.SUBJECT_ERASURE_REFUSED, record, subjects=person)


def hold(kit: LogKit, ref: str, *, lifted: bool = False) -> Receipt:
    kind = EntryKind.HOLD_LIFTED if lifted else EntryKind.HOLD_PLACED
    record = LegalHold(subject=ref, ground="litigation", reference="case-7")
    draft = replace(kit.hold(ref, kind=kind), record=record)
    return kit.log.lift_hold(draft) if lifted else kit.log.place_hold(draft)


def read(kit: LogKit, ref: str, purpose: str, *, actor: str = ACTOR) -> Receipt:
    record = RecordsRead(purpose=purpose, query="subject", count=1)
    person = (DraftSubject(role="data-subject", ref=ref),)
    more: Json = {"subjects": person, "purpose": purpose, "actor": actor}
    return entry(kit, EntryKind.RECORDS_READ, record, **more)


def question(kit: LogKit, purpose: str) -> Receipt:
    record = QueryAsked(purpose=purpose, query="adverse", size=1, count=0)
    return entry(kit, EntryKind.QUERY_ASKED, record, purpose=purpose, role=Role.AUDITOR)
