"""Chapter one: data, use case, policy and catalogue are registered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from answerable.api.demo.folder import DemoFolder
from answerable.api.demo.loan import applications
from answerable.api.demo.people import Cast
from answerable.api.flows import register
from answerable.api.flows.context import Recorded
from answerable.api.flows.organisation import register_organisation
from answerable.api.inputs import Table, table_of
from answerable.api.private_files import private_file
from answerable.api.wiring import Workspace
from answerable.audit.codes import DatasetRole
from answerable.audit.documents import read_document
from answerable.audit.records import (
    CatalogueVersion,
    DatasetVersion,
    OrganisationProfile,
    PolicyVersion,
    UseCase,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LOAN_FILES", "Material", "Part", "register_material"]

LOAN_FILES: Final = Path(__file__).parent / "loan"


@dataclass(frozen=True)
class Part:
    """One registered part of the data."""

    frame: pd.DataFrame
    table: Table
    recorded: Recorded[DatasetVersion]


@dataclass(frozen=True)
class Material:
    """What candidates are trained, assessed and explained with."""

    training: Part
    validation: Part
    hold_out: Part
    use_case: Recorded[UseCase]
    policy: Recorded[PolicyVersion]
    catalogue: Recorded[CatalogueVersion]
    organisation: Recorded[OrganisationProfile]
    """What the bank says about itself to everybody who asks; it is invented."""


def register_material(workspace: Workspace, folder: DemoFolder, cast: Cast) -> Material:
    """Register everything a decision function refers to.

    Parameters
    ----------
    workspace : Workspace
    folder : DemoFolder
        Receives the three parts as Parquet files, for a reader to look at.
    cast : Cast

    Returns
    -------
    Material
    """
    scientist, compliance = cast.scientist.context, cast.compliance.context
    tables = applications.load_applications()
    data = folder.make("data")

    def part(role: DatasetRole, frame: pd.DataFrame) -> Part:
        _write_rows(data / f"{role.value}.parquet", frame)
        table = table_of(frame, source=f"{applications.SOURCE}; part: {role.value}")
        description = register.DatasetDescription(
            name=f"loanapp-{role.value.replace('_', '-')}",
            role=role,
            source=applications.SOURCE,
            column_roles=_column_roles(),
            licence=applications.LICENCE,
            synthetic_columns=applications.SYNTHETIC,
            label_meaning=applications.LABEL_MEANING,
        )
        recorded = register.register_dataset(workspace, table, description, actor=scientist)
        return Part(frame=frame, table=table, recorded=recorded)

    use_case_file = LOAN_FILES / "use_case.yaml"
    use_case = read_document(use_case_file.read_bytes(), UseCase, where="use_case.yaml")
    return Material(
        training=part(DatasetRole.TRAINING, tables.training),
        validation=part(DatasetRole.VALIDATION, tables.validation),
        hold_out=part(DatasetRole.HOLD_OUT, tables.hold_out),
        use_case=register.register_use_case(workspace, use_case, actor=cast.model_owner.context),
        policy=register.register_policy(
            workspace,
            (LOAN_FILES / "policy.yaml").read_bytes(),
            where="policy.yaml",
            actor=compliance,
        ),
        catalogue=register.register_catalogue(
            workspace,
            (LOAN_FILES / "catalogue.yaml").read_bytes(),
            name="loan",
            where="catalogue.yaml",
            actor=scientist,
        ),
        organisation=register_organisation(
            workspace,
            read_document(
                (LOAN_FILES / "organisation.yaml").read_bytes(),
                OrganisationProfile,
                where="organisation.yaml",
            ),
            actor=compliance,
        ),
    )


def _write_rows(path: Path, frame: pd.DataFrame) -> None:
    with private_file(path) as file:
        frame.to_parquet(file, index=False)


def _column_roles() -> dict[str, str]:
    roles = dict.fromkeys(applications.FEATURES, "feature")
    roles |= dict.fromkeys(applications.PROTECTED, "protected")
    roles |= dict.fromkeys(applications.SYNTHETIC, "identifier")
    roles[applications.LABEL] = "label"
    return roles
