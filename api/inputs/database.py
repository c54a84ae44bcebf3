"""A table of a SQLite or PostgreSQL database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from answerable.api.inputs.table import Table, load_pyarrow
from answerable.audit.errors import InvalidInput, NotFound, Unavailable

__all__ = ["database_table", "read_database"]

_URL: Final = re.compile(r"^(?P<url>(sqlite|postgresql)(\+\w+)?://[^#]*)#(?P<table>.+)$")


def database_table(source: str) -> tuple[str, str] | None:
    """Return the URL and the table's name of a source ``URL#table``, or None.

    Parameters
    ----------
    source : str
        What the user gave as DATA.

    Returns
    -------
    tuple[str, str] or None
        URL and table name.

    Examples
    --------
    >>> database_table("sqlite:///loans.db#applications")
    ('sqlite:///loans.db', 'applications')
    >>> database_table("loans.csv") is None
    True
    """
    match = _URL.match(source)
    return (match["url"], match["table"]) if match else None


def read_database(url: str, name: str) -> Table:
    """Read a whole table.

    Parameters
    ----------
    url : str
        SQLAlchemy URL; never shown in a message.
    name : str
        Table, or ``schema.table``.

    Returns
    -------
    Table
        Its rows; it may be empty.

    Raises
    ------
    InvalidInput
        If the URL is malformed or a column mixes kinds of values.
    NotFound
        If there is no such database file or table.
    Unavailable
        If the database cannot be read.
    """
    import sqlalchemy as sa

    pa = load_pyarrow()
    shown = f"{url.split('://', 1)[0]} table {name}"
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise InvalidInput("not a database URL", where="DATA") from None
    if parsed.drivername.startswith("sqlite") and not Path(parsed.database or "").is_file():
        raise NotFound("there is no database file of this name", where=shown)
    schema, _, table_name = name.rpartition(".")
    engine = sa.create_engine(parsed, hide_parameters=True)
    try:
        with engine.connect() as connection:
            table = sa.Table(
                table_name, sa.MetaData(), schema=schema or None, autoload_with=connection
            )
            rows = connection.execute(sa.select(table)).all()
    except sa.exc.NoSuchTableError:
        raise NotFound("there is no such table", where=shown) from None
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        raise Unavailable(
            f"the database cannot be read ({type(error).__name__})",
            where=shown,
            remedy="Check the address, the permissions and that the driver is installed.",
        ) from None
    finally:
        engine.dispose()
    try:
        arrays = [pa.array([row[i] for row in rows]) for i in range(len(table.columns))]
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        raise InvalidInput("a column mixes kinds of values", where=shown) from None
    return Table(pa.table(arrays, names=[column.name for column in table.columns]), shown)
