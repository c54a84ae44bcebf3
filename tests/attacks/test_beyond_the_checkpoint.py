"""What no checkpoint shows, and what does: receipts, people who compare, a caller's own count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from answerable.audit.anchors.outside import MemoryHead
from answerable.audit.completeness import compare
from answerable.audit.entries import Receipt
from answerable.audit.errors import ConsistencyProofInvalid, NotFound
from answerable.audit.log import Log
from answerable.audit.queries import require_extends
from answerable.audit.records import CallerCounted
from answerable.audit.tree.checkpoints import open_checkpoint
from tests.attacks.test_outside_heads import cut_tail
from tests.attacks.test_rewritten_rows import rewrite
from tests.outside_kit import OutsideKit


@pytest.fixture
def victim(log_url: str) -> Iterator[OutsideKit]:
    """A log with an outside head and a checkpoint of a few entries."""
    made = OutsideKit.guarded(log_url, MemoryHead())
    made.grow(3)
    yield made
    made.log.close()


def test_a_tail_cut_after_the_newest_checkpoint_shows_to_who_holds_a_receipt(
    victim: OutsideKit,
) -> None:
    signed = open_checkpoint(victim.outside.read() or "", victim.log.vkey)
    receipts = [victim.log.append(victim.decision(f"cust-{n}")) for n in range(3)]
    cut_tail(victim, signed.size, checkpoints=False)
    for table in ("entry_id", "entry_subject"):
        rewrite(victim, f"DELETE FROM {table} WHERE seq >= :size", size=signed.size)  # noqa: S608
    victim.reopen()
    # The log begins with its outside head, and the checkpoint covers nothing that is missing.
    assert victim.log.gap is None
    assert victim.verify(victim.outside.read()).ok
    # Whoever was given a receipt sees that the log broke its promise, and about which entry.
    for receipt in receipts:
        with pytest.raises(NotFound, match=receipt.entry_id):
            victim.log.entry(receipt.entry_id)
    # What stands beside the tree was not cut with it: counts tell of more decisions than are here.
    beside = victim.log.stored().findings_beside(cell_of=victim.log.cell_of)
    assert "counts" in {item.layer for item in beside}


def test_two_views_shown_to_two_auditors_show_once_they_compare(victim: OutsideKit) -> None:
    twin_url = victim.backup("twin")
    views = []
    for url, name in ((victim.url, "cust-a"), (twin_url, "cust-b")):
        # Each is signed by a process that was started without the outside head.
        log = Log.open(url, vault=victim.vault, clock=victim.clock, entropy=victim.entropy)
        log.append(replace(victim.decision(name)))
        views.append((log, log.checkpoint()))
    (first, one), (second, other) = views
    try:
        # Alone, each is shown a log that verifies against the checkpoint given with it.
        assert require_extends(first, one).size == require_extends(second, other).size
        # The first to compare has the proof of a fork in hand: two signed heads of one size.
        for log, note in ((first, other), (second, one)):
            with pytest.raises(ConsistencyProofInvalid):
                require_extends(log, note)
        heads = [open_checkpoint(note, first.vkey) for note in (one, other)]
        assert heads[0].size == heads[1].size
        assert heads[0].root != heads[1].root
    finally:
        first.close()
        second.close()


def test_a_decision_never_logged_shows_against_the_callers_own_count(victim: OutsideKit) -> None:
    receipts: dict[int, Receipt] = {}
    for number in (1, 2, 4):
        receipts[number] = victim.log.append(victim.decision(f"cust-{number}"))
    # No layer of the log misses what was never in it.
    assert victim.verify(victim.log.checkpoint()).ok
    assert victim.log.stored().findings_beside(cell_of=victim.log.cell_of) == []
    said = CallerCounted(series="loan", first_number=1, last_number=4, count=4, start=0, end=1)
    (window,) = compare("a-1", "loan", [said], Counter(receipts.keys())).windows
    assert (window.complete, window.missing) == (False, ((3, 3),))
