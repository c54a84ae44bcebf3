"""Loading what is registered from its artefacts: policies, catalogues, models.

What explaining needs is loaded once per process: an artefact cannot change under its digest.
"""

from __future__ import annotations

from answerable.api.flows.lookup import FunctionFacts, baseline_of, policy_record
from answerable.api.wiring import Workspace
from answerable.audit.errors import NotFound
from answerable.audit.records import DecisionFunction
from answerable.explain.catalogue import Catalogue, load_catalogue
from answerable.explain.explanation import DecisionExplainer
from answerable.explain.models import LoadedModel, load_model
from answerable.governance.policy import Policy, load_policy

__all__ = ["catalogue_of", "explainer_of", "models_of", "policy_for", "policy_of"]


def policy_of(workspace: Workspace, policy: str) -> Policy:
    """Return a registered policy, read from its artefact.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    policy : str
        As for :func:`policy_record`.

    Returns
    -------
    Policy
        With the digest of the file.

    Raises
    ------
    NotFound
        If it is not registered or its artefact is gone.
    RecordTampered
        If the artefact was changed.
    """
    record = policy_record(workspace, policy)
    return load_policy(workspace.artefacts.get(record.artefact), f"{record.id}@{record.version}")


def policy_for(workspace: Workspace, policy: str | None) -> Policy | None:
    """Return the policy that is named, or else the newest that is registered.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    policy : str or None
        As for :func:`policy_record`; None for the newest.

    Returns
    -------
    Policy or None
        None when none is named and none is registered.

    Raises
    ------
    NotFound
        If the one that is named is not registered.
    """
    if policy is not None:
        return policy_of(workspace, policy)
    held = workspace.registry().policies.values()
    newest = max(held, key=lambda item: item.at.seq, default=None)
    return policy_of(workspace, newest.record.artefact) if newest is not None else None


def catalogue_of(workspace: Workspace, digest: str) -> Catalogue:
    """Return a registered reason catalogue, read from its artefact.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    digest : str
        Digest of its record or of its file.

    Returns
    -------
    Catalogue
        Checked when it was registered.

    Raises
    ------
    NotFound
        If it is not registered.
    """
    registry = workspace.registry()
    found = registry.catalogues.get(digest)
    artefact = found.record.artefact if found is not None else digest
    known = {item.record.artefact for item in registry.catalogues.values()}
    if artefact not in known:
        raise NotFound(
            "the reason catalogue is not registered", where="registry", remedy="Register it first."
        )
    return load_catalogue(workspace.artefacts.get(artefact))


def models_of(workspace: Workspace, function: DecisionFunction) -> dict[str, LoadedModel]:
    """Return the models of a function by artefact digest.

    Parameters
    ----------
    workspace : Workspace
        Holds the artefacts.
    function : DecisionFunction
        A function.

    Returns
    -------
    dict[str, LoadedModel]
        Freshly loaded; :func:`explainer_of` keeps them.

    Raises
    ------
    NotFound
        If an artefact is gone.
    RecordTampered
        If an artefact was changed.
    InvalidInput
        If it is no model of its format and features.
    """
    return {
        item.artefact: load_model(
            workspace.artefacts.get(item.artefact),
            format=item.format,
            features=item.features,
            artefact_digest=item.artefact,
        )
        for item in function.models
    }


def explainer_of(workspace: Workspace, facts: FunctionFacts) -> DecisionExplainer:
    """Return everything that explaining a function's decisions needs, loaded once.

    Parameters
    ----------
    workspace : Workspace
        Holds the artefacts.
    facts : FunctionFacts
        The function.

    Returns
    -------
    DecisionExplainer
        With the function's first baseline.

    Raises
    ------
    NotFound
        If something it names is not registered or gone.
    """
    record = facts.record
    held = workspace.loaded.get(facts.digest)
    if isinstance(held, DecisionExplainer):
        return held
    if not record.baselines:
        raise NotFound(
            "the decision function names no baseline",
            where=f"{record.name}@{record.version}",
            remedy="Register a baseline and a new version that names it.",
        )
    made = DecisionExplainer(
        function=record,
        models=models_of(workspace, record),
        catalogue=catalogue_of(workspace, record.catalogue),
        baseline=baseline_of(workspace, record.baselines[0]),
    )
    workspace.loaded[facts.digest] = made
    return made
