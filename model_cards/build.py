"""Build a card's core from the log's records and evidence, and put it back into evidence.

Promise: the same facts give the same bytes; no number is typed; a statement for a field
that is computed, registered or unknown is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from answerable.audit.canonical import parse_canonical
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Evidence
from answerable.model_cards.card import (
    CardCore,
    CardField,
    CardSection,
    Computed,
    EvidenceLine,
    Stated,
)
from answerable.model_cards.facts import CardFacts
from answerable.model_cards.sections import conduct, data, explanation, outcomes, system

__all__ = ["RESULT_TYPE", "build_core", "card_evidence", "core_of"]

RESULT_TYPE = "answerable.model-card.v1"


def build_core(facts: CardFacts, *, code: str) -> CardCore:
    """Build the immutable core of a card.

    Parameters
    ----------
    facts : CardFacts
        Records and evidence about one decision function.
    code : str
        Version of Answerable that builds it.

    Returns
    -------
    CardCore
        With the evidence it rests on; equal facts give equal bytes.

    Raises
    ------
    InvalidInput
        If a statement names a field that is not for persons to fill, or evidence is not
        of the form its kind promises.
    """
    function = facts.function.record
    sections = _sections(facts)
    _require_askable(facts, sections)
    return CardCore(
        function=function.digest,
        name=function.name,
        version=function.version,
        sections=sections,
        evidence=_evidence(facts, sections),
        code=code,
    )


def _sections(facts: CardFacts) -> tuple[CardSection, ...]:
    return (
        system.identity(facts),
        system.purpose(facts),
        system.deployment(facts),
        system.method(facts),
        data.data(facts),
        outcomes.performance(facts),
        outcomes.fairness(facts),
        conduct.robustness(facts),
        explanation.explanation(facts),
        conduct.oversight(facts),
        conduct.logging(facts),
        conduct.risks(facts),
        conduct.changes(facts),
        conduct.conformity(facts),
    )


def _require_askable(facts: CardFacts, sections: Sequence[CardSection]) -> None:
    taken = {field.id for section in sections for field in section.fields if _is_statement(field)}
    wrong = sorted(set(facts.statements) - taken)
    if wrong:
        raise InvalidInput(
            f"the field '{wrong[0]}' is not for a person to fill, or was given no text",
            where="card statements",
            remedy="State only fields that read 'not provided'.",
        )


def _is_statement(field: CardField) -> bool:
    return isinstance(field.origin, Stated) and field.origin.entry is None


def _evidence(facts: CardFacts, sections: Sequence[CardSection]) -> tuple[EvidenceLine, ...]:
    cited = {
        field.origin.evidence
        for section in sections
        for field in section.fields
        if isinstance(field.origin, Computed)
    }
    lines: dict[str, EvidenceLine] = {}
    for item in facts.evidence:
        record = item.record
        # The first entry: assessing the same rows again is another look, not another result.
        if record.digest in cited and record.digest not in lines:
            lines[record.digest] = EvidenceLine(
                digest=record.digest,
                kind=record.kind,
                entry=item.entry,
                inputs=dict(sorted(record.inputs.items())),
                code=record.code,
                seed=record.seed,
                engines=dict(sorted(record.engines.items())),
            )
    return tuple(sorted(lines.values(), key=lambda line: (line.kind, line.digest)))


def card_evidence(core: CardCore) -> Evidence:
    """Return the core as evidence for the log, of kind ``card.built``.

    Parameters
    ----------
    core : CardCore
        The card.

    Returns
    -------
    Evidence
        Its inputs name the function and every piece of evidence the card cites.
    """
    inputs = {f"{line.kind}:{place}": line.digest for place, line in enumerate(core.evidence)}
    result = parse_canonical(core.to_json())
    return Evidence.parse(
        {
            "kind": EntryKind.CARD_BUILT.value,
            "inputs": {"function": core.function, **inputs},
            "code": core.code,
            "result_type": RESULT_TYPE,
            "result": result,
        }
    )


def core_of(evidence: Evidence) -> CardCore:
    """Return the core that stands in evidence of kind ``card.built``.

    Returns
    -------
    CardCore
        The card as it was built.

    Raises
    ------
    InvalidInput
        If the evidence holds no card.
    """
    if evidence.result_type != RESULT_TYPE:
        raise InvalidInput("this evidence holds no card", where=f"evidence {evidence.digest}")
    value: JsonValue = evidence.result
    return CardCore.parse(value)
