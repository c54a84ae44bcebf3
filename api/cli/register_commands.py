"""Commands that register what later evidence refers to."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from answerable.api.cli.output import say
from answerable.api.cli.session import DatabaseOption, open_session
from answerable.audit.codes import DatasetRole, Role
from answerable.audit.errors import InvalidInput

__all__ = ["attach"]

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="YAML file.")]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    group = typer.Typer(
        help="Register a use case, data set, policy, catalogue, function, person or organisation.",
        no_args_is_help=True,
    )
    group.command("actor")(actor)
    group.command("use-case")(use_case)
    group.command("dataset")(dataset)
    group.command("policy")(policy)
    group.command("catalogue")(catalogue)
    group.command("function")(function)
    group.command("organisation")(organisation)
    app.add_typer(group, name="register")


def actor(
    name: Annotated[str, typer.Argument(help="Kept encrypted and erasable, never in the log.")],
    *,
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    key_file: Annotated[
        Path | None, typer.Option(help="Create a signing key in this file.")
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Register a person who acts, optionally with a new signing key."""
    from answerable.api.flows.register import register_actor
    from answerable.audit.signing import create_signer_key, public_key_hex

    with open_session(db) as (workspace, operator), ExitStack() as undone:
        public_key = None
        if key_file is not None:
            public_key = public_key_hex(create_signer_key(key_file, entropy=workspace.entropy))
            undone.callback(key_file.unlink)
        registered = register_actor(
            workspace, name=name, roles=role, public_key=public_key, actor=operator
        )
        undone.pop_all()
    say(registered.actor)


def use_case(file: FileArgument, *, db: DatabaseOption = None) -> None:
    """Register a use case from a YAML file."""
    from answerable.api.flows.register import register_use_case
    from answerable.api.inputs import read_bytes
    from answerable.audit.documents import read_document
    from answerable.audit.records import UseCase

    document = read_document(read_bytes(file, what="use case"), UseCase, where=str(file))
    with open_session(db) as (workspace, operator):
        recorded = register_use_case(workspace, document, actor=operator)
    say(recorded.digest)


def dataset(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA", help="CSV, Parquet or JSON Lines file, or a database URL with #table."
        ),
    ],
    *,
    name: Annotated[str, typer.Option(help="Name of the data set.")],
    role: Annotated[DatasetRole, typer.Option(help="What it is used for.")],
    source: Annotated[str, typer.Option(help="Where the data comes from.")],
    columns: Annotated[
        list[str],
        typer.Option("--column", help="COLUMN=feature|protected|label|identifier|weight|other."),
    ] = [],  # noqa: B006 - Typer reads the default, nobody changes it
    licence: Annotated[str, typer.Option(help="Under which it may be used.")] = "",
    label_meaning: Annotated[str, typer.Option(help="What the label really says.")] = "",
    db: DatabaseOption = None,
) -> None:
    """Register a data set: fingerprint, schema, roles and source. Rows are not stored."""
    from answerable.api.flows.register import DatasetDescription, register_dataset
    from answerable.api.inputs import read_table

    roles: dict[str, str] = {}
    for item in columns:
        column, separator, column_role = item.partition("=")
        if not separator:
            raise InvalidInput("a column role must read COLUMN=ROLE", where="--column")
        roles[column] = column_role
    with open_session(db) as (workspace, operator):
        recorded = register_dataset(
            workspace,
            read_table(data),
            DatasetDescription(
                name=name,
                role=role,
                source=source,
                column_roles=roles,
                licence=licence,
                label_meaning=label_meaning,
            ),
            actor=operator,
        )
    say(recorded.digest)


def policy(file: FileArgument, *, db: DatabaseOption = None) -> None:
    """Register a fairness policy from a YAML file; it is hashed whole."""
    from answerable.api.flows.register import register_policy
    from answerable.api.inputs import read_bytes

    with open_session(db) as (workspace, operator):
        recorded = register_policy(
            workspace, read_bytes(file, what="policy"), where=str(file), actor=operator
        )
    say(recorded.digest)


def catalogue(
    file: FileArgument,
    *,
    name: Annotated[str, typer.Option(help="Name of the catalogue, as written in it.")],
    db: DatabaseOption = None,
) -> None:
    """Register a reason catalogue from a YAML file."""
    from answerable.api.flows.register import register_catalogue
    from answerable.api.inputs import read_bytes

    with open_session(db) as (workspace, operator):
        recorded = register_catalogue(
            workspace,
            read_bytes(file, what="catalogue"),
            name=name,
            where=str(file),
            actor=operator,
        )
    say(recorded.digest)


def function(file: FileArgument, *, db: DatabaseOption = None) -> None:
    """Register a decision function from a YAML file (see docs/decision-function.md)."""
    from answerable.api.flows.register_file import register_function_file

    with open_session(db) as (workspace, operator):
        recorded = register_function_file(workspace, file, actor=operator)
    say(recorded.digest)


def organisation(file: FileArgument, *, db: DatabaseOption = None) -> None:
    """Register the organisation's profile from a YAML file (see docs/organisation.md)."""
    from answerable.api.flows.organisation import register_organisation
    from answerable.api.inputs import read_bytes
    from answerable.audit.documents import read_document
    from answerable.audit.records import OrganisationProfile

    data = read_bytes(file, what="organisation profile")
    profile = read_document(data, OrganisationProfile, where=str(file))
    with open_session(db) as (workspace, operator):
        recorded = register_organisation(workspace, profile, actor=operator)
    say(recorded.digest)
