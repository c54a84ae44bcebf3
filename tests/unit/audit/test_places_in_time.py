"""Where a time begins in the log, against a plain reading of every time."""

from __future__ import annotations

from tests.attacks.test_rewritten_rows import rewrite
from tests.log_kit import SECOND, LogKit


def plainly(times: dict[int, int], ts: int, size: int) -> int:
    return min((seq for seq, found in times.items() if found >= ts), default=size)


def asked(times: dict[int, int]) -> list[int]:
    return sorted({0, *times.values(), *(ts + 1 for ts in times.values())} | {2**53 - 1})


def test_a_time_is_found_as_by_reading_all(kit: LogKit) -> None:
    for number in range(150):
        kit.clock.now += SECOND * (number % 7)
        kit.log.append_many([kit.decision("anna") for _ in range(1 + number % 3)])
    times = {entry.seq: entry.header.ts for entry in kit.log.entries(limit=500)}
    for ts in asked(times):
        assert kit.log.seq_at(ts) == plainly(times, ts, len(times))


def test_a_gap_is_stepped_over(kit: LogKit) -> None:
    kit.log.append_many([kit.decision("anna") for _ in range(90)])
    kit.log.append(kit.decision("anna"))
    rewrite(kit, "DELETE FROM entry WHERE seq BETWEEN 1 AND 89")
    times = {entry.seq: entry.header.ts for entry in kit.log.entries(limit=500)}
    assert sorted(times) == [0, 90, 91]
    first = kit.log.seq_at(times[90])
    assert 0 < first <= 90
    assert kit.log.seq_at(times[91]) == 91


def test_what_was_beyond_the_end_is_found_once_it_is_there(kit: LogKit) -> None:
    ts = kit.clock.now + 10 * SECOND
    assert kit.log.seq_at(ts) == 1
    kit.log.append(kit.decision("anna"))
    kit.clock.now = ts
    kit.log.append(kit.decision("anna"))
    assert kit.log.seq_at(ts) == 2
    kit.log.append(kit.decision("anna"))
    assert kit.log.seq_at(ts) == 2
