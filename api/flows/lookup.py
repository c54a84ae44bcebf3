"""Finding what is registered: decision functions, data sets, policies, catalogues, models.

Names are for people (``loan@2``); everything below works with digests. What explaining needs
is loaded once per process: an artefact cannot change under its digest.
"""

from __future__ import annotations

from dataclasses import dataclass

from answerable.api.wiring import Workspace
from answerable.audit.errors import NotFound
from answerable.audit.records import (
    BaselineVersion,
    DatasetVersion,
    DecisionFunction,
    PolicyVersion,
    UseCase,
)
from answerable.explain.catalogue import Catalogue, load_catalogue
from answerable.explain.explanation import DecisionExplainer
from answerable.explain.models import LoadedModel, load_model
from answerable.governance.policy import Policy, load_policy
from answerable.governance.registry import Registry, ReleaseEntry

__all__ = [
    "FunctionFacts",
    "baseline_of",
    "catalogue_of",
    "dataset_record",
    "explainer_of",
    "function_digest",
    "function_facts",
    "function_name",
    "models_of",
    "policy_of",
    "policy_record",
    "release_in_force",
    "use_case_of",
]


@dataclass(frozen=True)
class FunctionFacts:
    """A registered decision function, its use case and the release in force."""

    digest: str
    record: DecisionFunction
    name: str
    """``name@version``."""
    use_case: UseCase
    release: str | None
    """Entry id of the release in force, None without a valid one."""
    valid_until: int | None
    """When that release expires, microseconds."""


def function_digest(workspace: Workspace, function: str) -> str:
    """Return the digest of a decision function.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    function : str
        ``name@version`` or its digest.

    Returns
    -------
    str
        ``sha256:<hex>``.

    Raises
    ------
    NotFound
        If it is not registered.
    """
    return workspace.registry().function(function).digest


def function_facts(workspace: Workspace, function: str) -> FunctionFacts:
    """Return a decision function with what deciding needs to know of it.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    function : str
        ``name@version`` or its digest.

    Returns
    -------
    FunctionFacts
        As of now.

    Raises
    ------
    NotFound
        If it, or its use case, is not registered.
    """
    registry = workspace.registry()
    found = registry.function(function)
    release = release_in_force(registry, found.digest, now=workspace.clock())
    return FunctionFacts(
        digest=found.digest,
        record=found.record,
        name=found.name,
        use_case=use_case_of(registry, found.record.use_case),
        release=release.at.entry if release is not None else None,
        valid_until=release.record.valid_until if release is not None else None,
    )


def function_name(workspace: Workspace, digest: str | None) -> str:
    """Return ``name@version`` of a digest, or the digest itself when it is not registered."""
    if digest is None:
        return ""
    found = workspace.registry().functions.get(digest)
    return found.name if found is not None else digest


def release_in_force(registry: Registry, function: str, *, now: int) -> ReleaseEntry | None:
    """Return the newest release of a function that has neither ended nor expired.

    Parameters
    ----------
    registry : Registry
        The view of the log.
    function : str
        Digest of the function.
    now : int
        Microseconds.

    Returns
    -------
    ReleaseEntry or None
        None when it may not decide.
    """
    valid = [
        item
        for item in registry.releases.values()
        if item.record.function == function and item.ended is None and now < item.record.valid_until
    ]
    return max(valid, key=lambda item: item.at.seq, default=None)


def use_case_of(registry: Registry, digest: str) -> UseCase:
    """Return a registered use case by digest.

    Parameters
    ----------
    registry : Registry
        The view of the log.
    digest : str
        Digest of its record.

    Returns
    -------
    UseCase
        The record.

    Raises
    ------
    NotFound
        If it is not registered.
    """
    found = registry.use_cases.get(digest)
    if found is None:
        raise NotFound(
            "the use case is not registered", where="registry", remedy="Register it first."
        )
    return found.record


def dataset_record(workspace: Workspace, digest: str) -> DatasetVersion:
    """Return a registered data set.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    digest : str
        Digest of its record, or its fingerprint.

    Returns
    -------
    DatasetVersion
        The record that was named, or the newest state with this fingerprint.

    Raises
    ------
    NotFound
        If it is not registered.
    """
    registry = workspace.registry()
    found = registry.datasets.get(digest) or registry.current_dataset(digest)
    if found is None:
        raise NotFound(
            "the data set is not registered", where="registry", remedy="Register it first."
        )
    return found.record


def policy_record(workspace: Workspace, policy: str) -> PolicyVersion:
    """Return a registered policy.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    policy : str
        ``id@version``, the digest of its file or of its record.

    Returns
    -------
    PolicyVersion
        The record.

    Raises
    ------
    NotFound
        If it is not registered.
    """
    registry = workspace.registry()
    found = registry.policy_named(policy)
    if found is None:
        named = (
            item
            for item in registry.policies.values()
            if f"{item.record.id}@{item.record.version}" == policy
        )
        found = next(named, None)
    if found is None:
        raise NotFound(
            "no such policy is registered",
            where="registry",
            remedy="Name it as id@version, or register it.",
        )
    return found.record


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


def baseline_of(workspace: Workspace, digest: str) -> BaselineVersion:
    """Return a registered baseline.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    digest : str
        Digest of its record.

    Returns
    -------
    BaselineVersion
        The record.

    Raises
    ------
    NotFound
        If it is not registered.
    """
    found = workspace.registry().baselines.get(digest)
    if found is None:
        raise NotFound(
            "the baseline is not registered", where="registry", remedy="Register it first."
        )
    return found.record


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
