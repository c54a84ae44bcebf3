"""What a person must be told about the processing of their data, beside the data itself.

From their decisions' headers and the organisation's profile. What nobody stated is listed as
missing, with the provision that asks for it, and never filled in.

References
----------
GDPR Art. 13, 15(1) and 15(2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from pydantic import JsonValue

from answerable.api.flows.lookup import function_name
from answerable.api.flows.organisation import Organisation
from answerable.api.flows.organisation.missing import Missing, json_of
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import SubjectItem
from answerable.audit.records import Decision
from answerable.audit.requests.rules import gdpr_rules

__all__ = ["RIGHTS", "about_processing"]

Json = dict[str, JsonValue]

RIGHTS: Final = (
    ("rectification", "gdpr-art-16"),
    ("erasure", "gdpr-art-17"),
    ("restriction", "gdpr-art-18"),
    ("portability", "gdpr-art-20"),
    ("objection", "gdpr-art-21"),
    ("human_review", "gdpr-art-22-3"),
    ("complaint", "gdpr-art-77"),
)
"""Rights a person must be told of, with their provision."""

_CATEGORIES: Final = {
    EntryKind.EXPLANATION: "explanation",
    EntryKind.CONTEST_FILED: "statements",
    EntryKind.REVIEW_COMPLETED: "reviews",
    EntryKind.LETTER_ISSUED: "letters",
    EntryKind.SUBJECT_RECTIFIED: "statements",
    EntryKind.SUBJECT_OBJECTED: "statements",
    EntryKind.SUBJECT_RESTRICTED: "statements",
    EntryKind.SUBJECT_REQUEST: "requests",
}


def about_processing(
    workspace: Workspace, organisation: Organisation, items: Sequence[SubjectItem]
) -> Json:
    """Return purposes, categories, recipients, sources, periods, rights and authority.

    Parameters
    ----------
    workspace : Workspace
        What is registered.
    organisation : Organisation
        What the organisation says about itself.
    items : Sequence[SubjectItem]
        What is held about the person.

    Returns
    -------
    dict[str, JsonValue]
        With ``missing``: what is owed and was not stated.
    """
    missing = Missing()
    decisions = [item for item in items if item.entry.kind is EntryKind.DECISION]
    purposes = _purposes(workspace, organisation, [item.entry for item in decisions], missing)
    codes = [str(purpose["purpose"]) for purpose in purposes]
    return {
        "controller": _controller(organisation, missing),
        "purposes": cast("JsonValue", purposes),
        "categories_of_data": _categories(organisation, items, codes),
        "recipients": _recipients(organisation, codes, missing),
        "sources": _sources(organisation, codes, missing),
        "storage": _storage(workspace, organisation, decisions, missing),
        "rights": [{"right": right, "article": article} for right, article in RIGHTS],
        "complaint_authority": _authority(organisation, missing),
        "missing": missing.items,
    }


def _controller(organisation: Organisation, missing: Missing) -> JsonValue:
    profile = organisation.profile
    if profile is None:
        missing.note("controller", "gdpr-art-13-1-a")
        missing.note("data_protection_officer", "gdpr-art-13-1-b")
        return None
    if profile.data_protection_officer is None:
        missing.note("data_protection_officer", "gdpr-art-13-1-b")
    return {
        "controller": json_of(profile.controller),
        "joint_controllers": [json_of(item) for item in profile.joint_controllers],
        "representative": json_of(profile.representative),
        "data_protection_officer": json_of(profile.data_protection_officer),
    }


def _purposes(
    workspace: Workspace, organisation: Organisation, decisions: Sequence[Entry], missing: Missing
) -> list[Json]:
    found: dict[tuple[str, str], Json] = {}
    for entry in decisions:
        header = entry.header
        code, basis = header.purpose or "", header.basis or ""
        stated = organisation.purpose(code)
        if stated is None:
            missing.note("purpose", "gdpr-art-15-1-a", of=code)
        line = found.setdefault(
            (code, basis),
            {
                "purpose": code,
                "name": cast("JsonValue", dict(stated.name)) if stated else None,
                "lawful_basis": basis,
                "functions": [],
                "entries": [],
            },
        )
        name = function_name(workspace, header.function)
        functions = cast("list[JsonValue]", line["functions"])
        if name not in functions:
            functions.append(name)
        cast("list[JsonValue]", line["entries"]).append(entry.id)
    return list(found.values())


def _categories(
    organisation: Organisation, items: Sequence[SubjectItem], purposes: Sequence[str]
) -> JsonValue:
    stated = [json_of(item) for item in organisation.categories(purposes)]
    inputs: set[str] = set()
    held: dict[str, list[JsonValue]] = {}
    for item in items:
        name = _CATEGORIES.get(item.entry.kind)
        if isinstance(item.body.record, Decision):
            inputs |= set(item.body.record.inputs)
            name = "decisions"
        if name is not None:
            held.setdefault(name, []).append(item.entry.id)
    computed: list[JsonValue] = [
        {"category": name, "entries": entries} for name, entries in sorted(held.items())
    ]
    return {"stated": stated, "held": computed, "inputs": [*sorted(inputs)]}


def _recipients(organisation: Organisation, purposes: Sequence[str], missing: Missing) -> JsonValue:
    recipients = organisation.recipients(purposes)
    if recipients is None:
        missing.note("recipients", "gdpr-art-15-1-c")
        return None
    within = gdpr_rules().within
    found: list[JsonValue] = []
    for item in recipients:
        third = item.country not in within
        if third and item.safeguard is None:
            missing.note("safeguard", "gdpr-art-15-2", of=item.id)
        found.append({**cast("Json", json_of(item)), "third_country": third})
    return found


def _sources(organisation: Organisation, purposes: Sequence[str], missing: Missing) -> JsonValue:
    stated = organisation.sources(purposes)
    if stated:
        return [json_of(item) for item in stated]
    if organisation.settings.data_source:
        return [{"name": {"en": organisation.settings.data_source}}]
    missing.note("sources", "gdpr-art-15-1-g")
    return []


def _storage(
    workspace: Workspace,
    organisation: Organisation,
    decisions: Sequence[SubjectItem],
    missing: Missing,
) -> JsonValue:
    found: dict[str, JsonValue] = {}
    registry = workspace.registry()
    for item in decisions:
        header = item.entry.header
        code = header.purpose or ""
        if code in found:
            continue
        stated = organisation.retention(code)
        function = registry.functions.get(header.function or "")
        use_case = registry.use_cases.get(function.record.use_case) if function else None
        days = use_case.record.retention_days if use_case else None
        if stated is not None:
            found[code] = json_of(stated)
        elif days is not None:
            found[code] = {"purpose": code, "days": days}
        else:
            found[code] = None
            missing.note("storage", "gdpr-art-15-1-d", of=code)
    return [period for period in found.values() if period is not None]


def _authority(organisation: Organisation, missing: Missing) -> JsonValue:
    profile = organisation.profile
    if profile is not None and profile.authority is not None:
        return json_of(profile.authority)
    if organisation.settings.authority:
        return {"name": organisation.settings.authority}
    missing.note("complaint_authority", "gdpr-art-15-1-f")
    return None
