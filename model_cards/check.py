"""Check a card against the log: recompute every field and say what does not agree.

The procedure, in order:

1. the digest the document states is the digest of the core it holds;
2. every piece of evidence the card cites is among the records given;
3. a core built anew from exactly the cited evidence equals the card, field by field;
4. a core built from everything known equals it too: otherwise the card is out of date.

It recomputes fields from evidence, not evidence from rows: `basis` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import JsonValue

from answerable.audit.errors import InvalidInput
from answerable.model_cards.build import build_core
from answerable.model_cards.card import CardCore, CardField, Computed, FromLog, Stated
from answerable.model_cards.facts import CardFacts, Statement

__all__ = ["CardCheck", "CardFinding", "FindingKind", "check_card"]

FindingKind = Literal[
    "digest", "evidence_missing", "edited", "unknown_field", "removed_field", "origin", "stale"
]
_SHOWN: Final = 400


@dataclass(frozen=True, slots=True)
class CardFinding:
    """One thing that does not agree.

    `field` is the id of a card field, or the name of a part of the card.
    """

    kind: FindingKind
    field: str
    what: str
    card_value: JsonValue = None
    evidence_value: JsonValue = None

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form; long values are left to the card itself."""
        return {
            "kind": self.kind,
            "field": self.field,
            "what": self.what,
            "card_value": _short(self.card_value),
            "evidence_value": _short(self.evidence_value),
        }


@dataclass(frozen=True, slots=True)
class CardCheck:
    """What a check found; `ok` means nothing at all."""

    core: str
    fields: int
    recomputed: int
    """Fields computed from evidence that were computed again."""
    findings: tuple[CardFinding, ...]
    basis: Literal["evidence"] = "evidence"

    @property
    def ok(self) -> bool:
        """Whether the card agrees with the log and is current."""
        return not self.findings

    @property
    def exit_code(self) -> int:
        """0 agrees, 4 was altered or rests on unknown evidence, 5 is out of date."""
        kinds = {finding.kind for finding in self.findings}
        if kinds - {"stale"}:
            return 4
        return 5 if kinds else 0

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form, the result of ``answerable card check --json``."""
        return {
            "ok": self.ok,
            "core": self.core,
            "fields": self.fields,
            "recomputed": self.recomputed,
            "basis": self.basis,
            "findings": [finding.to_result() for finding in self.findings],
        }


def _short(value: JsonValue) -> JsonValue:
    return value if len(str(value)) <= _SHOWN else f"{str(value)[:_SHOWN]}…"


def check_card(core: CardCore, facts: CardFacts, *, stated_digest: str | None = None) -> CardCheck:
    """Check a card against the records and evidence of the log.

    Parameters
    ----------
    core : CardCore
        The card.
    facts : CardFacts
        What the log holds now; its own `statements` are ignored, the card's are kept.
    stated_digest : str, optional
        The digest the card's document or the log's entry names.

    Returns
    -------
    CardCheck
        Every field that does not agree, with both values.
    """
    findings: list[CardFinding] = []
    if stated_digest is not None and stated_digest != core.digest:
        what = "the core is not the one that was hashed"
        findings.append(CardFinding("digest", "core", what, core.digest, stated_digest))
    known = {item.record.digest for item in facts.evidence}
    cited = {line.digest for line in core.evidence}
    for missing in sorted(cited - known):
        what = "the card cites evidence that the log does not hold"
        findings.append(CardFinding("evidence_missing", "evidence", what, missing))
    findings += _compared(core, facts, cited, logged=stated_digest == core.digest)
    fields = tuple(core.fields())
    return CardCheck(
        core=core.digest,
        fields=len(fields),
        recomputed=sum(isinstance(field.origin, Computed) for field in fields),
        findings=tuple(findings),
    )


def _compared(
    core: CardCore, facts: CardFacts, cited: set[str], *, logged: bool
) -> Iterator[CardFinding]:
    if core.function != facts.function.record.digest:
        what = "the card is about another decision function"
        digest = facts.function.record.digest
        yield CardFinding("edited", "function", what, core.function, digest)
        return
    facts = replace(facts, statements=_statements(core))
    then = replace(facts, evidence=tuple(e for e in facts.evidence if e.record.digest in cited))
    try:
        rebuilt = build_core(then, code=core.code)
        known_all = len(then.evidence) == len(facts.evidence)
        current = rebuilt if known_all else build_core(facts, code=core.code)
    except InvalidInput as error:
        yield CardFinding("origin", "statements", error.what)
        return
    differences = [*_differences(core, rebuilt, logged=logged)]
    yield from differences
    if not differences and rebuilt.to_json() != core.to_json():
        what = "titles, order or the list of evidence differ from what the records give"
        yield CardFinding("edited", "structure", what, core.digest, rebuilt.digest)
    yield from _outdated(rebuilt, current)


def _statements(core: CardCore) -> dict[str, Statement]:
    return {
        field.id: Statement(field.value, field.origin.actor, field.origin.role)
        for field in core.fields()
        if isinstance(field.origin, Stated)
        and field.origin.entry is None
        and isinstance(field.value, str)
    }


def _differences(core: CardCore, rebuilt: CardCore, *, logged: bool) -> Iterator[CardFinding]:
    # A logged core was not edited since, so a field that names an older entry is out of date.
    expected = {field.id: field for field in rebuilt.fields()}
    for field in core.fields():
        twin = expected.pop(field.id, None)
        if twin is None:
            what = "no record gives this field"
            yield CardFinding("unknown_field", field.id, what, field.value)
        elif twin == field:
            continue
        elif logged and _entry(twin) != _entry(field):
            what = f"{_source(twin)} is newer than the one the card names"
            yield CardFinding("stale", field.id, what, field.value, twin.value)
        elif twin.value != field.value:
            what = f"the value is not what {_source(twin)} gives"
            yield CardFinding("edited", field.id, what, field.value, twin.value)
        else:
            what = "label, form or origin differ from what the records give"
            yield CardFinding("origin", field.id, what, str(field.origin), str(twin.origin))
    for field in expected.values():
        what = "the card leaves out a field the records give"
        yield CardFinding("removed_field", field.id, what, None, field.value)


def _entry(field: CardField) -> str | None:
    return (
        None if field.origin is None or isinstance(field.origin, Computed) else field.origin.entry
    )


def _source(field: CardField) -> str:
    if isinstance(field.origin, Computed):
        return f"evidence {field.origin.evidence}"
    if isinstance(field.origin, FromLog):
        return f"entry {field.origin.entry}"
    return "the log" if field.origin is not None else "the log, which has no value,"


def _outdated(rebuilt: CardCore, current: CardCore) -> Iterator[CardFinding]:
    now = {field.id: field for field in current.fields()}
    for field in rebuilt.fields():
        twin = now.pop(field.id, None)
        if twin != field:
            what = "the log has newer evidence or records for this field"
            value = None if twin is None else twin.value
            yield CardFinding("stale", field.id, what, field.value, value)
    for field in now.values():
        what = "the log has evidence for this field that the card does not know"
        yield CardFinding("stale", field.id, what, None, field.value)
