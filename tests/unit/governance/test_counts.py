import decimal
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from answerable.audit.errors import Conflict, InvalidInput, TooLarge
from answerable.governance.counts import MISSING, Attribute, CellTable, count_cells

ROWS: dict[str, list[Any]] = {
    "race": ["a", "b", None, "a", "b", "a"],
    "member": [True, None, False, True, True, False],
    "branch": [1.0, 2.0, None, 1.0, float("nan"), 2.0],
    "age": [24, 25, 26, None, 60, 61],
    "decision": ["yes", "no", None, "yes", "no", "no"],
    "repaid": [1, 0, 1, None, 1, None],
}


def arrow() -> pa.Table:
    return pa.table(ROWS)


def pandas_of_objects() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in ROWS.items()})


ENGINES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pd.DataFrame(ROWS),
    "pandas with object columns": pandas_of_objects,
    "polars": lambda: pl.DataFrame(ROWS, strict=False),
    "polars, lazy": lambda: pl.DataFrame(ROWS, strict=False).lazy(),
    "pyarrow": arrow,
}


def count(frame: Any) -> CellTable:
    return count_cells(
        frame,
        protected=["race", "member", "branch"],
        prediction="decision",
        favourable="yes",
        label="repaid",
        positive=1,
    )


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.register("loans", arrow())
    yield connection
    connection.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_nulls_booleans_and_text_count_the_same_on_every_engine(engine: str) -> None:
    assert count(ENGINES[engine]()).digest == count(arrow()).digest


def test_a_duckdb_relation_counts_like_a_table(duck: duckdb.DuckDBPyConnection) -> None:
    assert count(duck.sql("select * from loans")).digest == count(arrow()).digest


def test_cells_hold_what_the_rows_say() -> None:
    table = count_cells(
        arrow(),
        protected=["race"],
        prediction="decision",
        favourable="yes",
        label="repaid",
        positive=1,
    )
    by_group = {cell.group[0]: cell for cell in table.cells}
    a, b, unknown = by_group["a"], by_group["b"], by_group[MISSING]
    assert (a.n, a.y, a.p, a.tp, a.missing_label, a.missing_prediction) == (3, 1, 2, 1, 2, 0)
    assert (b.n, b.y, b.p, b.tp, b.missing_label) == (2, 1, 0, 0, 0)
    assert (unknown.n, unknown.missing_prediction, unknown.missing_both) == (1, 1, 0)
    assert table.rows == len(ROWS["race"])


def test_a_missing_prediction_is_never_a_refusal() -> None:
    rows = pa.table({"g": ["a", "a", "b"], "d": ["yes", None, "no"]})
    table = count_cells(rows, protected=["g"], prediction="d", favourable="yes")
    assert table.cells[0].counts == (0, 0, 0, 0, 1, 0, 0, 0, 1)


@pytest.mark.parametrize(
    ("values", "favourable"),
    [
        ([1, 0], "1"),
        ([1.0, 0.0], "1"),
        ([True, False], "true"),
        ([True, False], True),
        (["1", "0"], 1),
        ([decimal.Decimal("1.0"), decimal.Decimal("0.0")], "1"),
    ],
)
def test_the_favourable_value_is_read_in_the_columns_type(
    values: list[object], favourable: object
) -> None:
    rows = pa.table({"g": ["a", "b"], "d": values})
    table = count_cells(rows, protected=["g"], prediction="d", favourable=favourable)
    assert [cell.p for cell in table.cells] == [1, 0]


def test_bins_say_to_which_side_a_value_on_the_cut_belongs() -> None:
    def ages(*, right: bool) -> dict[str, int]:
        age = Attribute("age", bins=(25, 60), right=right)
        table = count_cells(arrow(), protected=[age], prediction="decision", favourable="yes")
        return {cell.group[0]: cell.n for cell in table.cells}

    assert ages(right=False) == {"<25": 1, "25-<60": 2, ">=60": 2, MISSING: 1}
    assert ages(right=True) == {"<=25": 2, ">25-<=60": 2, ">60": 1, MISSING: 1}


def test_categories_count_as_their_text() -> None:
    text = pd.DataFrame(ROWS)
    category = text.assign(
        race=text["race"].astype("category"), decision=text["decision"].astype("category")
    )
    assert count(category).digest == count(text).digest


BAD: dict[str, tuple[dict[str, list[Any]], dict[str, Any], str]] = {
    "unknown attribute": (ROWS, {"protected": ["colour"]}, "column 'colour': no such column"),
    "unknown prediction": (ROWS, {"prediction": "nothing"}, "column 'nothing': no such column"),
    "no attribute": (ROWS, {"protected": []}, "no protected attribute"),
    "two roles": (ROWS, {"protected": ["decision"]}, "two roles"),
    "label without value": (ROWS, {"label": "repaid"}, "go together"),
    "value never occurs": (ROWS, {"favourable": "Yes"}, "never occurs"),
    "value of another type": (ROWS, {"prediction": "age", "favourable": "yes"}, "type"),
    "empty table": ({name: [] for name in ROWS}, {}, "no rows"),
    "attribute not collected": (ROWS | {"race": [None] * 6}, {}, "not collected"),
    "prediction all missing": (ROWS | {"decision": [None] * 6}, {}, "every value is missing"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_and_says_what_to_do(case: str) -> None:
    rows, changes, message = BAD[case]
    arguments: dict[str, Any] = {
        "protected": ["race"],
        "prediction": "decision",
        "favourable": "yes",
        **changes,
    }
    types = pa.schema([(name, arrow().schema.field(name).type) for name in ROWS])
    with pytest.raises(InvalidInput, match=message) as caught:
        count_cells(pa.table(rows, schema=types), **arguments)
    assert caught.value.remedy


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not a table"):
        count_cells([1, 2, 3], protected=["a"], prediction="b", favourable=1)  # type: ignore[arg-type]


def test_mixed_types_in_a_column_are_refused_not_guessed() -> None:
    frame = pd.DataFrame({"g": ["a", 1, True], "d": [1, 0, 1]})
    with pytest.raises(InvalidInput, match="cannot be grouped"):
        count_cells(frame, protected=["g"], prediction="d", favourable=1)


def test_an_identifier_is_not_a_protected_attribute() -> None:
    rows = pa.table({"id": [f"p{i}" for i in range(46_000)], "d": [1] * 46_000})
    with pytest.raises(TooLarge, match="more than 5000 groups"):
        count_cells(rows, protected=["id"], prediction="d", favourable=1)


def test_an_error_never_shows_a_value_of_the_data() -> None:
    rows = pa.table({"g": ["secret-group", None], "d": ["secret-value", "x"]})
    with pytest.raises(InvalidInput) as caught:
        count_cells(rows, protected=["g"], prediction="d", favourable="yes")
    assert "secret" not in str(caught.value)


def test_tables_of_other_definitions_do_not_merge() -> None:
    by_race = count_cells(arrow(), protected=["race"], prediction="decision", favourable="yes")
    refused = count_cells(arrow(), protected=["race"], prediction="decision", favourable="no")
    with pytest.raises(Conflict, match="different columns or values"):
        by_race.merge(refused)


def test_a_table_survives_its_json_form() -> None:
    table = count(arrow())
    assert CellTable.from_json(table.to_json()) == table
    with pytest.raises(InvalidInput):
        CellTable.parse(table.model_dump(mode="json") | {"cells": []} | {"attributes": "race"})


def test_a_roll_up_names_what_was_not_counted() -> None:
    with pytest.raises(InvalidInput, match="'sex' was not counted"):
        count(arrow()).roll_up(["sex"])
