"""Law: a column's counts are those of plain Python, whichever library holds the column."""

from collections import Counter

import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.privacy.backend import TableBackend

COLUMNS = st.lists(st.none() | st.text(alphabet="ab1 é", max_size=4), min_size=1, max_size=30)
NUMBERS = st.lists(st.none() | st.integers(-(10**12), 10**12), min_size=1, max_size=30)


def backends(values: list[str | None] | list[int | None], other: list[int]) -> list[TableBackend]:
    return [
        TableBackend(pd.DataFrame({"a": pd.Series(values, dtype=object), "b": other})),
        TableBackend(pl.DataFrame({"a": values, "b": other}, strict=False)),
        TableBackend(pa.table({"a": values, "b": other})),
    ]


@settings(deadline=None, max_examples=40)
@given(COLUMNS | NUMBERS)
def test_distinct_values_and_their_rows(values: list[str | None] | list[int | None]) -> None:
    expected = Counter(str(value) for value in values if value is not None)
    for table in backends(values, list(range(len(values)))):
        found = table.distinct("a")
        assert dict(zip(found.texts.to_list(), found.rows.tolist(), strict=True)) == expected
        counts = table.counts("a")
        assert (counts.rows, counts.nulls) == (len(values), len(values) - expected.total())
        assert counts.distinct == len(expected)


@settings(deadline=None, max_examples=40)
@given(COLUMNS, st.integers(1, 3))
def test_group_sizes_are_those_of_a_counter(values: list[str | None], modulus: int) -> None:
    other = [row % modulus for row in range(len(values))]
    expected = sorted(Counter(zip(values, other, strict=True)).values())
    for table in backends(values, other):
        assert table.group_sizes(["a", "b"]).tolist() == expected


@settings(deadline=None, max_examples=40)
@given(COLUMNS, st.integers(1, 40), st.integers(0, 5))
def test_a_sample_has_its_size_and_keeps_the_order(
    values: list[str | None], size: int, seed: int
) -> None:
    rows = list(range(len(values)))
    picked = []
    for table in backends(values, rows):
        sample = table.sample(size, seed=seed)
        picked.append(sample.distinct("b").texts.to_list())
        assert sample.rows == min(size, len(values))
    assert picked[0] == picked[1] == picked[2]
