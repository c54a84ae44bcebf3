"""A decision function described in one YAML file: models, cut-off, rules, baseline.

The file names what is registered by name or digest, and files by paths relative to itself.
Code commit and environment are read where the command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.context import Recorded
from answerable.api.flows.provenance import code_state, environment_lock
from answerable.api.flows.register import (
    ModelDescription,
    register_baseline,
    register_function,
    store_model,
)
from answerable.api.inputs import read_bytes, read_table
from answerable.api.wiring import Workspace
from answerable.audit.codes import Outcome
from answerable.audit.documents import read_document
from answerable.audit.errors import NotFound
from answerable.audit.records import (
    BaselineVersion,
    DecisionFunction,
    FrozenModel,
    HardRule,
    ModelArtefact,
)
from answerable.audit.records.base import Name, Token
from answerable.explain.baseline import BaselineRows, make_baseline
from answerable.explain.models import load_model
from answerable.explain.scoring import feature_row, threshold_margin
from answerable.governance.registry import Registry

__all__ = ["FunctionFile", "register_function_file"]


class ModelFile(FrozenModel):
    """A model file and what it does not say itself."""

    name: Name
    file: str
    format: Literal["xgboost-json", "xgboost-ubj", "lightgbm-text", "skops", "scorecard"]
    features: Annotated[tuple[str, ...], Field(min_length=1)]
    trained_on: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names or digests of registered data sets."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    library_versions: dict[str, str] = Field(default_factory=dict)
    seed: int | None = None


class BaselineFile(FrozenModel):
    """Rows to make the baseline from; they are read, not stored."""

    name: Name
    kind: Literal["all_applicants", "just_approved", "approved", "custom"]
    data: str
    dataset: str
    """Name or digest of the registered data set the rows belong to."""
    row_id: str | None = None
    """Column that identifies a row; row numbers when left out."""


class FunctionFile(FrozenModel):
    """A decision function as written by its owner."""

    type: Literal["answerable.function-file.v1"] = "answerable.function-file.v1"
    name: Name
    version: Name
    use_case: str
    catalogue: str
    model: ModelFile
    baseline: BaselineFile
    scale: Literal["raw_margin", "probability"]
    cut_off: float
    refer_margin: float = 0.0
    favourable: Outcome = Outcome.APPROVE
    unfavourable: Outcome = Outcome.DECLINE
    rules: tuple[HardRule, ...] = ()
    outcome_codes: tuple[Token, ...]
    replaces: str | None = None
    """``name@version`` of the function this one follows."""


def register_function_file(
    workspace: Workspace, file: Path, *, actor: ActorContext
) -> Recorded[DecisionFunction]:
    """Register a decision function from its file, with its model and baseline.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    file : Path
        The YAML file.
    actor : ActorContext
        Who registers, and who is named as trainer of the model.

    Returns
    -------
    Recorded[DecisionFunction]
        Its digest is what is released.

    Raises
    ------
    InvalidInput
        If the file, the model or the baseline cannot be used.
    NotFound
        If a file or something registered is missing.
    Conflict
        If name and version stand for another function.
    """
    data = read_bytes(file, what="decision function")
    written = read_document(data, FunctionFile, where=file.name)
    registry = workspace.registry()
    code = code_state(file.resolve().parent)
    function = DecisionFunction(
        name=written.name,
        version=written.version,
        use_case=_named(registry, "use case", written.use_case),
        models=(_model(workspace, written.model, file.parent, actor),),
        scale=written.scale,
        cut_off=written.cut_off,
        refer_margin=written.refer_margin,
        favourable=written.favourable,
        unfavourable=written.unfavourable,
        rules=written.rules,
        outcome_codes=written.outcome_codes,
        catalogue=_named(registry, "catalogue", written.catalogue),
        baselines=(),
        code_commit=code.commit,
        code_dirty=code.dirty,
        environment=workspace.artefacts.put(environment_lock()),
        parent=registry.function(written.replaces).digest if written.replaces else None,
    )
    baseline = _baseline(workspace, function, written.baseline, file.parent)
    registered = register_baseline(workspace, baseline, actor=actor)
    return register_function(
        workspace, function.model_copy(update={"baselines": (registered.digest,)}), actor=actor
    )


def _model(
    workspace: Workspace, written: ModelFile, folder: Path, actor: ActorContext
) -> ModelArtefact:
    registry = workspace.registry()
    return store_model(
        workspace,
        read_bytes(folder / written.file, what="model"),
        ModelDescription(
            name=written.name,
            format=written.format,
            features=written.features,
            trained_on=tuple(_named(registry, "data set", name) for name in written.trained_on),
            trainer=actor.actor,
            parameters=written.parameters,
            library_versions=written.library_versions,
            seed=written.seed,
        ),
    )


def _baseline(
    workspace: Workspace, function: DecisionFunction, written: BaselineFile, folder: Path
) -> BaselineVersion:
    artefact = function.models[0]
    model = load_model(
        workspace.artefacts.get(artefact.artefact),
        format=artefact.format,
        features=artefact.features,
        artefact_digest=artefact.artefact,
    )
    table = read_table(folder / written.data)
    rows = table.select(*artefact.features)
    X = np.array([feature_row(artefact.features, row) for row in rows.records()])
    ids = (
        [str(number) for number in range(table.rows)]
        if written.row_id is None
        else [str(row[0]) for row in table.select(written.row_id).row_values()]
    )
    return make_baseline(
        model,
        BaselineRows(
            X=X, row_ids=ids, dataset=_named(workspace.registry(), "data set", written.dataset)
        ),
        name=written.name,
        kind=written.kind,
        cut_off_margin=threshold_margin(function),
    )


def _named(registry: Registry, what: str, wanted: str) -> str:
    """Return the digest of what is registered under a digest or, newest first, a name."""
    held: dict[str, list[tuple[int, str, str]]] = {
        "use case": [
            (item.at.seq, digest, item.record.name) for digest, item in registry.use_cases.items()
        ],
        "catalogue": [
            (item.at.seq, digest, item.record.name) for digest, item in registry.catalogues.items()
        ],
        "data set": [
            (item.at.seq, digest, item.record.name) for digest, item in registry.datasets.items()
        ],
    }
    for _, digest, name in sorted(held[what], reverse=True):
        if wanted in {digest, name}:
            return digest
    raise NotFound(
        f"no {what} of this name or digest is registered",
        where=wanted,
        remedy="Register it first: answerable register --help",
    )
