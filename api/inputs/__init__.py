"""The only reader of DATA: a CSV, Parquet or JSON Lines file, or a database table.

Promises: what cannot be read is one :class:`InvalidInput` or :class:`NotFound` that names
the file and the line or column, never a value of it, and changes nothing.
"""

from __future__ import annotations

from pathlib import Path

from answerable.api.inputs.database import database_table, read_database
from answerable.api.inputs.files import FILE_LIMIT, open_bytes, read_bytes, read_file
from answerable.api.inputs.table import Table, checked_table, table_of

__all__ = ["FILE_LIMIT", "Table", "read_bytes", "read_table", "table_of", "open_bytes"]


def read_table(source: str | Path) -> Table:
    """Read DATA.

    Parameters
    ----------
    source : str or Path
        ``file.csv``, ``file.parquet``, ``file.jsonl``, or ``sqlite:///file.db#table`` or
        ``postgresql+psycopg://host/database#table``.

    Returns
    -------
    Table
        At least one row and one column.

    Raises
    ------
    InvalidInput
        If it is not readable as what its name says, is empty, or the kind is unknown.
    NotFound
        If there is no such file or table.
    Unavailable
        If the file or the database cannot be opened.
    MissingExtra
        If pyarrow is not installed.
    """
    in_database = database_table(str(source))
    if in_database is not None:
        return checked_table(read_database(*in_database))
    return checked_table(read_file(Path(source)))
