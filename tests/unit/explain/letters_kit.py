"""Facts for letters, from fixed values: nothing here depends on a trained model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from answerable.audit.records import Automation, BaselineVersion, DecisionFunction, Outcome
from answerable.explain.attribution import Attribution
from answerable.explain.explanation import Explanation
from answerable.explain.letters import ConsumerReport, LetterFacts, Recipient
from answerable.explain.reasons import principal_reasons, rule_reason
from answerable.explain.recourse.changes import Change, Counterfactual
from tests.unit.explain import loan

DECIDED = 1_793_000_000_000_000
ENTRY = "01a0c5f2-1c00-7000-8000-000000000007"
VALUES = dict.fromkeys(loan.FEATURES, 0.125) | {
    "gdlin": -2.5, "obrat": -1.25, "price": -0.5, "unver": -0.25, "term": -0.125,
}  # fmt: skip
INPUTS = dict.fromkeys(loan.FEATURES, 0.0) | {
    "loanamt": 120.0, "price": 150.0, "obrat": 41.5, "atotinc": 3510.0, "loanprc": 0.8,
    "hexp": 1341.0, "term": 360.0, "unver": 1.0, "netw": -12.0, "mortg": 2.0, "cons": 5.0,
}  # fmt: skip
MEANS = dict.fromkeys(loan.FEATURES, 0.5) | {"obrat": 33.0, "price": 196.0, "gdlin": 0.9}


def baseline() -> BaselineVersion:
    return BaselineVersion(
        name="all-applicants",
        kind="all_applicants",
        dataset=loan.NIL,
        rows=787,
        row_ids=loan.NIL,
        means=MEANS,
        expected_output=0.0,
    )


def function() -> DecisionFunction:
    return DecisionFunction(
        name="loan",
        version="1",
        use_case=loan.USE_CASE.digest,
        models=(),
        scale="probability",
        cut_off=0.7,
        rules=(loan.KNOCK_OUT, loan.REFERRAL),
        outcome_codes=("approve", "decline", "refer"),
        catalogue=loan.catalogue().digest,
        baselines=(baseline().digest,),
        code_commit="unversioned",
        code_dirty=False,
        environment=loan.NIL,
    )


def attribution() -> Attribution:
    return Attribution(
        method="linear",
        game="interventional",
        exact=True,
        base_value=1.0,
        values=VALUES,
        output=1.0 + sum(VALUES.values()),
        residual=0.0,
        tolerance=1e-9,
        inputs={name: {name: value} for name, value in INPUTS.items() if name != "liq"}
        | {"liq": {}},
        reference={name: {name: value} for name, value in MEANS.items()},
    )


def recourse(status: str = "valid") -> Counterfactual:
    changes = (
        Change(player="loanamt", column="loanamt", before=120.0, after=105.0),
        Change(player="unver", column="unver", before=1.0, after=0.0),
        Change(player="loanprc", column="loanprc", before=0.8, after=0.7, derived=True),
    )
    found = {
        "status": status,
        "changes": changes if status == "valid" else (),
        "model": "sha256:" + "ab" * 32,
        "rows_evaluated": 4321,
        "expires_at": loan.EXPIRES,
    }
    return Counterfactual.parse(found)


def declined(**changes: Any) -> Explanation:
    """Declined by the model."""
    values: dict[str, Any] = {
        "function": function().digest,
        "decision": ENTRY,
        "outcome": Outcome.DECLINE,
        "outcome_code": "decline",
        "determined_by": "model",
        "model": "sha256:" + "ab" * 32,
        "catalogue": loan.catalogue().digest,
        "baseline": baseline().digest,
        "baseline_name": "all-applicants",
        "baseline_kind": "all_applicants",
        "score": 0.25,
        "score_scale": "probability",
        "cut_off": 0.7,
        "threshold": 0.8472978603872034,
        "margin_to_threshold": -1.0,
        "attribution": attribution(),
        "reasons": principal_reasons(attribution(), loan.catalogue()),
        "counterfactuals": (recourse(),),
        "engines": {"scikit-learn": "1.9.1"},
        "code": "0.1.0",
        "valid_until": loan.EXPIRES,
    }
    return Explanation(**values | changes)


def knocked_out() -> Explanation:
    """Declined by a rule."""
    return declined(
        determined_by="rule",
        rule=loan.KNOCK_OUT.id,
        score=None,
        margin_to_threshold=None,
        attribution=None,
        reasons=(rule_reason(loan.KNOCK_OUT, 72.5, actionable=True),),
        counterfactuals=(recourse("none_found"),),
    )


def facts(explanation: Explanation | None = None, **changes: Any) -> LetterFacts:
    """Everything all six views need."""
    whole = LetterFacts(
        explanation=explanation or declined(),
        catalogue=loan.catalogue(),
        function=function(),
        use_case=loan.USE_CASE,
        baseline=baseline(),
        automation=Automation.SOLELY_AUTOMATED,
        decided_at=DECIDED,
        reference=ENTRY,
        receipt="log example.org/loan, entry 7",
        recipient=Recipient(name="Demo Applicant", address=("1 Example Street", "Boston")),
        creditor_address="2 Example Street, Boston",
        authority="Example Data Protection Authority, Boston",
        federal_agency="Example Federal Agency, Washington",
        data_source="the application form",
        consumer_report=ConsumerReport(used=True, agency="Example Bureau, Boston, 555-0100"),
    )
    return replace(whole, **changes)
