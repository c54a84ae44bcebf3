"""What a person is given after an erasure, and on which grounds one is refused."""

from __future__ import annotations

import pytest

from answerable.audit.entries import Header
from answerable.audit.erasure_grounds import erasure_grounds
from answerable.audit.erasure_receipt import ErasureReceipt, erasure_receipt
from answerable.audit.errors import InvalidInput, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.tree.receipts import open_proof
from tests.log_kit import LogKit


def test_the_receipt_says_what_was_erased_and_what_remains(kit: LogKit) -> None:
    kit.log.append_many([kit.decision("anna", amount=number) for number in range(3)])
    ref = kit.ref("anna")
    entry = kit.log.erase(ref, kit.erasure())
    receipt = erasure_receipt(kit.log, entry.entry_id, key_backup_days=14)
    assert (receipt.ref, receipt.entries, receipt.ground) == (ref, 3, "gdpr-17-1-a")
    assert [(item.kind, item.entries) for item in receipt.remains] == [("decision", 3)]
    assert receipt.erased_at == entry.ts
    assert receipt.final_at == receipt.erased_at + 14 * 24 * 3600 * 1_000_000
    header = Header.from_json(open_proof(receipt.proof, kit.log.vkey).header)
    assert (header.kind, header.subjects[0].ref) == (EntryKind.SUBJECT_ERASED, ref)
    assert ErasureReceipt.from_json(receipt.to_json()) == receipt


def test_the_fields_named_are_those_of_the_headers_that_remain(memory_kit: LogKit) -> None:
    memory_kit.log.append(memory_kit.decision("anna"))
    entry = memory_kit.log.erase(memory_kit.ref("anna"), memory_kit.erasure())
    receipt = erasure_receipt(memory_kit.log, entry.entry_id, key_backup_days=0)
    written = {
        "v", "log", "kind", "id", "ts", "actor", "role", "function", "outcome", "automation",
        "subjects", "purpose", "basis", "release", "parts",
    }  # fmt: skip
    assert set(receipt.header_fields) == written
    text = "\n".join(receipt.lines())
    assert "anna" not in text
    assert "1 decision" in text
    assert "0 days" in text
    unstated = erasure_receipt(memory_kit.log, entry.entry_id, key_backup_days=None)
    assert (unstated.final_at, "no period is stated" in "".join(unstated.lines())) == (None, True)


def test_only_the_entry_of_an_erasure_gives_a_receipt(memory_kit: LogKit) -> None:
    draft = memory_kit.decision("anna")
    memory_kit.log.append(draft)
    with pytest.raises(InvalidInput, match="records no erasure"):
        erasure_receipt(memory_kit.log, draft.entry_id, key_backup_days=1)
    with pytest.raises(NotFound):
        erasure_receipt(memory_kit.log, memory_kit.entry_id(), key_backup_days=1)


def test_an_erasure_is_refused_under_article_17_or_because_the_request_itself_fails() -> None:
    grounds = erasure_grounds()
    own = [f"gdpr-17-3-{at}" for at in "abcde"]
    assert [item.id for item in grounds.refuse] == ["gdpr-17-1", "gdpr-12-5-b", "gdpr-12-6", *own]
    assert [item.id for item in grounds.erase] == [f"gdpr-17-1-{at}" for at in "abcdef"]
    for item in (*grounds.refuse, *grounds.erase):
        _, article, *parts = item.id.split("-")
        said = "".join(f"({part})" for part in parts)
        assert item.cite.startswith(f"GDPR Art. {article}")
        assert item.cite.endswith(said)
    with pytest.raises(InvalidInput, match="gdpr-17-3-a, gdpr-17-3-b"):
        grounds.refusal("because")


def test_every_hold_stands_for_a_ground_that_lets_an_erasure_be_refused() -> None:
    grounds = erasure_grounds()
    listed = {item.id for item in grounds.refuse}
    assert {*grounds.holds.values(), grounds.hold_otherwise} <= listed
    codes = ("litigation", "court-order", "gdpr-17-3-d", "a-code-of-the-house")
    assert [grounds.of_hold(code).id for code in codes] == [
        "gdpr-17-3-e", "gdpr-17-3-b", "gdpr-17-3-d", "gdpr-17-3-e",
    ]  # fmt: skip
