"""Decisions that may have wronged somebody: adverse ones by machine alone, and who was affected.

References
----------
GDPR, Articles 22, 33 and 34; AI Act, Article 26(5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from answerable.audit.codes import Automation, Outcome
from answerable.audit.entries import Entry
from answerable.audit.errors import RecordTampered
from answerable.audit.kinds import EntryKind
from answerable.audit.queries.scope import (
    HeaderJson,
    LogPlaces,
    Page,
    Scope,
    page_of,
    places_of,
)
from answerable.audit.reading import LogReader
from answerable.audit.records import DecisionFunction
from answerable.audit.store.entry_rows import Selection
from answerable.audit.store.query_rows import count_named, first_named

__all__ = [
    "Affected",
    "adverse_codes",
    "adverse_decisions",
    "affected_persons",
    "count_affected",
]


@dataclass(frozen=True, slots=True)
class Affected:
    """A person by random reference, and the first decision in scope that names them."""

    ref: str
    role: str
    seq: int
    entry_id: str
    ts: int


def adverse_codes(function: DecisionFunction) -> tuple[str, ...]:
    """Return the outcome codes of a function that leave a person worse off than a yes.

    Everything the function registers except its favourable outcome and a referral, which a person
    decides; a rule's code counts as the rule's outcome does. A code nobody declared favourable is
    adverse, so that what is asked about is rather too much than too little.

    Parameters
    ----------
    function : DecisionFunction
        As registered.

    Returns
    -------
    tuple of str
        Sorted; empty when every code is favourable.

    References
    ----------
    GDPR, Article 22(1): "legal effects ... or similarly significantly affects".
    """
    harmless = {function.favourable.value, Outcome.REFER.value}
    of_rules = {rule.reason_code: rule.outcome.value for rule in function.rules}
    return tuple(
        sorted(
            code
            for code in function.outcome_codes
            if of_rules.get(code, code.partition(".")[0]) not in harmless
        )
    )


def adverse_decisions(
    log: LogPlaces, scope: Scope, *, after: int = -1, limit: int = 100
) -> Page[Entry]:
    """Return the solely automated decisions with an adverse outcome.

    Parameters
    ----------
    log : LogPlaces
        The log.
    scope : Scope
        The function, the outcome codes that count as adverse, the window.
    after, limit
        Place to continue after, and how many.

    Returns
    -------
    Page of Entry
        Ascending.

    Raises
    ------
    InvalidInput
        If the limit is out of range.
    RecordTampered
        If an entry is indexed under what its header does not say.

    References
    ----------
    GDPR, Article 22(1).
    """
    asked = replace(scope, kinds=(EntryKind.DECISION,), automation=Automation.SOLELY_AUTOMATED)
    return page_of(log, asked, _itself, after=after, limit=limit)


def affected_persons(
    log: LogReader, scope: Scope, *, after: int = -1, limit: int = 100
) -> Page[Affected]:
    """Return the persons that decisions name, each once, at the first that names them.

    Parameters
    ----------
    log : LogReader
        The log.
    scope : Scope
        The decisions: of a function, with some outcomes, in a window, such as that of a breach.
    after, limit
        Place to continue after, and how many decisions to look for. A decision that names several
        persons is never cut in two.

    Returns
    -------
    Page of Affected
        References only: a person who was erased is one as before, and nobody can be named.

    Raises
    ------
    InvalidInput
        If the limit is out of range.
    RecordTampered
        If the index over persons does not say what a header says.

    References
    ----------
    GDPR, Articles 33(3)(a) and 34(1).
    """
    asked = replace(scope, kinds=(EntryKind.DECISION,))
    places = places_of(log, asked)
    found = page_of(log, asked, _people, after=after, limit=limit)
    named = {(person.seq, person.ref): person for people in found.items for person in people}
    refs = sorted({ref for _, ref in named})
    first = log.ask(lambda snapshot: first_named(snapshot, refs, _selection(asked), places))
    items = [person for (seq, ref), person in named.items() if _is_first(first, ref, seq)]
    return Page(tuple(items), found.next)


def count_affected(log: LogReader, scope: Scope) -> int:
    """Return how many persons decisions name, each once; erased ones are counted.

    Parameters
    ----------
    log : LogReader
        The log.
    scope : Scope
        The decisions, as for :func:`affected_persons`.

    Returns
    -------
    int
        From the index over persons, which ``answerable verify`` compares with the headers.
    """
    asked = replace(scope, kinds=(EntryKind.DECISION,))
    places = places_of(log, asked)
    return log.ask(lambda snapshot: count_named(snapshot, _selection(asked), places))


def _selection(scope: Scope) -> Selection:
    return Selection(scope.kinds, scope.function, scope.outcomes, scope.automation)


def _itself(entry: Entry, _header: HeaderJson) -> Entry:
    return entry


def _people(entry: Entry, header: HeaderJson) -> list[Affected]:
    return [
        Affected(person["ref"], person["role"], entry.seq, header["id"], header["ts"])
        for person in header.get("subjects", [])
    ]


def _is_first(first: Mapping[str, int], ref: str, seq: int) -> bool:
    place = first.get(ref, seq + 1)
    if place > seq:
        raise RecordTampered(
            "the index over persons does not name somebody its header names",
            where=f"entry {seq}",
            remedy="Verify the log and compare with a backup.",
        )
    return place == seq
