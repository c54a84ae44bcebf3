"""Global importance: how far each factor moves a decision function's score, logged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from answerable.api.actor import ActorContext
from answerable.api.flows.append import append_evidence, dataset_subject
from answerable.api.flows.assess import require_registered
from answerable.api.flows.context import Recorded
from answerable.api.flows.loading import explainer_of
from answerable.api.flows.lookup import dataset_record, function_facts
from answerable.api.inputs import Table
from answerable.api.wiring import Workspace
from answerable.audit.records import Evidence, Role
from answerable.explain.profile import profile_model
from answerable.explain.reasons import blocking_findings
from answerable.explain.scoring import feature_row, scoring_model

__all__ = ["feature_matrix", "profile"]


def profile(
    workspace: Workspace, function: str, dataset: str, table: Table, *, actor: ActorContext
) -> Recorded[Evidence]:
    """Explain every row of a registered data set and log mean importance per factor.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    function : str
        ``name@version`` or digest.
    dataset : str
        Digest or name of the data set.
    table : Table
        The registered rows; protected columns give the groups.
    actor : ActorContext
        A scientist, model owner or compliance.

    Returns
    -------
    Recorded[Evidence]
        Of kind ``explanation.profiled``; its result says what blocks a release.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If the function or the data set is not registered.
    InvalidInput
        If the table is not the registered one, or lacks a feature.
    AdditivityBroken
        If attributions do not add up to the model's own output.
    """
    role = actor.acting_as(Role.SCIENTIST, Role.MODEL_OWNER, Role.COMPLIANCE)
    facts = function_facts(workspace, function)
    registered = dataset_record(workspace, dataset)
    require_registered(workspace, table, registered)
    explainer = explainer_of(workspace, facts)
    _, model = scoring_model(facts.record, explainer.models)
    protected = [item.name for item in registered.columns if item.role == "protected"]
    found = profile_model(
        model,
        feature_matrix(table, model.features),
        explainer.baseline,
        players=explainer.catalogue.groups_for(model.features),
        groups={name: _levels(table, name) for name in protected},
    )
    evidence = found.evidence(function=facts.digest, dataset=registered.digest)
    blocking = list(blocking_findings(explainer.catalogue, model.features))
    return append_evidence(
        workspace,
        evidence.model_copy(update={"result": {**evidence.result, "blocking": blocking}}),
        acting=(actor, role),
        subject=dataset_subject(registered.name),
    )


def feature_matrix(table: Table, features: tuple[str, ...]) -> NDArray[np.float64]:
    """Return a table's features as a matrix, NaN for missing.

    Parameters
    ----------
    table : Table
        With all of them.
    features : tuple[str, ...]
        In the model's order.

    Returns
    -------
    ndarray, shape (rows, len(features))
        Numbers.

    Raises
    ------
    InvalidInput
        If a feature is no column or not numeric.
    """
    chosen = table.select(*features)
    return np.stack([feature_row(features, row) for row in chosen.records()])


def _levels(table: Table, name: str) -> list[str]:
    return [
        "(missing)" if row[0] is None else str(row[0]) for row in table.select(name).row_values()
    ]
