"""A draft that waited as bytes is the draft that was written: the log sees the same entry."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from answerable.audit.draft_json import drafts_from_json, drafts_to_json
from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.ids import uuid7
from answerable.audit.keys.sealing import PlainPart, plan_parts
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Automation, EntryLink, Role
from tests.log_kit import ACTOR, FUNCTION, a_decision

SAFE = st.characters(codec="utf-8")
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.none() | st.booleans() | NUMBERS | st.text(SAFE, max_size=8)
JSON: st.SearchStrategy[dict[str, JsonValue]] = st.dictionaries(
    st.text(SAFE, max_size=8), st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3))
)
IDS = st.builds(uuid7, st.integers(0, 2**47), st.binary(min_size=10, max_size=10))
SUBJECTS = st.lists(
    st.builds(
        DraftSubject,
        role=st.just("applicant"),
        subject_id=st.text(SAFE, min_size=1, max_size=12),
        data=st.none() | JSON,
    ),
    max_size=2,
    unique_by=lambda subject: subject.subject_id,
).map(tuple)
DRAFTS = st.builds(
    Draft,
    kind=st.sampled_from([EntryKind.DECISION, EntryKind.EXPLANATION]),
    entry_id=IDS,
    record=JSON.map(a_decision),
    actor=st.just(ACTOR),
    role=st.sampled_from(list(Role)),
    subjects=SUBJECTS,
    claimed_at=st.none() | st.integers(0, 2**53 - 1),
    reference=st.none() | st.text(SAFE, max_size=8),
    links=st.lists(st.builds(EntryLink, rel=st.just("explains"), entry=IDS), max_size=2).map(tuple),
    function=st.none() | st.just(FUNCTION),
    outcome_code=st.none() | st.just("approve"),
    automation=st.none() | st.sampled_from(list(Automation)),
    cell=st.none() | st.integers(0, 2**32 - 1),
)


def parts(draft: Draft) -> tuple[PlainPart, ...]:
    refs = [f"s-{number:032x}" for number in range(len(draft.subjects))]
    return plan_parts(draft, refs, lambda ref: ref.encode()[:32])


@given(st.lists(DRAFTS, min_size=1, max_size=3))
def test_a_draft_and_its_bytes_plan_the_same_entry(drafts: list[Draft]) -> None:
    data = drafts_to_json(drafts)
    back = drafts_from_json(data)
    assert drafts_to_json(back) == data
    assert [parts(draft) for draft in back] == [parts(draft) for draft in drafts]
    for one, other in zip(back, drafts, strict=True):
        for name in ("kind", "entry_id", "role", "claimed_at", "reference", "links", "cell"):
            assert getattr(one, name) == getattr(other, name)
