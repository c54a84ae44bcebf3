"""Turn the facts of a decision into the sections of a letter, in plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from answerable.audit.errors import EngineError, InvalidInput
from answerable.audit.records import Outcome
from answerable.explain.catalogue import Player
from answerable.explain.letters.facts import LetterFacts
from answerable.explain.letters.texts import LetterTexts, one_line
from answerable.explain.letters.views import View
from answerable.explain.reasons import Reason

__all__ = ["Item", "Section", "build_sections"]

_SCORE_DECIMALS: Final = 3


@dataclass(frozen=True)
class Item:
    """One reason or change: a sentence, and what stands behind it."""

    text: str
    detail: str = ""


@dataclass(frozen=True)
class Section:
    """One section of a letter, ready for a page template."""

    id: str
    heading: str
    paragraphs: tuple[str, ...]
    items: tuple[Item, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()


def build_sections(facts: LetterFacts, view: View, texts: LetterTexts) -> tuple[Section, ...]:
    """Write the sections that `view` prescribes.

    Parameters
    ----------
    facts : LetterFacts
        Checked for this view.
    view : View
    texts : LetterTexts

    Returns
    -------
    tuple of Section
        In the order of the view, each with content.

    Raises
    ------
    InvalidInput
        If the catalogue or the use case has no text in this language.
    EngineError
        If a prescribed section came out empty.
    """
    values = _values(facts, texts)
    items: dict[str, Callable[[LetterFacts, LetterTexts], Iterable[Item]]] = {
        "reasons": _reasons,
        "change": _changes,
    }
    rows: dict[str, Callable[[LetterFacts, LetterTexts], Iterable[tuple[str, str]]]] = {
        "data": _data,
        "reference": _reference,
        "technical": _technical,
    }
    found = []
    for name in view.sections:
        text = texts.file.sections[name]
        paragraphs = tuple(texts.fill(paragraph, values) for paragraph in text.paragraphs)
        section = Section(
            name,
            text.heading,
            tuple(paragraph for paragraph in paragraphs if paragraph),
            tuple(items[name](facts, texts)) if name in items else (),
            tuple(
                (one_line(label), one_line(value))
                for label, value in (rows[name](facts, texts) if name in rows else ())
            ),
        )
        if not (section.paragraphs or section.items or section.rows):
            raise EngineError(f"the section '{name}' came out empty", where=f"view {view.name}")
        found.append(section)
    return tuple(found)


def subject_title(facts: LetterFacts, texts: LetterTexts) -> str:
    """Return what was applied for, in the letter's language.

    Returns
    -------
    str

    Raises
    ------
    InvalidInput
        If the use case has no title in this language.
    """
    title = facts.use_case.title.get(texts.language)
    if not title:
        raise InvalidInput(
            f"the use case has no title in '{texts.language}'",
            where=f"use case {facts.use_case.name}",
            remedy="Add it, or choose another language.",
        )
    return title


def _values(facts: LetterFacts, texts: LetterTexts) -> dict[str, object]:
    explanation, use_case, function = facts.explanation, facts.use_case, facts.function
    found = explanation.counterfactuals
    report = facts.consumer_report
    knocked_out = explanation.rule is not None and explanation.outcome is not Outcome.REFER
    game = None if explanation.attribution is None else explanation.attribution.game
    return {
        "outcome": explanation.outcome.value,
        "outcome_code": explanation.outcome_code,
        "subject": subject_title(facts, texts),
        "decided_on": texts.date(facts.decided_at),
        "valid_until": texts.date(explanation.valid_until),
        "function": f"{function.name}@{function.version}",
        "controller": use_case.controller,
        "contact": use_case.contact,
        "purpose": texts.code(use_case.purpose),
        "basis": texts.code(use_case.lawful_basis),
        "risk_class": texts.code(use_case.risk_class),
        "intended_purpose": use_case.intended_purpose,
        "oversight": use_case.oversight,
        "affected": use_case.affected_persons,
        "out_of_scope": "; ".join(use_case.out_of_scope) or "-",
        "retention_days": use_case.retention_days,
        "automation": facts.automation.value,
        "has_reasons": bool(explanation.reasons),
        "by_rule": explanation.determined_by == "rule",
        "by_knock_out": knocked_out,
        "recourse": found[0].status if found else "none",
        "follows": _follows(facts, texts),
        "rule_count": len(function.rules),
        "has_refer_margin": function.refer_margin > 0,
        **_scores(explanation.score, explanation.cut_off, texts),
        "game": game,
        "baseline_people": texts.code(explanation.baseline_kind),
        "review_days": facts.review_days,
        "creditor_address": facts.creditor_address,
        "authority": facts.authority,
        "federal_agency": facts.federal_agency,
        "data_source": facts.data_source,
        "report_used": report is not None and report.used,
        "report_agency": report.agency if report is not None else "",
    }


def _scores(score: float | None, cut_off: float, texts: LetterTexts) -> dict[str, str]:
    """Return both in words, with digits enough to tell them apart."""
    if score is None:
        return {"score": texts.word("missing"), "cut_off": texts.number(cut_off, _SCORE_DECIMALS)}
    decimals = _SCORE_DECIMALS
    while score != cut_off and round(score, decimals) == round(cut_off, decimals):
        decimals += 1
    return {"score": texts.number(score, decimals), "cut_off": texts.number(cut_off, decimals)}


def _reasons(facts: LetterFacts, texts: LetterTexts) -> Iterable[Item]:
    for reason in facts.explanation.reasons:
        text = facts.catalogue.text(reason.code, texts.language)
        if reason.adverse_side:
            sentence = text.reason
        else:
            sentence = texts.word("neutral_reason", title=text.title)
        yield Item(one_line(sentence), one_line(_reason_detail(facts, texts, reason)))


def _reason_detail(facts: LetterFacts, texts: LetterTexts, reason: Reason) -> str:
    player = _player_of(facts, reason.player)
    if player is None or len(player.columns) != 1:
        return ""
    value = texts.value(player, reason.value)
    if reason.source == "rule":
        return texts.word("limit", value=value, limit=texts.value(player, reason.reference))
    return texts.word("stated", value=value)


def _player_of(facts: LetterFacts, name: str) -> Player | None:
    """Return the player of this name, or the one that holds this column."""
    for player in facts.catalogue.players:
        if player.name == name or name in player.columns:
            return player
    return None


def _changes(facts: LetterFacts, texts: LetterTexts) -> Iterable[Item]:
    for found in facts.explanation.counterfactuals:
        for change in found.asked:
            player = facts.catalogue.player(change.player)
            text = facts.catalogue.text(player.code, texts.language)
            sentence = texts.word(
                "change",
                title=text.title,
                before=texts.value(player, change.before),
                after=texts.value(player, change.after),
            )
            yield Item(one_line(sentence), one_line(text.advice))


def _follows(facts: LetterFacts, texts: LetterTexts) -> str:
    found = facts.explanation.counterfactuals
    derived = [change for item in found for change in item.changes if change.derived]
    if not derived:
        return ""
    items = [
        texts.word(
            "follows_item",
            title=facts.catalogue.text(
                facts.catalogue.player(change.player).code, texts.language
            ).title,
            after=texts.value(facts.catalogue.player(change.player), change.after),
        )
        for change in derived
    ]
    return texts.word("follows", items="; ".join(items))


def _data(facts: LetterFacts, texts: LetterTexts) -> Iterable[tuple[str, str]]:
    attribution = facts.explanation.attribution
    if attribution is None:
        for reason in facts.explanation.reasons:
            player = _player_of(facts, reason.player)
            if player is not None:
                yield _title(facts, texts, player), texts.value(player, reason.value)
        return
    for name in attribution.values:
        player = facts.catalogue.player(name)
        title = _title(facts, texts, player)
        for column in player.columns:
            label = title if len(player.columns) == 1 else f"{title} ({column})"
            yield label, texts.value(player, attribution.inputs[name].get(column))


def _title(facts: LetterFacts, texts: LetterTexts, player: Player) -> str:
    return facts.catalogue.text(player.code, texts.language).title


def _reference(facts: LetterFacts, texts: LetterTexts) -> Iterable[tuple[str, str]]:
    explanation = facts.explanation
    yield texts.word("reference_decision"), facts.reference
    yield texts.word("reference_function"), f"{facts.function.name}@{facts.function.version}"
    yield texts.word("reference_model"), _hex(explanation.model)
    yield texts.word("reference_explanation"), _hex(explanation.digest)
    yield texts.word("reference_receipt"), facts.receipt
    if any(found.status == "valid" for found in explanation.counterfactuals):
        yield texts.word("reference_valid"), texts.date(explanation.valid_until)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _technical(facts: LetterFacts, texts: LetterTexts) -> Iterable[tuple[str, str]]:
    explanation, word = facts.explanation, texts.word
    yield word("technical_outcome"), explanation.outcome_code
    determined = explanation.determined_by
    rule = f" {explanation.rule}" if explanation.rule else ""
    yield word("technical_determined"), f"{determined}{rule}"
    scale = texts.code(explanation.score_scale)
    scores = f"{_exact(explanation.score, texts)}; {explanation.cut_off!r}"
    yield word("technical_score", scale=scale), scores
    yield word("technical_function"), _hex(explanation.function)
    yield word("technical_catalogue"), _hex(explanation.catalogue)
    baseline = f"{explanation.baseline_name} ({facts.baseline.rows})"
    yield word("technical_baseline"), baseline
    yield word("technical_baseline_digest"), _hex(explanation.baseline)
    engines = {**explanation.engines, "answerable": explanation.code}
    yield word("technical_engines"), ", ".join(f"{name} {at}" for name, at in engines.items())
    yield word("technical_near_tie"), word("yes" if explanation.near_tie else "no")
    for finding in explanation.findings:
        yield word("technical_finding"), finding
    yield from _attribution_rows(facts, texts)


def _exact(value: float | None, texts: LetterTexts) -> str:
    return texts.word("missing") if value is None else repr(value)


def _attribution_rows(facts: LetterFacts, texts: LetterTexts) -> Iterable[tuple[str, str]]:
    explanation, word = facts.explanation, texts.word
    attribution = explanation.attribution
    if attribution is None:
        return
    yield word("technical_method"), f"{attribution.method}, {attribution.game}"
    yield word("technical_output"), f"{attribution.output!r}; {explanation.threshold!r}"
    yield word("technical_base"), repr(attribution.base_value)
    yield word("technical_residual"), f"{attribution.residual!r}; {attribution.tolerance!r}"
    for name, value in attribution.values.items():
        player = facts.catalogue.player(name)
        yield word("technical_attribution", title=_title(facts, texts, player)), repr(value)
