"""What the pages say about one decision: its header, its body, its explanation, its readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, cast

from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.decisions import DecisionView
from answerable.api.flows.explain import stored_explanation
from answerable.api.flows.loading import catalogue_of
from answerable.api.flows.lookup import function_name
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry
from answerable.audit.errors import Erased, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Decision
from answerable.explain.catalogue import Catalogue
from answerable.explain.explanation import Explanation
from answerable.explain.reasons import reason_text
from answerable.model_cards.report.explanation import ExplanationView, explanation_view
from answerable.model_cards.report.formatting import number, whole
from answerable.model_cards.results import ExplanationResult

_LANGUAGE: Final = "en"

__all__ = [
    "PURPOSES",
    "body_of",
    "explained",
    "head_of",
    "input_rows",
    "input_titles",
    "related_lines",
    "step_rows",
]

PURPOSES: Final[dict[str, JsonValue]] = {
    "customer-question": "The person asked",
    "complaint": "A complaint",
    "human-review": "A review by a person",
    "oversight": "Oversight of the system",
    "audit": "An audit",
    "gdpr-art-15": "A request under GDPR Art. 15",
}
"""Reasons for looking, as codes that stand in the log, with what they mean."""


def head_of(workspace: Workspace, entry: Entry) -> dict[str, JsonValue]:
    """Return what the header of a decision says.

    Parameters
    ----------
    workspace : Workspace
    entry : Entry
        Of kind decision.

    Returns
    -------
    dict
        Codes, references and digests; no personal data.
    """
    header = entry.header
    related = related_lines(workspace, entry.id)
    return {
        "decision_id": entry.id,
        "seq": entry.seq,
        "ts": header.ts,
        "claimed_at": header.at,
        "function": function_name(workspace, header.function),
        "function_digest": header.function,
        "outcome": header.outcome,
        "automation": header.automation.value if header.automation else None,
        "release": header.release,
        "supersedes": header.supersedes,
        "purpose_of_processing": header.purpose,
        "lawful_basis": header.basis,
        "leaf": entry.leaf.hex(),
        "subjects": [{"ref": item.ref, "role": item.role} for item in header.subjects],
        "followed": [line for line in related if line["kind"] != EntryKind.RECORDS_READ.value],
        "reads": [line for line in related if line["kind"] == EntryKind.RECORDS_READ.value],
    }


def related_lines(workspace: Workspace, entry_id: str) -> list[dict[str, JsonValue]]:
    """Return the entries that name an entry, oldest first.

    Parameters
    ----------
    workspace : Workspace
    entry_id : str

    Returns
    -------
    list of dict
        ``entry_id, kind, seq, ts, role, purpose``, from headers.
    """
    return [
        {
            "entry_id": other.id,
            "kind": other.kind.value,
            "seq": other.seq,
            "ts": other.header.ts,
            "role": other.header.role.value,
            "purpose": other.header.purpose,
        }
        for other in workspace.log.related(entry_id)
    ]


def body_of(opened: DecisionView) -> dict[str, JsonValue]:
    """Return what an opened decision holds, with its personal data.

    Parameters
    ----------
    opened : DecisionView
        The reading of it is logged already.

    Returns
    -------
    dict
        ``decision, people, superseded_by, restricted``.
    """
    people: list[JsonValue] = [
        {"ref": item.ref, "role": item.role, "data": item.data} for item in opened.subjects
    ]
    return {
        "decision": cast(
            "dict[str, JsonValue]", opened.decision.model_dump(mode="json", exclude_none=True)
        ),
        "people": people,
        "superseded_by": opened.superseded_by,
        "restricted": opened.restricted,
    }


def explained(
    workspace: Workspace, decision_id: str, purpose: str, actor: ActorContext
) -> ExplanationView | None:
    """Return the stored explanation ready for the template, or None when there is none.

    Parameters
    ----------
    workspace : Workspace
    decision_id : str
    purpose : str
        Stands in the log.
    actor : ActorContext

    Returns
    -------
    ExplanationView or None
    """
    try:
        stored = stored_explanation(workspace, decision_id, purpose=purpose, actor=actor)
    except (NotFound, Erased):
        return None
    try:
        catalogue = catalogue_of(workspace, stored.explanation.catalogue)
    except NotFound:
        return explanation_view(ExplanationResult.read(stored.explanation.to_result()))
    view = explanation_view(_titled(stored.explanation, input_titles(catalogue)))
    told = [
        (reason_text(reason, catalogue, _LANGUAGE), *row[1:])
        for reason, row in zip(stored.explanation.reasons, view.reasons, strict=True)
    ]
    return replace(view, reasons=tuple(told))


def input_titles(catalogue: Catalogue) -> dict[str, str]:
    """Return what the catalogue calls each input, by column and by group of columns.

    Parameters
    ----------
    catalogue : Catalogue

    Returns
    -------
    dict of str to str
        The title; with the column's own name where two inputs share one.
    """
    named = {
        player.name: catalogue.text(player.code, _LANGUAGE).title for player in catalogue.players
    }
    shared = {title for title, n in Counter(named.values()).items() if n > 1}
    titles: dict[str, str] = {}
    for player in catalogue.players:
        title = named[player.name]
        alone = title not in shared and len(player.columns) == 1
        titles |= {name: title if alone else f"{title} ({name})" for name in player.columns}
        titles[player.name] = title if title not in shared else f"{title} ({player.name})"
    return titles


def _titled(explanation: Explanation, titles: Mapping[str, str]) -> ExplanationResult:
    read = ExplanationResult.read(explanation.to_result())
    changed = [
        item.model_copy(
            update={
                "changes": tuple(
                    change.model_copy(update={"column": titles.get(change.column, change.column)})
                    for change in item.changes
                )
            }
        )
        for item in read.counterfactuals
    ]
    attributions = {titles.get(name, name): part for name, part in read.attributions.items()}
    return read.model_copy(update={"attributions": attributions, "counterfactuals": tuple(changed)})


def step_rows(decision: Decision) -> list[tuple[str, str, str, str]]:
    """Return the steps of a decision as rows of text.

    Parameters
    ----------
    decision : Decision

    Returns
    -------
    list of tuple
        Name, kind, what it said, whether it determined the outcome.
    """
    return [
        (
            item.id,
            item.kind.value,
            _text(item.output) if item.output is not None else "did not apply",
            "decided" if item.fired else "–",
        )
        for item in decision.components
    ]


def input_rows(workspace: Workspace, decision: Decision) -> list[tuple[str, str, str]]:
    """Return the inputs of a decision as rows of text.

    Parameters
    ----------
    workspace : Workspace
    decision : Decision

    Returns
    -------
    list of tuple
        Column, what the catalogue calls it, value; by column.
    """
    found = workspace.registry().functions.get(decision.function)
    try:
        titles = input_titles(catalogue_of(workspace, found.record.catalogue)) if found else {}
    except NotFound:
        titles = {}
    return [
        (name, titles.get(name, "–"), _text(value))
        for name, value in sorted(decision.inputs.items())
    ]


def _text(value: object) -> str:
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return whole(value) if float(value).is_integer() else number(value, 4)
    return str(value)
