"""How the function is kept in check: oversight, logging, risks, changes, conformity."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from answerable.audit.records import DatasetRole, DecisionFunction, Role
from answerable.model_cards.card import CardField, CardSection, Column
from answerable.model_cards.facts import CardFacts
from answerable.model_cards.results import AssessmentResult, VerdictResult
from answerable.model_cards.sections.outcomes import tested
from answerable.model_cards.sections.writing import asked, computed, entered, owed, stated

__all__ = ["changes", "conformity", "logging", "oversight", "risks", "robustness"]


def oversight(facts: CardFacts) -> CardSection:
    """Return what persons do."""
    case = facts.use_case.record
    fields = (
        stated("oversight.procedure", "Procedure", case.oversight, facts.use_case),
        asked(facts, "oversight.competence", "Competence of reviewers", Role.COMPLIANCE),
        asked(facts, "oversight.stop_rule", "When the function is stopped", Role.COMPLIANCE),
    )
    return CardSection(id="oversight", title="Human oversight", fields=fields)


def logging(facts: CardFacts) -> CardSection:
    """Return how long decisions are kept."""
    days = facts.use_case.record.retention_days
    label = "Days decisions are kept"
    fields = (
        owed("logging.retention_days", label, Role.COMPLIANCE, "count")
        if days is None
        else entered("logging.retention_days", label, days, facts.use_case, "count"),
    )
    return CardSection(id="logging", title="Logging", fields=fields)


def robustness(facts: CardFacts) -> CardSection:
    """Return what was tested beyond averages."""
    fields = (
        asked(facts, "robustness.tests", "Robustness tests", Role.SCIENTIST),
        asked(facts, "robustness.security", "Security measures", Role.MODEL_OWNER),
    )
    return CardSection(id="robustness", title="Robustness and security", fields=fields)


_OPEN_COLUMNS: Final = (
    Column(key="rule", label="Rule", form="code"),
    Column(key="attributes", label="Groups by", form="list"),
    Column(key="state", label="Verdict", form="code"),
    Column(key="needed_n", label="Rows needed", form="count"),
)


def risks(facts: CardFacts) -> CardSection:
    """Return the limits that follow from records and evidence, and the risks persons state."""
    source = next((d for d in facts.datasets if d.record.role is DatasetRole.TRAINING), None)
    label = "What the model learned"
    case = facts.use_case
    fields: list[CardField] = [
        owed("risks.label_meaning", label, Role.SCIENTIST)
        if source is None
        else stated("risks.label_meaning", label, source.record.label_meaning, source),
        stated("risks.out_of_scope", "Must not be used for", [*case.record.out_of_scope], case),
    ]
    fields += _open_rules(facts)
    fields += [
        asked(facts, "risks.foreseeable", "Foreseeable harm", Role.COMPLIANCE),
        asked(facts, "risks.register", "Risk register", Role.COMPLIANCE),
        asked(facts, "risks.residual", "Risk that remains", Role.COMPLIANCE),
    ]
    return CardSection(id="risks", title="Limits and risks", fields=tuple(fields))


def _open_rules(facts: CardFacts) -> list[CardField]:
    found = tested(facts)
    if found is None:
        return []
    result = AssessmentResult.read(found[0].record.result)
    rows: list[JsonValue] = [_open_rule(v) for v in result.verdicts if v.state != "PASS"]
    label = "Rules that are not met or not settled"
    return [computed("risks.open_rules", label, rows, found[0], "table", columns=_OPEN_COLUMNS)]


def _open_rule(verdict: VerdictResult) -> JsonValue:
    return {
        "rule": verdict.rule,
        "attributes": [*verdict.attributes],
        "state": verdict.state,
        "needed_n": verdict.needed_n,
    }


_DIFFERENCE_COLUMNS: Final = (
    Column(key="what", label="What"),
    Column(key="before", label="Before", form="code"),
    Column(key="after", label="Now", form="code"),
)


def changes(facts: CardFacts) -> CardSection:
    """Return what differs from the version before."""
    source, function = facts.function, facts.function.record
    label = "Differences"
    if function.parent is None:
        first = "first version"
        fields = [
            entered("changes.parent", "Version before", first, source),
            entered("changes.differences", label, [], source, "table", columns=_DIFFERENCE_COLUMNS),
        ]
    else:
        parent = facts.parent
        fields = [entered("changes.parent", "Version before", function.parent, source, "digest")]
        fields.append(
            owed("changes.differences", label, Role.MODEL_OWNER, "table")
            if parent is None
            else entered(
                "changes.differences",
                label,
                [*_differences(parent.record, function)],
                source,
                "table",
                columns=_DIFFERENCE_COLUMNS,
            )
        )
    fields += [
        asked(facts, "changes.reason", "Reason for the change", Role.MODEL_OWNER),
        asked(facts, "changes.predetermined", "Changes decided in advance", Role.MODEL_OWNER),
        asked(facts, "changes.update_rules", "What an update requires", Role.MODEL_OWNER),
    ]
    return CardSection(id="changes", title="Changes", fields=tuple(fields))


def _differences(before: DecisionFunction, after: DecisionFunction) -> list[JsonValue]:
    pairs: dict[str, tuple[str, str]] = {
        "version": (before.version, after.version),
        "models": (_models(before), _models(after)),
        "cut-off": (str(before.cut_off), str(after.cut_off)),
        "scale": (before.scale, after.scale),
        "referral margin": (str(before.refer_margin), str(after.refer_margin)),
        "fixed rules": (_rules(before), _rules(after)),
        "reason catalogue": (before.catalogue, after.catalogue),
        "baselines": (", ".join(before.baselines), ", ".join(after.baselines)),
        "use case": (before.use_case, after.use_case),
        "code commit": (before.code_commit, after.code_commit),
        "environment": (before.environment, after.environment),
    }
    return [
        {"what": what, "before": old, "after": new}
        for what, (old, new) in pairs.items()
        if old != new
    ]


def _models(function: DecisionFunction) -> str:
    return ", ".join(f"{model.name} {model.artefact}" for model in function.models) or "none"


def _rules(function: DecisionFunction) -> str:
    rules = (f"{r.feature} {r.op} {r.value}: {r.outcome.value}" for r in function.rules)
    return "; ".join(rules) or "none"


def conformity(facts: CardFacts) -> CardSection:
    """Return what persons declare about standards and monitoring."""
    fields = (
        asked(facts, "conformity.standards", "Standards applied", Role.COMPLIANCE),
        asked(facts, "conformity.declaration", "EU declaration of conformity", Role.COMPLIANCE),
        asked(facts, "conformity.monitoring_plan", "Monitoring plan", Role.COMPLIANCE),
    )
    return CardSection(id="conformity", title="Standards and monitoring", fields=fields)
