"""A column's values as text: what kind they are, which are distinct, how often each stands.

Values become text once, here: whole numbers in decimal, floating-point columns only when
every value is whole (an identifier column with a gap is read as floats). A missing value
is never the text "nan". Patterns are evaluated by polars' linear-time engine, so no value
can make one run away.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ColumnKind", "DistinctValues", "distinct_values", "of_objects", "of_series"]

_EXACT_INTEGERS: Final = 2**53


class ColumnKind(StrEnum):
    """What a column's values are made of."""

    TEXT = "text"
    MIXED = "mixed"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    BINARY = "binary"
    NESTED = "nested"
    EMPTY = "empty"


@dataclass(frozen=True)
class DistinctValues:
    """A column's distinct texts, sorted, each with its number of rows."""

    texts: pl.Series
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        """Return how many distinct values there are."""
        return len(self.texts)

    @cached_property
    def layouts(self) -> pl.Series:
        """Each text with its digits written as 0: what surrogates share with it."""
        return self.texts.str.replace_all("[0-9]", "0")

    def sharing_layout(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions of all values laid out like one of these, ascending."""
        wanted = self.layouts.gather(positions).unique()
        return np.asarray(
            self.layouts.is_in(wanted.implode()).arg_true().to_numpy(), dtype=np.int64
        )

    def matching(self, pattern: str) -> NDArray[np.int64]:
        """Return the positions of the values that contain an RE2 pattern, ascending."""
        mask = self.texts.str.contains(pattern, strict=True)
        return np.asarray(mask.arg_true().to_numpy(), dtype=np.int64)

    def take(self, positions: NDArray[np.int64]) -> list[str]:
        """Return the texts at these positions."""
        return [str(value) for value in self.texts.gather(positions).to_list()]


def of_series(series: pl.Series) -> tuple[ColumnKind, pl.Series]:
    """Return the kind of a typed column, and its values in the form that kind uses.

    Parameters
    ----------
    series : polars.Series
        Of any type.

    Returns
    -------
    tuple[ColumnKind, polars.Series]
        Text, whole and floating-point numbers, booleans and dates as such; a column
        without any value is EMPTY; bytes and nested values are named and left alone.

    Examples
    --------
    >>> import polars as pl
    >>> of_series(pl.Series([7.0, float("nan")]))[0]
    <ColumnKind.INTEGER: 'integer'>
    """
    import polars as pl

    dtype = series.dtype
    if dtype.is_float() or dtype.is_decimal():
        series = series.cast(pl.Float64).fill_nan(None)
    if series.null_count() == len(series):
        return ColumnKind.EMPTY, series
    if dtype.is_float() or dtype.is_decimal():
        return _of_floats(series)
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return ColumnKind.TEXT, series.cast(pl.String)
    if isinstance(dtype, pl.Duration | pl.Time):
        return ColumnKind.FLOAT, series.to_physical().cast(pl.Float64)
    return _plain_kind(dtype), series


def _plain_kind(dtype: pl.DataType) -> ColumnKind:
    import polars as pl

    if dtype.is_integer():
        return ColumnKind.INTEGER
    if dtype.is_nested():
        return ColumnKind.NESTED
    if dtype == pl.Boolean:
        return ColumnKind.BOOLEAN
    return ColumnKind.DATE if isinstance(dtype, pl.Date | pl.Datetime) else ColumnKind.BINARY


def _of_floats(series: pl.Series) -> tuple[ColumnKind, pl.Series]:
    import polars as pl

    present = series.drop_nulls()
    whole = bool(((present == present.round()) & (present.abs() < _EXACT_INTEGERS)).all())
    if whole:
        return ColumnKind.INTEGER, series.cast(pl.Int64)
    return ColumnKind.FLOAT, series


_SCALARS: Final = (str, int, float, decimal.Decimal, dt.date, dt.time)


def of_objects(values: Sequence[object]) -> tuple[ColumnKind, pl.Series]:
    """Return the kind of a column of Python objects that no engine gave a type.

    Parameters
    ----------
    values : Sequence[object], shape (n,)
        As a pandas object column holds them.

    Returns
    -------
    tuple[ColumnKind, polars.Series]
        Scalars of several types are written as text and called MIXED; one value that is
        bytes makes the column BINARY, any other object makes it NESTED.

    Examples
    --------
    >>> of_objects([1, "a", None])[0], of_objects([{"a": 1}])[0]
    (<ColumnKind.MIXED: 'mixed'>, <ColumnKind.NESTED: 'nested'>)
    """
    import polars as pl

    present = [None if _is_missing(value) else value for value in values]
    kept = [value for value in present if value is not None]
    if not kept:
        return ColumnKind.EMPTY, pl.Series([None] * len(present), dtype=pl.String)
    holes = pl.Series([None if value is None else True for value in present], dtype=pl.Boolean)
    if any(isinstance(value, bytes | bytearray | memoryview) for value in kept):
        return ColumnKind.BINARY, holes
    if not all(isinstance(value, _SCALARS) for value in kept):
        return ColumnKind.NESTED, holes
    texts = pl.Series([None if value is None else str(value) for value in present], dtype=pl.String)
    only_text = all(isinstance(value, str) for value in kept)
    return (ColumnKind.TEXT if only_text else ColumnKind.MIXED), texts


def _is_missing(value: object) -> bool:
    if value is None:
        return True
    if isinstance(value, float | decimal.Decimal):
        return math.isnan(value)
    return type(value).__name__ in {"NAType", "NaTType"}


def distinct_values(kind: ColumnKind, series: pl.Series) -> DistinctValues:
    """Return a column's distinct values as text, sorted.

    Parameters
    ----------
    kind : ColumnKind
        As :func:`of_series` or :func:`of_objects` gave it, with its series.
    series : polars.Series
        The values.

    Returns
    -------
    DistinctValues
        Empty for a kind whose values cannot hold an entity as text.

    Examples
    --------
    >>> import polars as pl
    >>> values = distinct_values(ColumnKind.INTEGER, pl.Series([7, 7, None, 1]))
    >>> values.texts.to_list(), values.rows.tolist()
    (['1', '7'], [1, 2])
    """
    import polars as pl

    if kind not in {ColumnKind.TEXT, ColumnKind.MIXED, ColumnKind.INTEGER}:
        return DistinctValues(pl.Series("text", [], dtype=pl.String), np.zeros(0, dtype=np.int64))
    present = series.cast(pl.String).drop_nulls().rename("text")
    table = present.value_counts(name="rows").sort("text")
    return DistinctValues(table["text"], table["rows"].to_numpy().astype(np.int64))
