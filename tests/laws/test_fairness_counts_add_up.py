"""Tables of parts add up to the table of the whole, in any order, before or after rolling up."""

from hypothesis import given
from hypothesis import strategies as st

from answerable.governance.cells import CellTable, CountDefinition

DEFINITION = CountDefinition(prediction="d", favourable="1", label="y", positive="1")
CELL = st.tuples(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xy")),
    st.lists(st.integers(0, 50), min_size=9, max_size=9),
)
TABLE = st.lists(CELL, min_size=1, max_size=8).map(
    lambda cells: CellTable.of(("g", "h"), DEFINITION, cells)
)


@given(TABLE, TABLE, TABLE)
def test_merging_is_addition(a: CellTable, b: CellTable, c: CellTable) -> None:
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(b).rows == a.rows + b.rows


@given(TABLE, TABLE)
def test_rolling_up_and_merging_commute(a: CellTable, b: CellTable) -> None:
    for attributes in (("g",), ("h",), ("h", "g"), ()):
        rolled = a.merge(b).roll_up(attributes)
        assert rolled == a.roll_up(attributes).merge(b.roll_up(attributes))
        assert rolled.rows == a.rows + b.rows
    assert a.roll_up(("h", "g")).roll_up(("g",)) == a.roll_up(("g",))


@given(TABLE)
def test_a_table_is_its_bytes(a: CellTable) -> None:
    assert CellTable.from_json(a.to_json()) == a
