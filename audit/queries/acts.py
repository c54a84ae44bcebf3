"""What was done with people's data, and who looked at it: erasures, refusals, holds, reads.

The records of these acts are stored clear and hold codes, references and numbers, never data of a
person, so that they outlive an erasure.

References
----------
GDPR, Articles 5(2), 17 and 30; DORA RTS 2024/1774, Article 12 (from memory).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, cast

from pydantic import JsonValue

from answerable.audit.entries import Entry, OpenedBody
from answerable.audit.kinds import EntryKind
from answerable.audit.queries.scope import (
    HeaderJson,
    LogPlaces,
    Page,
    Scope,
    page_of,
    stream,
)
from answerable.audit.reading import LogReader

__all__ = [
    "KEEPING_KINDS",
    "READING_KINDS",
    "ClearRecord",
    "ReadCount",
    "acts_on_data",
    "reads",
    "reads_by_purpose",
    "count_by_ground",
]

KEEPING_KINDS: Final = (
    EntryKind.SUBJECT_ERASED,
    EntryKind.SUBJECT_ERASURE_REFUSED,
    EntryKind.DATASET_ROWS_ERASED,
    EntryKind.ACTOR_RETIRED,
    EntryKind.HOLD_PLACED,
    EntryKind.HOLD_LIFTED,
    EntryKind.RETENTION_RUN,
)
READING_KINDS: Final = (EntryKind.RECORDS_READ, EntryKind.QUERY_ASKED)
_WITHOUT_GROUND: Final = "none"
_TOGETHER: Final = 200
_Act = tuple[Entry, HeaderJson]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearRecord:
    """An entry whose body is clear: who acted, whom it concerns by reference, what it records."""

    kind: EntryKind
    entry_id: str
    seq: int
    ts: int
    actor: str
    role: str
    purpose: str
    subjects: tuple[str, ...]
    facts: dict[str, JsonValue]
    """Fields of the record; empty where the body is encrypted or was removed by retention."""


@dataclass(frozen=True, slots=True, order=True)
class ReadCount:
    """How often somebody in a role read for a purpose."""

    role: str
    purpose: str
    actor: str
    kind: str
    n: int


def acts_on_data(
    log: LogReader, scope: Scope, *, after: int = -1, limit: int = 100
) -> Page[ClearRecord]:
    """Return erasures, refusals with their ground, holds and retention runs.

    Parameters
    ----------
    log : LogReader
        The log.
    scope : Scope
        The window; kinds narrow to some of :data:`KEEPING_KINDS`.
    after, limit
        Place to continue after, and how many.

    Returns
    -------
    Page of ClearRecord
        Ascending.

    Raises
    ------
    InvalidInput
        If the limit is out of range.
    RecordTampered
        If a body does not match what its header committed to.

    References
    ----------
    GDPR, Articles 5(2), 17 and 30.
    """
    asked = _of_kinds(scope, scope.kinds or KEEPING_KINDS)
    return _opened(log, page_of(log, asked, _both, after=after, limit=limit))


def count_by_ground(log: LogReader, scope: Scope) -> dict[str, dict[str, int]]:
    """Return how many acts there were of each kind, by ground.

    Parameters
    ----------
    log : LogReader
        The log.
    scope : Scope
        As for :func:`acts_on_data`.

    Returns
    -------
    dict
        Kind to ground to number; ground ``none`` where the record names none.

    Raises
    ------
    RecordTampered
        If a body does not match what its header committed to.
    """
    asked = _of_kinds(scope, scope.kinds or KEEPING_KINDS)
    counted: dict[str, Counter[str]] = {}
    found = stream(log, asked)
    while part := tuple(islice(found, _TOGETHER)):
        for act in _clear(log, part):
            ground = act.facts.get("ground", _WITHOUT_GROUND)
            counted.setdefault(act.kind.value, Counter())[str(ground)] += 1
    return {kind: dict(sorted(grounds.items())) for kind, grounds in sorted(counted.items())}


def reads(
    log: LogReader,
    scope: Scope,
    *,
    purpose: str | None = None,
    after: int = -1,
    limit: int = 100,
) -> Page[ClearRecord]:
    """Return who read personal data or asked about it, in the order of the log.

    Parameters
    ----------
    log : LogReader
        The log.
    scope : Scope
        The window; kinds narrow to ``records.read`` or ``query.asked``.
    purpose : str, optional
        Only what was read for this purpose.
    after, limit
        Place to continue after, and how many.

    Returns
    -------
    Page of ClearRecord
        Readers by reference, with role and purpose; whom it concerned by reference.

    Raises
    ------
    InvalidInput
        If the limit is out of range.
    RecordTampered
        If a body does not match what its header committed to.

    References
    ----------
    GDPR, Articles 5(2) and 32(1).
    """

    def wanted(entry: Entry, header: HeaderJson) -> _Act | None:
        return (entry, header) if purpose in {None, header.get("purpose")} else None

    asked = _of_kinds(scope, scope.kinds or READING_KINDS)
    return _opened(log, page_of(log, asked, wanted, after=after, limit=limit))


def reads_by_purpose(log: LogPlaces, scope: Scope) -> tuple[ReadCount, ...]:
    """Return how often whom in which role read for which purpose.

    Parameters
    ----------
    log : LogPlaces
        The log.
    scope : Scope
        As for :func:`reads`.

    Returns
    -------
    tuple of ReadCount
        By role, purpose and reader.

    Raises
    ------
    RecordTampered
        If an entry is indexed under what its header does not say.
    """
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for _, header in stream(log, _of_kinds(scope, scope.kinds or READING_KINDS)):
        counted[header["role"], header.get("purpose", ""), header["actor"], header["kind"]] += 1
    return tuple(ReadCount(*key, n) for key, n in sorted(counted.items()))


def _of_kinds(scope: Scope, kinds: tuple[EntryKind, ...]) -> Scope:
    return Scope(kinds=kinds, since=scope.since, until=scope.until)


def _both(entry: Entry, header: HeaderJson) -> _Act:
    return entry, header


def _opened(log: LogReader, page: Page[_Act]) -> Page[ClearRecord]:
    return Page(tuple(_clear(log, page.items)), page.next)


def _clear(log: LogReader, acts: Sequence[_Act]) -> list[ClearRecord]:
    """Return what some entries record, their bodies read together."""
    open_ones = [entry for entry, _ in acts if _is_clear(entry)]
    bodies = {
        entry.seq: opened
        for entry, opened in zip(open_ones, log.open_bodies(open_ones), strict=True)
    }
    return [
        ClearRecord(
            kind=EntryKind(header["kind"]),
            entry_id=header["id"],
            seq=entry.seq,
            ts=header["ts"],
            actor=header["actor"],
            role=header["role"],
            purpose=header.get("purpose", ""),
            subjects=tuple(person["ref"] for person in header.get("subjects", [])),
            facts=_facts(bodies.get(entry.seq)),
        )
        for entry, header in acts
    ]


def _is_clear(entry: Entry) -> bool:
    return all(part.part == "clear" for part in entry.header.parts)


def _facts(opened: OpenedBody | None) -> dict[str, JsonValue]:
    if opened is None or opened.record is None:
        return {}
    value = cast("dict[str, JsonValue]", opened.record.model_dump(mode="json", exclude_none=True))
    return {name: fact for name, fact in value.items() if name != "type"}
