"""The record of processing activities, generated from the log and the organisation's profile.

One activity a registered use case. Counts come from the kept counts of decisions; what nobody
stated is listed as missing, with the provision that asks for it, and never filled in.

References
----------
GDPR Art. 30(1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.append import note_read
from answerable.api.flows.organisation.missing import Missing, json_of
from answerable.api.flows.organisation.profile import Organisation, organisation_of
from answerable.api.wiring import Workspace
from answerable.audit.entries import Receipt
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role, UseCase
from answerable.audit.requests.rules import gdpr_rules
from answerable.governance.registry import FunctionEntry, Registry, UseCaseEntry
from answerable.governance.status import status_of

__all__ = ["ProcessingRecord", "record_of_processing"]

Json = dict[str, JsonValue]
_READERS: Final = (Role.OFFICER, Role.AUDITOR)
_PAGE: Final = 1000
_COUNTED: Final = (
    ("erasures", EntryKind.SUBJECT_ERASED),
    ("erasures_refused", EntryKind.SUBJECT_ERASURE_REFUSED),
    ("requests", EntryKind.SUBJECT_REQUEST),
    ("restrictions", EntryKind.SUBJECT_RESTRICTED),
    ("objections", EntryKind.SUBJECT_OBJECTED),
    ("rectifications", EntryKind.SUBJECT_RECTIFIED),
    ("contests", EntryKind.CONTEST_FILED),
    ("retention_runs", EntryKind.RETENTION_RUN),
)


@dataclass(frozen=True)
class ProcessingRecord:
    """A record of processing as of now, and the trace that it was asked for."""

    result: Json
    receipt: Receipt

    def to_result(self) -> Json:
        """Return the JSON form."""
        return self.result


def record_of_processing(
    workspace: Workspace, *, purpose: str = "gdpr-art-30", actor: ActorContext
) -> ProcessingRecord:
    """Generate the record of processing activities, noting who asked.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    purpose : str
        Why, as a code.
    actor : ActorContext
        An officer or auditor.

    Returns
    -------
    ProcessingRecord
        With the entries it rests on and a checkpoint that covers them.

    Raises
    ------
    NotAllowed
        If the actor may not.
    InvalidInput
        If the purpose is not a code.
    """
    role = actor.acting_as(*_READERS)
    receipt = note_read(
        workspace,
        acting=(actor, role),
        purpose=purpose,
        query="record-of-processing",
        entries=[],
    )
    organisation = organisation_of(workspace)
    missing = Missing()
    activities = [
        _activity(workspace, organisation, use_case, missing)
        for use_case in _use_cases(workspace.registry())
    ]
    result: Json = {
        "type": "answerable.record-of-processing.v1",
        "log": workspace.log.origin,
        "verification_key": workspace.log.vkey,
        "checkpoint": workspace.log.checkpoint(),
        "written_at": workspace.clock(),
        **_organisation(organisation, missing),
        "activities": cast("JsonValue", activities),
        "counts": {name: _count(workspace, kind) for name, kind in _COUNTED},
        "missing": missing.items,
    }
    return ProcessingRecord(result, receipt)


def _use_cases(registry: Registry) -> list[UseCaseEntry]:
    """Return the newest use case of each name, and older ones that functions still belong to."""
    used = {function.record.use_case for function in registry.functions.values()}
    newest = {item.record.name: item for item in registry.use_cases.values()}
    return [
        item
        for digest, item in registry.use_cases.items()
        if digest in used or newest[item.record.name] is item
    ]


def _organisation(organisation: Organisation, missing: Missing) -> Json:
    profile = organisation.profile
    if profile is None:
        missing.note("controller", "gdpr-art-30-1-a")
        missing.note("data_protection_officer", "gdpr-art-30-1-a")
        missing.note("security_measures", "gdpr-art-30-1-g")
        return {"organisation": None, "security_measures": [], "profile_entry": None}
    if profile.data_protection_officer is None:
        missing.note("data_protection_officer", "gdpr-art-30-1-a")
    if not profile.security_measures:
        missing.note("security_measures", "gdpr-art-30-1-g")
    return {
        "organisation": {
            "controller": json_of(profile.controller),
            "joint_controllers": [json_of(item) for item in profile.joint_controllers],
            "representative": json_of(profile.representative),
            "data_protection_officer": json_of(profile.data_protection_officer),
        },
        "security_measures": [dict(item) for item in profile.security_measures],
        "profile_entry": organisation.entry.id if organisation.entry is not None else None,
    }


def _activity(
    workspace: Workspace,
    organisation: Organisation,
    use_case: UseCaseEntry,
    missing: Missing,
) -> Json:
    record = use_case.record
    registry = workspace.registry()
    functions = [
        item for item in registry.functions.values() if item.record.use_case == record.digest
    ]
    stated = organisation.purpose(record.purpose)
    return {
        "use_case": record.name,
        "digest": record.digest,
        "title": dict(record.title),
        "purpose": record.purpose,
        "purpose_name": dict(stated.name) if stated is not None else None,
        "lawful_basis": record.lawful_basis,
        "risk_class": record.risk_class,
        "categories_of_subjects": record.affected_persons,
        "categories_of_data": _categories(organisation, record, functions, missing),
        **_recipients(organisation, record, missing),
        "time_limits": _time_limits(organisation, record, missing),
        "functions": [_function(workspace, item) for item in functions],
        "rests_on": [use_case.at.entry, *(item.at.entry for item in functions)],
    }


def _categories(
    organisation: Organisation,
    record: UseCase,
    functions: Sequence[FunctionEntry],
    missing: Missing,
) -> JsonValue:
    stated = organisation.categories([record.purpose])
    if not stated:
        missing.note("categories_of_data", "gdpr-art-30-1-c", of=record.name)
    inputs = {
        name
        for function in functions
        for name in (
            *(feature for model in function.record.models for feature in model.features),
            *(rule.feature for rule in function.record.rules),
        )
    }
    return {
        "stated": [json_of(item) for item in stated],
        "inputs": [*sorted(inputs)],
        "protected_attributes": [*sorted(record.group_levels)],
    }


def _recipients(organisation: Organisation, record: UseCase, missing: Missing) -> Json:
    recipients = organisation.recipients([record.purpose])
    if recipients is None:
        missing.note("recipients", "gdpr-art-30-1-d", of=record.name)
        return {"recipients": None, "transfers": None}
    within = gdpr_rules().within
    shown = [
        {**cast("Json", json_of(item)), "third_country": item.country not in within}
        for item in recipients
    ]
    for item in recipients:
        if item.country not in within and item.safeguard is None:
            missing.note("safeguard", "gdpr-art-30-1-e", of=item.id)
    return {
        "recipients": cast("JsonValue", shown),
        "transfers": cast("JsonValue", [item for item in shown if item["third_country"]]),
    }


def _time_limits(organisation: Organisation, record: UseCase, missing: Missing) -> JsonValue:
    stated = organisation.retention(record.purpose)
    if stated is not None:
        return json_of(stated)
    if record.retention_days is not None:
        return {"purpose": record.purpose, "days": record.retention_days}
    missing.note("time_limits", "gdpr-art-30-1-f", of=record.name)
    return None


def _function(workspace: Workspace, function: FunctionEntry) -> JsonValue:
    by_outcome: Counter[str] = Counter()
    days: set[str] = set()
    for line in workspace.log.counts(function=function.digest):
        by_outcome[line.outcome] += line.n
        days.add(line.day)
    state = status_of(workspace.registry(), function.digest, workspace.clock())
    return {
        "name": function.name,
        "digest": function.digest,
        "state": state.value,
        "decisions": sum(by_outcome.values()),
        "by_outcome": cast("JsonValue", dict(sorted(by_outcome.items()))),
        "first_day": min(days, default=None),
        "last_day": max(days, default=None),
        "entry_id": function.at.entry,
    }


def _count(workspace: Workspace, kind: EntryKind) -> int:
    count, after = 0, -1
    while page := workspace.log.entries(kinds=(kind,), after=after, limit=_PAGE):
        count += len(page)
        after = page[-1].seq
    return count
