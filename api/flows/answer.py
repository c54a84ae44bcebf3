"""The three questions about one decision, each answered from the log with its proof.

1. Which data trained what decided this?
2. How was non-discrimination assessed, and who signed?
3. Why this outcome, and what would have changed it?

Every answer lists the entries it rests on. Each of these is proven to stand in the log
before the answer is given; a caller can check the same proofs without this service.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.flows.append import note_read
from answerable.api.flows.evidence import evidence_by_digest
from answerable.api.flows.loading import catalogue_of, policy_of
from answerable.api.flows.lookup import function_name
from answerable.api.flows.stored import (
    explanation_entry,
    open_decision,
    open_explanation,
    related_of_kind,
)
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry
from answerable.audit.errors import Erased, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Decision, Role
from answerable.audit.tree.receipts import open_proof
from answerable.explain.explanation import Explanation
from answerable.explain.reasons import reason_text
from answerable.governance.assessment import Assessment
from answerable.governance.gate import GateResult
from answerable.governance.lineage import Lineage, lineage_of
from answerable.governance.registry import Registry, ReleaseEntry

__all__ = ["Answer", "Proven", "answer"]

_LANGUAGE = "en"


@dataclass(frozen=True)
class Proven:
    """An entry an answer rests on, and the receipt that proves it."""

    entry_id: str
    seq: int
    kind: str
    what: str
    receipt: str
    """C2SP tlog-proof text, checked before it was handed out."""


@dataclass(frozen=True)
class Answer:
    """The three answers.

    Attributes
    ----------
    decision_id : str
    function_name : str
        ``name@version`` of what decided.
    trained_on, assessed, why : dict
        The answers as JSON; `why` says so when the person's data was erased.
    proofs : dict of str to tuple of Proven
        By question: ``trained_on``, ``assessed``, ``why``.
    vkey : str
        Key to check the receipts with; take it from elsewhere when it matters.
    """

    decision_id: str
    function_name: str
    trained_on: dict[str, JsonValue]
    assessed: dict[str, JsonValue]
    why: dict[str, JsonValue]
    proofs: dict[str, tuple[Proven, ...]]
    vkey: str

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form, the result of ``answerable answer --json``."""
        proofs: dict[str, JsonValue] = {
            question: [
                {
                    "entry": item.entry_id,
                    "seq": item.seq,
                    "kind": item.kind,
                    "what": item.what,
                    "receipt": item.receipt,
                }
                for item in items
            ]
            for question, items in self.proofs.items()
        }
        return {
            "decision_id": self.decision_id,
            "function": self.function_name,
            "trained_on": self.trained_on,
            "assessed": self.assessed,
            "why": self.why,
            "proofs": proofs,
            "vkey": self.vkey,
        }


def answer(workspace: Workspace, decision_id: str, *, purpose: str, actor: ActorContext) -> Answer:
    """Answer the three questions about a decision.

    Parameters
    ----------
    workspace : Workspace
        Where the decision is logged.
    decision_id : str
        Its id.
    purpose : str
        Why it is read, as a code; the reading is logged.
    actor : ActorContext
        An officer, a reviewer or an auditor.

    Returns
    -------
    Answer
        With a checked receipt for every entry it rests on.

    Raises
    ------
    NotAllowed
        If the actor may not read decisions.
    NotFound
        If there is no such decision.
    Erased
        If the decision was erased with its data subjects.
    EvidenceBroken
        If an entry does not stand in the log as it should.
    """
    role = actor.acting_as(Role.OFFICER, Role.REVIEWER, Role.AUDITOR)
    entry, decision = open_decision(workspace, decision_id)
    note_read(
        workspace,
        acting=(actor, role),
        purpose=purpose,
        query="answer",
        entries=(decision_id,),
        subjects=tuple(item.ref for item in entry.header.subjects),
    )
    registry = workspace.registry()
    lineage = lineage_of(registry, decision.function)
    trained_on, trained_entries = _trained_on(lineage)
    assessed, assessed_entries = _assessed(workspace, registry, decision)
    why, why_entries = _why(workspace, entry, decision)
    prove = _Prover(workspace)
    return Answer(
        decision_id=decision_id,
        function_name=function_name(workspace, decision.function),
        trained_on=trained_on,
        assessed=assessed,
        why=why,
        proofs={
            "trained_on": prove.all(trained_entries),
            "assessed": prove.all(assessed_entries),
            "why": prove.all(why_entries),
        },
        vkey=workspace.log.vkey,
    )


class _Prover:
    """Hands out receipts that were checked against one checkpoint."""

    def __init__(self, workspace: Workspace) -> None:
        self._log = workspace.log
        self._log.checkpoint()

    def all(self, entries: Iterable[tuple[str, str]]) -> tuple[Proven, ...]:
        """Prove entries given as (entry id, what it is)."""
        return tuple(self._one(entry_id, what) for entry_id, what in dict(entries).items())

    def _one(self, entry_id: str, what: str) -> Proven:
        receipt = self._log.proof(entry_id)
        proven = open_proof(receipt, self._log.vkey)
        entry = self._log.entry(entry_id)
        return Proven(entry_id, proven.seq, entry.kind.value, what, receipt)


_Named = list[tuple[str, str]]


def _trained_on(lineage: Lineage) -> tuple[dict[str, JsonValue], _Named]:
    datasets: list[JsonValue] = []
    entries: _Named = [(lineage.function.at.entry, f"decision function {lineage.function.name}")]
    for use in lineage.datasets:
        if use.found is None or use.use not in {"training", "train"}:
            continue
        record = use.found.record
        entries.append((use.found.at.entry, f"data set {record.name}"))
        datasets.append(
            {
                "name": record.name,
                "role": record.role.value,
                "fingerprint": record.fingerprint,
                "rows": record.rows,
                "source": record.source,
                "label_meaning": record.label_meaning,
                "rows_erased_since": len(record.tombstones),
            }
        )
    models: list[JsonValue] = [
        {"name": item.name, "format": item.format, "digest": item.artefact}
        for item in lineage.models
    ]
    facts: dict[str, JsonValue] = {
        "function": lineage.function.name,
        "function_digest": lineage.function.digest,
        "models": models,
        "datasets": datasets,
        "code_commit": lineage.code_commit,
        "code_dirty": lineage.code_dirty,
        "environment": lineage.environment,
        "missing": list(lineage.missing),
    }
    return facts, entries


def _assessed(
    workspace: Workspace, registry: Registry, decision: Decision
) -> tuple[dict[str, JsonValue], _Named]:
    release = registry.releases.get(decision.release) if decision.release else None
    if release is None:
        return {
            "released": False,
            "what": "the decision was made without a valid release; see the incident",
        }, []
    gate = evidence_by_digest(workspace, release.record.gate)
    result = GateResult.from_result(gate.record.result)
    entries: _Named = [(release.at.entry, "release"), (gate.entry.id, "gate at release")]
    facts: dict[str, JsonValue] = {
        "released": True,
        "policy": result.policy_id,
        "policy_digest": result.policy,
        "verdicts": [
            {
                "rule": item.rule,
                "attributes": list(item.attributes),
                "state": item.state,
                "gate": item.outcome.value,
            }
            for item in result.verdicts
        ],
        "looks_at_hold_out": result.looks,
        "sign_offs": _sign_offs(registry, release, entries),
        "waivers": _waivers(registry, release, entries),
    }
    if result.assessment is not None:
        found = evidence_by_digest(workspace, result.assessment)
        entries.append((found.entry.id, "assessment on the hold-out"))
        below = policy_of(workspace, result.policy).publish.suppress_below
        assessed = Assessment.from_result(found.record.result)
        published = Assessment.from_result(assessed.to_result(suppress_below=below))
        facts["groups"] = _groups(published)
    return facts, entries


def _sign_offs(registry: Registry, release: ReleaseEntry, entries: _Named) -> list[JsonValue]:
    signed: list[JsonValue] = []
    for entry_id in release.record.sign_offs:
        found = registry.sign_offs.get(entry_id)
        if found is not None:
            role = found.record.role.value
            entries.append((entry_id, f"sign-off as {role}"))
            signed.append({"role": role, "signer": found.record.signer, "at": found.at.ts})
    return signed


def _waivers(registry: Registry, release: ReleaseEntry, entries: _Named) -> list[JsonValue]:
    waived: list[JsonValue] = []
    for entry_id in release.record.waivers:
        found = registry.waivers.get(entry_id)
        if found is not None:
            record = found.record
            entries.append((entry_id, f"waiver of {record.rule}"))
            waived.append(
                {
                    "rule": record.rule,
                    "attributes": list(record.attributes),
                    "finding": record.finding,
                    "reason": record.reason,
                    "expires_at": record.expires_at,
                }
            )
    return waived


def _groups(assessment: Assessment) -> list[JsonValue]:
    shown: list[JsonValue] = []
    for group in assessment.groups:
        rate = group.rates.get("selection_rate")
        if rate is not None:
            interval = list(rate.interval) if rate.interval is not None else None
            shown.append(
                {
                    "group": cast("dict[str, JsonValue]", dict(group.group)),
                    "n": group.n,
                    "selection_rate": rate.value,
                    "interval": cast("JsonValue", interval),
                }
            )
    return shown


def _why(
    workspace: Workspace, entry: Entry, decision: Decision
) -> tuple[dict[str, JsonValue], _Named]:
    entries: _Named = [(entry.id, "decision")]
    facts: dict[str, JsonValue] = {
        "outcome": decision.outcome.value,
        "automation": decision.automation.value,
        "explained": False,
    }
    stored = explanation_entry(workspace, entry.id)
    if stored is not None:
        entries.append((stored.id, "explanation, computed with the decision"))
        facts |= _explained(workspace, stored)
    for review in related_of_kind(workspace, entry.id, EntryKind.REVIEW_COMPLETED):
        entries.append((review.id, "review by a person"))
    for later in workspace.log.related(entry.id):
        if later.header.supersedes == entry.id:
            entries.append((later.id, "decision that supersedes this one"))
            facts["superseded_by"] = later.id
    return facts, entries


def _explained(workspace: Workspace, stored: Entry) -> dict[str, JsonValue]:
    try:
        explanation = open_explanation(workspace, stored)
    except Erased:
        return {"what": "the explanation was erased with its data subject"}
    return {
        "explained": True,
        "determined_by": explanation.determined_by,
        "rule": explanation.rule,
        "score": explanation.score,
        "cut_off": explanation.cut_off,
        "reasons": _reasons(workspace, explanation),
        "counterfactuals": [
            cast("dict[str, JsonValue]", item.model_dump(mode="json"))
            for item in explanation.counterfactuals
        ],
    }


def _reasons(workspace: Workspace, explanation: Explanation) -> list[JsonValue]:
    try:
        catalogue = catalogue_of(workspace, explanation.catalogue)
    except NotFound:
        return [{"rank": item.rank, "code": item.code} for item in explanation.reasons]
    return [
        {
            "rank": item.rank,
            "code": item.code,
            "text": reason_text(item, catalogue, _LANGUAGE),
            "contribution": item.contribution,
        }
        for item in explanation.reasons
    ]
