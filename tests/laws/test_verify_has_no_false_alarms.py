"""Law: a clean history has no findings, whatever its size and checkpoints; progress is told."""

from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.audit.tree.merkle import root_of
from answerable.audit.verify import verify_log
from tests.attacks.stored_log import ORIGIN, VKEY, clean_log

WHOLE = clean_log(700)
NOTES = {
    size: clean_log(size).checkpoints[0] for size in (0, 1, 2, 3, 100, 255, 256, 257, 513, 700)
}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 700), st.sets(st.sampled_from(sorted(NOTES))), st.sampled_from(sorted(NOTES)))
def test_a_clean_history_has_no_findings(size: int, stored: set[int], outside: int) -> None:
    log = clean_log(size)
    log.checkpoints = [NOTES[at] for at in stored if at <= size]
    anchor = NOTES[outside] if outside <= size else None
    report = log.verify(checkpoint=anchor)
    assert report.findings == ()
    assert report.ok
    assert report.size == size
    assert report.anchored == (anchor is not None)
    assert report.root == f"sha256:{root_of([row.leaf for row in log.rows]).hex()}"


def test_progress_counts_entries() -> None:
    seen: list[int] = []
    rows = (WHOLE.rows[0] for _ in range(20_001))
    verify_log(rows, origin=ORIGIN, vkey=VKEY, progress=seen.append)
    assert seen == [10_000, 20_000]
