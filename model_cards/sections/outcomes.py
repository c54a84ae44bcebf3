"""What the tests say: performance, and how outcomes differ between groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from answerable.audit.kinds import EntryKind
from answerable.audit.records import DatasetRole, DatasetVersion, Evidence, Role
from answerable.model_cards.card import CardField, CardSection, Column
from answerable.model_cards.facts import CardFacts, Logged
from answerable.model_cards.results import (
    AlternativeResult,
    AssessmentResult,
    MitigationResult,
    RateResult,
    VerdictResult,
    group_label,
)
from answerable.model_cards.sections.writing import asked, computed, entered, newest, owed

__all__ = ["SHOWN_RATES", "fairness", "performance", "tested"]

SHOWN_RATES: Final = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "accuracy",
)
"""Rates shown per group; the evidence holds all."""

_RATE_COLUMNS: Final = (
    Column(key="rate", label="Rate"),
    Column(key="value", label="Value", form="share"),
    Column(key="interval", label="Interval", form="interval"),
    Column(key="n", label="Rows", form="count"),
)
_GROUP_COLUMNS: Final = (
    Column(key="group", label="Group"),
    Column(key="attributes", label="Groups by", form="list"),
    *_RATE_COLUMNS,
    Column(key="reason", label="Why undefined"),
)
_VERDICT_COLUMNS: Final = (
    Column(key="rule", label="Rule", form="code"),
    Column(key="attributes", label="Groups by", form="list"),
    Column(key="metric", label="Rate"),
    Column(key="compare", label="Compared as", form="code"),
    Column(key="reference", label="With", form="code"),
    Column(key="min", label="At least", form="number"),
    Column(key="max", label="At most", form="number"),
    Column(key="state", label="Verdict", form="code"),
    Column(key="needed_n", label="Rows needed", form="count"),
    Column(key="action", label="Consequence", form="code"),
)
_FINDING_COLUMNS: Final = (
    Column(key="group", label="Group"),
    Column(key="rule", label="Rule", form="code"),
    Column(key="attributes", label="Groups by", form="list"),
    Column(key="value", label="Value", form="number"),
    Column(key="interval", label="Interval", form="range"),
    Column(key="n", label="Rows", form="count"),
    Column(key="state", label="Verdict", form="code"),
    Column(key="needed_n", label="Rows needed", form="count"),
    Column(key="reason", label="Why"),
)
_ALTERNATIVE_COLUMNS: Final = (
    Column(key="name", label="Alternative", form="code"),
    Column(key="method", label="Method", form="code"),
    Column(key="accuracy", label="Accuracy", form="share"),
    Column(key="needs_protected", label="Needs the protected attribute", form="yes_no"),
    Column(key="randomised", label="Randomised", form="yes_no"),
)
_UNDEFINED_COLUMNS: Final = (
    Column(key="rate", label="Rate"),
    Column(key="group", label="Group"),
    Column(key="reason", label="Why"),
)


def tested(facts: CardFacts) -> tuple[Logged[Evidence], DatasetVersion] | None:
    """Return the assessment that counts and its data set: the hold-out's, else validation's."""
    for role in (DatasetRole.HOLD_OUT, DatasetRole.VALIDATION):
        for source in reversed(facts.datasets):
            if source.record.role is not role:
                continue
            kind = EntryKind.FAIRNESS_ASSESSED.value
            evidence = newest(facts, kind, source.record, of_function=True)
            if evidence is not None:
                return evidence, source.record
    return None


def performance(facts: CardFacts) -> CardSection:
    """Return how often the function is right, over all rows of the test data."""
    found = tested(facts)
    label = "Rates over all rows"
    if found is None:
        fields = [owed("performance.overall", label, Role.SCIENTIST, "table")]
    else:
        evidence, dataset = found
        result = AssessmentResult.read(evidence.record.result)
        rows: list[JsonValue] = [_rate(name, rate) for name, rate in result.overall_in_order()]
        fields = [
            computed("performance.test_data", "Tested on", _named(dataset), evidence),
            computed("performance.overall", label, rows, evidence, "table", columns=_RATE_COLUMNS)
            if rows
            else owed("performance.overall", label, Role.SCIENTIST, "table"),
        ]
    fields.append(asked(facts, "performance.metric_choice", "Why these measures", Role.SCIENTIST))
    return CardSection(id="performance", title="Performance", fields=tuple(fields))


def _named(dataset: DatasetVersion) -> str:
    return f"{dataset.name} ({dataset.role.value.replace('_', ' ')}, {dataset.rows} rows)"


def _rate(name: str, rate: RateResult) -> dict[str, JsonValue]:
    return {
        "rate": name.replace("_", " "),
        "value": rate.value,
        "interval": None if rate.interval is None else [*rate.interval],
        "n": rate.n,
    }


def fairness(facts: CardFacts) -> CardSection:
    """Return rates per group, verdicts of the policy and what stays open."""
    found = tested(facts)
    fields: list[CardField] = []
    if facts.policy is None:
        fields.append(owed("fairness.policy", "Policy", Role.COMPLIANCE))
    else:
        policy = facts.policy.record
        name = f"{policy.id}@{policy.version}"
        fields.append(entered("fairness.policy", "Policy", name, facts.policy, "code"))
    if found is None:
        fields += [
            owed("fairness.rates", "Rates by group", Role.SCIENTIST, "table"),
            owed("fairness.verdicts", "Verdicts", Role.SCIENTIST, "table"),
        ]
    else:
        fields += _assessed(found[0], facts.suppress_below)
    fields += _alternatives(facts)
    fields += [
        asked(facts, "fairness.group_choice", "Why these groups", Role.COMPLIANCE),
        asked(facts, "fairness.harms", "Who could be harmed, and how", Role.COMPLIANCE),
    ]
    return CardSection(id="fairness", title="Fairness", fields=tuple(fields))


def _assessed(evidence: Logged[Evidence], suppress_below: int) -> Iterator[CardField]:
    result = published(evidence.record.result, suppress_below)
    verdicts: list[JsonValue] = [_verdict(item) for item in result.verdicts]
    findings: list[JsonValue] = [row for item in result.verdicts for row in _findings(item)]
    undefined: list[JsonValue] = [
        {
            "rate": item.metric.replace("_", " "),
            "group": group_label(item.group),
            "reason": item.reason,
        }
        for item in result.undefined
        if item.metric in SHOWN_RATES
    ]
    rates: list[JsonValue] = [*_group_rates(result)]
    level = None if result.alpha is None else round(1 - result.alpha, 6)
    if level is not None:
        yield computed("fairness.level", "Level of the intervals", level, evidence, "share")
    yield computed(
        "fairness.withheld_below", "Groups withheld below", suppress_below, evidence, "count"
    )
    yield (
        computed(
            "fairness.verdicts", "Verdicts", verdicts, evidence, "table", columns=_VERDICT_COLUMNS
        )
        if verdicts
        else owed("fairness.verdicts", "Verdicts", Role.COMPLIANCE, "table")
    )
    if findings:
        label = "Groups under each rule"
        yield computed(
            "fairness.findings", label, findings, evidence, "table", columns=_FINDING_COLUMNS
        )
    yield computed(
        "fairness.rates", "Rates by group", rates, evidence, "table", columns=_GROUP_COLUMNS
    )
    yield computed(
        "fairness.undefined",
        "Undefined rates",
        undefined,
        evidence,
        "table",
        columns=_UNDEFINED_COLUMNS,
    )


def _alternatives(facts: CardFacts) -> Iterator[CardField]:
    """The search for alternatives on this function's training data, if there was one."""
    kind = EntryKind.FAIRNESS_MITIGATED.value
    trained = [item.record for item in facts.datasets if item.record.role is DatasetRole.TRAINING]
    found = [item for record in trained if (item := newest(facts, kind, record)) is not None]
    if not found:
        return
    evidence = found[-1]
    search = MitigationResult.read(evidence.record.result)
    names = tuple(dict.fromkeys(n for item in search.alternatives for n in item.lowest_ratio))
    columns = (
        *_ALTERNATIVE_COLUMNS,
        *(
            Column(key=f"ratio.{place}", label=f"Lowest ratio by {name}", form="number")
            for place, name in enumerate(names)
        ),
    )
    rows: list[JsonValue] = [_alternative(item, names) for item in search.alternatives]
    label = "Alternatives that were searched"
    yield computed("fairness.alternatives", label, rows, evidence, "table", columns=columns)
    if search.chosen is not None:
        yield computed("fairness.chosen", "Alternative taken", search.chosen, evidence, "code")


def _alternative(item: AlternativeResult, names: Sequence[str]) -> JsonValue:
    ratios = {f"ratio.{n}": item.lowest_ratio.get(name) for n, name in enumerate(names)}
    return {
        "name": item.name,
        "method": item.method,
        "accuracy": item.accuracy,
        "needs_protected": item.needs_protected_at_decision,
        "randomised": item.randomised,
        **ratios,
    }


def published(result: Mapping[str, JsonValue], suppress_below: int) -> AssessmentResult:
    """Return a result without the numbers of groups below `suppress_below` rows."""
    if not suppress_below:
        return AssessmentResult.read(result)
    # Imported where it is used: only cards of assessed functions need the numeric stack.
    from answerable.governance.assessment import Assessment

    assessment = Assessment.from_result(result)
    return AssessmentResult.read(assessment.to_result(suppress_below=suppress_below))


def _verdict(item: VerdictResult) -> JsonValue:
    action = "none" if item.state == "PASS" else item.on_insufficient
    return {
        "rule": item.rule,
        "attributes": [*item.attributes],
        "metric": item.metric.replace("_", " "),
        "compare": item.compare,
        "reference": item.reference,
        "min": item.min,
        "max": item.max,
        "state": item.state,
        "needed_n": item.needed_n,
        "action": item.on_fail if item.state == "FAIL" else action,
    }


def _findings(item: VerdictResult) -> Iterator[JsonValue]:
    for finding in item.findings:
        yield {
            "group": group_label(finding.group),
            "rule": item.rule,
            "attributes": [*item.attributes],
            "value": finding.value,
            "interval": None if finding.interval is None else [*finding.interval],
            "n": finding.n,
            "state": finding.state,
            "needed_n": finding.needed_n,
            "reason": finding.reason,
        }


def _group_rates(result: AssessmentResult) -> Iterator[JsonValue]:
    for group in result.groups:
        for name in SHOWN_RATES:
            rate = group.rates.get(name)
            if rate is not None:
                yield {
                    "group": group.label,
                    "attributes": [*group.attributes],
                    **_rate(name, rate),
                    "reason": rate.reason,
                }
