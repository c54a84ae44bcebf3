"""What is registered before anything decides: use case, data, models, functions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from answerable.audit.records.base import (
    ActorRef,
    DatasetRole,
    Digest,
    Name,
    Outcome,
    Record,
    Token,
)

__all__ = [
    "BaselineVersion",
    "CatalogueVersion",
    "ColumnSchema",
    "DatasetVersion",
    "DecisionFunction",
    "HardRule",
    "ModelArtefact",
    "PolicyVersion",
    "UseCase",
]


class UseCase(Record):
    """What is decided about whom, why and under which law."""

    type: Literal["answerable.use-case.v1"] = "answerable.use-case.v1"
    name: Name
    title: dict[str, str]
    """Title by language code."""
    purpose: Token
    lawful_basis: Token
    risk_class: Token
    """For example ``ai-act:annex-iii-5b``."""
    controller: str
    contact: str
    legal_regimes: tuple[Token, ...]
    """Which legal views a letter must satisfy, for example ``gdpr``, ``reg-b``."""
    affected_persons: str
    intended_purpose: str
    out_of_scope: tuple[str, ...] = ()
    oversight: str
    retention_days: int | None = None
    group_levels: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Protected attributes and their levels, in the order that gives group-cell codes."""


class ColumnSchema(Record):
    """One column of a data set."""

    name: str
    dtype: Token
    role: Token
    """``feature | protected | label | identifier | prediction | weight | other``."""


class DatasetVersion(Record):
    """One fingerprinted state of a data set and where it came from."""

    type: Literal["answerable.dataset.v1"] = "answerable.dataset.v1"
    name: Name
    role: DatasetRole
    fingerprint: Digest
    """Merkle root over salted row hashes: see :mod:`answerable.audit.fingerprint`."""
    schema_digest: Digest
    rows: Annotated[int, Field(ge=0)]
    columns: tuple[ColumnSchema, ...]
    source: str
    licence: str = ""
    derived_from: tuple[Digest, ...] = ()
    query: str = ""
    synthetic_columns: tuple[str, ...] = ()
    label_meaning: str = ""
    tombstones: tuple[int, ...] = ()
    """Row numbers erased since registration."""


class ModelArtefact(Record):
    """A stored model file of a safe format."""

    name: Name
    format: Literal["xgboost-json", "xgboost-ubj", "lightgbm-text", "skops", "scorecard"]
    artefact: Digest
    features: tuple[str, ...]
    trained_on: tuple[Digest, ...]
    """Digests of the :class:`DatasetVersion` records used in training."""
    trainer: ActorRef | None = None
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    library_versions: dict[str, str] = Field(default_factory=dict)
    seed: int | None = None


class HardRule(Record):
    """A knock-out or referral rule, evaluated before any model.

    The rule fires when ``feature <op> value`` holds.
    """

    id: Token
    feature: str
    op: Literal["<", "<=", "==", "!=", ">=", ">"]
    value: float | int | str
    outcome: Outcome
    reason_code: Token


class DecisionFunction(Record):
    """Everything that together decides: what is released, not a model file alone."""

    type: Literal["answerable.decision-function.v1"] = "answerable.decision-function.v1"
    name: Name
    version: Name
    use_case: Digest
    models: tuple[ModelArtefact, ...]
    scale: Literal["raw_margin", "probability"]
    cut_off: float
    """On `scale`; at or above it the favourable outcome is given."""
    refer_margin: float = 0.0
    """Scores closer to the cut-off than this are referred to a person; 0 switches it off."""
    favourable: Outcome = Outcome.APPROVE
    unfavourable: Outcome = Outcome.DECLINE
    rules: tuple[HardRule, ...] = ()
    outcome_codes: tuple[Token, ...]
    preprocessing: dict[str, JsonValue] = Field(default_factory=dict)
    catalogue: Digest
    baselines: tuple[Digest, ...]
    explainer: Digest | None = None
    """Compiled explainer artefact."""
    code_commit: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|unversioned)$")]
    code_dirty: bool
    environment: Digest
    """Digest of the environment's lock."""
    parent: Digest | None = None


class CatalogueVersion(Record):
    """A registered reason catalogue: the bytes are an artefact."""

    type: Literal["answerable.catalogue.v1"] = "answerable.catalogue.v1"
    name: Name
    version: Annotated[int, Field(ge=1)]
    artefact: Digest
    languages: tuple[Token, ...]


class BaselineVersion(Record):
    """A named, hashed baseline: rows are never stored, only what is computed from them."""

    type: Literal["answerable.baseline.v1"] = "answerable.baseline.v1"
    name: Name
    kind: Literal["all_applicants", "just_approved", "approved", "custom"]
    dataset: Digest
    rows: Annotated[int, Field(ge=1)]
    row_ids: Digest
    means: dict[str, float]
    expected_output: float
    """Mean raw margin of the model over the baseline rows."""


class PolicyVersion(Record):
    """A registered fairness policy: the bytes of the file are an artefact."""

    type: Literal["answerable.policy.v1"] = "answerable.policy.v1"
    id: Name
    version: Annotated[int, Field(ge=1)]
    artefact: Digest
    effective_from: date
    effective_to: date | None = None
