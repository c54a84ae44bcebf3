"""Scan a table for personal data; log the report for a registered data set."""

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
from answerable.audit.records import Evidence, Role
from answerable.privacy.backend import TableBackend
from answerable.privacy.policy import ScanPolicy
from answerable.privacy.report import ScanReport
from answerable.privacy.scan import scan_table

__all__ = ["ScanRequest", "ScannedRecord", "scan", "scan_table_of"]


@dataclass(frozen=True, kw_only=True)
class ScanRequest:
    """What to scan for. `features` are the columns the policy is about; all when left out."""

    dataset: str | None = None
    policy: ScanPolicy | None = None
    ner: str = "none"
    sample: int | None = None
    features: tuple[str, ...] | None = None
    seed: int = 0


@dataclass(frozen=True)
class ScannedRecord:
    """A logged scan."""

    report: ScanReport
    recorded: Recorded[Evidence]

    @property
    def digest(self) -> str:
        """Digest of the evidence."""
        return self.recorded.digest


def scan_table_of(table: Table, request: ScanRequest) -> ScanReport:
    """Scan a table without a log.

    Parameters
    ----------
    table : Table
        The rows.
    request : ScanRequest
        What to look for.

    Returns
    -------
    ScanReport
        Column by column, with what was not examined.

    Raises
    ------
    InvalidInput
        If a header looks like a value, or the request is malformed.
    NotFound
        If a feature is no column.
    MissingExtra
        If a library it needs is not installed.
    EngineError
        If a language model cannot be loaded.
    """
    return scan_table(
        TableBackend(table.arrow),
        seed=request.seed,
        policy=request.policy,
        ner=request.ner,
        sample=request.sample,
        features=request.features,
    )


def scan(
    workspace: Workspace, request: ScanRequest, table: Table, *, actor: ActorContext
) -> ScannedRecord:
    """Scan a registered data set and log the report, encrypted under the data set's key.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    request : ScanRequest
        Names the data set.
    table : Table
        The registered rows.
    actor : ActorContext
        A scientist, model owner, compliance or officer.

    Returns
    -------
    ScannedRecord
        The report and its receipt.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If the data set is not registered.
    InvalidInput
        If no data set is named, or the table is not the registered one.
    """
    role = actor.acting_as(Role.SCIENTIST, Role.MODEL_OWNER, Role.COMPLIANCE, Role.OFFICER)
    if request.dataset is None:
        raise InvalidInput("a logged scan names its data set", where="dataset")
    dataset = dataset_record(workspace, request.dataset)
    require_registered(workspace, table, dataset)
    report = scan_table_of(table, request)
    inputs = {f"dataset:{dataset.role.value}": dataset.digest}
    if report.policy is not None:
        inputs["scan_policy"] = report.policy
    recorded = append_evidence(
        workspace,
        report.evidence(inputs=inputs, code=CODE_VERSION),
        acting=(actor, role),
        subject=dataset_subject(dataset.name),
    )
    return ScannedRecord(report=report, recorded=recorded)
