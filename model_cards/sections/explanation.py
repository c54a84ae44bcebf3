"""How decisions are explained, and which inputs move scores most."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from answerable.audit.kinds import EntryKind
from answerable.audit.records import BaselineVersion, Role
from answerable.model_cards.card import CardField, CardSection, Column
from answerable.model_cards.facts import CardFacts, Logged
from answerable.model_cards.results import ProfileResult
from answerable.model_cards.sections.writing import asked, computed, entered, newest, owed

__all__ = ["explanation"]

_BASELINE_COLUMNS: Final = (
    Column(key="name", label="Baseline", form="code"),
    Column(key="kind", label="Who is in it", form="code"),
    Column(key="rows", label="Rows", form="count"),
    Column(key="digest", label="Digest", form="digest"),
)
_IMPORTANCE_COLUMNS: Final = (
    Column(key="player", label="Input"),
    Column(key="mean_abs", label="Mean absolute contribution", form="number"),
    Column(key="share", label="Part of all", form="share"),
)


def explanation(facts: CardFacts) -> CardSection:
    """Return baselines, languages of reasons and the global importance of inputs."""
    fields = [_baselines(facts), _languages(facts), *_importance(facts)]
    fields.append(asked(facts, "explanation.reading", "How to read it", Role.SCIENTIST))
    return CardSection(id="explanation", title="Explanation", fields=tuple(fields))


def _baselines(facts: CardFacts) -> CardField:
    label = "Baselines of comparison"
    if not facts.baselines:
        return owed("explanation.baselines", label, Role.SCIENTIST, "table")
    rows: list[JsonValue] = [_baseline(source) for source in facts.baselines]
    first = facts.baselines[0]
    return entered("explanation.baselines", label, rows, first, "table", columns=_BASELINE_COLUMNS)


def _baseline(source: Logged[BaselineVersion]) -> JsonValue:
    record = source.record
    return {
        "name": record.name,
        "kind": record.kind,
        "rows": record.rows,
        "digest": record.digest,
    }


def _languages(facts: CardFacts) -> CardField:
    label = "Languages of reasons"
    if facts.catalogue is None:
        return owed("explanation.languages", label, Role.MODEL_OWNER, "list")
    languages: list[JsonValue] = [*facts.catalogue.record.languages]
    return entered("explanation.languages", label, languages, facts.catalogue, "list")


def _importance(facts: CardFacts) -> list[CardField]:
    kind = EntryKind.EXPLANATION_PROFILED.value
    evidence = newest(facts, kind, of_function=True)
    label = "Importance of inputs"
    if evidence is None:
        return [owed("explanation.importance", label, Role.SCIENTIST, "table")]
    profile = ProfileResult.read(evidence.record.result)
    rows: list[JsonValue] = [
        {"player": item.player, "mean_abs": item.mean_abs, "share": item.share}
        for item in profile.importances
    ]
    fields = [
        computed(
            "explanation.importance", label, rows, evidence, "table", columns=_IMPORTANCE_COLUMNS
        )
    ]
    if profile.method:
        text = f"{profile.method}, {'exact' if profile.exact else 'approximate'}"
        fields.append(computed("explanation.method", "Method", text, evidence))
    return fields
