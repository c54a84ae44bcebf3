"""The same rows give the same table, whatever engine holds them, as a plain loop counts them."""

from collections import Counter
from math import isnan

import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.governance.cells import MISSING
from answerable.governance.counts import count_cells

SCHEMA = pa.schema(
    [
        ("g", pa.string()),
        ("b", pa.bool_()),
        ("n", pa.float64()),
        ("d", pa.string()),
        ("y", pa.int64()),
    ]
)
ROW = st.tuples(
    st.sampled_from(["a", "b", "ü", "", None]),
    st.sampled_from([True, False, None]),
    st.sampled_from([0.0, 1.0, 2.5, None, float("nan")]),
    st.sampled_from(["yes", "no", None]),
    st.sampled_from([0, 1, None]),
)
CERTAIN = [("a", True, 1.0, "yes", 1)]


def text(value: object) -> str:
    """Return a value as its group is named, written anew."""
    if value is None or (isinstance(value, float) and isnan(value)):
        return MISSING
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


@settings(max_examples=30, deadline=None)
@given(st.lists(ROW, max_size=40))
def test_every_engine_counts_what_a_loop_counts(
    drawn: list[tuple[str | None, bool | None, float | None, str | None, int | None]],
) -> None:
    rows = CERTAIN + drawn
    columns = [list(column) for column in zip(*rows, strict=True)]
    table = pa.table(columns, schema=SCHEMA)
    frames = [table, table.to_pandas(), pl.DataFrame(table), pl.DataFrame(table).lazy()]
    frames.append(pd.DataFrame(rows, columns=SCHEMA.names, dtype=object))
    counted = [
        count_cells(
            frame,
            protected=["g", "b", "n"],
            prediction="d",
            favourable="yes",
            label="y",
            positive="1",
        )
        for frame in frames
    ]
    assert len({item.digest for item in counted}) == 1
    groups = [(tuple(text(value) for value in row[:3]), row[3], row[4]) for row in rows]
    expected = Counter(group for group, _, _ in groups)
    selected = Counter(group for group, d, _ in groups if d == "yes")
    both = Counter(group for group, d, y in groups if (d, y) == ("yes", 1))
    unknown = Counter(group for group, d, _ in groups if d is None)
    for cell in counted[0].cells:
        assert cell.n == expected.pop(cell.group)
        assert cell.p == selected[cell.group]
        assert cell.tp == both[cell.group]
        assert cell.missing_prediction == unknown[cell.group]
    assert not expected
