"""Recording in the three modes while the database comes and goes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from answerable.audit.errors import (
    ClockError,
    Conflict,
    InvalidInput,
    NotFound,
    RecordTampered,
    Unavailable,
)
from answerable.audit.health import (
    Checkpointed,
    Event,
    Health,
    HealthState,
    Replayed,
    Succeeded,
)
from answerable.audit.keys.derive import bucket_of
from answerable.audit.kinds import EntryKind
from answerable.audit.recorder import PROBE_AFTER_US, ReleaseMode
from answerable.audit.records import LoggingFailed, LoggingRestored, Role, SpooledAppend
from tests.log_kit import ACTOR, SECOND, redecided, with_inputs
from tests.recording_kit import CLOSED, OPEN, RecordingKit


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[RecordingKit]:
    made = RecordingKit.create(tmp_path)
    yield made
    made.log.close()


def kinds(kit: RecordingKit) -> list[str]:
    return [entry.kind.value for entry in kit.log.entries(limit=100)]


def test_a_log_that_works_gives_receipts_in_every_mode_but_the_anchored(kit: RecordingKit) -> None:
    for mode in (CLOSED, OPEN):
        draft = kit.kit.decision("cust-1")
        recorded = kit.recorder.record((draft,), mode)
        assert not recorded.spooled
        assert recorded.receipts[0].entry_id == draft.entry_id
    assert kit.state() is HealthState.RECORDING
    assert not kit.folder.exists()
    with pytest.raises(Unavailable, match="no outside head"):
        kit.recorder.record((kit.kit.decision("cust-1"),), ReleaseMode.ANCHORED)


def test_without_a_receipt_there_is_no_decision_and_the_gap_becomes_an_entry(
    kit: RecordingKit,
) -> None:
    size = kit.log.size()
    with kit.outage():
        for _ in range(2):
            with pytest.raises(Unavailable, match="locked"):
                kit.recorder.record((kit.kit.decision("cust-1"),), CLOSED)
        assert kit.state() is HealthState.FAILING
        assert kit.recorder.health.failures == 2
        assert not kit.recorder.tend().finished
    assert kit.log.size() == size
    kit.recorder.record((kit.kit.decision("cust-1"),), CLOSED)
    assert kit.state() is HealthState.RECORDING
    assert kinds(kit)[size:] == ["decision", "logging.failed"]
    gap = kit.log.read_record(kit.log.entry_at(size + 1).id, LoggingFailed)
    assert (gap.cause, gap.attempts, gap.refused, gap.spooled) == ("unavailable", 3, 2, 0)
    assert gap.since < gap.until
    assert kit.kit.verify().ok


def test_in_fail_open_nothing_is_lost_and_the_order_is_that_of_the_decisions(
    kit: RecordingKit,
) -> None:
    size = kit.log.size()
    drafts = [kit.kit.decision(f"cust-{number}") for number in range(4)]
    with kit.outage():
        for draft in drafts:
            recorded = kit.recorder.record((draft,), OPEN)
            assert recorded.spooled
            assert recorded.receipts == ()
        assert kit.state() is HealthState.DEGRADED
        assert kit.recorder.health.waiting == 4
    report = kit.recorder.tend()
    assert (report.replayed, report.refused, report.finished) == (4, 0, True)
    assert kinds(kit)[size:] == ["logging.failed", *["decision"] * 4, "logging.restored"]
    stored = kit.log.entries(kinds=(EntryKind.DECISION,))
    assert [entry.id for entry in stored] == [draft.entry_id for draft in drafts]
    # The claimed time is that of the decision; the log's own is that of the replay.
    assert all(entry.header.at is not None for entry in stored)
    assert [entry.header.at for entry in stored] == sorted(entry.header.at or 0 for entry in stored)
    assert all((entry.header.at or 0) < entry.header.ts for entry in stored)
    restored = kit.log.read_record(kit.log.entry_at(size + 5).id, LoggingRestored)
    assert (restored.replayed, restored.first_at) == (4, stored[0].header.at)
    assert kit.state() is HealthState.RECORDING
    assert kit.frames() == []
    assert kit.kit.verify().ok


def test_the_same_decision_again_is_the_same_wherever_it_lies(kit: RecordingKit) -> None:
    draft = kit.kit.decision("cust-1", income=1)
    with kit.outage():
        for _ in range(2):
            assert kit.recorder.record((draft,), OPEN).spooled
        with pytest.raises(Conflict, match="waits in the spool"):
            kit.recorder.record((with_inputs(draft, income=2),), OPEN)
        assert len(kit.frames()) == 1
        (waiting,) = kit.recorder.waiting(draft.entry_id)
    kit.recorder.tend()
    assert kit.recorder.waiting(draft.entry_id) == ()
    again = kit.recorder.record((waiting,), OPEN)
    assert again.receipts[0].repeated


def test_an_append_whose_answer_was_lost_is_recognised(kit: RecordingKit) -> None:
    draft = kit.kit.decision("cust-1")
    kit.log.append(draft)
    kit.spool.put((draft,), kit.kit.clock())
    size = kit.log.size()
    assert (kit.recorder.tend().refused, kit.frames()) == (0, [])
    assert kinds(kit)[size:] == ["logging.restored"]


def test_a_database_that_did_not_answer_is_left_alone_for_a_while(kit: RecordingKit) -> None:
    with kit.outage():
        kit.recorder.record((kit.kit.decision("cust-1"),), OPEN)
        assert not kit.recorder.trying()
    # It is back, and nobody has looked yet.
    assert kit.recorder.record((kit.kit.decision("cust-2"),), OPEN).spooled
    kit.kit.clock.now += PROBE_AFTER_US
    assert kit.recorder.trying()
    assert not kit.recorder.record((kit.kit.decision("cust-3"),), OPEN).spooled
    assert kit.state() is HealthState.DEGRADED
    assert kit.recorder.tend().replayed == 2
    assert kit.state() is HealthState.RECORDING


def fill(kit: RecordingKit) -> int:
    """Spool decisions until the spool is full; return how many it took."""
    for number in range(100):
        try:
            kit.recorder.record((kit.kit.decision(f"cust-{number}"),), OPEN)
        except Unavailable:
            return number
    raise AssertionError("the spool was never full")


def test_a_full_spool_fails_closed(tmp_path: Path) -> None:
    kit = RecordingKit.create(tmp_path, limit_bytes=2000)
    with kit.outage():
        spooled = fill(kit)
        with pytest.raises(Unavailable, match="the spool holds"):
            kit.recorder.record((kit.kit.decision("one-more"),), OPEN)
    assert spooled > 0
    assert kit.state() is HealthState.FAILING
    assert kit.recorder.health.waiting == spooled
    assert kit.recorder.tend().replayed == spooled
    kit.log.close()


def test_a_spool_that_cannot_be_written_fails_closed(kit: RecordingKit) -> None:
    kit.folder.write_text("a file where the folder should be", encoding="utf-8")
    with kit.outage(), pytest.raises(Unavailable, match="spool cannot be used"):
        kit.recorder.record((kit.kit.decision("cust-1"),), OPEN)
    assert kit.state() is HealthState.FAILING


def test_what_is_no_outage_is_never_papered_over(kit: RecordingKit) -> None:
    state = kit.recorder.health
    draft = redecided(kit.kit.decision("cust-1"), outcome_code="Not A Token")
    with pytest.raises(InvalidInput):
        kit.recorder.record((draft,), OPEN)
    assert kit.recorder.health == state
    kit.recorder.record((kit.kit.decision("cust-1"),), OPEN)
    kit.kit.clock.now -= 60 * SECOND
    with pytest.raises(ClockError):
        kit.recorder.record((kit.kit.decision("cust-1"),), OPEN)
    assert kit.state() is HealthState.FAILING
    assert kit.recorder.health.cause == "clock"
    assert kit.frames() == []


def _no_room(connection: sqlite3.Connection, _record: object) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_is_an_outage_like_any_other(kit: RecordingKit) -> None:
    big = kit.kit.decision("cust-1", text="x" * 50_000)
    event.listen(Engine, "connect", _no_room)
    try:
        full = kit.restart()
        with pytest.raises(Unavailable, match="full"):
            full.recorder.record((big,), CLOSED)
        full.kit.clock.now += PROBE_AFTER_US
        assert full.recorder.record((big,), OPEN).spooled
        full.log.close()
    finally:
        event.remove(Engine, "connect", _no_room)
    freed = full.restart()
    assert freed.recorder.tend().replayed == 1
    assert freed.log.entry(big.entry_id).kind is EntryKind.DECISION
    freed.log.close()


def test_an_outage_is_remembered_by_the_next_process(kit: RecordingKit) -> None:
    with kit.outage():
        kit.recorder.record((kit.kit.decision("cust-1"),), OPEN)
        began = kit.recorder.health.outage
    assert began is not None
    later = kit.restart()
    assert later.recorder.health.outage is not None
    assert later.recorder.health.outage.since == began.since
    assert later.recorder.health.waiting == 1
    assert later.recorder.tend().replayed == 1
    gap = later.log.latest(kinds=(EntryKind.LOGGING_FAILED,))
    assert len(gap) == 1
    assert later.log.read_record(gap[0].id, LoggingFailed).since == began.since
    assert later.restart().recorder.health.outage is None


def test_nothing_readable_lies_on_the_disk(kit: RecordingKit) -> None:
    draft = kit.kit.decision("Erika Mustermann", iban="DE89370400440532013000")
    with kit.outage():
        kit.recorder.record((draft,), OPEN)
    held = b"".join(path.read_bytes() for path in kit.folder.rglob("*") if path.is_file())
    names = "".join(str(path) for path in kit.folder.rglob("*"))
    for canary in ("Mustermann", "DE8937"):
        assert canary.encode() not in held
        assert canary not in names
    assert kit.folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in kit.folder.rglob("*"))


# --------------------------------------------------------------------------- erased meanwhile


def test_nobody_erased_comes_back_by_a_replay(kit: RecordingKit) -> None:
    kit.log.append(kit.kit.decision("cust-1"))
    ref = kit.kit.ref("cust-1")
    with kit.outage():
        kit.recorder.record((kit.kit.decision("cust-1"),), OPEN)
    kit.log.erase(ref, kit.kit.erasure())
    report = kit.recorder.tend()
    assert (report.replayed, report.refused) == (0, 1)
    assert kit.log.subject_ref("cust-1") is None
    (refusal,) = kit.log.latest(kinds=(EntryKind.SPOOL_REFUSED,))
    said = kit.log.read_record(refusal.id, SpooledAppend)
    assert (said.cause, said.became) == ("perhaps-erased", "set_aside")
    assert kit.state() is HealthState.DEGRADED
    assert kit.recorder.health.aside == 1


def test_whoever_is_known_is_replayed_though_somebody_else_was_erased(kit: RecordingKit) -> None:
    kit.log.append_many([kit.kit.decision("cust-1"), kit.kit.decision("cust-2")])
    with kit.outage():
        kit.recorder.record((kit.kit.decision("cust-2"),), OPEN)
    kit.log.erase(kit.kit.ref("cust-1"), kit.kit.erasure())
    assert kit.recorder.tend().replayed == 1
    assert len(kit.log.subject_entries(kit.kit.ref("cust-2"))) == 2


def test_a_person_settles_what_was_set_aside(kit: RecordingKit) -> None:
    kit.log.append(kit.kit.decision("cust-1"))
    new, erased = kit.kit.decision("cust-9"), kit.kit.decision("cust-1")
    with kit.outage():
        kit.recorder.record((new,), OPEN)
        kit.recorder.record((erased,), OPEN)
    kit.log.erase(kit.kit.ref("cust-1"), kit.kit.erasure())
    kit.recorder.tend()
    assert [name.entry_id for name in kit.recorder.aside()] == [new.entry_id, erased.entry_id]
    kit.recorder.settle(new.entry_id, "append", actor=ACTOR, role=Role.OFFICER)
    kit.recorder.settle(erased.entry_id, "drop", actor=ACTOR, role=Role.OFFICER)
    assert kit.log.entry(new.entry_id).kind is EntryKind.DECISION
    with pytest.raises(NotFound):
        kit.log.entry(erased.entry_id)
    with pytest.raises(NotFound, match="set aside"):
        kit.recorder.settle(erased.entry_id, "drop", actor=ACTOR, role=Role.OFFICER)
    settled = kit.log.entries(kinds=(EntryKind.SPOOL_SETTLED,))
    assert [kit.log.read_record(entry.id, SpooledAppend).became for entry in settled] == [
        "appended",
        "destroyed",
    ]
    assert kit.state() is HealthState.RECORDING
    assert list(kit.folder.rglob("*.frame")) == []


# --------------------------------------------------------------------------- damaged files


def test_a_damaged_frame_is_named_and_kept_and_the_others_go_on(kit: RecordingKit) -> None:
    drafts = [kit.kit.decision(f"cust-{number}") for number in range(3)]
    with kit.outage():
        for draft in drafts:
            kit.recorder.record((draft,), OPEN)
    path = kit.frames()[1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    report = kit.recorder.tend()
    assert (report.replayed, report.refused) == (2, 1)
    (refusal,) = kit.log.latest(kinds=(EntryKind.SPOOL_REFUSED,))
    said = kit.log.read_record(refusal.id, SpooledAppend)
    assert (said.entry, said.cause, said.became) == (drafts[1].entry_id, "damaged", "set_aside")
    assert (kit.folder / "aside" / path.name).read_bytes() == bytes(data)
    with pytest.raises(RecordTampered, match=drafts[1].entry_id):
        kit.recorder.settle(drafts[1].entry_id, "append", actor=ACTOR, role=Role.OFFICER)
    kit.recorder.settle(drafts[1].entry_id, "drop", actor=ACTOR, role=Role.OFFICER)
    assert kit.recorder.aside() == []


def test_a_renamed_frame_does_not_open(kit: RecordingKit) -> None:
    with kit.outage():
        kit.recorder.record((kit.kit.decision("cust-1"),), OPEN)
    (path,) = kit.frames()
    path.rename(path.with_name(f"{1:017d}{path.name[17:]}"))
    assert kit.recorder.tend().refused == 1


def test_a_torn_file_is_removed_and_counted(kit: RecordingKit) -> None:
    with kit.outage():
        kit.recorder.record((kit.kit.decision("cust-1"),), OPEN)
    (path,) = kit.frames()
    torn = path.with_name(path.name.replace("cust", "x")).with_suffix(".part")
    torn.write_bytes(path.read_bytes()[:100])
    report = kit.recorder.tend()
    assert (report.replayed, report.torn) == (1, 1)
    assert not torn.exists()
    (restored,) = kit.log.latest(kinds=(EntryKind.LOGGING_RESTORED,))
    assert kit.log.read_record(restored.id, LoggingRestored).torn == 1


def test_an_id_that_stands_for_something_else_is_set_aside(kit: RecordingKit) -> None:
    draft = kit.kit.decision("cust-1", income=1)
    with kit.outage():
        kit.recorder.record((draft,), OPEN)
    kit.log.append(with_inputs(draft, income=2))
    assert kit.recorder.tend().refused == 1
    (refusal,) = kit.log.latest(kinds=(EntryKind.SPOOL_REFUSED,))
    assert kit.log.read_record(refusal.id, SpooledAppend).cause == "conflict"


# --------------------------------------------------------------------------- every change


def test_every_kind_of_change_is_noticed(kit: RecordingKit) -> None:
    seen: list[Event] = []
    kit.log.watch.listen(lambda _before, event, _now: seen.append(event))
    kit.log.append(kit.kit.decision("cust-1"))
    ref = kit.kit.ref("cust-1")
    asyncio.run(kit.log.aappend(kit.kit.decision("cust-1")))
    kit.log.place_hold(kit.kit.hold(ref))
    kit.log.lift_hold(kit.kit.hold(ref, kind=EntryKind.HOLD_LIFTED))
    kit.log.rotate_bucket(bucket_of(ref))
    kit.log.erase(ref, kit.kit.erasure())
    kit.log.checkpoint()
    assert sum(isinstance(event, Succeeded) and not event.kinds for event in seen) == 1
    said = [event.kinds[0].value for event in seen if isinstance(event, Succeeded) and event.kinds]
    assert said == ["decision", "decision", "hold.placed", "hold.lifted", "subject.erased"]
    assert isinstance(seen[-1], Checkpointed)


def test_a_checkpoint_that_cannot_be_made_degrades_and_is_no_outage(kit: RecordingKit) -> None:
    kit.log.append(kit.kit.decision("cust-1"))
    with kit.outage(), pytest.raises(Unavailable):
        kit.log.checkpoint()
    assert kit.state() is HealthState.DEGRADED
    assert kit.recorder.health.failures == 0
    kit.log.checkpoint()
    assert kit.state() is HealthState.RECORDING


def test_two_at_it_at_once_replay_once(kit: RecordingKit) -> None:
    with kit.outage():
        kit.recorder.record((kit.kit.decision("cust-1"),), OPEN)
    reports: list[bool] = []

    def meanwhile(_before: Health, event: Event, _now: Health) -> None:
        if isinstance(event, Replayed):
            reports.append(kit.recorder.tend().finished)

    kit.log.watch.listen(meanwhile)
    assert kit.recorder.tend().finished
    assert reports == [False]
