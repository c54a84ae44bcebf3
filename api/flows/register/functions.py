"""Registering models, baselines and decision functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.context import Recorded
from answerable.api.flows.loading import catalogue_of, models_of
from answerable.api.flows.lookup import baseline_of, dataset_record, use_case_of
from answerable.api.flows.register.entry import REGISTRARS, record_once, taken
from answerable.api.wiring import Workspace
from answerable.audit.canonical import sha256_digest
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.records import BaselineVersion, DecisionFunction, EntryLink, ModelArtefact
from answerable.explain.catalogue import check_catalogue
from answerable.explain.models import load_model

__all__ = [
    "LANGUAGES",
    "ModelDescription",
    "register_baseline",
    "register_function",
    "store_model",
]

LANGUAGES: Final = ("en", "de")
"""Languages a letter can be asked for, so every reason needs a text in each."""

ModelFormat = Literal["xgboost-json", "xgboost-ubj", "lightgbm-text", "skops", "scorecard"]


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """What a model file does not say itself."""

    name: str
    format: ModelFormat
    features: tuple[str, ...]
    trained_on: tuple[str, ...]
    trainer: str | None = None
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    library_versions: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None


def store_model(workspace: Workspace, data: bytes, description: ModelDescription) -> ModelArtefact:
    """Check a model file and store it as an artefact.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    data : bytes
        The file, in a safe format; never a pickle.
    description : ModelDescription
        What the file does not say itself.

    Returns
    -------
    ModelArtefact
        For a decision function.

    Raises
    ------
    InvalidInput
        If the file is no model of that format, or its features do not match.
    """
    digest = sha256_digest(data)
    load_model(
        data,
        format=description.format,
        features=description.features,
        artefact_digest=digest,
    )
    artefact = ModelArtefact.parse(
        {
            "name": description.name,
            "format": description.format,
            "artefact": digest,
            "features": description.features,
            "trained_on": description.trained_on,
            "trainer": description.trainer,
            "parameters": dict(description.parameters),
            "library_versions": dict(description.library_versions),
            "seed": description.seed,
        }
    )
    workspace.artefacts.put(data)
    return artefact


def register_baseline(
    workspace: Workspace, baseline: BaselineVersion, *, actor: ActorContext
) -> Recorded[BaselineVersion]:
    """Register a baseline; its rows are not stored.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    baseline : BaselineVersion
        As the explainer made it.
    actor : ActorContext
        Who registers it.

    Returns
    -------
    Recorded[BaselineVersion]
        Its digest is what decision functions name.

    Raises
    ------
    NotAllowed
        If the actor may not register.
    NotFound
        If its data set is not registered.
    """
    dataset_record(workspace, baseline.dataset)
    held = workspace.registry().baselines.get(baseline.digest)
    return record_once(
        workspace,
        EntryKind.BASELINE_REGISTERED,
        baseline,
        held.at if held else None,
        actor=actor,
        links=[EntryLink(rel="computed-on", digest=baseline.dataset)],
    )


def register_function(
    workspace: Workspace, function: DecisionFunction, *, actor: ActorContext
) -> Recorded[DecisionFunction]:
    """Register a decision function, after checking that it can decide and explain.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    function : DecisionFunction
        Models, cut-off, rules, catalogue, baselines, code and environment.
    actor : ActorContext
        Who registers it.

    Returns
    -------
    Recorded[DecisionFunction]
        Its digest is what is released.

    Raises
    ------
    NotAllowed
        If the actor may not register.
    NotFound
        If something it names is not registered or stored.
    InvalidInput
        If a model does not load or fit its features, or the catalogue lacks a text.
    Conflict
        If this name and version stand for another function.
    """
    actor.acting_as(*REGISTRARS)
    name = f"{function.name}@{function.version}"
    registry = workspace.registry()
    held = registry.functions.get(function.digest)
    if held is None and any(item.name == name for item in registry.functions.values()):
        raise taken(f"decision function {name}")
    if held is None:
        _check_function(workspace, function)
    links = [EntryLink(rel="model", digest=item.artefact) for item in function.models]
    trained_on = sorted({digest for item in function.models for digest in item.trained_on})
    links += [EntryLink(rel="trained-on", digest=digest) for digest in trained_on]
    return record_once(
        workspace,
        EntryKind.FUNCTION_REGISTERED,
        function,
        held.at if held else None,
        actor=actor,
        links=links,
    )


def _check_function(workspace: Workspace, function: DecisionFunction) -> None:
    where = f"{function.name}@{function.version}"
    if not function.models:
        raise InvalidInput("the decision function names no model", where=where)
    use_case_of(workspace.registry(), function.use_case)
    for item in function.models:
        for dataset in item.trained_on:
            dataset_record(workspace, dataset)
    for baseline in function.baselines:
        baseline_of(workspace, baseline)
    models_of(workspace, function)
    catalogue = catalogue_of(workspace, function.catalogue)
    features = tuple(dict.fromkeys(name for item in function.models for name in item.features))
    check_catalogue(catalogue, features, function.rules, LANGUAGES)
