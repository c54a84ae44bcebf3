"""Law: a fingerprint keeps its root when rows become tombstones and changes with any row."""

from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.fingerprint import fingerprint_rows, row_bytes, tombstones_of

CELLS = st.none() | st.booleans() | st.integers(-1000, 1000) | st.text("abcé", max_size=3)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=3).map(row_bytes), min_size=1, max_size=30)
SALT = bytes(range(16))


@given(ROWS, st.data())
def test_erasing_rows_leaves_the_root_alone(rows: list[bytes], data: st.DataObject) -> None:
    erased = data.draw(st.sets(st.integers(0, len(rows) - 1)))
    whole = fingerprint_rows(rows, SALT)
    remaining = [row for number, row in enumerate(rows) if number not in erased]
    after = fingerprint_rows(remaining, SALT, tombstones_of(rows, SALT, erased))
    assert after.root == whole.root
    assert after.rows == len(rows)
    assert set(after.tombstones) == erased


@given(ROWS, st.data())
def test_changing_a_row_changes_the_root(rows: list[bytes], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(rows) - 1))
    other = data.draw(ROWS)[0]
    changed = [*rows[:number], other, *rows[number + 1 :]]
    same = fingerprint_rows(changed, SALT).root == fingerprint_rows(rows, SALT).root
    assert same == (changed == rows)


@given(ROWS, st.data())
def test_changing_a_remaining_row_shows_beside_tombstones(
    rows: list[bytes], data: st.DataObject
) -> None:
    gone = data.draw(st.integers(0, len(rows) - 1))
    tombstones = tombstones_of(rows, SALT, [gone])
    remaining = [row for number, row in enumerate(rows) if number != gone]
    altered = [row + b" " for row in remaining[:1]] + remaining[1:]
    whole = fingerprint_rows(rows, SALT).root
    assert (fingerprint_rows(altered, SALT, tombstones).root == whole) == (not remaining)


@given(ROWS)
def test_another_salt_gives_another_root(rows: list[bytes]) -> None:
    assert fingerprint_rows(rows, SALT).root != fingerprint_rows(rows, bytes(16)).root


@given(ROWS.filter(lambda rows: rows != rows[::-1]))
def test_the_order_of_rows_matters(rows: list[bytes]) -> None:
    assert fingerprint_rows(rows, SALT).root != fingerprint_rows(rows[::-1], SALT).root
