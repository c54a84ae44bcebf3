"""The records people and services exchange: frozen, versioned, parsed at the door.

Every record is a frozen pydantic model with a ``type`` string that carries its version.
``record.to_json()`` gives RFC 8785 bytes, ``record.digest`` their SHA-256; unknown fields
are refused. A published type is never changed: a new version gets a new ``type``.

References to people are random (:data:`SubjectRef`, :data:`ActorRef`); names never stand
in a record of the log.
"""

from __future__ import annotations

from answerable.audit.canonical import parse_json
from answerable.audit.errors import InvalidInput
from answerable.audit.records.base import (
    ActorRef,
    Automation,
    ComponentKind,
    Currency,
    DatasetRole,
    Digest,
    EntryId,
    EntryLink,
    FrozenModel,
    Micros,
    Name,
    Outcome,
    Record,
    Role,
    SubjectRef,
    Token,
)
from answerable.audit.records.decided import (
    Amount,
    Component,
    Contest,
    Decision,
    DecisionSubject,
    Review,
)
from answerable.audit.records.failures import (
    CallerCounted,
    LoggingFailed,
    LoggingRestored,
    SpooledAppend,
)
from answerable.audit.records.governed import (
    Evidence,
    Release,
    ReleaseEnded,
    SignOff,
    Waiver,
)
from answerable.audit.records.logged import (
    ClockStepped,
    LogKeyRotated,
    LogOpened,
)
from answerable.audit.records.organisation import (
    Calendar,
    ContactPoint,
    DataCategory,
    DataRecipient,
    DataSource,
    OrganisationProfile,
    PurposeStatement,
    RetentionPeriod,
)
from answerable.audit.records.people import (
    Actor,
)
from answerable.audit.records.recovered import (
    LogHeadAccepted,
    LogRecovered,
    PersonSignature,
)
from answerable.audit.records.registered import (
    BaselineVersion,
    CatalogueVersion,
    ColumnSchema,
    DatasetVersion,
    DecisionFunction,
    HardRule,
    ModelArtefact,
    PolicyVersion,
    UseCase,
)
from answerable.audit.records.requests import (
    IdentityCheck,
    RecipientNotified,
    RestrictionLifted,
    SubjectRequestAnswered,
    SubjectRequestExtended,
    SubjectRequestOpened,
)
from answerable.audit.records.retained import (
    AppliedRule,
    LegalSource,
    Removal,
    RemovedCount,
    RetentionApproval,
    RetentionRun,
)
from answerable.audit.records.subjects import (
    HeldBy,
    LegalHold,
    QueryAsked,
    RecordDisclosed,
    RecordsRead,
    SubjectAliasAdded,
    SubjectErased,
    SubjectRequest,
    SubjectStatement,
)

__all__ = [
    "Actor",
    "ActorRef",
    "Amount",
    "AppliedRule",
    "Automation",
    "BaselineVersion",
    "Calendar",
    "CallerCounted",
    "CatalogueVersion",
    "ClockStepped",
    "ColumnSchema",
    "Component",
    "ComponentKind",
    "ContactPoint",
    "Contest",
    "Currency",
    "DataCategory",
    "DataRecipient",
    "DataSource",
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
    "HeldBy",
    "IdentityCheck",
    "LegalHold",
    "LegalSource",
    "LogHeadAccepted",
    "LogKeyRotated",
    "LogOpened",
    "LoggingFailed",
    "LoggingRestored",
    "LogRecovered",
    "Micros",
    "ModelArtefact",
    "Name",
    "OrganisationProfile",
    "Outcome",
    "PersonSignature",
    "PolicyVersion",
    "PurposeStatement",
    "RecipientNotified",
    "QueryAsked",
    "Record",
    "RecordDisclosed",
    "RecordsRead",
    "Release",
    "ReleaseEnded",
    "Removal",
    "RemovedCount",
    "RestrictionLifted",
    "RetentionApproval",
    "RetentionPeriod",
    "RetentionRun",
    "Review",
    "Role",
    "SignOff",
    "SubjectAliasAdded",
    "SpooledAppend",
    "SubjectErased",
    "SubjectRef",
    "SubjectRequest",
    "SubjectRequestAnswered",
    "SubjectRequestExtended",
    "SubjectRequestOpened",
    "SubjectStatement",
    "Token",
    "UseCase",
    "Waiver",
    "parse_record",
]

_BY_TYPE: dict[str, type[Record]] = {
    str(model.model_fields["type"].default): model
    for model in (
        Actor, UseCase, DatasetVersion, DecisionFunction, CatalogueVersion, BaselineVersion,
        PolicyVersion, Evidence, Waiver, SignOff, Release, ReleaseEnded, Decision, Contest,
        Review, LegalHold, SubjectRequest, SubjectStatement, SubjectErased, RecordsRead,
        LogRecovered, LogHeadAccepted,
        LogOpened, ClockStepped, OrganisationProfile, SubjectRequestOpened, SubjectRequestExtended,
        SubjectRequestAnswered, RestrictionLifted, RecipientNotified, QueryAsked,
        LoggingFailed, LoggingRestored, SpooledAppend, CallerCounted,
        LogKeyRotated, RecordDisclosed, SubjectAliasAdded, RetentionApproval, RetentionRun,
    )
}  # fmt: skip


def parse_record(data: bytes) -> Record:
    """Parse the canonical bytes of any record by its ``type``.

    Parameters
    ----------
    data : bytes
        What a record's ``to_json`` gave.

    Returns
    -------
    Record
        Of the class its type names.

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
    value = parse_json(data)
    name = value.get("type") if isinstance(value, dict) else None
    model = _BY_TYPE.get(name) if isinstance(name, str) else None
    if model is None:
        raise InvalidInput("a record of an unknown type", remedy="Use a newer Answerable.")
    return model.from_json(data)
