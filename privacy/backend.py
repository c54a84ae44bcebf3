"""Where the rows are: the four verbs a scan needs, over any data frame narwhals reads.

``counts``, ``distinct``, ``sample`` and ``group_sizes`` are all a scan asks of a table, so
another engine joins by answering these four.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from answerable.audit.errors import InvalidInput, MissingExtra, NotFound
from answerable.privacy.values import (
    ColumnKind,
    DistinctValues,
    distinct_values,
    of_objects,
    of_series,
)

if TYPE_CHECKING:
    import narwhals as nw
    import polars as pl
    from narwhals.typing import IntoDataFrame

__all__ = ["Backend", "ColumnCounts", "TableBackend"]


@dataclass(frozen=True, slots=True)
class ColumnCounts:
    """How many rows a column has, how many without a value, how many distinct values."""

    rows: int
    nulls: int
    distinct: int
    least: float | None = None
    """Smallest value of a column of numbers."""
    greatest: float | None = None


class Backend(Protocol):
    """A table that can be scanned."""

    @property
    def rows(self) -> int:
        """Number of rows."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in order, unique."""

    @property
    def engines(self) -> Mapping[str, str]:
        """Libraries that answer, with their versions."""

    def dtype(self, column: str) -> str:
        """Return the engine's own name of a column's type."""

    def kind(self, column: str) -> ColumnKind:
        """Return what a column's values are made of."""

    def counts(self, column: str) -> ColumnCounts:
        """Return row, null and distinct counts of a column, and the range of numbers."""

    def distinct(self, column: str) -> DistinctValues:
        """Return a column's distinct values as text; none for kinds that have no text."""

    def sample(self, size: int, *, seed: int) -> Backend:
        """Return a simple random sample of the rows, in their order."""

    def group_sizes(self, columns: Sequence[str]) -> NDArray[np.int64]:
        """Return the ascending sizes of the groups of equal values in these columns."""


class TableBackend:
    """A data frame in memory: pandas, polars or pyarrow.

    Parameters
    ----------
    frame : IntoDataFrame
        At least one column and one row; column names must differ as text.

    Raises
    ------
    InvalidInput
        If it is no data frame in memory, has no columns or rows, or two columns share a
        name.
    MissingExtra
        If narwhals or polars is not installed.

    Examples
    --------
    >>> import polars as pl
    >>> table = TableBackend(pl.DataFrame({"city": ["Ulm", "Ulm", None]}))
    >>> table.counts("city")
    ColumnCounts(rows=3, nulls=1, distinct=1, least=None, greatest=None)
    """

    def __init__(self, frame: IntoDataFrame) -> None:
        self._frame = _opened(frame)
        self._series: dict[str, tuple[ColumnKind, pl.Series]] = {}
        self.columns: tuple[str, ...] = _column_names(self._frame.columns)
        self.rows = len(self._frame)
        libraries = {"narwhals", "polars", str(self._frame.implementation)}
        self.engines: Mapping[str, str] = {
            name: importlib.metadata.version(name) for name in sorted(libraries)
        }
        if self.rows == 0:
            raise InvalidInput("the table has no rows", remedy="Check the source or the query.")

    def dtype(self, column: str) -> str:
        """Return narwhals' name of a column's type."""
        return str(self._native(column).dtype)

    def kind(self, column: str) -> ColumnKind:
        """Return what a column's values are made of."""
        return self._column(column)[0]

    def counts(self, column: str) -> ColumnCounts:
        """Return row, null and distinct counts of a column, and the range of numbers."""
        kind, series = self._column(column)
        nulls = series.null_count()
        if kind in {ColumnKind.NESTED, ColumnKind.BINARY, ColumnKind.EMPTY}:
            return ColumnCounts(self.rows, nulls, 0)
        distinct = series.drop_nulls().n_unique()
        if kind not in {ColumnKind.INTEGER, ColumnKind.FLOAT}:
            return ColumnCounts(self.rows, nulls, distinct)
        least, greatest = float(str(series.min())), float(str(series.max()))
        return ColumnCounts(self.rows, nulls, distinct, least, greatest)

    def distinct(self, column: str) -> DistinctValues:
        """Return a column's distinct values as text; none for kinds that have no text."""
        return distinct_values(*self._column(column))

    def sample(self, size: int, *, seed: int) -> TableBackend:
        """Return a simple random sample of the rows, in their order.

        Returns
        -------
        TableBackend
            The table itself when it has no more than `size` rows.

        Raises
        ------
        InvalidInput
            If `size` is below 1.
        """
        if size < 1:
            raise InvalidInput("a sample of no rows", where="sample", remedy="Ask for 1 or more.")
        if size >= self.rows:
            return self
        generator = np.random.Generator(np.random.PCG64(seed))
        chosen = np.sort(generator.choice(self.rows, size=size, replace=False))
        return TableBackend(self._frame[chosen.tolist()].to_native())

    def group_sizes(self, columns: Sequence[str]) -> NDArray[np.int64]:
        """Return the ascending sizes of the groups of equal values in these columns.

        Returns
        -------
        NDArray[np.int64]
            Sums to the number of rows; a missing value is a value of its own.

        Raises
        ------
        InvalidInput
            If no column is named.
        """
        import polars as pl

        if not columns:
            raise InvalidInput("no column to group by", remedy="Name at least one column.")
        keys = [self._column(name)[1].rename(str(i)) for i, name in enumerate(columns)]
        sizes = pl.DataFrame(keys).group_by(pl.all()).len(name="rows")["rows"]
        return np.sort(sizes.to_numpy().astype(np.int64))

    def _native(self, column: str) -> nw.Series[Any]:
        if column not in self.columns:
            raise NotFound("no such column", where="table", remedy="Check the spelling.")
        return self._frame[:, self.columns.index(column)]

    def _column(self, column: str) -> tuple[ColumnKind, pl.Series]:
        if column not in self._series:
            self._series[column] = _normalised(self._native(column))
        return self._series[column]


def _opened(frame: IntoDataFrame) -> nw.DataFrame[Any]:
    try:
        import narwhals
        import polars as pl  # noqa: F401 - values are held in it
    except ImportError:
        raise MissingExtra("privacy", needed_for="scanning a table") from None
    try:
        opened = narwhals.from_native(frame, eager_only=True)
    except narwhals.exceptions.DuplicateError:
        raise InvalidInput("two columns have the same name", remedy="Rename one of them.") from None
    except TypeError:
        raise InvalidInput(
            f"a {type(frame).__name__} is not a data frame in memory",
            remedy="Pass a pandas or polars DataFrame or a pyarrow Table; collect a lazy one.",
        ) from None
    if not opened.columns:
        raise InvalidInput("the table has no columns", remedy="Check the source or the query.")
    return opened


def _column_names(headers: Sequence[object]) -> tuple[str, ...]:
    names = tuple(
        str(header).strip() or f"(column {position})"
        for position, header in enumerate(headers, start=1)
    )
    repeated = [position for position, name in enumerate(names, 1) if name in names[: position - 1]]
    if repeated:
        raise InvalidInput(
            "two columns have the same name",
            where=f"column {repeated[0]}",
            remedy="Rename one of them.",
        )
    return names


def _normalised(native: nw.Series[Any]) -> tuple[ColumnKind, pl.Series]:
    """Return a column as polars holds it; objects without a type are looked at one by one."""
    import polars as pl

    try:
        series = native.to_polars()
    except (TypeError, ValueError, OverflowError, NotImplementedError, pl.exceptions.PolarsError):
        return of_objects(native.to_list())
    return of_series(series)
