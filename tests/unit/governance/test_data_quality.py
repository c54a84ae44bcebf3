from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from answerable.audit.errors import InvalidInput
from answerable.audit.records import Evidence
from answerable.governance.data_quality import assess_data_quality
from tests.unit.governance.world import digest_of

ROWS: dict[str, list[Any]] = {
    "id": ["1", "2", "3", "4", "5"],
    "income": [1.5, 1.5, None, 2.5, float("nan")],
    "race": ["a", "a", "b", None, "a"],
    "ok": ["yes", "yes", "no", "no", "yes"],
}
OTHER: dict[str, list[Any]] = {
    "id": ["8", "9"],
    "income": [2.5, 7.5],
    "race": [None, "b"],
    "ok": ["no", "yes"],
}
COMPARED = ("income", "race", "ok")
ENGINES: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "pandas": pd.DataFrame,
    "polars": lambda rows: pl.DataFrame(rows, strict=False),
    "pyarrow": pa.table,
}


@pytest.mark.parametrize("engine", ENGINES)
def test_missing_repeated_and_shared_rows_are_counted(engine: str) -> None:
    table = ENGINES[engine]
    found = assess_data_quality(
        table(ROWS), label="ok", protected=["race"], other=table(OTHER), compare_on=COMPARED
    )
    assert found.rows == 5
    assert {item.name: (item.missing, item.distinct) for item in found.columns} == {
        "id": (0, 5),
        "income": (2, 2),
        "race": (1, 2),
        "ok": (0, 2),
    }
    assert found.duplicate_rows == 1
    assert found.overlap_rows == 1
    assert found.label is not None
    assert found.label.rows == {"no": 2, "yes": 3}
    assert found.groups[0].rows == {"(missing)": 1, "a": 3, "b": 1}


def test_an_identifier_hides_duplicates_unless_it_is_left_out() -> None:
    assert assess_data_quality(pa.table(ROWS)).duplicate_rows == 0
    assert assess_data_quality(pa.table(ROWS)).overlap_rows is None


def test_the_evidence_holds_counts_and_no_row() -> None:
    found = assess_data_quality(pa.table(ROWS), label="ok")
    evidence = found.evidence(inputs={"dataset:training": digest_of("t")}, code="0.1.0")
    stored = Evidence.from_json(evidence.to_json())
    assert stored.kind == "data_quality.assessed"
    assert stored.result["rows"] == 5


def test_bad_input_is_named() -> None:
    with pytest.raises(InvalidInput, match="no such column") as caught:
        assess_data_quality(pa.table(ROWS), protected=["colour"])
    assert caught.value.where == "data, column 'colour'"
    with pytest.raises(InvalidInput, match="no rows"):
        assess_data_quality(pa.table({"a": pa.array([], pa.int64())}))
    with pytest.raises(InvalidInput, match="not a table"):
        assess_data_quality([1, 2])  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="other data, column 'income'"):
        assess_data_quality(pa.table(ROWS), other=pa.table({"id": ["1"]}))
    many = pa.table({"n": list(range(60))})
    with pytest.raises(InvalidInput, match="different values"):
        assess_data_quality(many, protected=["n"])
