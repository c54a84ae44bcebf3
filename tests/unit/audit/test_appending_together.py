"""Many callers, two processes, one log: what the group commit and the kept keys promise."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest

from answerable.audit.errors import Conflict, Erased, EvidenceBroken, InvalidInput, NotFound
from answerable.audit.log import Log
from answerable.audit.store import head_rows
from tests.log_kit import LogKit, redecided, with_inputs


def second(kit: LogKit) -> Log:
    """The same log in what could be another process: a memory of its own."""
    return Log.open(kit.url, vault=kit.vault, clock=kit.clock, entropy=kit.entropy)


def test_coroutines_append_together(kit: LogKit) -> None:
    drafts = [kit.decision(f"person-{n % 5}", n=n) for n in range(60)]

    async def all_of_them() -> list[int]:
        receipts = await asyncio.gather(*(kit.log.aappend(draft) for draft in drafts))
        return [receipt.seq for receipt in receipts]

    assert sorted(asyncio.run(all_of_them())) == list(range(1, 61))
    assert kit.verify(kit.log.checkpoint()).ok
    assert kit.log.stored().findings_beside(cell_of=kit.log.cell_of) == []


def test_a_bad_draft_fails_alone(kit: LogKit) -> None:
    first = kit.log.append(kit.decision("anna", n=1))
    bad = [
        redecided(kit.decision("ben"), outcome_code="No Such Code"),
        replace(kit.decision("ben"), entry_id="1"),
        kit.decision("ben", entry_id=first.entry_id),
        replace(kit.decision("ben"), cell=2**32),
        kit.decision("ben", "ben"),
        kit.decision(""),
    ]
    good = [kit.decision("carla", n=n) for n in range(6)]

    async def mixed() -> list[object]:
        calls = [kit.log.aappend(draft) for pair in zip(bad, good, strict=True) for draft in pair]
        return await asyncio.gather(*calls, return_exceptions=True)

    told = asyncio.run(mixed())
    assert [type(item) for item in told[::2]] == [
        InvalidInput, InvalidInput, Conflict, InvalidInput, InvalidInput, InvalidInput,
    ]  # fmt: skip
    assert sorted(item.seq for item in told[1::2]) == list(range(2, 8))  # type: ignore[attr-defined]
    assert kit.log.size() == 8
    assert kit.log.subject_ref("ben") is None, "a refused draft leaves no key behind"
    assert kit.verify().ok


def test_all_drafts_of_one_call_are_appended_or_none(kit: LogKit) -> None:
    with pytest.raises(InvalidInput):
        kit.log.append_many([kit.decision("anna"), redecided(kit.decision("ben"), purpose="A B")])
    assert kit.log.size() == 1
    assert kit.log.subject_ref("anna") is None


def test_threads_append_together_and_repeat_what_was_appended(kit: LogKit) -> None:
    drafts = [kit.decision(f"person-{n % 3}", n=n) for n in range(48)]
    places: dict[int, list[int]] = {}

    def work(own: int) -> None:
        places[own] = [kit.log.append(draft).seq for draft in drafts[own::4] * 2]

    threads = [threading.Thread(target=work, args=(own,)) for own in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for mine in places.values():
        half = len(mine) // 2
        assert mine[:half] == mine[half:]
    assert kit.log.size() == 49
    assert kit.verify().ok


def test_two_processes_take_turns_whatever_each_remembers(kit: LogKit) -> None:
    other = second(kit)
    for n in range(6):
        kit.log.append(kit.decision("anna", f"new-{n}", n=n))
        other.append(kit.decision("anna", f"newer-{n}", n=n))
        other.append_many([kit.decision(f"many-{n}", m=m) for m in range(30)])
    assert kit.log.size() == other.size() == 1 + 6 * 32
    assert kit.log.subject_ref("anna") == other.subject_ref("anna")
    assert kit.verify(kit.log.checkpoint()).ok
    assert kit.log.stored().findings_beside(cell_of=kit.log.cell_of) == []
    other.close()


def test_a_new_person_is_one_person_to_both_processes(kit: LogKit) -> None:
    other = second(kit)
    kit.log.append(kit.decision("zoe"))
    other.append(kit.decision("zoe"))
    assert len(kit.log.subject_entries(kit.ref("zoe"))) == 2
    other.close()


def test_a_key_kept_in_memory_is_not_used_once_it_was_destroyed_elsewhere(kit: LogKit) -> None:
    other = second(kit)
    before = other.append(kit.decision("anna", n=1))
    other.append(kit.decision("anna", n=2))
    ref = kit.ref("anna")
    kit.log.erase(ref, kit.erasure())
    again = other.append(kit.decision("anna", n=3))
    fresh = kit.ref("anna")
    assert fresh != ref
    assert [item.seq for item in kit.log.subject_entries(fresh)] == [again.seq]
    assert kit.log.open_body(kit.log.entry(before.entry_id)).erased_parts == (0, 1)
    with pytest.raises(Erased):
        other.append(kit.decision("anna", entry_id=before.entry_id, n=1))
    assert kit.log.stored().findings_beside(cell_of=kit.log.cell_of) == []
    other.close()


def test_an_append_whose_id_another_process_used_is_recognised(kit: LogKit) -> None:
    other = second(kit)
    kit.log.append(kit.decision("anna"))
    draft = kit.decision("ben", n=1)
    first = other.append(draft)
    assert kit.log.append(draft) == replace(first, repeated=True)
    with pytest.raises(Conflict, match="stands for other content"):
        kit.log.append(with_inputs(draft, n=2))
    several = [kit.decision("carla"), draft, kit.decision("dora")]
    assert [item.repeated for item in kit.log.append_many(several)] == [False, True, False]
    other.close()


def test_the_key_epoch_moves_with_an_erasure_and_with_nothing_else(kit: LogKit) -> None:
    def epoch() -> int:
        with kit.log._database.read() as connection:
            return head_rows.read_head(connection).key_epoch

    kit.log.append(kit.decision("anna"))
    kit.log.place_hold(kit.hold(kit.ref("anna")))
    assert epoch() == 0
    kit.log.append(kit.decision("ben"))
    kit.log.erase(kit.ref("ben"), kit.erasure())
    assert epoch() == 1


def test_a_log_that_shrank_is_not_written(kit: LogKit) -> None:
    """A restored copy under a running process: what it remembers is longer."""
    other = second(kit)
    kit.log.append(kit.decision("anna"))
    other._writer._size = 5
    other._writer._seen = None
    with pytest.raises(EvidenceBroken, match="had 5 entries and now has 2"):
        other.append(kit.decision("ben"))
    other.close()


def test_a_reference_nobody_knows_is_refused(kit: LogKit) -> None:
    draft = kit.decision("anna")
    unknown = replace(draft.subjects[0], subject_id=None, ref="s-" + "9" * 32)
    with pytest.raises(NotFound):
        kit.log.append(replace(draft, subjects=(unknown,)))
    assert kit.log.size() == 1
