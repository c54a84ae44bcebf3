"""Someone who owns the database hides or moves index rows before a supervisor asks."""

from __future__ import annotations

import pytest

from answerable.audit.errors import ConsistencyProofInvalid, EvidenceBroken, RecordTampered
from answerable.audit.queries import (
    CountDifference,
    Days,
    Draw,
    Scope,
    affected_persons,
    draw_sample,
    growth_since,
    oversight,
    recount,
    require_extends,
    verify_sample,
)
from answerable.audit.tree.merkle import leaf_hash
from tests.attacks.test_rewritten_rows import rewrite
from tests.log_kit import FUNCTION, LogKit
from tests.unit.audit.queries.world import OTHER, decisions

DAY = "2026-11-18"


def test_a_person_hidden_from_the_index_is_missed(kit: LogKit) -> None:
    decisions(kit, 10)
    rewrite(kit, "DELETE FROM entry_subject WHERE seq = 3")
    with pytest.raises(RecordTampered, match="entry 3"):
        affected_persons(kit.log, Scope(), limit=50)


def test_a_decision_filed_under_another_function_is_never_handed_out(kit: LogKit) -> None:
    decisions(kit, 10)
    statement = "UPDATE entry SET function = :own WHERE function = :other"
    rewrite(kit, statement, own=FUNCTION, other=OTHER)
    with pytest.raises(RecordTampered, match="indexed under"):
        affected_persons(kit.log, Scope(function=FUNCTION), limit=50)


def test_a_decision_filed_under_another_kind_is_never_handed_out(kit: LogKit) -> None:
    decisions(kit, 10)
    rewrite(kit, "UPDATE entry SET kind = 'contest.filed' WHERE seq = 4")
    with pytest.raises(RecordTampered, match="entry 4"):
        oversight(kit.log, Scope())


def test_a_changed_count_is_named_with_both_numbers(kit: LogKit) -> None:
    decisions(kit, 12)
    assert recount(kit.log, Days()) == []
    rewrite(
        kit,
        "UPDATE rollup SET n = n + 2 WHERE function = :own AND outcome = 'decline'",
        own=FUNCTION,
    )
    (found,) = recount(kit.log, Days())
    assert found == CountDifference(DAY, FUNCTION, "decline", found.counted + 2, found.counted)
    assert recount(kit.log, Days(function=OTHER)) == []


def test_a_rewritten_log_is_refused_before_anything_is_said_of_it(kit: LogKit) -> None:
    decisions(kit, 10)
    note = kit.log.checkpoint()
    entry = kit.log.entry_at(4)
    changed = entry.header_bytes.replace(b'"outcome":"approve"', b'"outcome":"decline"')
    changed = changed.replace(b'"outcome":"decline.margin"', b'"outcome":"approve"')
    changed = changed.replace(b'"outcome":"refer"', b'"outcome":"approve"')
    assert changed != entry.header_bytes
    leaf = leaf_hash(changed)
    statement = "UPDATE entry SET header = :header, leaf = :leaf WHERE seq = 4"
    rewrite(kit, statement, header=changed, leaf=leaf)
    with pytest.raises(ConsistencyProofInvalid):
        growth_since(kit.log, note)
    with pytest.raises(ConsistencyProofInvalid):
        require_extends(kit.log, note)


def test_a_sample_from_an_index_that_hides_decisions_is_not_the_examiners(kit: LogKit) -> None:
    decisions(kit, 30)
    note = kit.log.checkpoint()
    headers = [entry.header_bytes for entry in kit.log.entries(limit=500)]
    scope, how = Scope(function=FUNCTION), Draw(n=5, nonce="0f" * 16)
    signed = require_extends(kit.log, note)
    honest = draw_sample(kit.log, signed, scope, how)
    hidden = honest.drawn[0].seq
    rewrite(kit, "UPDATE entry SET function = :other WHERE seq = :seq", other=OTHER, seq=hidden)
    picked = draw_sample(kit.log, signed, scope, how)
    assert hidden not in {item.seq for item in picked.drawn}
    verify_sample(honest, headers, note=note, vkey=kit.log.vkey, scope=scope, how=how)
    with pytest.raises(EvidenceBroken, match="not the one"):
        verify_sample(picked, headers, note=note, vkey=kit.log.vkey, scope=scope, how=how)
