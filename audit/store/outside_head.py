"""An outside head in a second database: one row a log, moved by compare-and-swap.

The second database must have other credentials than the log's, and other backups: whoever can
restore or rewrite the one must not be able to do both. Its table is the only thing it needs.
"""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import Column, Connection, MetaData, Table, Text, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateSchema

from answerable.audit.anchors.outside import head_moved
from answerable.audit.errors import InvalidInput
from answerable.audit.store.authorizer import schema_changes
from answerable.audit.store.database import Database

__all__ = ["DatabaseHead"]

_TABLE: Final = "outside_head"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


class DatabaseHead:
    """The newest signed checkpoint of one log, in a table of a second database.

    Parameters
    ----------
    url : str
        SQLAlchemy address of the second database; a SQLite file is made when it is missing.
    origin : str
        Name of the log: several logs may share the table.
    schema : str
        Schema of the table on PostgreSQL. Schema and table are made by the first swap unless
        they exist.

    Raises
    ------
    InvalidInput
        If the address or the schema's name is malformed.
    """

    def __init__(self, url: str, *, origin: str, schema: str = "answerable_outside") -> None:
        if not _NAME.fullmatch(schema):
            raise InvalidInput("not a name of a schema", where="schema of the outside head")
        self._database = Database(url, must_exist=False)
        self._origin = origin
        self._schema = None if self._database.dialect == "sqlite" else schema
        self._table = Table(
            _TABLE,
            MetaData(schema=self._schema),
            Column("origin", Text, primary_key=True),
            Column("note", Text, nullable=False),
        )

    @property
    def where(self) -> str:
        """The database, without credentials."""
        return self._database.where

    def read(self) -> str | None:
        """Return the note that is kept, None before the first.

        Returns
        -------
        str or None
            The note.

        Raises
        ------
        Unavailable
            If the database cannot be read.
        """
        column = self._table.c.note
        with self._database.read() as connection:
            if not self._exists(connection):
                return None
            found = connection.execute(select(column).where(self._table.c.origin == self._origin))
            note: str | None = found.scalar()
            return note

    def swap(self, old: str | None, new: str) -> None:
        """Put a note in the place of another, durably.

        Raises
        ------
        Conflict
            If something else than `old` is kept.
        Unavailable
            If the database cannot be written.
        """
        with self._database.write() as connection:
            if old is None:
                moved = self._insert(connection, new)
            else:
                statement = update(self._table).where(
                    self._table.c.origin == self._origin, self._table.c.note == old
                )
                exists = self._exists(connection)
                moved = exists and connection.execute(statement.values(note=new)).rowcount == 1
            if not moved:
                raise head_moved(self.where)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def _exists(self, connection: Connection) -> bool:
        return inspect(connection).has_table(_TABLE, schema=self._schema)

    def _insert(self, connection: Connection, note: str) -> bool:
        if not self._exists(connection):
            # Asked first: whoever may not make schemas can be given the table ready-made.
            if self._schema is not None:
                connection.execute(CreateSchema(self._schema, if_not_exists=True))
            with schema_changes(connection):
                self._table.create(connection)
        try:
            connection.execute(insert(self._table), [{"origin": self._origin, "note": note}])
        except IntegrityError:
            return False
        return True
