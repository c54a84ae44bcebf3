"""One verification shared out among processes finds what one process finds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from answerable.audit import verifying
from answerable.audit.errors import NotFound, Unavailable
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role
from answerable.audit.store.database import Connection
from answerable.audit.stored import StoredLog
from answerable.audit.verify import VerificationReport
from answerable.audit.verifying import verify_stored
from tests.attacks.test_rewritten_rows import rewrite
from tests.log_kit import LogKit

STRETCH = 40


@pytest.fixture
def filled(kit: LogKit, monkeypatch: pytest.MonkeyPatch) -> LogKit:
    """A log of several stretches, with holds, an erased person and parts in two group cells."""
    monkeypatch.setattr(verifying, "_STRETCH", STRETCH)
    drafts = [kit.decision(f"p{n % 7}", n=n) for n in range(3 * STRETCH)]
    kit.log.append_many([replace(draft, cell=n % 2) for n, draft in enumerate(drafts)])
    kit.log.place_hold(kit.hold(kit.ref("p1")))
    kit.log.erase(kit.ref("p2"), kit.erasure())
    return kit


def report_of(kit: LogKit, processes: int, **given: object) -> VerificationReport:
    return verify_stored(
        kit.log.stored(),
        vkey=kit.log.vkey,
        period_key=kit.log.period_key,
        processes=processes,
        **given,  # type: ignore[arg-type]
    )


def same(kit: LogKit) -> VerificationReport:
    """Return the report of two processes, which is that of one."""
    together = report_of(kit, 2)
    assert together == report_of(kit, 1)
    return together


def test_two_processes_report_what_one_reports(filled: LogKit) -> None:
    told: list[tuple[int, int]] = []
    note = filled.log.checkpoint()
    report = report_of(
        filled, 2, checkpoint=note, progress=lambda done, whole: told.append((done, whole))
    )
    assert report == report_of(filled, 1, checkpoint=note)
    assert report.ok
    assert report.anchored
    assert told == sorted(told)
    assert told[-1] == (report.size, report.size)


def test_what_is_altered_in_any_stretch_is_named_by_both(filled: LogKit) -> None:
    rewrite(filled, "UPDATE body SET data = :data WHERE place / 256 = 50", data=b"other")
    rewrite(filled, "UPDATE entry SET function = 'other' WHERE seq = 3")
    rewrite(filled, "DELETE FROM entry_subject WHERE seq = 90")
    rewrite(filled, "UPDATE rollup SET n = n + 1")
    report = same(filled)
    named = {(found.layer, found.entry.split(" ")[0]) for found in report.findings}
    assert {("index", "3"), ("body", "50"), ("index", "90"), ("counts", "")} <= named


def test_a_place_far_beyond_the_end_is_stepped_over_to(filled: LogKit) -> None:
    far = 2_000_000_000_000 if filled.url.startswith("sqlite") else 70_000  # in its partition
    rewrite(filled, "UPDATE entry SET seq = :far WHERE seq = 100", far=far)
    named = {(found.layer, found.entry.split(" ")[0]) for found in same(filled).findings}
    assert ("sequence", "100") in named


def test_a_key_of_a_month_that_no_count_names_is_looked_for_by_this_process(
    filled: LogKit,
) -> None:
    rewrite(filled, "DELETE FROM rollup")
    assert {found.layer for found in same(filled).findings} == {"counts"}


def test_a_vault_without_the_key_of_a_month_is_named_by_both(filled: LogKit) -> None:
    def missing(_: str) -> bytes:
        raise NotFound("the vault does not hold it")

    reports = [
        verify_stored(
            filled.log.stored(), vkey=filled.log.vkey, period_key=missing, processes=processes
        )
        for processes in (1, 2)
    ]
    assert reports[0] == reports[1]
    assert "lacks the key" in reports[0].findings[0].what


def test_a_stretch_that_saw_other_retention_runs_is_read_again(
    filled: LogKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = verifying._Together._results
    changed: list[int] = []

    def later(self: verifying._Together, connection: Connection) -> Iterator[verifying._Checked]:
        for checked in results(self, connection):
            part = checked.part
            assert part is not None
            part.removed = replace(part.removed, body=part.removed.body + 1)
            part.found["ids"] += 1
            changed.append(checked.first)
            yield checked

    monkeypatch.setattr(verifying._Together, "_results", later)
    assert report_of(filled, 2).ok
    assert len(changed) > 2


def test_what_is_appended_meanwhile_raises_no_alarm(
    filled: LogKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = filled.log.stored()
    filled.log.append_many([filled.decision("new", n=n) for n in range(5)])
    results = verifying._Together._results

    def growing(self: verifying._Together, connection: Connection) -> Iterator[verifying._Checked]:
        for checked in results(self, connection):
            filled.log.append(filled.decision("newer", first=checked.first))
            yield checked

    monkeypatch.setattr(verifying._Together, "_results", growing)
    report = verify_stored(
        stored, vkey=filled.log.vkey, period_key=filled.log.period_key, processes=2
    )
    assert report.ok
    assert report.size == stored.state.size


def test_keys_are_checked_against_the_trusted_one(filled: LogKit) -> None:
    other = LogKit.create("sqlite://", seed="other")
    reports = [
        verify_stored(filled.log.stored(), vkey=other.log.vkey, processes=processes)
        for processes in (1, 2)
    ]
    assert reports[0] == reports[1]
    assert not reports[0].ok


def test_a_process_that_is_ended_is_no_clean_result(
    filled: LogKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "_check_stretch", _ended)
    with pytest.raises(Unavailable, match="was ended"):
        report_of(filled, 2)


def test_a_database_that_a_process_cannot_open_is_named(
    filled: LogKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = filled.log.stored()
    monkeypatch.setattr(stored.database, "address", lambda: "sqlite:////nowhere/log.db")
    with pytest.raises(NotFound, match="no such database file"):
        verify_stored(stored, vkey=filled.log.vkey, processes=2)


def test_a_log_in_memory_is_verified_by_this_process_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(*_: object) -> None:
        raise AssertionError("no process can see this memory")

    monkeypatch.setattr(verifying, "_Together", none)
    kit = LogKit.create("sqlite://")
    kit.log.append(kit.decision("anna"))
    assert report_of(kit, 4).ok


def test_an_unreadable_header_is_named_by_both(filled: LogKit) -> None:
    rewrite(filled, "UPDATE entry SET header = :header WHERE seq = 77", header=b"{}")
    report = same(filled)
    assert ("leaf", "77") in {(item.layer, item.entry) for item in report.findings}


def test_the_chunks_of_a_stretch_end_where_it_ends(filled: LogKit) -> None:
    stored: StoredLog = filled.log.stored()
    given = verifying._Stretch(stored.database.address(), stored.origin, None, 10, 20)
    checked = verifying._check_stretch(given)
    assert [(first, end) for first, end, _ in checked.chunks] == [(10, 20)]
    assert checked.part is not None
    assert checked.part.found["ids"] == 10
    assert filled.log.entry_at(10).kind is EntryKind.DECISION
    assert filled.log.entry_at(10).header.role is Role.SERVICE


def _ended(_: object) -> None:
    os._exit(9)
