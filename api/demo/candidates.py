"""Candidates: trained by the example's own code, registered as decision functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from answerable.api.demo.loan import applications, train
from answerable.api.demo.material import LOAN_FILES, Material, Part
from answerable.api.demo.people import Cast
from answerable.api.flows import register
from answerable.api.flows.context import Recorded
from answerable.api.flows.provenance import code_state, environment_lock
from answerable.api.inputs import Table
from answerable.api.wiring import Workspace
from answerable.audit.codes import Outcome
from answerable.audit.records import DecisionFunction, HardRule, ModelArtefact
from answerable.explain.baseline import BaselineRows, make_baseline
from answerable.explain.models import LoadedModel, load_model
from answerable.explain.scoring import evaluate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OUTCOME", "RegisteredCandidate", "decided_table", "register_candidate"]

OUTCOME: Final = "decision"
"""Column added to a part of the data: what the decision function says."""

_RULES: Final = (
    HardRule(
        id="knock_out_obligations",
        feature="obrat",
        op=">",
        value=60.0,
        outcome=Outcome.DECLINE,
        reason_code="obligations_above_limit",
    ),
    HardRule(
        id="refer_loan_to_price",
        feature="loanprc",
        op=">",
        value=1.0,
        outcome=Outcome.REFER,
        reason_code="loan_exceeds_price",
    ),
)


@dataclass(frozen=True)
class RegisteredCandidate:
    """A decision function with its model in memory."""

    recorded: Recorded[DecisionFunction]
    model: LoadedModel

    @property
    def name(self) -> str:
        """Name and version, as commands take it."""
        return f"{self.recorded.record.name}@{self.recorded.record.version}"

    @property
    def digest(self) -> str:
        """Digest of the decision function."""
        return self.recorded.digest


def register_candidate(
    workspace: Workspace,
    material: Material,
    cast: Cast,
    candidate: train.Candidate,
    *,
    version: str,
    parent: str | None = None,
) -> RegisteredCandidate:
    """Store a candidate's model, make its baseline and register the decision function.

    Parameters
    ----------
    workspace : Workspace
    material : Material
    cast : Cast
    candidate : Candidate
    version : str
        Version of the decision function ``loan``.
    parent : str, optional
        Digest of the function this one replaces.

    Returns
    -------
    RegisteredCandidate
    """
    scientist = cast.scientist.context
    artefact = _stored(workspace, material, cast, candidate)
    model = load_model(
        candidate.data,
        format=candidate.format,
        features=applications.FEATURES,
        artefact_digest=artefact.artefact,
    )
    baseline = make_baseline(
        model,
        BaselineRows(
            X=np.asarray(train.feature_matrix(material.training.frame), dtype=np.float64),
            row_ids=list(material.training.frame["applicant_id"]),
            dataset=material.training.recorded.digest,
        ),
        name=f"loan-{version}-all-applicants",
        kind="all_applicants",
    )
    code = code_state(LOAN_FILES.resolve())
    function = DecisionFunction(
        name="loan",
        version=version,
        use_case=material.use_case.digest,
        models=(artefact,),
        scale="probability",
        cut_off=0.5,
        rules=_RULES,
        outcome_codes=("approve", "decline", "refer"),
        catalogue=material.catalogue.digest,
        baselines=(register.register_baseline(workspace, baseline, actor=scientist).digest,),
        code_commit=code.commit,
        code_dirty=code.dirty,
        environment=workspace.artefacts.put(environment_lock()),
        parent=parent,
    )
    recorded = register.register_function(workspace, function, actor=scientist)
    return RegisteredCandidate(recorded=recorded, model=model)


def _stored(
    workspace: Workspace, material: Material, cast: Cast, candidate: train.Candidate
) -> ModelArtefact:
    return register.store_model(
        workspace,
        candidate.data,
        register.ModelDescription(
            name=candidate.name,
            format=candidate.format,
            features=applications.FEATURES,
            trained_on=(material.training.recorded.digest,),
            trainer=cast.scientist.context.actor,
            parameters=dict(candidate.parameters),
            library_versions=candidate.libraries,
            seed=train.SEED,
        ),
    )


def decided_table(candidate: RegisteredCandidate, part: Part) -> Table:
    """Return a part of the data with what the whole decision function says about each row.

    Parameters
    ----------
    candidate : RegisteredCandidate
    part : Part

    Returns
    -------
    Table
        With the column :data:`OUTCOME`.
    """
    function = candidate.recorded.record
    models = {function.models[0].artefact: candidate.model}
    outcomes = [
        evaluate(function, models, inputs).outcome.value for inputs in feature_rows(part.frame)
    ]
    return part.table.with_column(OUTCOME, outcomes)


def feature_rows(frame: pd.DataFrame) -> list[dict[str, float | None]]:
    """Return each row's features as JSON values; None for what was not stated."""
    names = list(applications.FEATURES)
    matrix = frame[names].to_numpy(dtype="float64")
    return [
        {
            name: None if np.isnan(value) else float(value)
            for name, value in zip(names, row, strict=True)
        }
        for row in matrix
    ]
