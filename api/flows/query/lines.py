"""What a line of an answer says, as JSON: the one place that names its keys."""

from __future__ import annotations

from pydantic import JsonValue

from answerable.api.flows.lookup import function_name
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry
from answerable.audit.queries import (
    Affected,
    ClearRecord,
    DrawnEntry,
    Irregularity,
    OversightLine,
    OversightSummary,
    ReadCount,
)
from answerable.audit.store.view_rows import OutcomeCount

__all__ = [
    "act_line",
    "affected_line",
    "count_line",
    "decision_line",
    "drawn_line",
    "entry_line",
    "irregularity_line",
    "oversight_line",
    "oversight_totals",
    "reader_line",
]

Line = dict[str, JsonValue]


def decision_line(workspace: Workspace, entry: Entry) -> Line:
    """Return what a decision's header says."""
    header = entry.header
    return {
        "entry_id": entry.id,
        "seq": entry.seq,
        "ts": header.ts,
        "function": header.function or "",
        "function_name": function_name(workspace, header.function),
        "outcome": header.outcome or "",
        "automation": header.automation.value if header.automation else "",
        "release": header.release or "none",
        "supersedes": header.supersedes,
        "subjects": [person.ref for person in header.subjects],
    }


def affected_line(person: Affected) -> Line:
    """Return a person by reference, and the first decision that names them."""
    return {
        "ref": person.ref,
        "role": person.role,
        "entry_id": person.entry_id,
        "seq": person.seq,
        "ts": person.ts,
    }


def oversight_line(found: OversightLine) -> Line:
    """Return a contest, a review or an override."""
    return {
        "what": found.what,
        "entry_id": found.entry_id,
        "seq": found.seq,
        "ts": found.ts,
        "actor": found.actor,
        "role": found.role,
        "function": found.function,
        "decision": found.decision,
        "contest": found.contest,
        "answered_by": found.answered_by,
        "replaced_by": found.replaced_by,
        "took_us": found.took_us,
    }


def oversight_totals(found: OversightSummary) -> Line:
    """Return oversight counted; what has no case is null."""
    return {
        "contests": found.contests,
        "waiting": found.waiting,
        "reviews": found.reviews,
        "overturned": found.overturned,
        "overrides": found.overrides,
        "share_overturned": found.share_overturned,
        "median_us": found.median_us,
        "longest_us": found.longest_us,
        "by_reviewer": [
            {"reviewer": ref, "reviews": reviews, "overturned": overturned}
            for ref, reviews, overturned in found.by_reviewer
        ],
    }


def act_line(found: ClearRecord) -> Line:
    """Return an act on data, or a read, with what its record says."""
    return {
        "kind": found.kind.value,
        "entry_id": found.entry_id,
        "seq": found.seq,
        "ts": found.ts,
        "actor": found.actor,
        "role": found.role,
        "purpose": found.purpose,
        "subjects": list(found.subjects),
        "facts": found.facts,
    }


def reader_line(found: ReadCount) -> Line:
    """Return how often somebody read for a purpose."""
    return {
        "role": found.role,
        "purpose": found.purpose,
        "actor": found.actor,
        "kind": found.kind,
        "n": found.n,
    }


def irregularity_line(found: Irregularity) -> Line:
    """Return something somebody should look at."""
    return {
        "what": found.what,
        "entry_id": found.entry_id,
        "seq": found.seq,
        "ts": found.ts,
        "function": found.function,
        "about": found.about,
    }


def count_line(workspace: Workspace, found: OutcomeCount) -> Line:
    """Return how many decisions a function made on a day with one outcome."""
    return {
        "day": found.day,
        "function": found.function,
        "function_name": function_name(workspace, found.function or None),
        "outcome": found.outcome,
        "n": found.n,
    }


def entry_line(entry: Entry) -> Line:
    """Return what every header says."""
    header = entry.header
    return {
        "entry_id": entry.id,
        "seq": entry.seq,
        "ts": header.ts,
        "kind": header.kind.value,
        "actor": header.actor,
        "role": header.role.value,
        "function": header.function or "",
        "leaf": entry.leaf.hex(),
    }


def drawn_line(found: DrawnEntry) -> Line:
    """Return a drawn decision and its rank."""
    return {
        "entry_id": found.entry_id,
        "seq": found.seq,
        "outcome": found.outcome,
        "rank": found.rank,
    }
