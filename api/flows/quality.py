"""Data quality of a registered data set: missing values, duplicates, overlap, balance."""

from __future__ import annotations

from dataclasses import dataclass

from answerable.api.actor import ActorContext
from answerable.api.flows.append import CODE_VERSION, append_evidence, dataset_subject
from answerable.api.flows.assess import require_registered
from answerable.api.flows.context import Recorded
from answerable.api.flows.lookup import dataset_record
from answerable.api.inputs import Table
from answerable.api.wiring import Workspace
from answerable.audit.errors import InvalidInput
from answerable.audit.records import DatasetVersion, Evidence, Role
from answerable.governance.data_quality import assess_data_quality

__all__ = ["QualityRequest", "assess_quality"]


@dataclass(frozen=True, kw_only=True)
class QualityRequest:
    """Which data set to examine, and which other part of the split must not overlap it."""

    dataset: str
    against: str | None = None


def assess_quality(
    workspace: Workspace,
    request: QualityRequest,
    table: Table,
    other: Table | None = None,
    *,
    actor: ActorContext,
) -> Recorded[Evidence]:
    """Examine a registered data set and log the result, encrypted under its key.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    request : QualityRequest
        The data set, and another to compare with.
    table : Table
        The registered rows. Its registered column roles say which column is the label,
        which are protected, and which identifiers make no two rows different.
    other : Table, optional
        The rows of the other data set.
    actor : ActorContext
        A scientist, model owner or compliance.

    Returns
    -------
    Recorded[Evidence]
        Of kind ``data_quality.assessed``.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If a data set is not registered.
    InvalidInput
        If a table is not the registered one, or the other is given without its name.
    """
    role = actor.acting_as(Role.SCIENTIST, Role.MODEL_OWNER, Role.COMPLIANCE)
    dataset = dataset_record(workspace, request.dataset)
    require_registered(workspace, table, dataset)
    inputs = {f"dataset:{dataset.role.value}": dataset.digest}
    if (other is None) != (request.against is None):
        raise InvalidInput("the other data set needs its name and its rows", where="against")
    if other is not None and request.against is not None:
        second = dataset_record(workspace, request.against)
        require_registered(workspace, other, second)
        inputs[f"against:{second.role.value}"] = second.digest
    labels = _of_role(dataset, "label")
    found = assess_data_quality(
        table.arrow,
        label=labels[0] if labels else None,
        protected=_of_role(dataset, "protected"),
        other=None if other is None else other.arrow,
        compare_on=[item.name for item in dataset.columns if item.role != "identifier"],
    )
    return append_evidence(
        workspace,
        found.evidence(inputs=inputs, code=CODE_VERSION),
        acting=(actor, role),
        subject=dataset_subject(dataset.name),
    )


def _of_role(dataset: DatasetVersion, role: str) -> list[str]:
    return [item.name for item in dataset.columns if item.role == role]
