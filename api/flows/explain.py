"""Stored explanations: read, written as letters, replayed; never silently recomputed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.append import CODE_VERSION, append_clear, note_read
from answerable.api.flows.loading import catalogue_of, explainer_of
from answerable.api.flows.lookup import baseline_of, function_facts
from answerable.api.flows.organisation import organisation_of
from answerable.api.flows.stored import (
    explanation_entry,
    open_decision,
    open_explanation,
    same_subjects,
)
from answerable.api.wiring import Workspace
from answerable.audit.canonical import sha256_digest
from answerable.audit.entries import Draft, Entry, Receipt
from answerable.audit.errors import NotAllowed, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Decision, EntryLink, Evidence, Role
from answerable.audit.tree.notes import VerifierKey
from answerable.explain.explanation import Explanation
from answerable.explain.letters.facts import ConsumerReport, LetterFacts, Recipient
from answerable.explain.letters.letter import Letter, render_letter
from answerable.explain.replay import replay_explanation

__all__ = [
    "ExplanationView",
    "IssuedLetter",
    "Replayed",
    "letter",
    "letter_facts",
    "replay",
    "stored_explanation",
]

_READERS = (Role.OFFICER, Role.REVIEWER, Role.AUDITOR, Role.SERVICE, Role.SUBJECT)


@dataclass(frozen=True)
class ExplanationView:
    """A stored explanation and the decision it explains."""

    entry: Entry
    explanation: Explanation
    decision_entry: Entry
    decision: Decision

    @property
    def verified(self) -> bool:
        """Whether it is the explanation the decision itself names by digest."""
        return self.decision.explanation == self.explanation.digest


@dataclass(frozen=True)
class IssuedLetter:
    """A letter and the receipt that says it was written."""

    letter: Letter
    receipt: Receipt


@dataclass(frozen=True)
class Replayed:
    """What a replay found; `differing` names fields, never values."""

    identical: bool
    stored_digest: str
    replayed_digest: str
    differing: tuple[str, ...]
    receipt: Receipt


def stored_explanation(
    workspace: Workspace, decision_id: str, *, purpose: str, actor: ActorContext
) -> ExplanationView:
    """Return the explanation stored with a decision, noting who read it and why.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    decision_id : str
        The decision.
    purpose : str
        Why it is read, as a code.
    actor : ActorContext
        An officer, reviewer or auditor, the service that decided, or the subject.

    Returns
    -------
    ExplanationView
        As it was written when the decision was made.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If there is no such decision, or it was recorded without an explanation.
    Erased
        If it was erased with its data subject.
    InvalidInput
        If the purpose is not a code.
    """
    role = actor.acting_on(decision_id, *_READERS)
    view = _view(workspace, decision_id, actor, role)
    _note(workspace, view, (actor, role), purpose, "explanation")
    return view


def letter(
    workspace: Workspace,
    decision_id: str,
    *,
    view: str = "applicant_letter",
    language: str = "en",
    purpose: str,
    actor: ActorContext,
) -> IssuedLetter:
    """Write the letter about a decision for one legal view, and log that it was written.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    decision_id : str
        The decision.
    view : str
        A legal view, for example ``applicant_letter`` or ``art15_access``.
    language : str
        ``en`` or ``de``.
    purpose : str
        Why it is written, as a code.
    actor : ActorContext
        An officer or reviewer, the service that decided, or the subject.

    Returns
    -------
    IssuedLetter
        HTML and text.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If there is no such decision or explanation.
    Erased
        If the data subject was erased.
    InvalidInput
        If the view or language is unknown, or a fact the view requires is not set.
    """
    role = actor.acting_on(decision_id, *_READERS)
    found = _view(workspace, decision_id, actor, role)
    facts = letter_facts(workspace, found, language)
    written = render_letter(facts, view=view, language=language)
    _note(workspace, found, (actor, role), purpose, "letter")
    record = Evidence(
        kind=EntryKind.LETTER_ISSUED.value,
        inputs={
            "function": found.decision.function,
            "explanation": found.explanation.digest,
            "letter": sha256_digest(written.html.encode("utf-8")),
        },
        parameters={"view": view, "language": language},
        code=CODE_VERSION,
        result_type="answerable.letter.v1",
        result={"decision": decision_id, "view": view, "language": language},
    )
    receipt = workspace.log.append(
        Draft(
            kind=EntryKind.LETTER_ISSUED,
            entry_id=workspace.ids(),
            record=record,
            actor=actor.actor,
            role=role,
            subjects=same_subjects(found.decision_entry),
            links=(EntryLink(rel="about", entry=decision_id),),
            function=found.decision.function,
        )
    )
    return IssuedLetter(letter=written, receipt=receipt)


def replay(
    workspace: Workspace, decision_id: str, *, purpose: str, actor: ActorContext
) -> Replayed:
    """Explain a decision again from its stored inputs and compare the bytes.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    decision_id : str
        The decision.
    purpose : str
        Why, as a code.
    actor : ActorContext
        An officer or auditor.

    Returns
    -------
    Replayed
        The stored explanation is unchanged either way.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If there is no such decision or explanation, or something it rests on is gone.
    Erased
        If the data subject was erased.
    AdditivityBroken
        If the new attributions do not add up.
    """
    role = actor.acting_as(Role.OFFICER, Role.AUDITOR)
    found = _view(workspace, decision_id, actor, role)
    facts = function_facts(workspace, found.decision.function)
    result = replay_explanation(
        found.explanation, explainer_of(workspace, facts), found.decision.inputs
    )
    _note(workspace, found, (actor, role), purpose, "replay")
    record = Evidence(
        kind=EntryKind.EXPLANATION_REPLAYED.value,
        inputs={"function": facts.digest},
        code=CODE_VERSION,
        result_type="answerable.replay.v1",
        result=cast(
            "dict[str, JsonValue]",
            {"identical": result.identical, "differing": list(result.differing)},
        ),
    )
    recorded = append_clear(
        workspace,
        EntryKind.EXPLANATION_REPLAYED,
        record,
        acting=(actor, role),
        links=[EntryLink(rel="replays", entry=found.entry.id)],
        function=facts.digest,
    )
    return Replayed(
        identical=result.identical,
        stored_digest=result.stored_digest,
        replayed_digest=result.replayed_digest,
        differing=result.differing,
        receipt=recorded.receipt,
    )


def _view(
    workspace: Workspace, decision_id: str, actor: ActorContext, role: Role
) -> ExplanationView:
    decision_entry, decision = open_decision(workspace, decision_id)
    if role is Role.SERVICE and decision_entry.header.actor != actor.actor:
        raise NotAllowed(
            "a service reads what it decided itself, and nothing else",
            remedy="Use the key of the service that decided, or of a person.",
        )
    entry = explanation_entry(workspace, decision_id)
    if entry is None:
        raise NotFound(
            "no explanation was stored with this decision",
            where=f"decision {decision_id}",
            remedy="Decisions made here are explained; those recorded after the fact are not.",
        )
    return ExplanationView(entry, open_explanation(workspace, entry), decision_entry, decision)


def _note(
    workspace: Workspace,
    view: ExplanationView,
    acting: tuple[ActorContext, Role],
    purpose: str,
    query: str,
) -> None:
    note_read(
        workspace,
        acting=acting,
        purpose=purpose,
        query=query,
        entries=[view.decision_entry.id, view.entry.id],
        subjects=[item.ref for item in view.decision_entry.header.subjects],
    )


def letter_facts(workspace: Workspace, view: ExplanationView, language: str) -> LetterFacts:
    """Return what a letter about a decision is written from.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    view : ExplanationView
        The stored explanation and its decision.
    language : str
        Language of what the organisation says about itself.

    Returns
    -------
    LetterFacts
        The organisation's profile wins over the settings.

    Raises
    ------
    NotFound
        If something the explanation rests on is not registered any more.
    """
    facts = function_facts(workspace, view.decision.function)
    settings, organisation = workspace.settings, organisation_of(workspace)
    header = view.decision_entry.header
    automation = header.automation
    assert automation is not None  # noqa: S101  every decision's header has it
    return LetterFacts(
        explanation=view.explanation,
        catalogue=catalogue_of(workspace, view.explanation.catalogue),
        function=facts.record,
        use_case=facts.use_case,
        baseline=baseline_of(workspace, view.explanation.baseline),
        automation=automation,
        decided_at=header.at if header.at is not None else header.ts,
        reference=header.id,
        # The letter is how the fingerprint reaches the person apart from the page that shows it.
        receipt=f"{header.log} #{view.decision_entry.seq}, {view.decision_entry.leaf.hex()}, "
        f"key {VerifierKey.parse(workspace.log.vkey).fingerprint}",
        recipient=_recipient(workspace, view.decision_entry),
        review_days=settings.review_days,
        creditor_address=organisation.address,
        authority=organisation.authority,
        federal_agency=settings.federal_agency,
        data_source=organisation.source_of_data(language, view.decision.purpose),
        consumer_report=_consumer_report(settings.consumer_report),
    )


def _recipient(workspace: Workspace, entry: Entry) -> Recipient | None:
    data = workspace.log.open_body(entry).subjects.get(0, {})
    name, address = data.get("name"), data.get("address")
    if not isinstance(name, str):
        return None
    lines = address if isinstance(address, list) else [address]
    return Recipient(name=name, address=tuple(line for line in lines if isinstance(line, str)))


def _consumer_report(said: str) -> ConsumerReport | None:
    if not said:
        return None
    return ConsumerReport(used=False) if said == "none" else ConsumerReport(used=True, agency=said)
