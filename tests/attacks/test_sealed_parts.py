"""Attacks on ciphertext itself: two plaintexts in one, moved parts, parts of another entry."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from answerable.audit.entries import Entry, Header, HeaderSubject
from answerable.audit.errors import RecordTampered
from answerable.audit.heading import Stamp, header_of
from answerable.audit.keys.derive import commitment, part_address, record_key, seal
from answerable.audit.keys.opening import open_body
from answerable.audit.keys.sealing import plan_parts, seal_parts
from answerable.audit.tree.merkle import leaf_hash
from tests.log_kit import ORIGIN, START, LogKit, SeededEntropy

ANNA, BEN = "s-" + "a" * 32, "s-" + "b" * 32
KEYS = {ANNA: b"A" * 32, BEN: b"B" * 32}


def sealed(kit: LogKit, amount: int) -> tuple[Entry, dict[int, bytes]]:
    draft = kit.decision("anna", "ben", amount=amount)
    parts = plan_parts(draft, (ANNA, BEN), KEYS.__getitem__)
    stored, said = seal_parts(
        parts, origin=ORIGIN, entry_id=draft.entry_id, entropy=SeededEntropy("nonces")
    )
    subjects = [HeaderSubject(ref=ref, role="applicant") for ref in (ANNA, BEN)]
    header = header_of(draft, Stamp(ORIGIN, START, None, None), subjects, json.loads(said))
    return entry_of(header), dict(enumerate(stored))


def entry_of(header: Header) -> Entry:
    data = header.to_json()
    return Entry(0, data, leaf_hash(data))


def test_the_parts_open_as_they_were_sealed(memory_kit: LogKit) -> None:
    entry, stored = sealed(memory_kit, 5)
    assert [part.part for part in entry.header.parts] == ["case", "subject", "subject", "slot"]
    body = open_body(entry, stored, KEYS)
    assert body.subjects == {0: {"name": "anna"}, 1: {"name": "ben"}}
    assert body.erased_parts == ()


def test_a_key_that_opens_to_another_text_is_caught_by_the_commitment(memory_kit: LogKit) -> None:
    """The writer of a ciphertext that opens under two keys cannot commit to both texts."""
    entry, stored = sealed(memory_kit, 5)
    key = record_key(KEYS[ANNA], entry.id, 1)
    other = seal(
        key, b'{"name":"eve"}', address=part_address(ORIGIN, entry.id, ANNA), nonce=bytes(12)
    )
    part = entry.header.parts[1].model_copy(update={"ct": hashlib.sha256(other).hexdigest()})
    parts = (entry.header.parts[0], part, *entry.header.parts[2:])
    forged = entry_of(entry.header.model_copy(update={"parts": parts}))
    with pytest.raises(RecordTampered, match="another text than was committed to"):
        open_body(forged, stored | {1: other}, KEYS)
    assert commitment(key, b'{"name":"eve"}') != entry.header.parts[1].pc


def test_a_part_of_another_entry_does_not_open(memory_kit: LogKit) -> None:
    entry, stored = sealed(memory_kit, 5)
    other, others = sealed(memory_kit, 6)
    with pytest.raises(RecordTampered, match="not what the header committed to"):
        open_body(entry, stored | {0: others[0]}, KEYS)
    parts = (other.header.parts[0], *entry.header.parts[1:])
    forged = entry_of(entry.header.model_copy(update={"parts": parts}))
    with pytest.raises(RecordTampered, match="do not open under their key"):
        open_body(forged, stored | {0: others[0]}, KEYS)


def test_the_parts_of_two_subjects_cannot_be_exchanged(memory_kit: LogKit) -> None:
    entry, stored = sealed(memory_kit, 5)
    first, second = entry.header.parts[1:3]
    parts = (
        entry.header.parts[0],
        second.model_copy(update={"subject": 0}),
        first.model_copy(update={"subject": 1}),
        entry.header.parts[3],
    )
    forged = entry_of(entry.header.model_copy(update={"parts": parts}))
    with pytest.raises(RecordTampered):
        open_body(forged, stored | {1: stored[2], 2: stored[1]}, KEYS)


def test_a_part_that_names_no_subject_of_the_header_is_refused(memory_kit: LogKit) -> None:
    entry, stored = sealed(memory_kit, 5)
    subjects = entry.header.subjects[:1]
    forged = entry_of(entry.header.model_copy(update={"subjects": subjects}))
    with pytest.raises(RecordTampered, match="not in the one form"):
        open_body(forged, stored, KEYS)


def test_a_case_key_taken_from_a_slot_is_checked_too(memory_kit: LogKit) -> None:
    entry, stored = sealed(memory_kit, 5)
    only_ben = {BEN: KEYS[BEN]}
    assert open_body(entry, stored, only_ben).record is not None
    wrong = {BEN: b"X" * 32}
    with pytest.raises(RecordTampered):
        open_body(entry, stored, wrong)
    with pytest.raises(RecordTampered):
        open_body(replace(entry, seq=7), stored | {3: stored[3][:-1] + b"\0"}, only_ben)
