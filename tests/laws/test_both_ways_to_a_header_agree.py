"""The fast way from a draft to header bytes gives what the checked record gives, or refuses too."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.entries import Draft, DraftSubject, HeaderSubject
from answerable.audit.errors import AnswerableError
from answerable.audit.heading import Stamp, header_form, header_of, written_header
from answerable.audit.keys.derive import keyed_hash
from answerable.audit.keys.sealing import SealingPlace, seal_draft
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Automation, EntryLink, Role
from tests.log_kit import ACTOR, FUNCTION, ORIGIN, SeededEntropy, a_decision

_ID = "01a0c5f2-1c00-7000-8000-00000000000a"
_token = st.sampled_from(["approve", "gdpr-6-1-b", "x" * 128, "A", "", "ä", "x" * 129, "a b"])
_digest = st.sampled_from([FUNCTION, "sha256:" + "ab" * 32, "sha256:AB", ""])
_entry = st.sampled_from([_ID, _ID.upper(), "none", ""])
_at = st.sampled_from([0, 1, 2**53 - 1, 2**53, -1, True])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    persons = draw(st.integers(0, 3))
    return Draft(
        kind=draw(st.sampled_from([EntryKind.DECISION, EntryKind.OUTCOME_OBSERVED])),
        entry_id=_ID,
        record=a_decision({"income": draw(st.integers(0, 9)), "rate": draw(st.floats(0, 1))}),
        actor=draw(st.sampled_from([ACTOR, ACTOR, "a-1"])),
        role=draw(st.sampled_from([Role.SERVICE, Role.OFFICER])),
        subjects=tuple(
            DraftSubject(
                role=draw(st.sampled_from(["applicant", "applicant", "co-applicant", "Nobody!"])),
                subject_id=f"person-{number}",
                data=draw(maybe(st.just({"name": "A."}))),
            )
            for number in range(persons)
        ),
        claimed_at=draw(maybe(_at)),
        links=tuple(
            EntryLink(rel="about", digest=FUNCTION)
            if draw(st.booleans())
            else EntryLink(rel="of", entry=_ID)
            for _ in range(draw(st.integers(0, 2)))
        ),
        function=draw(maybe(_digest)),
        outcome_code=draw(maybe(_token)),
        automation=draw(maybe(st.sampled_from(list(Automation)))),
        supersedes=draw(maybe(_entry)),
        purpose=draw(maybe(_token)),
        lawful_basis=draw(maybe(_token)),
        release=draw(maybe(_entry)),
    )


@given(drafts(), maybe(st.just("ab" * 32)), maybe(st.just("2026-12:0badcafe")))
def test_both_give_the_same_bytes_or_refuse(
    draft: Draft, reference: str | None, cell: str | None
) -> None:
    refs = tuple(f"s-{number:032x}" for number in range(len(draft.subjects)))
    place = SealingPlace(ORIGIN, SeededEntropy("law"), 0)
    sealed = seal_draft(draft, refs, lambda ref: keyed_hash(b"k" * 32, "test", ref.encode()), place)
    stamp = Stamp(ORIGIN, 1_795_000_000_000_000, reference, cell)
    roles = [(ref, item.role) for ref, item in zip(refs, draft.subjects, strict=True)]

    def checked() -> bytes:
        subjects = [HeaderSubject.parse({"ref": ref, "role": role}) for ref, role in roles]
        return header_of(draft, stamp, subjects, json.loads(sealed.said)).to_json()

    def fast() -> bytes:
        form = header_form(draft, stamp, tuple(item.role for item in draft.subjects))
        return written_header(form, draft, stamp, refs, sealed.said)

    assert _tried(fast) == _tried(checked)


def _tried(way: Any) -> bytes | str:
    try:
        return bytes(way())
    except AnswerableError as error:
        return error.code
