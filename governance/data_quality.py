"""What is wrong with a data set before anybody trains on it.

Promises: counts of missing values per column, exact duplicate rows, rows shared with another
data set, class balance and group sizes, in passes over the engine the rows are in.

Does not: repair anything, or judge whether the numbers are acceptable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import Field, JsonValue

from answerable.audit.errors import InvalidInput
from answerable.audit.records import Evidence, FrozenModel
from answerable.governance.counts import group_text

if TYPE_CHECKING:
    import narwhals as nw
    from narwhals.typing import IntoDataFrame

__all__ = ["RESULT_TYPE", "ColumnQuality", "DataQuality", "assess_data_quality"]

RESULT_TYPE: Final = "answerable.data-quality.v1"
_MAX_LEVELS: Final = 50
_Count = Annotated[int, Field(ge=0)]


class ColumnQuality(FrozenModel):
    """One column: how many values are missing, how many differ."""

    name: str
    dtype: str
    missing: _Count
    distinct: _Count


class Balance(FrozenModel):
    """How many rows have each value of a label or protected attribute."""

    column: str
    rows: dict[str, _Count]


class DataQuality(FrozenModel):
    """The result for one data set."""

    rows: _Count
    columns: tuple[ColumnQuality, ...]
    duplicate_rows: _Count
    """Rows that repeat an earlier row in every column examined."""
    overlap_rows: _Count | None = None
    """Rows that also stand in the other data set; None without one."""
    label: Balance | None = None
    groups: tuple[Balance, ...] = ()

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return cast("dict[str, JsonValue]", self.model_dump(mode="json"))

    def evidence(self, *, inputs: Mapping[str, str], code: str) -> Evidence:
        """Return the result as evidence of kind ``data_quality.assessed``."""
        from importlib.metadata import version

        return Evidence.parse(
            {
                "kind": "data_quality.assessed",
                "inputs": dict(inputs),
                "engines": {"narwhals": version("narwhals")},
                "code": code,
                "result_type": RESULT_TYPE,
                "result": self.to_result(),
            }
        )


def assess_data_quality(
    frame: IntoDataFrame,
    *,
    label: str | None = None,
    protected: Sequence[str] = (),
    other: IntoDataFrame | None = None,
    compare_on: Sequence[str] = (),
) -> DataQuality:
    """Assess a data set.

    Parameters
    ----------
    frame : IntoDataFrame
        A pandas, polars or pyarrow table.
    label : str, optional
        Column whose balance is counted.
    protected : Sequence[str]
        Columns whose group sizes are counted.
    other : IntoDataFrame, optional
        Another part of the same split, such as the hold-out for the training data.
    compare_on : Sequence[str]
        Columns that make two rows the same; all columns when empty. Leave out identifiers,
        else no row is ever a duplicate.

    Returns
    -------
    DataQuality
        Counts only, no row.

    Raises
    ------
    InvalidInput
        If the input is no table, is empty, or lacks a column.
    """
    table = _table(frame, "data")
    if not len(table):
        raise InvalidInput("the table has no rows", remedy="Check the source and its filter.")
    keys = list(compare_on) or table.columns
    _require_columns(table, [*keys, *protected, *([label] if label else [])], "data")
    overlap = None
    if other is not None:
        second = _table(other, "other data")
        _require_columns(second, keys, "other data")
        overlap = _overlap(table, second, keys)
    return DataQuality(
        rows=len(table),
        columns=tuple(_column(table, name) for name in table.columns),
        duplicate_rows=len(table) - len(table.select(keys).unique()),
        overlap_rows=overlap,
        label=_balance(table, label) if label else None,
        groups=tuple(_balance(table, name) for name in protected),
    )


def _table(frame: object, where: str) -> nw.DataFrame[Any]:
    import narwhals as nw

    native = frame
    if nw.dependencies.is_pandas_dataframe(native):
        # Object columns that hold None break comparisons; Arrow types do not.
        native = native.convert_dtypes(dtype_backend="pyarrow")
    try:
        opened: nw.DataFrame[Any] = nw.from_native(cast("Any", native), eager_only=True)
    except (TypeError, nw.exceptions.NarwhalsError) as error:
        raise InvalidInput(
            f"the input is not a table ({type(error).__name__})",
            where=where,
            remedy="Pass a pandas, polars or pyarrow table with unique column names.",
        ) from None
    return opened


def _require_columns(table: nw.DataFrame[Any], names: Sequence[str], where: str) -> None:
    for name in names:
        if name not in table.columns:
            raise InvalidInput(
                "no such column",
                where=f"{where}, column {name!r}",
                remedy="Check the spelling and case.",
            )


def _column(table: nw.DataFrame[Any], name: str) -> ColumnQuality:
    values = table[name]
    missing = values.is_null()
    if values.dtype.is_float():
        missing = missing | values.is_nan().fill_null(value=False)
    return ColumnQuality(
        name=name,
        dtype=str(values.dtype).lower(),
        missing=int(missing.sum()),
        distinct=int(values.filter(~missing).n_unique()),
    )


def _overlap(table: nw.DataFrame[Any], second: nw.DataFrame[Any], keys: Sequence[str]) -> int:
    import narwhals as nw

    # Text on both sides: two files of one split need not have been read with the same types.
    mine = table.select(nw.col(*keys).cast(nw.String).fill_null("")).to_arrow().to_pylist()
    theirs = second.select(nw.col(*keys).cast(nw.String).fill_null("")).to_arrow().to_pylist()
    known = {tuple(row.values()) for row in theirs}
    return sum(tuple(row.values()) in known for row in mine)


def _balance(table: nw.DataFrame[Any], name: str) -> Balance:
    values = table[name].to_arrow().to_pylist()
    rows: dict[str, int] = {}
    for value in values:
        missing = isinstance(value, float) and isnan(value)
        text = group_text(None if missing else value)
        rows[text] = rows.get(text, 0) + 1
    if len(rows) > _MAX_LEVELS:
        raise InvalidInput(
            f"more than {_MAX_LEVELS} different values",
            where=f"column {name!r}",
            remedy="Balance is counted for labels and groups; cut numbers into bins first.",
        )
    return Balance(column=name, rows=dict(sorted(rows.items())))
