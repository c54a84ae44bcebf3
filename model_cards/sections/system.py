"""What the system is: identity, purpose, deployment, method."""

from __future__ import annotations

from pydantic import JsonValue

from answerable.audit.records import DecisionFunction, HardRule, Role
from answerable.model_cards.card import CardField, CardSection, Column
from answerable.model_cards.facts import CardFacts
from answerable.model_cards.sections.writing import asked, entered, owed, stated

__all__ = ["deployment", "identity", "method", "purpose"]

_MODEL_COLUMNS = (
    Column(key="name", label="Model", form="code"),
    Column(key="format", label="Format", form="code"),
    Column(key="artefact", label="File", form="digest"),
    Column(key="features", label="Inputs", form="count"),
)


def identity(facts: CardFacts) -> CardSection:
    """Return what exactly decides, by digest."""
    source, function = facts.function, facts.function.record
    models: JsonValue = [
        {"name": m.name, "format": m.format, "artefact": m.artefact, "features": len(m.features)}
        for m in function.models
    ]
    fields = (
        entered("identity.name", "Decision function", function.name, source, "code"),
        entered("identity.version", "Version", function.version, source, "code"),
        entered("identity.digest", "Digest", function.digest, source, "digest"),
        entered("identity.models", "Models", models, source, "table", columns=_MODEL_COLUMNS),
        entered("identity.code_commit", "Code commit", function.code_commit, source, "code"),
        entered("identity.code_dirty", "Uncommitted code", function.code_dirty, source, "yes_no"),
        entered("identity.environment", "Environment lock", function.environment, source, "digest"),
        stated("identity.controller", "Provider", facts.use_case.record.controller, facts.use_case),
        stated("identity.contact", "Contact", facts.use_case.record.contact, facts.use_case),
    )
    return CardSection(id="identity", title="What this is", fields=fields)


def purpose(facts: CardFacts) -> CardSection:
    """Return what it is for, and what it is not for."""
    source, case = facts.use_case, facts.use_case.record
    title = case.title.get("en") or next(iter(case.title.values()), "")
    fields = (
        stated("purpose.use_case", "Use case", title, source),
        stated("purpose.intended_purpose", "Intended purpose", case.intended_purpose, source),
        stated("purpose.affected_persons", "Persons affected", case.affected_persons, source),
        stated("purpose.out_of_scope", "Not meant for", [*case.out_of_scope], source),
        entered("purpose.purpose", "Purpose code", case.purpose, source, "code"),
        entered("purpose.lawful_basis", "Lawful basis", case.lawful_basis, source, "code"),
        entered("purpose.risk_class", "Risk class", case.risk_class, source, "code"),
        entered("purpose.regimes", "Law that applies", [*case.legal_regimes], source, "list"),
        asked(facts, "purpose.users", "Who works with it", Role.MODEL_OWNER),
        asked(facts, "purpose.misuse", "Foreseeable misuse", Role.COMPLIANCE),
    )
    return CardSection(id="purpose", title="What it is for", fields=fields)


def deployment(facts: CardFacts) -> CardSection:
    """Return how it is used: inputs, outputs, surroundings."""
    source, function = facts.function, facts.function.record
    inputs = _inputs(function)
    fields = (
        entered("deployment.input", "Inputs", [*inputs], source, "list"),
        entered("deployment.outcomes", "Outcome codes", [*function.outcome_codes], source, "list"),
        asked(facts, "deployment.interfaces", "Other systems it works with", Role.MODEL_OWNER),
        asked(facts, "deployment.forms", "Forms in which it is in use", Role.MODEL_OWNER),
        asked(facts, "deployment.hardware", "Hardware", Role.MODEL_OWNER),
        asked(facts, "deployment.user_interface", "User interface", Role.MODEL_OWNER),
        asked(facts, "deployment.instructions", "Instructions for use", Role.MODEL_OWNER),
    )
    return CardSection(id="deployment", title="How it is used", fields=fields)


def _inputs(function: DecisionFunction) -> tuple[str, ...]:
    names = [name for model in function.models for name in model.features]
    return tuple(dict.fromkeys([*names, *(rule.feature for rule in function.rules)]))


_RULE_COLUMNS = (
    Column(key="id", label="Rule", form="code"),
    Column(key="when", label="Applies when", form="code"),
    Column(key="outcome", label="Outcome", form="code"),
    Column(key="reason", label="Reason code", form="code"),
)
_PARAMETER_COLUMNS = (
    Column(key="model", label="Model", form="code"),
    Column(key="name", label="Setting", form="code"),
    Column(key="value", label="Value", form="code"),
)
_LIBRARY_COLUMNS = (
    Column(key="model", label="Model", form="code"),
    Column(key="name", label="Library", form="code"),
    Column(key="version", label="Version", form="code"),
)


def method(facts: CardFacts) -> CardSection:
    """Return how it decides and how its models were made."""
    source, function = facts.function, facts.function.record
    rules: JsonValue = [_rule(rule) for rule in function.rules]
    fields = (
        entered("method.decision_rule", "How it decides", _decision_rule(function), source),
        entered("method.cut_off", "Cut-off", function.cut_off, source, "number"),
        entered("method.refer_margin", "Referral margin", function.refer_margin, source, "number"),
        entered("method.rules", "Fixed rules", rules, source, "table", columns=_RULE_COLUMNS),
        entered("method.features", "Number of inputs", len(_inputs(function)), source, "count"),
        *_training(facts),
        entered("method.catalogue", "Reason catalogue", function.catalogue, source, "digest"),
        asked(facts, "method.third_party", "Third-party parts", Role.SCIENTIST),
        asked(facts, "method.design_choices", "Design choices and why", Role.SCIENTIST),
        asked(facts, "method.trade_offs", "Trade-offs", Role.SCIENTIST),
        asked(facts, "method.resources", "Computing resources", Role.SCIENTIST),
    )
    return CardSection(id="method", title="How it decides", fields=fields)


def _decision_rule(function: DecisionFunction) -> str:
    text = (
        f"A score on the {function.scale.replace('_', ' ')} scale at or above the cut-off gives "
        f"'{function.favourable.value}', a lower one '{function.unfavourable.value}'."
    )
    if function.refer_margin:
        text += " A score closer to the cut-off than the referral margin goes to a person."
    if function.rules:
        text += " Fixed rules come first."
    return text


def _rule(rule: HardRule) -> JsonValue:
    return {
        "id": rule.id,
        "when": f"{rule.feature} {rule.op} {rule.value}",
        "outcome": rule.outcome.value,
        "reason": rule.reason_code,
    }


def _training(facts: CardFacts) -> tuple[CardField, ...]:
    source, function = facts.function, facts.function.record
    settings: list[JsonValue] = [
        {"model": m.name, "name": name, "value": _plain(value)}
        for m in function.models
        for name, value in sorted(_settings(m.parameters, m.seed).items())
    ]
    libraries: list[JsonValue] = [
        {"model": m.name, "name": name, "version": version}
        for m in function.models
        for name, version in sorted(m.library_versions.items())
    ]
    label = "Training settings"
    return (
        entered("method.training", label, settings, source, "table", columns=_PARAMETER_COLUMNS)
        if settings
        else owed("method.training", label, Role.SCIENTIST, "table"),
        entered(
            "method.libraries", "Libraries", libraries, source, "table", columns=_LIBRARY_COLUMNS
        )
        if libraries
        else owed("method.libraries", "Libraries", Role.SCIENTIST, "table"),
    )


def _settings(parameters: dict[str, JsonValue], seed: int | None) -> dict[str, JsonValue]:
    return {**parameters, **({} if seed is None else {"seed": seed})}


def _plain(value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(item)}" for name, item in sorted(value.items()))
    return "none" if value is None else str(value)
