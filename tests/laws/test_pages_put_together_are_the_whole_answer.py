"""Whatever is asked and however long a page is, the pages put together are the whole answer."""

from __future__ import annotations

import json
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.audit.codes import Automation
from answerable.audit.entries import Entry
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import Scope, stream
from answerable.audit.queries.scope import HeaderJson, page_of
from tests.log_kit import FUNCTION, LogKit
from tests.unit.audit.queries.world import OTHER, OUTCOMES, decisions, incident, question


@cache
def told() -> LogKit:
    """A log that is only read, so one serves every example."""
    kit = LogKit.create("sqlite://")
    for number, decision in enumerate(decisions(kit, 45)):
        if number % 6 == 0:
            incident(kit, decision)
        if number % 10 == 0:
            question(kit, "supervision")
    return kit


@cache
def entries() -> tuple[Entry, ...]:
    return tuple(told().log.entries(limit=500))


def times() -> st.SearchStrategy[int]:
    moments = [json.loads(entry.header_bytes)["ts"] for entry in entries()]
    return st.integers(moments[0] - 2, moments[-1] + 2) | st.sampled_from(moments)


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    return Scope(
        kinds=tuple(draw(st.sets(st.sampled_from([
            EntryKind.DECISION, EntryKind.INCIDENT_OPENED, EntryKind.QUERY_ASKED,
        ])))),
        function=draw(st.sampled_from([None, None, FUNCTION, OTHER])),
        outcomes=tuple(draw(st.sets(st.sampled_from(OUTCOMES), max_size=2))),
        automation=draw(st.sampled_from([None, None, *Automation])),
        since=draw(st.just(0) | times()),
        until=draw(st.none() | times()),
    )  # fmt: skip


def matches(scope: Scope, entry: Entry) -> bool:
    header = json.loads(entry.header_bytes)
    asked = [
        (bool(scope.kinds), header["kind"] in {kind.value for kind in scope.kinds}),
        (scope.function is not None, header.get("function") == scope.function),
        (bool(scope.outcomes), header.get("outcome") in scope.outcomes),
        (scope.automation is not None, header.get("automation") == scope.automation),
        (True, header["ts"] >= scope.since),
        (scope.until is not None, header["ts"] < (scope.until or 0)),
    ]
    return all(holds for narrows, holds in asked if narrows)


@given(scopes(), st.integers(1, 60), st.integers(1, 20), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_pages_put_together_are_the_whole(
    scope: Scope, limit: int, examine: int, every: int
) -> None:
    def kept(entry: Entry, _header: HeaderJson) -> int | None:
        return entry.seq if entry.seq % every == 0 else None

    found: list[int] = []
    place: int | None = -1
    while place is not None:
        page = page_of(told().log, scope, kept, after=place, limit=limit, examine=examine)
        assert len(page.items) <= limit
        assert page.next is None or page.next > place
        found += page.items
        place = page.next
    expected = [entry.seq for entry in entries() if matches(scope, entry)]
    assert found == [seq for seq in expected if seq % every == 0]
    assert [entry.seq for entry, _ in stream(told().log, scope)] == expected
