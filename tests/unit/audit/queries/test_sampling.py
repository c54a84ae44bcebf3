"""A sample of a log: what the examiner recomputes, and what is refused."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest

from answerable.audit.codes import Automation, Role
from answerable.audit.errors import (
    CheckpointSignatureInvalid,
    ConsistencyProofInvalid,
    EvidenceBroken,
    InvalidInput,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import Draw, Scope, draw_sample, require_extends, verify_sample
from tests.log_kit import ACTOR, FUNCTION, LogKit
from tests.unit.audit.queries.world import Row, decisions, rows

NONCE = "00ff" * 8
DECISIONS = Scope(kinds=(EntryKind.DECISION,))


def by_hand(note: str, nonce: str, found: list[Row], n: int) -> list[int]:
    """The recipe of the documents, from the note as published and the parsed headers."""
    text = note[: note.index("\n\n") + 1].encode()
    label = b"answerable/sample/v1\x00"
    seed = hashlib.sha256(label + len(text).to_bytes(4, "big") + text + bytes.fromhex(nonce))

    def rank(row: Row) -> bytes:
        return hmac.new(seed.digest(), row.seq.to_bytes(8, "big"), "sha256").digest()

    return [row.seq for row in sorted(found, key=rank)][:n]


def headers(kit: LogKit, size: int) -> list[bytes]:
    return [entry.header_bytes for entry in kit.log.entries(limit=size)]


def test_it_is_what_an_examiner_computes_from_the_headers(kit: LogKit) -> None:
    made = decisions(kit)
    note = kit.log.checkpoint()
    size = kit.log.size()
    decisions(kit, 20)
    since = made[8].ts
    scope = replace(DECISIONS, function=FUNCTION, since=since, outcomes=("decline", "refer"))
    how = Draw(n=6, nonce=NONCE)
    sample = draw_sample(kit.log, require_extends(kit.log, note), scope, how)
    inside = [
        row
        for row in rows(kit)[:size]
        if row.header["kind"] == "decision"
        and row.header["function"] == FUNCTION
        and row.header["outcome"] in {"decline", "refer"}
        and row.header["ts"] >= since
    ]
    assert [item.seq for item in sample.drawn] == by_hand(note, NONCE, inside, 6)
    assert sum(sample.population.values()) == len(inside) > 6
    assert (sample.size, sample.chosen_by) == (size, "examiner")
    verify_sample(sample, headers(kit, size), note=note, vkey=kit.log.vkey, scope=scope, how=how)


def test_nothing_that_came_after_the_checkpoint_can_be_in_it(kit: LogKit) -> None:
    decisions(kit, 10)
    note = kit.log.checkpoint()
    before = draw_sample(kit.log, require_extends(kit.log, note), DECISIONS, Draw(n=500))
    decisions(kit, 40)
    after = draw_sample(kit.log, require_extends(kit.log, note), DECISIONS, Draw(n=500))
    assert after == before
    assert {item.seq for item in after.drawn} == set(range(1, 11))


def test_without_a_nonce_it_says_that_the_operator_chose(memory_kit: LogKit) -> None:
    decisions(memory_kit, 12)
    signed = require_extends(memory_kit.log, memory_kit.log.checkpoint())
    own = draw_sample(memory_kit.log, signed, DECISIONS, Draw(n=3))
    theirs = draw_sample(memory_kit.log, signed, DECISIONS, Draw(n=3, nonce=NONCE))
    assert own.chosen_by == "operator"
    assert own.drawn != theirs.drawn


def test_drawn_by_outcome_it_holds_n_of_each(memory_kit: LogKit) -> None:
    decisions(memory_kit)
    note = memory_kit.log.checkpoint()
    how = Draw(n=2, nonce=NONCE, by_outcome=True)
    scope = replace(DECISIONS, automation=Automation.SOLELY_AUTOMATED)
    sample = draw_sample(memory_kit.log, require_extends(memory_kit.log, note), scope, how)
    assert [item.outcome for item in sample.drawn] == [
        code for code in sorted(sample.population) for _ in range(2)
    ]


def test_what_is_missing_altered_or_added_is_found(memory_kit: LogKit) -> None:
    decisions(memory_kit, 12)
    note = memory_kit.log.checkpoint()
    how = Draw(n=4, nonce=NONCE)
    sample = draw_sample(memory_kit.log, require_extends(memory_kit.log, note), DECISIONS, how)
    held = headers(memory_kit, memory_kit.log.size())

    def verify(found: list[bytes], **changes: object) -> None:
        claimed = replace(sample, **changes)  # type: ignore[arg-type]
        verify_sample(claimed, found, note=note, vkey=memory_kit.log.vkey, scope=DECISIONS, how=how)

    verify(held)
    altered = [held[0], held[1].replace(b"approve", b"decline"), *held[2:]]
    for wrong in (held[:-1], [*held, held[-1]], altered, [held[1], held[0], *held[2:]], []):
        with pytest.raises(EvidenceBroken):
            verify(wrong)
    for lie in (
        {"drawn": sample.drawn[1:]},
        {"drawn": sample.drawn[::-1]},
        {"population": {"approve": 99}},
        {"chosen_by": "operator"},
        {"root": "00" * 32},
    ):
        with pytest.raises(EvidenceBroken, match="not the one"):
            verify(held, **lie)


def test_a_checkpoint_of_another_log_is_refused(memory_kit: LogKit) -> None:
    decisions(memory_kit, 5)
    other = LogKit.create("sqlite://", seed="other")
    with pytest.raises(CheckpointSignatureInvalid):
        require_extends(memory_kit.log, other.log.checkpoint())
    other.log.close()


def test_a_checkpoint_beyond_the_log_is_refused(memory_kit: LogKit) -> None:
    note = memory_kit.log.checkpoint()
    twin = LogKit.create("sqlite://")
    decisions(twin, 3)
    ahead = twin.log.checkpoint()
    assert twin.log.vkey == memory_kit.log.vkey
    with pytest.raises(ConsistencyProofInvalid, match="4 were signed"):
        require_extends(memory_kit.log, ahead)
    assert require_extends(twin.log, note).size == 1
    twin.log.close()


@pytest.mark.parametrize("n", [0, -1, 10_001])
def test_a_sample_has_limits(memory_kit: LogKit, n: int) -> None:
    signed = require_extends(memory_kit.log, memory_kit.log.checkpoint())
    with pytest.raises(InvalidInput, match="sample"):
        draw_sample(memory_kit.log, signed, DECISIONS, Draw(n=n))


@pytest.mark.parametrize(
    "nonce", ["0f", "0F" * 16, "zz" * 16, "0f" * 65, "0" * 33, " " + "0f" * 16]
)
def test_a_nonce_is_hex_digits(memory_kit: LogKit, nonce: str) -> None:
    signed = require_extends(memory_kit.log, memory_kit.log.checkpoint())
    with pytest.raises(InvalidInput, match="nonce"):
        draw_sample(memory_kit.log, signed, DECISIONS, Draw(n=1, nonce=nonce))


def test_a_sample_drawn_before_a_rotation_is_checked_with_the_chain_of_keys(
    memory_kit: LogKit,
) -> None:
    kit = memory_kit
    kit.log.append_many([kit.decision(f"cust-{n}") for n in range(5)])
    note = kit.log.checkpoint()
    size = kit.log.open_checkpoint(note).size
    kit.log.rotate_signing_key(ACTOR, Role.ADMIN)
    how = Draw(n=3, nonce="ab" * 16)
    sample = draw_sample(kit.log, kit.log.open_checkpoint(note), DECISIONS, how)
    found = headers(kit, size)
    with pytest.raises(CheckpointSignatureInvalid):
        verify_sample(sample, found, note=note, vkey=kit.log.vkey, scope=DECISIONS, how=how)
    keys = kit.log.key_chain()
    verify_sample(sample, found, note=note, vkey=keys, scope=DECISIONS, how=how)
