"""Human oversight: who contested, who reviewed, how often a person overturned the machine.

All from headers: what a person wrote, and the reviewer's reasons, stay encrypted. That a review
overturned is seen from the decision that replaced the reviewed one: it stands before the review
and after any earlier review of the same decision.

References
----------
GDPR, Article 22(3); AI Act, Articles 14(4)(d) and 26(2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from statistics import median_low
from typing import Final, Literal

from answerable.audit.codes import Automation
from answerable.audit.entries import Entry
from answerable.audit.kinds import EntryKind
from answerable.audit.queries.scope import (
    HeaderJson,
    Page,
    Scope,
    glance,
    merged,
    page_of,
    stream,
)
from answerable.audit.reading import LogReader
from answerable.audit.store.query_rows import linked_to

__all__ = ["OversightLine", "OversightSummary", "oversight", "oversight_summary"]

_ACTS: Final = (EntryKind.CONTEST_FILED, EntryKind.REVIEW_COMPLETED)
_TOGETHER: Final = 200
_Act = tuple[Entry, HeaderJson]
_CONTESTS, _REVIEWS, _ANSWERS = "contests", "reviews", "answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class OversightLine:
    """One act of oversight.

    `contest`: a person contested `decision`; `answered_by` is the review, None while it waits.
    `review`: `actor` reviewed it; `replaced_by` is the decision that overturned it, if one did.
    `override`: a decision made by a person that replaced `decision`.
    """

    what: Literal["contest", "review", "override"]
    entry_id: str
    seq: int
    ts: int
    actor: str
    role: str
    function: str
    decision: str
    contest: str | None = None
    answered_by: str | None = None
    replaced_by: str | None = None
    took_us: int | None = None
    """From the contest's entry to the review's, microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OversightSummary:
    """Human oversight in a window, counted.

    `share_overturned` is None without a review, `median_us` and `longest_us` without a
    contest that was answered: never 0 for want of a case.
    """

    contests: int
    waiting: int
    """Contests filed in the window that no review has answered yet."""
    reviews: int
    overturned: int
    overrides: int
    share_overturned: float | None
    median_us: int | None
    longest_us: int | None
    by_reviewer: tuple[tuple[str, int, int], ...]
    """Reference, reviews, of which overturned; by reference."""


def oversight(
    log: LogReader, scope: Scope, *, after: int = -1, limit: int = 100
) -> Page[OversightLine]:
    """Return contests, reviews and overrides in the order of the log.

    Parameters
    ----------
    log : LogReader
        The log.
    scope : Scope
        The window, and the function when only one is asked about.
    after, limit
        Place to continue after, and how many.

    Returns
    -------
    Page of OversightLine
        Actors by reference.

    Raises
    ------
    InvalidInput
        If the limit is out of range.
    RecordTampered
        If an entry is indexed under what its header does not say.
    """
    acts = page_of(log, _acts(scope), _with_header, after=after, limit=limit)
    manual = page_of(log, _manual(scope), _replacing, after=after, limit=limit)
    found = merged((acts, manual), place=_place, limit=limit)
    return Page(tuple(_lines(log, found.items)), found.next)


def oversight_summary(log: LogReader, scope: Scope) -> OversightSummary:
    """Return human oversight in a window, counted.

    Parameters
    ----------
    log : LogReader
        The log.
    scope : Scope
        As for :func:`oversight`.

    Returns
    -------
    OversightSummary
        A contest filed in the window counts as answered whenever the review came.

    Raises
    ------
    RecordTampered
        If an entry is indexed under what its header does not say.

    References
    ----------
    AI Act, Article 14(4)(d): the decision not to use or to override the output.
    """
    counts: Counter[str] = Counter()
    reviews: Counter[str] = Counter()
    overturned: Counter[str] = Counter()
    took: list[int] = []
    for line in _all_lines(log, scope):
        counts[line.what] += 1
        if line.what == "contest" and line.answered_by is None:
            counts["waiting"] += 1
        elif line.what == "review":
            reviews[line.actor] += 1
            overturned[line.actor] += line.replaced_by is not None
            took += [] if line.took_us is None else [line.took_us]
    total = sum(overturned.values())
    return OversightSummary(
        contests=counts["contest"],
        waiting=counts["waiting"],
        reviews=counts["review"],
        overturned=total,
        overrides=counts["override"],
        share_overturned=total / counts["review"] if counts["review"] else None,
        median_us=median_low(took) if took else None,
        longest_us=max(took, default=None),
        by_reviewer=tuple((ref, reviews[ref], overturned[ref]) for ref in sorted(reviews)),
    )


def _all_lines(log: LogReader, scope: Scope) -> Iterator[OversightLine]:
    acts = stream(log, _acts(scope))
    manual = (found for found in stream(log, _manual(scope)) if _replacing(*found))
    both = chain(acts, manual)
    while part := tuple(islice(both, _TOGETHER)):
        yield from _lines(log, part)


def _lines(log: LogReader, acts: Sequence[_Act]) -> Iterator[OversightLine]:
    targets = sorted({_target(header) for _, header in acts})
    related = log.ask(lambda snapshot: linked_to(snapshot, targets))
    for entry, header in acts:
        yield _line(entry, header, related[_target(header)])


def _target(header: HeaderJson) -> str:
    """Return the entry whose links say the rest: a contest itself, else the decision."""
    if header["kind"] == EntryKind.REVIEW_COMPLETED:
        return _linked(header, _REVIEWS) or ""
    return header["id"]


def _acts(scope: Scope) -> Scope:
    return replace(scope, kinds=_ACTS, outcomes=(), automation=None)


def _manual(scope: Scope) -> Scope:
    return replace(scope, kinds=(EntryKind.DECISION,), outcomes=(), automation=Automation.MANUAL)


def _with_header(entry: Entry, header: HeaderJson) -> _Act:
    return entry, header


def _replacing(entry: Entry, header: HeaderJson) -> _Act | None:
    return (entry, header) if "supersedes" in header else None


def _place(found: _Act) -> int:
    return found[0].seq


def _line(entry: Entry, header: HeaderJson, related: Sequence[Entry]) -> OversightLine:
    if header["kind"] == EntryKind.DECISION:
        return _of(entry, header, "override", decision=header["supersedes"])
    if header["kind"] == EntryKind.CONTEST_FILED:
        return _contest(entry, header, related)
    return _review(entry, header, related)


def _contest(entry: Entry, header: HeaderJson, related: Sequence[Entry]) -> OversightLine:
    line = _of(entry, header, "contest", decision=_linked(header, _CONTESTS) or "")
    for item in related:
        review = glance(item)
        if _linked(review, _ANSWERS) == header["id"]:
            took = review["ts"] - header["ts"]
            return replace(line, answered_by=review["id"], took_us=took)
    return line


def _review(entry: Entry, header: HeaderJson, related: Sequence[Entry]) -> OversightLine:
    decision, contest = _linked(header, _REVIEWS) or "", _linked(header, _ANSWERS)
    replaced_by, filed = None, None
    for item in related:
        if item.seq >= entry.seq:
            break
        found = glance(item)
        if found["id"] == contest:
            filed = found["ts"]
        elif _linked(found, _REVIEWS) == decision:
            replaced_by = None
        elif found.get("supersedes") == decision:
            replaced_by = found["id"]
    return replace(
        _of(entry, header, "review", decision=decision),
        contest=contest,
        replaced_by=replaced_by,
        took_us=None if filed is None else header["ts"] - filed,
    )


def _linked(header: HeaderJson, rel: str) -> str | None:
    links = header.get("links", [])
    return next((link.get("entry") for link in links if link["rel"] == rel), None)


def _of(
    entry: Entry,
    header: HeaderJson,
    what: Literal["contest", "review", "override"],
    *,
    decision: str,
) -> OversightLine:
    return OversightLine(
        what=what,
        entry_id=header["id"],
        seq=entry.seq,
        ts=header["ts"],
        actor=header["actor"],
        role=header["role"],
        function=header.get("function", ""),
        decision=decision,
    )
