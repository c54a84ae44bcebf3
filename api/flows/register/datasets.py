"""Registering data sets: fingerprint, schema and origin; rows are never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from answerable.api.actor import ActorContext
from answerable.api.flows.context import Recorded
from answerable.api.flows.lookup import dataset_record
from answerable.api.flows.register.entry import REGISTRARS, record_once
from answerable.api.inputs import Table
from answerable.api.wiring import Workspace
from answerable.audit.errors import InvalidInput
from answerable.audit.fingerprint import fingerprint_rows, row_bytes, schema_digest
from answerable.audit.kinds import EntryKind
from answerable.audit.records import ColumnSchema, DatasetRole, DatasetVersion, EntryLink

__all__ = ["DatasetDescription", "describe_dataset", "register_dataset", "table_fingerprint"]

_COLUMN_ROLES: Final = frozenset(
    {"feature", "protected", "label", "identifier", "prediction", "weight", "other"}
)


@dataclass(frozen=True, kw_only=True)
class DatasetDescription:
    """What people know of a table: name, use, origin, and the role of each column.

    `column_roles` maps columns to ``feature | protected | label | identifier | prediction |
    weight``; a column left out is ``other``.
    """

    name: str
    role: DatasetRole
    source: str
    column_roles: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""
    derived_from: tuple[str, ...] = ()
    query: str = ""
    synthetic_columns: tuple[str, ...] = ()
    label_meaning: str = ""


def describe_dataset(
    workspace: Workspace, table: Table, description: DatasetDescription
) -> DatasetVersion:
    """Compute the record of a table: fingerprint, schema and origin. Appends nothing.

    Parameters
    ----------
    workspace : Workspace
        Gives the secret salt, the same for every state of a data set of this name.
    table : Table
        The rows.
    description : DatasetDescription
        What people know of it.

    Returns
    -------
    DatasetVersion
        The same table and description give the same record.

    Raises
    ------
    InvalidInput
        If a column that is described does not exist, or its role is unknown.
    """
    table.require(*description.column_roles, *description.synthetic_columns)
    unknown = sorted(set(description.column_roles.values()) - _COLUMN_ROLES)
    if unknown:
        raise InvalidInput(
            f"{unknown[0]!r} is not a role of a column",
            where="column_roles",
            remedy=f"Use one of: {', '.join(sorted(_COLUMN_ROLES))}.",
        )
    columns = tuple(
        ColumnSchema(name=name, dtype=dtype, role=description.column_roles.get(name, "other"))
        for name, dtype in zip(table.names, table.dtypes, strict=True)
    )
    return DatasetVersion.parse(
        {
            "name": description.name,
            "role": description.role,
            "fingerprint": table_fingerprint(workspace, table, description.name),
            "schema_digest": schema_digest(columns),
            "rows": table.rows,
            "columns": columns,
            "source": description.source,
            "licence": description.licence,
            "derived_from": description.derived_from,
            "query": description.query,
            "synthetic_columns": description.synthetic_columns,
            "label_meaning": description.label_meaning,
        }
    )


def register_dataset(
    workspace: Workspace, table: Table, description: DatasetDescription, *, actor: ActorContext
) -> Recorded[DatasetVersion]:
    """Fingerprint and register a table; its rows are not stored.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    table : Table
        The rows.
    description : DatasetDescription
        What people know of it.
    actor : ActorContext
        Who registers it.

    Returns
    -------
    Recorded[DatasetVersion]
        Its digest is what models and evidence name.

    Raises
    ------
    NotAllowed
        If the actor may not register.
    NotFound
        If it is derived from a data set that is not registered.
    InvalidInput
        If the description does not fit the table.
    """
    actor.acting_as(*REGISTRARS)
    for parent in description.derived_from:
        dataset_record(workspace, parent)
    record = describe_dataset(workspace, table, description)
    held = workspace.registry().datasets.get(record.digest)
    links = [EntryLink(rel="derived-from", digest=parent) for parent in record.derived_from]
    return record_once(
        workspace,
        EntryKind.DATASET_REGISTERED,
        record,
        held.at if held else None,
        actor=actor,
        links=links,
    )


def table_fingerprint(workspace: Workspace, table: Table, name: str) -> str:
    """Return the fingerprint of a table's rows.

    Parameters
    ----------
    workspace : Workspace
        Gives the salt: secret, so that a row cannot be guessed from its hash, and the same
        for every state of a data set of this name.
    table : Table
        The rows, in order.
    name : str
        Name of the data set.

    Returns
    -------
    str
        ``sha256:<hex>``.
    """
    salt = workspace.keyed_hash("fingerprint-salt", name.encode())
    return fingerprint_rows((row_bytes(row) for row in table.row_values()), salt).root
