"""The records people and services exchange: frozen, versioned, parsed at the door.

Every record is a frozen pydantic model with a ``type`` string that carries its version.
``record.to_json()`` gives RFC 8785 bytes, ``record.digest`` their SHA-256; unknown fields
are refused. A published type is never changed: a new version gets a new ``type``.

References to people are random (:data:`SubjectRef`, :data:`ActorRef`); names never stand
in a record of the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    model_validator,
)

from answerable.audit.canonical import canonical_json, parse_canonical, sha256_digest
from answerable.audit.errors import InvalidInput

__all__ = [
    "Actor",
    "ActorRef",
    "Amount",
    "Automation",
    "BaselineVersion",
    "CatalogueVersion",
    "Component",
    "ComponentKind",
    "Contest",
    "DatasetRole",
    "DatasetVersion",
    "Decision",
    "DecisionFunction",
    "DecisionSubject",
    "Digest",
    "EntryId",
    "EntryLink",
    "Evidence",
    "FrozenModel",
    "HardRule",
    "LegalHold",
    "ModelArtefact",
    "Outcome",
    "PolicyVersion",
    "Record",
    "RecordsRead",
    "Release",
    "ReleaseEnded",
    "Review",
    "Role",
    "SignOff",
    "SubjectErased",
    "SubjectRef",
    "SubjectRequest",
    "SubjectStatement",
    "Token",
    "UseCase",
    "Waiver",
    "parse_record",
]

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""SHA-256 of some bytes, as ``sha256:<hex>``."""

EntryId = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
    ),
]
"""UUIDv7 of an entry, lower case with dashes (RFC 9562, section 5.7)."""

SubjectRef = Annotated[str, StringConstraints(pattern=r"^s-[0-9a-f]{32}$")]
"""Random reference to a data subject (or to a data set that owns a key)."""

ActorRef = Annotated[str, StringConstraints(pattern=r"^a-[0-9a-f]{32}$")]
"""Random reference to a person or service that acts."""

Token = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.@:/+-]{0,127}$")]
"""A code from a registered set: lower-case ASCII, never free text."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""Name of a model, data set, column role ...: not free text."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Micros = Annotated[int, Field(ge=0, lt=2**53)]


class Role(StrEnum):
    """What an actor may do; one API key or session holds a set of these."""

    SERVICE = "service"
    SCIENTIST = "scientist"
    MODEL_OWNER = "model_owner"
    REVIEWER = "reviewer"
    COMPLIANCE = "compliance"
    OFFICER = "officer"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SUBJECT = "subject"


class Automation(StrEnum):
    """How far a person took part in the decision (GDPR Art. 22(1))."""

    SOLELY_AUTOMATED = "solely_automated"
    ASSISTED = "assisted"
    MANUAL = "manual"


class Outcome(StrEnum):
    """What was decided, in the terms every use case shares."""

    APPROVE = "approve"
    DECLINE = "decline"
    REFER = "refer"
    PARTIAL = "partial"
    COUNTER_OFFER = "counter_offer"
    OTHER = "other"


class ComponentKind(StrEnum):
    """What kind of step took part in a decision."""

    RULE = "rule"
    MODEL = "model"
    HUMAN = "human"


class DatasetRole(StrEnum):
    """What a data set was used for."""

    TRAINING = "training"
    VALIDATION = "validation"
    HOLD_OUT = "hold_out"
    BACKGROUND = "background"
    PRODUCTION = "production"


class FrozenModel(BaseModel):
    """Base of records and of what they are made of: frozen, no unknown fields, one byte form."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)

    def to_json(self) -> bytes:
        """Return the RFC 8785 bytes of this record; absent fields are left out.

        Raises
        ------
        InvalidInput
            If a value has no canonical form.
        """
        value = self.model_dump(mode="json", exclude_none=True)
        return canonical_json(cast("JsonValue", value))

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Parse canonical bytes.

        Raises
        ------
        InvalidInput
            If the bytes are not canonical or not a record of this type; the message
            names the fields, never their values.
        """
        parse_canonical(data)
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise _invalid(cls.__name__, error) from None

    @classmethod
    def parse(cls, value: object) -> Self:
        """Validate a Python or JSON value (lax about enums and tuples given as text or lists).

        Raises
        ------
        InvalidInput
            If it is not a record of this type; the message names the fields, never
            their values.
        """
        try:
            return cls.model_validate(value, strict=False)
        except ValidationError as error:
            raise _invalid(cls.__name__, error) from None


class Record(FrozenModel):
    """Base of all records: a frozen model that is named by the digest of its bytes."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of :meth:`to_json`, as ``sha256:<hex>``."""
        return sha256_digest(self.to_json())

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """Return a copy; the digest is computed anew, never carried over from the original."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("digest", None)
        return copied


def _invalid(name: str, error: ValidationError) -> InvalidInput:
    places = [
        f"{'.'.join(str(part) for part in item['loc']) or '(whole)'}: {item['type']}"
        for item in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    return InvalidInput(
        f"not a valid {name}: {'; '.join(places[:8])}", remedy="Correct the fields named."
    )


class EntryLink(FrozenModel):
    """A typed link from an entry to another entry or to an artefact.

    Exactly one of `entry` and `digest` is given.
    """

    rel: Token
    entry: EntryId | None = None
    digest: Digest | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.entry is None) == (self.digest is None):
            message = "exactly one of entry and digest"
            raise ValueError(message)
        return self


# --------------------------------------------------------------------------- people


class Actor(Record):
    """A person or service that acts; the name lives in an erasable directory."""

    type: Literal["answerable.actor.v1"] = "answerable.actor.v1"
    actor: ActorRef
    roles: tuple[Role, ...]
    service: bool = False
    public_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Raw Ed25519 public key in hex, for actors who sign."""


# --------------------------------------------------------------------------- what is registered


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


# --------------------------------------------------------------------------- evidence


class Evidence(Record):
    """What was computed, on what, with what, and the result.

    Content-addressed: the same inputs give the same digest. Who asked and when stands in
    the entry. `inputs` name digests by role (``model``, ``dataset:hold_out``, ``policy``,
    ``function`` ...); `result` is the JSON form of the typed result named by `result_type`.
    """

    type: Literal["answerable.evidence.v1"] = "answerable.evidence.v1"
    kind: Token
    inputs: dict[str, Digest]
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    seed: int | None = None
    engines: dict[str, str] = Field(default_factory=dict)
    code: str
    """Version of Answerable that computed it."""
    result_type: Token
    result: dict[str, JsonValue]


# --------------------------------------------------------------------------- governance


class Waiver(Record):
    """A recorded, expiring answer to one finding; never a line in the policy."""

    type: Literal["answerable.waiver.v1"] = "answerable.waiver.v1"
    function: Digest
    assessment: Digest
    rule: Token
    attributes: tuple[str, ...]
    finding: Literal["FAIL", "INSUFFICIENT", "UNDEFINED"]
    reason: str
    compensating_control: str
    approver: ActorRef
    expires_at: Micros


class SignOff(Record):
    """One person's signed statement on one bundle."""

    type: Literal["answerable.sign-off.v1"] = "answerable.sign-off.v1"
    function: Digest
    bundle: Digest
    role: Role
    signer: ActorRef
    decision: Literal["approve", "reject"]
    statement: Digest
    """Digest of the statement text, which is an artefact."""
    looks: Annotated[int, Field(ge=0)]
    """How many times the hold-out had been assessed when this was signed."""
    expires_at: Micros
    signature: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")] | None = None
    """Ed25519 over :meth:`signed_bytes`, in hex."""

    def signed_bytes(self) -> bytes:
        """Return the canonical bytes the signature covers (everything but itself)."""
        return self.model_copy(update={"signature": None}).to_json()


class Release(Record):
    """Permission for one decision function to decide, until it expires."""

    type: Literal["answerable.release.v1"] = "answerable.release.v1"
    function: Digest
    bundle: Digest
    policy: Digest
    gate: Digest
    """Digest of the gate result this rests on."""
    sign_offs: tuple[EntryId, ...]
    waivers: tuple[EntryId, ...] = ()
    environment: Token = "production"
    valid_until: Micros


class ReleaseEnded(Record):
    """A release suspended or retired, with the reason code."""

    type: Literal["answerable.release-ended.v1"] = "answerable.release-ended.v1"
    function: Digest
    release: EntryId
    reason: Token
    note: str = ""


# --------------------------------------------------------------------------- decisions


class Amount(Record):
    """An amount in minor units (cents), so that no rounding is involved."""

    name: Token
    minor_units: int
    currency: Currency


class Component(FrozenModel):
    """One step of a decision, in the order it ran."""

    kind: ComponentKind
    id: Token
    digest: Digest | None = None
    """Digest of the model artefact or rule."""
    output: float | str | None = None
    fired: bool
    """Whether this step determined the outcome."""


class DecisionSubject(Record):
    """A data subject of a decision as the caller names them.

    `subject_id` is the caller's own identifier; it is replaced by a random reference and
    never stored in clear. `data` is personal data about this subject and is encrypted
    under the subject's own key.
    """

    subject_id: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    role: Token = "applicant"
    data: dict[str, JsonValue] = Field(default_factory=dict)


class Decision(Record):
    """The case part of a decision: what was decided, by which steps, on which inputs."""

    type: Literal["answerable.decision.v1"] = "answerable.decision.v1"
    function: Digest
    outcome: Outcome
    outcome_code: Token
    automation: Automation
    components: tuple[Component, ...]
    inputs: dict[str, JsonValue]
    score: float | None = None
    scale: Literal["raw_margin", "probability"] | None = None
    cut_off: float | None = None
    amounts: tuple[Amount, ...] = ()
    purpose: Token
    lawful_basis: Token
    supersedes: EntryId | None = None
    explanation: Digest | None = None
    """Digest of the explanation computed in the same call."""
    release: EntryId | None = None
    """The release entry in force; absent means no valid release."""


class Contest(Record):
    """A data subject contests a decision (GDPR Art. 22(3))."""

    type: Literal["answerable.contest.v1"] = "answerable.contest.v1"
    decision: EntryId
    grounds: str
    received_at: Micros


class Review(Record):
    """A person reviewed a decision; an override supersedes it with a new decision."""

    type: Literal["answerable.review.v1"] = "answerable.review.v1"
    decision: EntryId
    contest: EntryId | None = None
    reviewer: ActorRef
    result: Literal["upheld", "overturned"]
    reason_code: Token
    note: str = ""
    new_decision: EntryId | None = None


# --------------------------------------------------------------------------- data subjects


class LegalHold(Record):
    """Data that must not be erased, with its legal ground."""

    type: Literal["answerable.hold.v1"] = "answerable.hold.v1"
    subject: SubjectRef
    ground: Token
    reference: Token
    until: Micros | None = None


class SubjectRequest(Record):
    """A data subject's request and how it was answered."""

    type: Literal["answerable.subject-request.v1"] = "answerable.subject-request.v1"
    request: Literal[
        "access", "portability", "rectification", "erasure", "restriction", "objection"
    ]
    article: Token
    received_at: Micros
    identity_check: Token
    outcome: Literal["fulfilled", "partly", "refused", "open"]
    ground: Token | None = None


class SubjectStatement(Record):
    """Rectification, restriction or objection: appended, nothing is edited."""

    type: Literal["answerable.subject-statement.v1"] = "answerable.subject-statement.v1"
    entry: EntryId | None = None
    fields: dict[str, JsonValue] = Field(default_factory=dict)
    statement: str = ""


class SubjectErased(Record):
    """A data subject's key was destroyed; holds no personal data."""

    type: Literal["answerable.subject-erased.v1"] = "answerable.subject-erased.v1"
    ground: Token
    entries: Annotated[int, Field(ge=0)]
    """How many entries became unreadable."""
    key_destroyed: bool = True


class RecordsRead(Record):
    """Somebody read personal data: which entries, why. Never the data itself."""

    type: Literal["answerable.records-read.v1"] = "answerable.records-read.v1"
    purpose: Token
    query: Token
    entries: tuple[EntryId, ...] = ()
    count: Annotated[int, Field(ge=0)]


_BY_TYPE: dict[str, type[Record]] = {
    str(model.model_fields["type"].default): model
    for model in (
        Actor, UseCase, DatasetVersion, DecisionFunction, CatalogueVersion, BaselineVersion,
        PolicyVersion, Evidence, Waiver, SignOff, Release, ReleaseEnded, Decision, Contest,
        Review, LegalHold, SubjectRequest, SubjectStatement, SubjectErased, RecordsRead,
    )
}  # fmt: skip


def parse_record(data: bytes) -> Record:
    """Parse the canonical bytes of any record by its ``type``.

    Raises
    ------
    InvalidInput
        If the bytes are not canonical, or the type is unknown or not satisfied.

    Examples
    --------
    >>> record = RecordsRead(purpose="gdpr-art-15", query="subject", count=0)
    >>> parse_record(record.to_json()) == record
    True
    """
    value = parse_canonical(data)
    name = value.get("type") if isinstance(value, dict) else None
    model = _BY_TYPE.get(name) if isinstance(name, str) else None
    if model is None:
        raise InvalidInput("a record of an unknown type", remedy="Use a newer Answerable.")
    return model.from_json(data)
