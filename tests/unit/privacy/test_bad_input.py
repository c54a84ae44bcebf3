"""Tables nobody should send, and columns that cannot be read."""

import datetime as dt
import decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from answerable.audit.errors import InvalidInput, NotFound
from answerable.privacy.backend import TableBackend
from answerable.privacy.report import ColumnReport
from answerable.privacy.scan import scan_table
from tests.unit.privacy.tables import contained


def column_of(frame: pd.DataFrame | pl.DataFrame | pa.Table, name: str) -> ColumnReport:
    column = scan_table(TableBackend(frame), seed=1).column(name)
    assert column is not None
    return column


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": []}),
        pl.DataFrame({"a": []}),
        pd.DataFrame(),
        pa.table({}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pa.table([[1], [2]], names=["a", "a"]),
        pd.DataFrame([[1, 2]], columns=[1, "1"]),
        pl.DataFrame({"a": [1]}).lazy(),
        [["a"], ["b"]],
        "a,b",
    ],
    ids=[
        "no rows", "no rows polars", "no columns", "no columns arrow", "same header",
        "same header arrow", "same header as text", "lazy", "list", "text",
    ],
)  # fmt: skip
def test_what_is_no_table_to_scan_is_refused_with_a_remedy(frame: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        TableBackend(frame)  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.remedy


@pytest.mark.parametrize(
    "header", ["jo@mail.example", "DE89370400440532013000", "4111111111111111"]
)
def test_a_header_that_is_itself_personal_data_is_refused_without_repeating_it(header: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        scan_table(TableBackend(pl.DataFrame({"n": [1], header: ["x"]})), seed=1)
    assert header not in str(caught.value)
    assert "column 2" in str(caught.value)


def test_a_header_without_a_name_is_called_by_its_position() -> None:
    assert TableBackend(pl.DataFrame({"": [1], "b": [2]})).columns == ("(column 1)", "b")


def test_a_column_without_any_value_reads_not_examined() -> None:
    for frame in (
        pl.DataFrame({"a": [None, None], "b": [1, 2]}),
        pd.DataFrame({"a": [None, float("nan")], "b": [1, 2]}),
    ):
        column = column_of(frame, "a")
        assert (column.type, column.nulls, column.posterior) == ("NONE", 2, None)
        assert "EMAIL_ADDRESS" in column.not_examined
        assert column.not_examined_reasons[0].reason == "every value is missing"


def test_a_column_without_any_value_alone_does_not_keep_a_verdict_open() -> None:
    frame = pl.DataFrame({"a": [None, None], "b": [1, 2]})
    assert scan_table(TableBackend(frame), seed=1).verdict.state.value == "HOLDS"


@pytest.mark.parametrize(
    "values",
    [[["jo@mail.example"], ["x"]], [{"mail": "jo@mail.example"}, {"mail": "x"}], [b"\xff", b"x"]],
    ids=["list", "struct", "bytes"],
)
def test_nested_values_and_bytes_read_not_examined(values: list[object]) -> None:
    for frame in (pl.DataFrame({"a": values}), pd.DataFrame({"a": values})):
        report = scan_table(TableBackend(frame), seed=1)
        column = report.columns[0]
        assert (column.type, column.contains, column.action) == ("NONE", (), "review")
        assert {"EMAIL_ADDRESS", "PERSON", "UK_NHS"} <= set(column.not_examined)
        assert report.verdict.state.value == "NOT_EXAMINED"


def test_mixed_types_are_searched_as_text() -> None:
    values = ["jo@mail.example", 7, None, 2.5, True, decimal.Decimal("1.5"), dt.date(2020, 1, 2)]
    column = column_of(pd.DataFrame({"a": pd.Series(values, dtype=object)}), "a")
    assert (column.kind, column.nulls) == ("mixed", 1)
    assert contained(column)["EMAIL_ADDRESS"] == 1


def test_objects_of_unknown_classes_read_not_examined() -> None:
    column = column_of(pd.DataFrame({"a": [object(), "jo@mail.example"]}), "a")
    assert (column.kind, column.contains) == ("nested", ())


def test_a_missing_number_is_never_the_text_nan() -> None:
    frame = pd.DataFrame({"a": [4111111111111111.0, float("nan"), 4012888888881881.0]})
    column = column_of(frame, "a")
    assert (column.kind, column.nulls, column.distinct) == ("integer", 1, 2)
    assert column.type == "CREDIT_CARD"


def test_text_that_is_not_well_formed_or_very_long_is_searched() -> None:
    long = "x" * 200_000 + " jo@mail.example"
    column = column_of(pl.DataFrame({"a": [long, "\x00\x07", "", "ok"]}), "a")
    assert contained(column) == {"EMAIL_ADDRESS": 1}


def test_dates_are_known_by_their_type_and_other_times_are_plain() -> None:
    day = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
    frame = pl.DataFrame({"d": [day, None], "t": [dt.timedelta(1), None], "b": [True, None]})
    report = scan_table(TableBackend(frame), seed=1)
    assert [column.type for column in report.columns] == ["DATE_TIME", "NONE", "NONE"]
    assert report.columns[0].contains[0].rows == 1


def test_an_unknown_column_or_feature_is_named_as_such() -> None:
    table = TableBackend(pl.DataFrame({"a": [1]}))
    with pytest.raises(NotFound):
        table.counts("b")
    with pytest.raises(NotFound):
        scan_table(table, seed=1, features=["b"])


def test_a_sample_of_no_rows_and_a_grouping_by_nothing_are_refused() -> None:
    table = TableBackend(pl.DataFrame({"a": [1]}))
    with pytest.raises(InvalidInput):
        scan_table(table, seed=1, sample=0)
    with pytest.raises(InvalidInput):
        table.group_sizes([])
