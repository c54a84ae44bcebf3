"""Finding what is registered: decision functions, use cases, data sets, policies, baselines.

Names are for people (``loan@2``); everything below works with digests.
"""

from __future__ import annotations

from dataclasses import dataclass

from answerable.api.wiring import Workspace
from answerable.audit.errors import NotFound, NotReleased
from answerable.audit.records import (
    BaselineVersion,
    DatasetVersion,
    DecisionFunction,
    PolicyVersion,
    UseCase,
)
from answerable.governance.registry import Registry, ReleaseEntry
from answerable.governance.release import ends_at, release_in_force

__all__ = [
    "FunctionFacts",
    "baseline_of",
    "dataset_record",
    "function_digest",
    "function_facts",
    "function_name",
    "policy_record",
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


def function_facts(
    workspace: Workspace, function: str, *, view: Registry | None = None
) -> FunctionFacts:
    """Return a decision function with what deciding needs to know of it.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    function : str
        ``name@version`` or its digest.
    view : Registry, optional
        A view to look into instead of the newest.

    Returns
    -------
    FunctionFacts
        As of now.

    Raises
    ------
    NotFound
        If it, or its use case, is not registered.
    """
    registry = workspace.registry() if view is None else view
    found = registry.function(function)
    release = _release(registry, found.digest, workspace.clock())
    return FunctionFacts(
        digest=found.digest,
        record=found.record,
        name=found.name,
        use_case=use_case_of(registry, found.record.use_case),
        release=release.at.entry if release is not None else None,
        valid_until=ends_at(registry, release) if release is not None else None,
    )


def _release(registry: Registry, digest: str, now: int) -> ReleaseEntry | None:
    try:
        return release_in_force(registry, digest, now)
    except NotReleased:
        return None


def function_name(workspace: Workspace, digest: str | None) -> str:
    """Return ``name@version`` of a digest, or the digest itself when it is not registered."""
    if digest is None:
        return ""
    found = workspace.registry().functions.get(digest)
    return found.name if found is not None else digest


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


def dataset_record(workspace: Workspace, dataset: str) -> DatasetVersion:
    """Return a registered data set.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    dataset : str
        Digest of its record, its fingerprint, or its name.

    Returns
    -------
    DatasetVersion
        The record that was named, or the newest state with this fingerprint or name.

    Raises
    ------
    NotFound
        If it is not registered.
    """
    registry = workspace.registry()
    found = registry.datasets.get(dataset) or registry.current_dataset(dataset)
    if found is None:
        named = (item for item in registry.datasets.values() if item.record.name == dataset)
        found = max(named, key=lambda item: item.at.seq, default=None)
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
