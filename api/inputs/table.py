"""A table in memory: Arrow columns, and where they came from.

Invariant: a :class:`Table` has at least one row, its columns have distinct names.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import JsonValue

from answerable.audit.canonical import MAX_SAFE_INTEGER
from answerable.audit.errors import InvalidInput, MissingExtra

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Arrow", "Table", "checked_table", "load_pyarrow", "table_of"]

_SHOWN: Final = 30
"""How many column names a message lists."""

Arrow = Any
"""A ``pyarrow.Table`` or column; the library ships no types."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table in memory, and where it came from (without credentials)."""

    arrow: Arrow
    source: str

    @property
    def rows(self) -> int:
        """Number of rows, at least 1."""
        return int(self.arrow.num_rows)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(str(name) for name in self.arrow.column_names)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Type of each column: ``integer | number | text | boolean | date | time | other``."""
        return tuple(_dtype(field.type) for field in self.arrow.schema)

    def require(self, *columns: str) -> None:
        """Check that columns exist.

        Parameters
        ----------
        *columns : str
            Column names that are needed.

        Raises
        ------
        InvalidInput
            If one does not exist; the message lists the columns there are.
        """
        present = set(self.names)
        unknown = [name for name in columns if name not in present]
        if unknown:
            known = ", ".join(self.names[:_SHOWN])
            raise InvalidInput(
                f"there is no column {unknown[0]!r}",
                where=self.source,
                remedy=f"The columns are: {known}{' ...' if len(self.names) > _SHOWN else ''}.",
            )

    def select(self, *columns: str) -> Table:
        """Return the table with these columns only, in this order.

        Parameters
        ----------
        *columns : str
            Column names.

        Returns
        -------
        Table
            The same rows.

        Raises
        ------
        InvalidInput
            If a column does not exist.
        """
        self.require(*columns)
        return Table(self.arrow.select(list(columns)), self.source)

    def with_column(self, name: str, values: Sequence[JsonValue]) -> Table:
        """Return the table with one column added or replaced.

        Parameters
        ----------
        name : str
            Its name.
        values : Sequence[JsonValue], shape (rows,)
            One value a row.

        Returns
        -------
        Table
            A new table.

        Raises
        ------
        InvalidInput
            If the number of values is not the number of rows.
        """
        if len(values) != self.rows:
            raise InvalidInput(f"{len(values)} values for {self.rows} rows", where=f"column {name}")
        table = self.arrow
        if name in self.names:
            table = table.drop_columns([name])
        return Table(table.append_column(name, load_pyarrow().array(list(values))), self.source)

    def pandas(self) -> pd.DataFrame:
        """Return a pandas frame with Arrow-backed columns."""
        import pandas as pd

        return cast("pd.DataFrame", self.arrow.to_pandas(types_mapper=pd.ArrowDtype))

    def row_values(self) -> Iterator[list[JsonValue]]:
        """Yield each row as JSON values, in column order.

        Yields
        ------
        list[JsonValue]
            Dates as ISO 8601 text, integers of 2**53 or more as text, NaN as None.
        """
        for batch in self.arrow.to_batches(max_chunksize=8192):
            columns = [[_json(value) for value in column.to_pylist()] for column in batch.columns]
            yield from (list(row) for row in zip(*columns, strict=True))

    def records(self) -> Iterator[dict[str, JsonValue]]:
        """Yield each row as a mapping from column to JSON value."""
        names = self.names
        for row in self.row_values():
            yield dict(zip(names, row, strict=True))


def table_of(frame: object, *, source: str) -> Table:
    """Return a table from a pandas, polars or pyarrow frame that is in memory already.

    Parameters
    ----------
    frame : object
        The frame.
    source : str
        Where it came from, for messages and lineage.

    Returns
    -------
    Table
        At least one row and one column.

    Raises
    ------
    InvalidInput
        If it is no such frame, or empty.
    """
    pa = load_pyarrow()
    if isinstance(frame, pa.Table):
        return checked_table(Table(frame, source))
    try:
        if type(frame).__module__.split(".")[0] == "pandas":
            return checked_table(Table(pa.Table.from_pandas(frame, preserve_index=False), source))
        if hasattr(frame, "to_arrow"):
            return checked_table(Table(frame.to_arrow(), source))
    except pa.ArrowInvalid:
        raise InvalidInput("a column mixes kinds of values", where=source) from None
    raise InvalidInput(
        f"a {type(frame).__name__} is not a table",
        where=source,
        remedy="Give a pandas, polars or pyarrow frame.",
    )


def load_pyarrow() -> Any:
    """Return the pyarrow module, imported on first use.

    Returns
    -------
    module
        ``pyarrow``.

    Raises
    ------
    MissingExtra
        If it is not installed.
    """
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise MissingExtra("data", needed_for="reading tables") from None
    return pa


def checked_table(table: Table) -> Table:
    """Return the table itself, when it keeps the invariant of this module.

    Parameters
    ----------
    table : Table
        As it was read.

    Returns
    -------
    Table
        The same table.

    Raises
    ------
    InvalidInput
        If it has no columns or rows, or a column without a name or standing twice.
    """
    names = table.names
    if not names:
        raise InvalidInput("the table has no columns", where=table.source)
    if table.arrow.num_rows == 0:
        raise InvalidInput("the table has no rows", where=table.source)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"the column {twice[0]!r} stands twice", where=table.source)
    if any(not name.strip() for name in names):
        raise InvalidInput("a column has no name", where=table.source)
    return table


def _dtype(kind: Any) -> str:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _dtype(kind.value_type)
    tests = (
        ("boolean", types.is_boolean),
        ("integer", types.is_integer),
        ("number", lambda t: types.is_floating(t) or types.is_decimal(t)),
        ("date", types.is_date),
        ("time", types.is_timestamp),
    )
    for name, test in tests:
        if test(kind):
            return name
    text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    return "text" if text else "other"


def _json(value: object) -> JsonValue:
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        return str(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
