"""Chapters on assessment: what was found, what was searched, what is released and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from answerable.api.demo.candidates import OUTCOME, RegisteredCandidate, decided_table
from answerable.api.demo.loan import applications, train
from answerable.api.demo.material import Material, Part
from answerable.api.demo.narrator import Narrator
from answerable.api.demo.people import Cast
from answerable.api.flows import assess as flow
from answerable.api.flows.append import CODE_VERSION
from answerable.api.flows.evidence import record_evidence
from answerable.api.flows.govern import (
    SignOffRequest,
    WaiverRequest,
    evaluate_gate,
    release,
    sign,
    waive,
)
from answerable.api.wiring import Workspace
from answerable.audit.codes import Role
from answerable.governance.alternatives import (
    Alternative,
    Sample,
    SearchSettings,
    mitigation_evidence,
    preferred,
)
from answerable.governance.fairlearn_engine import search_alternatives

if TYPE_CHECKING:
    import pandas as pd

    from answerable.governance.assessment import Assessment

__all__ = ["assess_candidate", "release_candidate", "search_alternative", "show_assessment"]

_GRID_SIZE: Final = 25
_LEAST_RATIO: Final = 0.85
"""What an alternative must reach on the validation part before it may be tried on the
hold-out: the policy's 0.80 and a margin for chance, fixed before the search."""
_MICROS_PER_DAY: Final = 86_400_000_000


def assess_candidate(
    workspace: Workspace, candidate: RegisteredCandidate, part: Part, cast: Cast
) -> flow.AssessedRecord:
    """Assess what a decision function says about a part of the data.

    Parameters
    ----------
    workspace : Workspace
    candidate : RegisteredCandidate
    part : Part
    cast : Cast

    Returns
    -------
    AssessedRecord
    """
    request = flow.AssessRequest(
        dataset=part.recorded.digest,
        prediction=OUTCOME,
        favourable="approve",
        protected=applications.PROTECTED,
        function=candidate.digest,
        label=applications.LABEL,
        positive="yes",
        intersect=True,
        seed=train.SEED,
    )
    return flow.assess(
        workspace, request, decided_table(candidate, part), actor=cast.scientist.context
    )


def show_assessment(narrator: Narrator, title: str, assessment: Assessment) -> None:
    """Print verdicts and the rates they rest on.

    Parameters
    ----------
    narrator : Narrator
    title : str
    assessment : Assessment
    """
    rows = []
    for group in assessment.groups:
        rate = group.rates["selection_rate"]
        if rate.value is not None and rate.interval is not None:
            low, high = rate.interval
            name = " x ".join(group.group.values())
            rows.append((name, str(group.n), f"{rate.value:.3f}", f"{low:.3f} to {high:.3f}"))
    narrator.table(title, ("group", "n", "approved", "interval"), rows)
    for verdict in assessment.verdicts:
        needed = f", needs n = {verdict.needed_n}" if verdict.needed_n else ""
        names = " x ".join(verdict.attributes)
        narrator.say(f"{verdict.rule} over {names}: {verdict.state}{needed}")


def search_alternative(
    workspace: Workspace, material: Material, cast: Cast, narrator: Narrator
) -> train.Candidate:
    """Search alternatives on the validation part and take one by a rule fixed before.

    Parameters
    ----------
    workspace : Workspace
    material : Material
    cast : Cast
    narrator : Narrator

    Returns
    -------
    Candidate
        The most accurate predictor that decides without race and sex and whose lowest
        ratio on the validation part reaches the limit.
    """
    settings = SearchSettings(grid_size=_GRID_SIZE, seed=train.SEED)
    alternatives = search_alternatives(
        train.boosted_estimator,
        # The constraint is put on race; both attributes are measured.
        _sample(material.training.frame, "race"),
        _sample(material.validation.frame, *applications.PROTECTED),
        settings,
    )
    chosen = preferred(alternatives, least_ratio=_LEAST_RATIO)
    inputs = {
        "dataset:training": material.training.recorded.digest,
        "dataset:validation": material.validation.recorded.digest,
    }
    evidence = mitigation_evidence(
        alternatives,
        inputs=inputs,
        settings=settings,
        chosen=chosen.name if chosen else None,
        code=CODE_VERSION,
    )
    record_evidence(workspace, evidence, actor=cast.scientist.context)
    narrator.table(
        f"{len(alternatives)} alternatives on the validation part, the ten most accurate",
        ("alternative", "accuracy", "lowest ratio race", "lowest ratio sex", "usable"),
        [_line(item) for item in sorted(alternatives, key=lambda item: -item.accuracy)[:10]],
    )
    if chosen is None:
        narrator.say("None keeps the limit; the search ends here.")
        return train.train_boosted(material.training.frame)
    narrator.say(
        f"Taken: {chosen.name}, the most accurate one that needs no protected attribute to "
        f"decide and whose lowest ratio is at least {_LEAST_RATIO}."
    )
    return train.candidate_from_booster(
        chosen.predictor,
        name="loan-mitigated",
        parameters={"search": "fairlearn GridSearch", "alternative": chosen.name},
    )


def _sample(frame: pd.DataFrame, *attributes: str) -> Sample:
    # The search compares groups, so rows whose sex was not collected take no part in it.
    known = frame[frame["sex"].notna()].reset_index(drop=True)
    return Sample(
        X=train.feature_matrix(known),
        y=[int(value) for value in train.label_vector(known)],
        protected={name: list(known[name]) for name in attributes},
    )


def _line(item: Alternative) -> tuple[str, ...]:
    def ratio(name: str) -> str:
        value = item.lowest_ratio[name]
        return "undefined" if value is None else f"{value:.3f}"

    why_not = "" if not item.randomised else "no: decides by lot"
    why_not = "no: needs race and sex" if item.needs_protected_at_decision else why_not
    return (item.name, f"{item.accuracy:.3f}", ratio("race"), ratio("sex"), why_not or "yes")


def release_candidate(
    workspace: Workspace, candidate: RegisteredCandidate, cast: Cast, narrator: Narrator
) -> None:
    """Answer the warning with a waiver, gather two signatures, and release.

    Parameters
    ----------
    workspace : Workspace
    candidate : RegisteredCandidate
    cast : Cast
    narrator : Narrator
    """
    for warning in evaluate_gate(workspace, candidate.digest).verdicts:
        if warning.outcome.value != "holds":
            waive(
                workspace,
                WaiverRequest(
                    function=candidate.digest,
                    rule=warning.rule,
                    attributes=warning.attributes,
                    finding="INSUFFICIENT",
                    reason="Too few applications of some groups in the hold-out to settle it.",
                    compensating_control="Approval rates by race and sex are reviewed monthly.",
                    expires_at=workspace.clock() + 180 * _MICROS_PER_DAY,
                ),
                actor=cast.compliance.context,
            )
            narrator.say(
                f"Waiver: {warning.rule} over {' x '.join(warning.attributes)} is "
                f"{warning.state}; answered for 180 days by compliance."
            )
    for person, role in ((cast.model_owner, Role.MODEL_OWNER), (cast.compliance, Role.COMPLIANCE)):
        sign(
            workspace,
            SignOffRequest(
                function=candidate.digest,
                role=role,
                statement="I have read the card and its findings and approve the release.",
            ),
            person.key_file,
            actor=person.context,
        )
        narrator.say(f"Signed: {person.name}")
    recorded = release(workspace, candidate.digest, actor=cast.model_owner.context)
    narrator.say(f"Released: {candidate.name}, entry {recorded.entry_id}")
