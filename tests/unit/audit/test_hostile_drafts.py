"""A draft of the wrong kinds is told to who made it, and harms nobody else's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from answerable.audit.entries import Draft, DraftSubject, Receipt
from answerable.audit.errors import AnswerableError, InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink
from tests.log_kit import START, LogKit, a_decision

BAD: list[dict[str, Any]] = [
    {"entry_id": 7},
    {"entry_id": b"x"},
    {"subjects": (DraftSubject(role="applicant", subject_id="a\ud800"),)},
    {"subjects": (DraftSubject(role="applicant", subject_id=cast("str", 7)),)},
    {"subjects": (DraftSubject(role="applicant", ref="a-" + "1" * 32),)},
    {"subjects": (DraftSubject(role="applicant", ref=cast("str", 7)),)},
    {"reference": "\udc00"},
    {"reference": 7},
    {"cell": True},
    {"cell": "1"},
    {"cell": 1.0},
    {"automation": "assisted"},
    {"links": ({"rel": "of"},)},
    {"links": (EntryLink.model_construct(rel='a"x', digest="zz"),)},
    {"actor": ["a"]},
    {"role": ["service"]},
    {"record": None},
    {"subjects": (None,)},
]


@pytest.mark.parametrize("changes", BAD, ids=lambda changes: next(iter(changes)))
def test_a_bad_draft_fails_alone_without_its_value(kit: LogKit, changes: dict[str, Any]) -> None:
    kit.log.append(kit.decision("anna"))
    good = [kit.decision("anna", n=n) for n in range(4)]
    bad = replace(kit.decision("ben"), **changes)

    async def together() -> list[object]:
        calls = [kit.log.aappend(draft) for draft in (*good[:2], bad, *good[2:])]
        return await asyncio.gather(*calls, return_exceptions=True)

    size = kit.log.size()
    first, second, told, third, fourth = asyncio.run(together())
    assert isinstance(told, InvalidInput)
    assert "ud800" not in str(told)
    assert all(isinstance(item, Receipt) for item in (first, second, third, fourth))
    assert kit.log.size() == size + 4
    with pytest.raises(InvalidInput):
        kit.log.append(bad)
    assert kit.verify().ok


@pytest.mark.parametrize("number", [2**53, 2**64 - 1, 2**64, 10**30, -(2**64), -(10**40)])
def test_a_number_that_json_readers_would_change_is_refused(kit: LogKit, number: int) -> None:
    size = kit.log.size()
    with pytest.raises(InvalidInput):
        a_decision({"income": number}).to_json()
    with pytest.raises(InvalidInput):
        kit.log.append(kit.decision("anna", income=number))
    assert kit.log.size() == size


@pytest.mark.parametrize("number", [2**53 - 1, -(2**53 - 1), 1e22, 1.0e-7, 123456789012345678.0])
def test_a_number_that_every_reader_reads_alike_is_kept(kit: LogKit, number: float) -> None:
    receipt = kit.log.append(kit.decision("anna", income=number))
    record = kit.log.open_body(kit.log.entry(receipt.entry_id)).record
    assert record is not None
    assert record.to_json() == a_decision({"income": number}).to_json()


def test_a_step_of_the_clock_is_recorded_although_the_first_draft_was_refused(
    memory_kit: LogKit,
) -> None:
    kit = memory_kit
    kit.log.append(kit.decision("anna"))
    bad = replace(kit.decision("anna"), outcome_code="No Such Code")
    good = kit.decision("anna", n=1)
    kit.clock.now = START - 2_000_000
    size = kit.log.size()

    async def together() -> list[Receipt | BaseException]:
        calls: list[Draft] = [bad, good]
        return await asyncio.gather(
            *(kit.log.aappend(draft) for draft in calls), return_exceptions=True
        )

    refused, receipt = asyncio.run(together())
    assert isinstance(refused, AnswerableError)
    assert isinstance(receipt, Receipt)
    kinds = [kit.log.entry_at(seq).kind for seq in range(size, kit.log.size())]
    assert kinds == [EntryKind.CLOCK_STEPPED, EntryKind.DECISION]
