"""What a finding says when the log itself records what was lost."""

from __future__ import annotations

import json

import pytest

from answerable.audit.verify_losses import RecordedLosses

RECOVERED: dict[str, object] = {"kind": "log.recovered"}


def told(size: int, begin: int, *losses: tuple[object, object]) -> tuple[str, str]:
    recorded = RecordedLosses()
    for number, (first, end) in enumerate(losses):
        body = json.dumps({"first_lost": first, "lost_size": end}).encode()
        recorded.take(f"{number} (id)", RECOVERED, body)
    found: list[tuple[str, str, str]] = []
    recorded.telling(lambda *finding: found.append(finding))(size, begin, "missing")
    ((layer, entry, what),) = found
    assert layer == "checkpoint"
    return entry, what


def test_a_recorded_loss_names_all_that_was_lost_though_new_entries_stand_there() -> None:
    # Entries 1497 to 1500 were lost, 1497 and 1498 are new ones in their place.
    assert told(1501, 1499, (1497, 1501)) == (
        "1497 to 1500",
        "missing; entry 0 (id) records the loss of 1497 to 1500",
    )


def test_a_recorded_loss_never_makes_a_finding_smaller() -> None:
    assert told(1501, 900, (1497, 1501))[0] == "900 to 1500"


def test_a_loss_recorded_of_other_entries_explains_nothing() -> None:
    assert told(1501, 1499, (10, 20)) == ("1499 to 1500", "missing")


def test_each_loss_that_explains_it_is_named() -> None:
    entry, what = told(15, 12, (10, 20), (14, 16))
    assert entry == "10 to 19"
    assert what.endswith("loss of 10 to 19; entry 1 (id) records the loss of 14 to 15")


def test_a_head_of_a_size_that_fits_another_names_no_entry() -> None:
    assert told(15, 15) == ("", "missing")


@pytest.mark.parametrize("loss", [(20, 10), (-1, 20), ("10", 20), (10, None), (10, 10)], ids=str)
def test_a_loss_that_is_none_is_passed_over(loss: tuple[object, object]) -> None:
    assert told(15, 12, loss) == ("12 to 14", "missing")
