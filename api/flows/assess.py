"""Assess decisions by protected attribute: counted once, judged by the policy, logged.

Promises: what is logged names the data set, policy and function by digest, after checking
that the table is the registered one; every assessment of a hold-out is a look, and looks
are counted. The cell counts stay with the evidence, encrypted under the data set's key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.append import CODE_VERSION, append_evidence, dataset_subject
from answerable.api.flows.context import Recorded
from answerable.api.flows.loading import policy_for
from answerable.api.flows.lookup import dataset_record, function_digest
from answerable.api.flows.register.datasets import table_fingerprint
from answerable.api.inputs import Table
from answerable.api.wiring import Workspace
from answerable.audit.errors import InvalidInput
from answerable.audit.records import DatasetVersion, Evidence, Role
from answerable.governance.assessment import Assessment
from answerable.governance.assessment import assess as assess_cells
from answerable.governance.cells import CellTable
from answerable.governance.counts import Attribute, count_cells
from answerable.governance.policy import Policy

__all__ = [
    "AssessRequest",
    "AssessedRecord",
    "assess",
    "assess_table",
    "count_table",
    "require_registered",
]


@dataclass(frozen=True, kw_only=True)
class AssessRequest:
    """What to assess: the columns, the favourable value, and what it is about.

    `policy` is ``id@version`` or a digest; when it is left out, the newest registered policy
    judges.
    """

    dataset: str
    prediction: str
    favourable: str
    protected: tuple[str, ...]
    function: str | None = None
    policy: str | None = None
    label: str | None = None
    positive: str | None = None
    intersect: bool = False
    seed: int = 0


@dataclass(frozen=True)
class AssessedRecord:
    """A logged assessment, and how often its data set had been looked at with it."""

    assessment: Assessment
    recorded: Recorded[Evidence]
    looks: int

    @property
    def digest(self) -> str:
        """Digest of the evidence."""
        return self.recorded.digest


def assess_table(table: Table, request: AssessRequest, policy: Policy | None) -> Assessment:
    """Assess a table without a log.

    Parameters
    ----------
    table : Table
        With the columns the request names.
    request : AssessRequest
        What to assess.
    policy : Policy or None
        Rules to judge by.

    Returns
    -------
    Assessment
        Rates, disparities, verdicts.

    Raises
    ------
    InvalidInput
        If a column is missing, empty or has one group, or a value never occurs.
    UndefinedMetric
        If an attribute has fewer than two groups.
    """
    cells = count_table(table, request, policy)
    return assess_cells(cells, policy, intersect=request.intersect, seed=request.seed)


def assess(
    workspace: Workspace, request: AssessRequest, table: Table, *, actor: ActorContext
) -> AssessedRecord:
    """Assess a registered data set with predictions, and log it as evidence.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    request : AssessRequest
        What to assess.
    table : Table
        The registered rows with a column of predictions added.
    actor : ActorContext
        A scientist, model owner or compliance.

    Returns
    -------
    AssessedRecord
        With the number of looks at this data set, this one included.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If the data set, function or policy is not registered.
    InvalidInput
        If the table is not the registered one, or cannot be assessed.
    UndefinedMetric
        If an attribute has fewer than two groups.
    """
    role = actor.acting_as(Role.SCIENTIST, Role.MODEL_OWNER, Role.COMPLIANCE)
    dataset = dataset_record(workspace, request.dataset)
    require_registered(workspace, table, dataset)
    policy = policy_for(workspace, request.policy)
    inputs = {f"dataset:{dataset.role.value}": dataset.digest}
    if request.function is not None:
        inputs["function"] = function_digest(workspace, request.function)
    cells = count_table(table, request, policy)
    assessment = assess_cells(cells, policy, intersect=request.intersect, seed=request.seed)
    counted = cast("dict[str, JsonValue]", cells.model_dump(mode="json"))
    recorded = append_evidence(
        workspace,
        assessment.evidence(inputs=inputs, code=CODE_VERSION),
        acting=(actor, role),
        subject=dataset_subject(dataset.name, {"cells": counted}),
    )
    looks = workspace.registry().looks(dataset.digest)
    return AssessedRecord(assessment=assessment, recorded=recorded, looks=looks)


def count_table(table: Table, request: AssessRequest, policy: Policy | None) -> CellTable:
    """Count a table's rows per protected group, prediction and label.

    Parameters
    ----------
    table : Table
        With the columns the request names.
    request : AssessRequest
        Which columns and values.
    policy : Policy or None
        Says how a numeric attribute becomes groups.

    Returns
    -------
    CellTable
        Counts only; no row.

    Raises
    ------
    InvalidInput
        If a column is missing, empty or of mixed type, or a value never occurs.
    """
    if not request.protected:
        raise InvalidInput(
            "no protected attribute is named",
            where="protected",
            remedy="Name the columns that hold them; without them nothing can be said.",
        )
    label = () if request.label is None else (request.label,)
    table.require(request.prediction, *request.protected, *label)
    return count_cells(
        table.arrow,
        protected=[_attribute(name, policy) for name in request.protected],
        prediction=request.prediction,
        favourable=request.favourable,
        label=request.label,
        positive=request.positive,
    )


def require_registered(workspace: Workspace, table: Table, dataset: DatasetVersion) -> None:
    """Check that a table holds exactly the rows that were registered.

    Parameters
    ----------
    workspace : Workspace
        Gives the secret salt.
    table : Table
        With at least the registered columns.
    dataset : DatasetVersion
        The registration.

    Raises
    ------
    InvalidInput
        If a column is missing or the fingerprint differs. After rows were erased only
        their number can be compared here.
    """
    rows = table.select(*(column.name for column in dataset.columns))
    if dataset.tombstones:
        same = rows.rows == dataset.rows - len(dataset.tombstones)
    else:
        same = table_fingerprint(workspace, rows, dataset.name) == dataset.fingerprint
    if not same:
        raise InvalidInput(
            "the table does not hold the rows that were registered",
            where=f"data set {dataset.name}",
            remedy="Use the same rows in the same order, or register this state of the data.",
        )


def _attribute(name: str, policy: Policy | None) -> str | Attribute:
    rule = policy.groups.get(name) if policy is not None else None
    if rule is None or not rule.bins:
        return name
    return Attribute(name=name, bins=rule.bins, right=rule.right)
