"""Which way a turn is committed: alone it compares, after another process wrote it claims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import pytest
from sqlalchemy import Table

from answerable.audit import writer
from answerable.audit.errors import InvalidInput, Unavailable
from answerable.audit.log import Log
from answerable.audit.store import advance, entry_rows
from answerable.audit.store.entry_rows import NewEntry, entry_table_rows
from answerable.audit.store.tables import Row, entry_subject
from tests.log_kit import LogKit, OneBucket, SeededEntropy, redecided

AMOUNTS = [1, 2, 16, 17, 300, 700]


def test_a_lone_process_never_claims_for_an_append(
    kit: LogKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.log.append(kit.decision("anna"))

    def claimed(_connection: object) -> NoReturn:
        raise AssertionError("the head was claimed")

    monkeypatch.setattr(writer, "claim_head", claimed)
    for amount in AMOUNTS:
        kit.log.append_many([kit.decision("anna", n=n) for n in range(amount)])
    assert kit.verify().ok
    assert kit.log.size() >= sum(AMOUNTS)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_after_another_process_wrote_the_turn_is_built_anew(kit: LogKit, amount: int) -> None:
    kit.log.append(kit.decision("anna"))
    other = Log.open(kit.url, vault=kit.vault, clock=kit.clock, entropy=SeededEntropy("other"))
    other.append(kit.decision("ben"))
    receipts = kit.log.append_many([kit.decision("anna", n=n) for n in range(amount)])
    more = other.append(kit.decision("ben", n=2))
    assert more.seq == receipts[-1].seq + 1
    other.close()
    assert kit.verify().ok


def test_a_failure_in_the_middle_leaves_nothing(
    kit: LogKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = kit.log.append(kit.decision("anna"))
    drafts = [kit.decision("anna", n=n) for n in range(300)]

    def twice(entries: Sequence[NewEntry]) -> dict[Table, list[Row]]:
        rows = entry_table_rows(entries)
        rows[entry_subject].append(rows[entry_subject][7])
        return rows

    with monkeypatch.context() as patched:
        patched.setattr(advance, "entry_table_rows", twice)
        patched.setattr(entry_rows, "entry_table_rows", twice)
        with pytest.raises(Unavailable, match="refused"):
            kit.log.append_many(drafts)
    assert kit.log.size() == first.seq + 1
    assert kit.log.append_many(drafts)[0].seq == first.seq + 1
    assert kit.verify().ok


def test_a_bucket_whose_first_person_was_refused_is_used_and_rotated_by_the_next(
    log_url: str,
) -> None:
    kit = LogKit.with_entropy(log_url, OneBucket("refused"))
    refused = redecided(kit.decision("anna"), outcome_code="No Such Code")
    with pytest.raises(InvalidInput):
        kit.log.append(refused)
    kit.log.append(kit.decision("ben"))
    kit.log.append(kit.decision("carla"))
    kit.log.erase(kit.ref("ben"), kit.erasure())
    assert kit.log.subject_ref("ben") is None
    assert kit.log.append(kit.decision("carla", n=2)).seq > 0
    assert kit.verify().ok
    kit.log.close()
