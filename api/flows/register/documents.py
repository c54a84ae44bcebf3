"""Registering policies and reason catalogues: checked files, kept as artefacts."""

from __future__ import annotations

from answerable.api.actor import ActorContext
from answerable.api.flows.context import Recorded
from answerable.api.flows.register.entry import REGISTRARS, record_once, taken
from answerable.api.wiring import Workspace
from answerable.audit.canonical import sha256_digest
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.records import CatalogueVersion, PolicyVersion, Role
from answerable.explain.catalogue import load_catalogue
from answerable.governance.policy import load_policy

__all__ = ["register_catalogue", "register_policy"]


def register_policy(
    workspace: Workspace, data: bytes, *, where: str, actor: ActorContext
) -> Recorded[PolicyVersion]:
    """Check and register a policy file.

    Parameters
    ----------
    workspace : Workspace
        Where to; the file becomes an artefact.
    data : bytes
        The YAML file.
    where : str
        Its name, for messages.
    actor : ActorContext
        Compliance, a model owner or an administrator.

    Returns
    -------
    Recorded[PolicyVersion]
        Its `artefact` is the digest assessments name.

    Raises
    ------
    NotAllowed
        If the actor may not.
    InvalidInput
        If the file is no policy; names the line.
    Conflict
        If this id and version stand for another file.
    """
    actor.acting_as(Role.COMPLIANCE, Role.MODEL_OWNER, Role.ADMIN)
    policy = load_policy(data, where)
    record = PolicyVersion(
        id=policy.id,
        version=policy.version,
        artefact=sha256_digest(data),
        effective_from=policy.effective.from_,
        effective_to=policy.effective.to,
    )
    policies = workspace.registry().policies
    held = policies.get(record.digest)
    other = any(
        (item.record.id, item.record.version) == (record.id, record.version)
        for item in policies.values()
    )
    if held is None and other:
        raise taken(f"policy {record.id}@{record.version}")
    workspace.artefacts.put(data)
    return record_once(
        workspace, EntryKind.POLICY_REGISTERED, record, held.at if held else None, actor=actor
    )


def register_catalogue(
    workspace: Workspace,
    data: bytes,
    *,
    where: str,
    actor: ActorContext,
    name: str | None = None,
) -> Recorded[CatalogueVersion]:
    """Check and register a reason catalogue.

    Parameters
    ----------
    workspace : Workspace
        Where to; the file becomes an artefact.
    data : bytes
        The YAML file.
    where : str
        Its name, for messages.
    actor : ActorContext
        Who registers it.
    name : str, optional
        The catalogue's name, when it is to be compared with the file's own.

    Returns
    -------
    Recorded[CatalogueVersion]
        Its digest is what decision functions name.

    Raises
    ------
    NotAllowed
        If the actor may not register.
    InvalidInput
        If the file is no catalogue, or has another name.
    Conflict
        If this name and version stand for another file.
    """
    actor.acting_as(*REGISTRARS)
    catalogue = load_catalogue(data, where=where)
    if name is not None and name != catalogue.name:
        raise InvalidInput(
            "the file gives itself another name", where=where, remedy="Use the file's own name."
        )
    record = catalogue.version_record()
    catalogues = workspace.registry().catalogues
    held = catalogues.get(record.digest)
    other = any(
        (item.record.name, item.record.version) == (record.name, record.version)
        for item in catalogues.values()
    )
    if held is None and other:
        raise taken(f"catalogue {record.name}@{record.version}")
    workspace.artefacts.put(data)
    return record_once(
        workspace, EntryKind.CATALOGUE_REGISTERED, record, held.at if held else None, actor=actor
    )
