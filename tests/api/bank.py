"""What the bank of the tests registers: invented rows, a scorecard, a policy, a catalogue."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from answerable.api.inputs import Table, table_of

POLICY: Final = """
schema: 1
id: fairness
version: 1
effective: {from: 2026-01-01}
decision: {prediction: outcome, favourable: approve, label: approved, positive: "yes"}
groups: {sex: {}}
evidence: {alpha: 0.05, replicates: 200, min_n: 20}
rules:
  - {id: selection-ratio, metric: selection_rate, compare: ratio, reference: rest, min: 0.5,
     attributes: [sex]}
requires: [explanation.profiled]
sign_off:
  - {role: model_owner, n: 1, not: [trainer]}
  - {role: compliance, n: 1, not: [trainer, requester]}
valid_days: 365
"""

CATALOGUE: Final = """
type: answerable.reason-catalogue.v1
name: loan
version: 1
languages: [en, de]
players:
  - columns: [income]
    code: income
    adverse_when: low
    actionable: true
    direction: up
    step: 100
    range: [0, 10000]
    text:
      en: {title: Income, reason: Your income is low., advice: Show further income.}
      de: {title: Einkommen, reason: Ihr Einkommen ist niedrig., advice: Einkommen nachweisen.}
  - columns: [debt]
    code: debt
    adverse_when: high
    actionable: true
    direction: down
    step: 10
    range: [0, 5000]
    text:
      en: {title: Debt, reason: Your debt is high., advice: Pay back debt.}
      de: {title: Schulden, reason: Ihre Schulden sind hoch., advice: Schulden abbauen.}
rules:
  - code: debt_above_limit
    text:
      en: {title: Debt limit, reason: Your debt is above our limit.}
      de: {title: Schuldengrenze, reason: Ihre Schulden liegen über der Grenze.}
"""

SCORECARD: Final = {
    "type": "answerable.scorecard.v1",
    "offset_points": 50,
    "log_odds_per_point": 0.1,
    "features": [
        {
            "feature": "income",
            "bins": [
                {"below": 1000, "points": 0},
                {"below": 3000, "points": 30},
                {"points": 60},
            ],
        },
        {
            "feature": "debt",
            "bins": [{"below": 500, "points": 30}, {"below": 2000, "points": 10}, {"points": 0}],
        },
    ],
}

USE_CASE: Final = {
    "name": "loan",
    "title": {"en": "Loan application", "de": "Kreditantrag"},
    "purpose": "credit-decision",
    "lawful_basis": "gdpr-6-1-b",
    "risk_class": "ai-act:annex-iii-5b",
    "controller": "Test Bank",
    "contact": "desk@test-bank.example",
    "legal_regimes": ["gdpr"],
    "affected_persons": "Applicants",
    "intended_purpose": "Decides on loan applications.",
    "oversight": "A person reviews on request.",
    "group_levels": {"sex": ["female", "male"]},
}


def rows(count: int, *, shift: int = 0) -> Table:
    """Invented applications: income and debt vary, sex alternates, the label follows income."""
    numbers = range(shift, shift + count)
    income = [500 + (number * 397) % 5000 for number in numbers]
    return table_of(
        pa.table(
            {
                "applicant_id": [f"r{number}" for number in numbers],
                "income": income,
                "debt": [(number * 211) % 3000 for number in numbers],
                "sex": ["female" if number % 2 else "male" for number in numbers],
                "approved": ["yes" if value > 2500 else "no" for value in income],
            }
        ),
        source="invented rows",
    )


ROLES_OF_COLUMNS: Final = {
    "applicant_id": "identifier",
    "income": "feature",
    "debt": "feature",
    "sex": "protected",
    "approved": "label",
}
