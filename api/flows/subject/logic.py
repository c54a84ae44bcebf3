"""The automated decisions about a person, each with what a person must be told of its logic.

From the explanation that was stored with the decision; nothing is computed anew.

References
----------
GDPR Art. 15(1)(h) and 22; CJEU C-203/22.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from pydantic import JsonValue

from answerable.api.flows.explain import ExplanationView, letter_facts
from answerable.api.flows.lookup import function_name
from answerable.api.flows.organisation import Organisation
from answerable.api.flows.organisation.profile import in_language
from answerable.api.flows.stored import explanation_entry, open_explanation
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry
from answerable.audit.errors import EngineError, Erased, InvalidInput, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import SubjectItem
from answerable.audit.records import Decision
from answerable.explain.letters.letter import meaningful_information
from answerable.explain.letters.sections import Section

__all__ = ["automated_decisions"]

Json = dict[str, JsonValue]


def automated_decisions(
    workspace: Workspace,
    organisation: Organisation,
    items: Sequence[SubjectItem],
    *,
    language: str,
) -> Json:
    """Return whether and how a person was decided about by a machine.

    Parameters
    ----------
    workspace : Workspace
        Where the explanations are stored.
    organisation : Organisation
        What it says about automated decisions as a whole.
    items : Sequence[SubjectItem]
        What is held about the person.
    language : str
        Of the explanations' texts, for example ``en``.

    Returns
    -------
    dict[str, JsonValue]
        ``exists, statement, decisions``; a decision without a readable explanation says why.
    """
    decisions = [item for item in items if item.entry.kind is EntryKind.DECISION]
    stated = organisation.profile.automated_decisions if organisation.profile else None
    return {
        "exists": any(item.entry.header.automation != "manual" for item in decisions),
        "statement": cast("JsonValue", dict(stated)) if stated else None,
        "decisions": [
            _decision(workspace, organisation, item, language=language) for item in decisions
        ],
    }


def _decision(
    workspace: Workspace, organisation: Organisation, item: SubjectItem, *, language: str
) -> JsonValue:
    header = item.entry.header
    said = organisation.purpose(header.purpose or "")
    consequences = said.consequences if said is not None else None
    told: Json = {
        "decision_id": header.id,
        "function_name": function_name(workspace, header.function),
        "decided_at": header.at if header.at is not None else header.ts,
        "automation": header.automation.value if header.automation else None,
        "outcome": header.outcome,
        "purpose": header.purpose,
        "lawful_basis": header.basis,
        "supersedes": header.supersedes,
        "consequences": in_language(consequences, language) if consequences else None,
    }
    if not isinstance(item.body.record, Decision):
        return {**told, "explanation": None, "sections": [], "why_not": "erased"}
    return {**told, **_explained(workspace, item.entry, item.body.record, language)}


def _explained(workspace: Workspace, entry: Entry, decision: Decision, language: str) -> Json:
    stored = explanation_entry(workspace, entry.id)
    if stored is None:
        return {"explanation": None, "sections": [], "why_not": "no-explanation-stored"}
    try:
        view = ExplanationView(stored, open_explanation(workspace, stored), entry, decision)
        facts = letter_facts(workspace, view, language)
        sections = meaningful_information(facts, language=language)
    except Erased:
        return {"explanation": stored.id, "sections": [], "why_not": "erased"}
    except (InvalidInput, NotFound, EngineError):
        # A text or a registered file is missing; the stored explanation is in the package still.
        return {"explanation": stored.id, "sections": [], "why_not": "no-text"}
    return {"explanation": stored.id, "sections": [_section(item) for item in sections]}


def _section(section: Section) -> JsonValue:
    return {
        "id": section.id,
        "heading": section.heading,
        "paragraphs": list(section.paragraphs),
        "items": [{"text": item.text, "detail": item.detail} for item in section.items],
        "rows": [[label, value] for label, value in section.rows],
    }
