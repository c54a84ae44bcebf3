"""Checkpoints go outside first; a log that does not fit them can be read and not written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from answerable.audit.anchors.outside import MemoryHead
from answerable.audit.anchors.standing import GapKind
from answerable.audit.errors import Conflict, EvidenceBroken, NotAllowed, Unavailable
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import LogHeadAccepted, LogRecovered, Role, SubjectErased
from answerable.audit.recovery import epoch_of, sign_statement
from answerable.audit.tree.checkpoints import open_checkpoint
from tests.log_kit import ORIGIN
from tests.outside_kit import OutsideKit


@pytest.fixture
def outside(log_url: str) -> Iterator[OutsideKit]:
    made = OutsideKit.guarded(log_url)
    yield made
    made.log.close()


class Slow(MemoryHead):
    """A head that another process moves just before some of the swaps."""

    def __init__(self) -> None:
        super().__init__()
        self.between: list[str] = []

    def swap(self, old: str | None, new: str) -> None:
        if self.between:
            super().swap(self.read(), self.between.pop())
        super().swap(old, new)


def test_a_new_log_puts_its_first_checkpoint_outside(outside: OutsideKit) -> None:
    note = outside.outside.read()
    assert note is not None
    assert open_checkpoint(note, outside.log.vkey).size == 1
    assert note in outside.log.stored().state.checkpoints


def test_a_checkpoint_is_outside_and_stored_when_it_is_returned(outside: OutsideKit) -> None:
    note = outside.grow(3)
    assert outside.outside.read() == note == outside.log.latest_checkpoint()
    assert outside.log.checkpoint() == note


def test_nothing_is_stored_that_is_not_outside(outside: OutsideKit) -> None:
    before = outside.log.latest_checkpoint()

    class Broken(MemoryHead):
        def swap(self, old: str | None, new: str) -> None:
            raise Unavailable("the disk is full")

    outside.outside = Broken(outside.outside.read())
    outside.reopen()
    outside.log.append(outside.decision("cust-1"))
    with pytest.raises(Unavailable, match="disk is full"):
        outside.log.checkpoint()
    assert outside.log.latest_checkpoint() == before


def test_a_checkpoint_that_only_reached_the_outside_is_stored_next_time(
    outside: OutsideKit,
) -> None:
    note = outside.grow(2)
    copy = outside.backup("copy")
    newer = outside.grow(1)
    outside.restore(copy)
    assert outside.log.gap is not None
    # The same entries again, as if the process had died between the two stores.
    outside.outside = MemoryHead(note)
    outside.reopen()
    assert outside.log.checkpoint() == note != newer


def test_a_process_that_another_overtook_signs_again(log_url: str) -> None:
    head = Slow()
    kit = OutsideKit.guarded(log_url, head)
    try:
        first = kit.grow(1)
        kit.log.append(kit.decision("cust-a"))
        older = kit.log.checkpoint()
        kit.log.append(kit.decision("cust-b"))
        head.between = [first]
        assert head.read() == older
        note = kit.log.checkpoint()
        assert open_checkpoint(note, kit.log.vkey).size == kit.log.size()
        assert head.read() == note
    finally:
        kit.log.close()


def test_a_head_that_always_moves_is_one_clear_error(log_url: str) -> None:
    head = Slow()
    kit = OutsideKit.guarded(log_url, head)
    try:
        first, second = kit.grow(1), kit.grow(1)
        kit.log.append(kit.decision("cust-b"))
        head.between = [second, first] * 10
        with pytest.raises(Unavailable, match="moved each time"):
            kit.log.checkpoint()
    finally:
        kit.log.close()


def test_a_new_log_does_not_take_the_place_of_another_ones_head(
    outside: OutsideKit, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("other") / "log.db"
    with pytest.raises(Conflict, match="another log"):
        Log.create(
            f"sqlite:///{file}",
            origin=ORIGIN,
            vault=outside.vault,
            clock=outside.clock,
            entropy=outside.entropy,
            outside=outside.outside,
        )
    assert not file.exists()


def test_a_log_that_begins_with_its_head_is_written_as_usual(outside: OutsideKit) -> None:
    outside.grow(2)
    outside.log.append(outside.decision("after the checkpoint"))
    outside.reopen()
    assert outside.log.gap is None
    outside.grow(1)


def test_an_older_backup_opens_for_reading_and_names_what_is_missing(outside: OutsideKit) -> None:
    outside.grow(3)
    copy = outside.backup("old")
    kept = outside.log.size()
    outside.grow(5)
    outside.restore(copy)
    gap = outside.log.gap
    assert gap is not None
    assert (gap.kind, gap.first) == (GapKind.MISSING, kept)
    assert f"entries {kept} to {kept + 4} that were signed are not here" in str(gap.refusal())
    assert "answerable log recover" in str(gap.refusal())
    entry = outside.log.latest(limit=1)[0]
    assert outside.log.open_body(entry).record is not None
    assert outside.log.proof(entry.id)
    for write in (
        lambda: outside.log.append(outside.decision("cust-9")),
        outside.log.checkpoint,
        lambda: outside.log.erase("s-" + "0" * 32, outside.erasure()),
        lambda: outside.log.place_hold(outside.hold("s-" + "0" * 32)),
    ):
        with pytest.raises(Unavailable, match="can only be read"):
            write()
    assert outside.log.size() == kept


def test_a_database_exchanged_while_it_is_open_is_noticed_by_the_next_checkpoint(
    outside: OutsideKit,
) -> None:
    copy = outside.backup("old")
    outside.grow(2)
    newest = outside.outside.read()
    outside.outside.swap(newest, outside.log.stored().state.checkpoints[0])
    outside.restore(copy)
    outside.outside.swap(outside.outside.read(), newest or "")
    outside.log.append(outside.decision("cust-1"))
    with pytest.raises(EvidenceBroken, match="nothing was signed: entry 4 that was signed is not"):
        outside.log.checkpoint()
    with pytest.raises(Unavailable, match="can only be read"):
        outside.log.append(outside.decision("cust-2"))
    assert outside.log.gap is not None
    assert outside.outside.read() == newest


def test_a_view_is_not_kept_while_a_log_can_only_be_read(outside: OutsideKit) -> None:
    copy = outside.backup("old")
    outside.grow(1)
    outside.restore(copy)
    outside.log.save_projection("view", 1, b"state")
    assert outside.log.load_projection("view") is None


def test_a_lost_head_is_told_and_two_persons_accept_a_new_one(outside: OutsideKit) -> None:
    outside.grow(2)
    outside.outside = MemoryHead()
    outside.reopen()
    gap = outside.log.gap
    assert gap is not None
    assert gap.kind is GapKind.HEAD_LOST
    assert "accept-head" in str(gap.refusal())
    statement = outside.statement(0, 1, reason="disk-lost")
    assert isinstance(statement, LogHeadAccepted)
    receipt = outside.settle(statement)
    assert receipt is not None
    assert receipt.kind is EntryKind.LOG_HEAD_ACCEPTED
    assert outside.log.gap is None
    outside.grow(1)
    outside.reopen()
    assert outside.log.gap is None
    assert outside.verify(outside.outside.read()).ok


def test_a_head_lost_again_needs_two_persons_again(outside: OutsideKit) -> None:
    outside.outside = MemoryHead()
    outside.reopen()
    outside.settle(outside.statement(0, 1))
    outside.outside = MemoryHead()
    outside.reopen()
    with pytest.raises(NotAllowed, match="two persons"):
        outside.settle(outside.statement(0))


def test_a_head_that_is_no_checkpoint_of_this_log_is_told_and_replaced(
    outside: OutsideKit,
) -> None:
    outside.outside = MemoryHead("something else")
    outside.reopen()
    gap = outside.log.gap
    assert gap is not None
    assert gap.kind is GapKind.HEAD_FOREIGN
    statement = outside.statement(0, 1)
    assert isinstance(statement, LogHeadAccepted)
    assert statement.found is not None
    outside.settle(statement)
    assert (
        open_checkpoint(outside.outside.read() or "", outside.log.vkey).size == outside.log.size()
    )


def test_two_persons_recover_and_the_loss_stays_told(outside: OutsideKit) -> None:
    outside.grow(3)
    copy = outside.backup("old")
    kept = outside.log.size()
    lost = outside.grow(5)
    outside.restore(copy)
    statement = outside.statement(0, 1)
    assert isinstance(statement, LogRecovered)
    assert (statement.first_lost, statement.lost_size, statement.epoch) == (kept, kept + 5, 2)
    receipt = outside.settle(statement)
    assert receipt is not None
    assert (receipt.seq, receipt.kind) == (kept, EntryKind.LOG_RECOVERED)
    outside.reopen()
    assert outside.log.gap is None
    assert epoch_of(outside.log) == 2
    outside.grow(7)
    assert outside.verify(outside.outside.read()).ok
    report = outside.verify(lost)
    assert [found.layer for found in report.findings] == ["checkpoint"]
    assert f"entry {kept} ({receipt.entry_id}) records the loss" in report.findings[0].what
    kept_note = [row for row in outside.log.anchors(kept + 5) if row.kind == "lost-head"]
    assert [row.data.decode() for row in kept_note] == [lost]


def test_a_checkpoint_from_before_the_loss_still_holds(outside: OutsideKit) -> None:
    older = outside.grow(3)
    copy = outside.backup("old")
    outside.grow(5)
    outside.restore(copy)
    outside.settle(outside.statement(0, 1))
    report = outside.verify(older)
    assert (report.ok, report.anchored) == (True, True)


def test_a_recovery_broken_off_before_the_head_moved_is_finished_without_new_signatures(
    outside: OutsideKit,
) -> None:
    copy = outside.backup("old")
    outside.grow(4)
    outside.restore(copy)
    statement = outside.statement(0, 1)
    old = outside.outside.read()

    class Broken(MemoryHead):
        def swap(self, old: str | None, new: str) -> None:
            raise Unavailable("the disk is full")

    outside.outside = Broken(old)
    outside.reopen()
    with pytest.raises(Unavailable, match="disk is full"):
        outside.settle(statement)
    with pytest.raises(Unavailable, match="can only be read"):
        outside.log.append(outside.decision("cust-1"))
    outside.outside = MemoryHead(old)
    outside.reopen()
    assert outside.settle(outside.statement()) is None
    outside.reopen()
    assert outside.log.gap is None
    assert len(outside.log.entries(kinds=(EntryKind.LOG_RECOVERED,))) == 1
    outside.grow(1)
    assert outside.verify(outside.outside.read()).ok


@pytest.mark.parametrize("signers", [(), (0,), (1,)])
def test_one_person_alone_does_not_recover(outside: OutsideKit, signers: tuple[int, ...]) -> None:
    copy = outside.backup("old")
    outside.grow(1)
    outside.restore(copy)
    with pytest.raises(NotAllowed, match="two persons"):
        outside.settle(outside.statement(*signers))
    assert outside.log.gap is not None


def test_who_may_not_sign_a_loss(outside: OutsideKit) -> None:
    outside.register(Role.SCIENTIST)
    outside.register(Role.ADMIN, service=True)
    twin = outside.directory.register(
        "The same", (Role.OFFICER,), public_key=outside.persons[0].public_key
    )
    copy = outside.backup("old")
    outside.register(Role.OFFICER)
    outside.grow(1)
    outside.restore(copy)
    for number in (2, 3):
        with pytest.raises(NotAllowed, match="person in one of the roles"):
            outside.statement(0, number)
    with pytest.raises(NotAllowed, match="not registered here"):
        outside.settle(outside.statement(0, 4))
    with pytest.raises(Conflict, match="signed the statement already"):
        outside.statement(0, 0)
    twice = sign_statement(outside.statement(0), outside.keys[0], twin)
    with pytest.raises(NotAllowed, match="two persons"):
        outside.settle(twice)


def test_a_signature_for_another_statement_or_by_another_key_does_not_count(
    outside: OutsideKit,
) -> None:
    copy = outside.backup("old")
    outside.grow(1)
    outside.restore(copy)
    signed = outside.statement(0, 1)
    with pytest.raises(EvidenceBroken, match="not the signer's"):
        outside.settle(signed.model_copy(update={"reason": "something-else"}))
    forged = sign_statement(outside.statement(0), outside.keys[0], outside.persons[1])
    with pytest.raises(EvidenceBroken, match="not the signer's"):
        outside.settle(forged)
    swapped = signed.model_copy(
        update={
            "signatures": tuple(
                person.model_copy(update={"actor": other.actor, "role": other.role})
                for person, other in zip(
                    signed.signatures, reversed(signed.signatures), strict=True
                )
            )
        }
    )
    with pytest.raises(EvidenceBroken, match="not the signer's"):
        outside.settle(swapped)


def test_a_statement_about_another_gap_is_refused(outside: OutsideKit) -> None:
    copy, older = outside.backup("old"), outside.backup("older")
    outside.grow(1)
    outside.restore(copy)
    signed = outside.statement(0, 1)
    outside.log.close()
    outside.outside = MemoryHead(outside.outside.read())
    outside.restore(older)
    outside.settle(outside.statement(0, 1))
    outside.grow(1)
    with pytest.raises(Conflict, match="nothing is missing"):
        outside.settle(signed)
    assert older != copy


def test_keys_an_old_database_cannot_have_are_told_and_the_log_goes_on(log_url: str) -> None:
    kit = OutsideKit.guarded(log_url, one_bucket=True)
    try:
        kit.log.append_many([kit.decision("cust-erased"), kit.decision("cust-neighbour")])
        copy = kit.backup("old")
        erased, neighbour = kit.ref("cust-erased"), kit.ref("cust-neighbour")
        kit.log.erase(erased, kit.erasure())
        assert kit.log.checkpoint()
        kit.restore(copy)
        with pytest.raises(Unavailable):
            kit.log.append(kit.decision("cust-erased"))
        kit.settle(kit.statement(0, 1))
        assert kit.log.is_erased(erased)
        assert kit.log.is_erased(neighbour)
        told = [
            kit.log.open_body(entry).record
            for entry in kit.log.entries(kinds=(EntryKind.SUBJECT_ERASED,))
        ]
        assert [record.ground for record in told if isinstance(record, SubjectErased)] == [
            "keys-lost"
        ] * 2
        kit.log.append(kit.decision("cust-new"))
        assert kit.verify(kit.outside.read()).ok
        assert kit.log.stored().findings_beside(cell_of=kit.log.cell_of) == []
    finally:
        kit.log.close()
