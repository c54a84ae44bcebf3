"""The record of processing activities to read: the same facts as its JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from answerable.model_cards.papers.access import contact_rows, recipient_rows, storage_rows
from answerable.model_cards.papers.paper import (
    Block,
    Heading,
    Paper,
    PaperSection,
    Points,
    Sentence,
)
from answerable.model_cards.papers.phrases import Phrases, listed, phrases_in, text_of

__all__ = ["processing_paper"]

Json = Mapping[str, JsonValue]


def processing_paper(result: Json, *, language: str) -> Paper:
    """Return a record of processing as a paper.

    Parameters
    ----------
    result : Mapping[str, JsonValue]
        What ``answerable record-of-processing --json`` writes.
    language : str
        ``en`` or ``de``.

    Returns
    -------
    Paper
        Ready to be written as page, text or Markdown.

    Raises
    ------
    InvalidInput
        If papers are not written in this language.
    """
    say = phrases_in(language)
    activities = listed(result, "activities")
    sections = [PaperSection("controller", say("controller_title"), tuple(_who(result, say)))]
    sections += [
        PaperSection(
            f"activity-{number}",
            say.own(activity.get("title")) or text_of(activity.get("use_case")),
            tuple(_activity(activity, say)),
        )
        for number, activity in enumerate(activities, start=1)
    ]
    sections += [
        PaperSection("security", say("security_title"), tuple(_security(result, say))),
        PaperSection("counts", say("counts_title"), tuple(_counts(result, say))),
        PaperSection("missing", say("missing_title"), tuple(_missing(result, say))),
        PaperSection("check", say("rests_title"), tuple(_rests(result, say))),
    ]
    return Paper(
        kind=say("processing_kind"),
        title=say("processing_title"),
        lead=f"{say('processing_lead')} {say.when(result.get('written_at'))}.",
        language=say.language,
        sections=tuple(sections),
    )


def _who(result: Json, say: Phrases) -> Iterator[Block]:
    held = result.get("organisation")
    names = ("controller", "joint_controllers", "representative", "data_protection_officer")
    rows = contact_rows(held if isinstance(held, dict) else {}, say, *names)
    yield (
        say.table("controller_title", "who contact", rows) if rows else Sentence(say("not_stated"))
    )


def _activity(activity: Json, say: Phrases) -> Iterator[Block]:
    purpose = say.own(activity.get("purpose_name")) or say.code(activity.get("purpose"))
    facts: list[tuple[str, ...]] = [
        (say("purpose"), purpose),
        (say("basis"), say.code(activity.get("lawful_basis"))),
        (say("risk_class"), say.code(activity.get("risk_class"))),
        (say("subjects"), text_of(activity.get("categories_of_subjects"))),
        (say("data_title"), _categories(activity, say) or say("not_stated")),
    ]
    yield say.table("activity", "what detail", facts)
    yield from _flows(activity, say)
    rows: list[tuple[str, ...]] = [
        (
            text_of(item.get("name")),
            text_of(item.get("state")),
            text_of(item.get("decisions")),
            text_of(item.get("by_outcome")),
            f"{text_of(item.get('first_day'))} – {text_of(item.get('last_day'))}"
            if item.get("first_day")
            else "",
        )
        for item in listed(activity, "functions")
    ]
    if rows:
        yield say.table("functions", "function state count outcome days_seen", rows)
    yield Sentence(f"{say('rests')}: {text_of(activity.get('rests_on'))}.")


def _categories(activity: Json, say: Phrases) -> str:
    held = activity.get("categories_of_data")
    categories = held if isinstance(held, dict) else {}
    stated = [say.own(item.get("name")) for item in listed(categories, "stated")]
    inputs = text_of(categories.get("inputs"))
    groups = text_of(categories.get("protected_attributes"))
    parts = [*stated]
    parts += [f"{say('inputs')}: {inputs}"] if inputs else []
    parts += [f"{say('groups')}: {groups}"] if groups else []
    return "; ".join(parts)


def _flows(activity: Json, say: Phrases) -> Iterator[Block]:
    recipients = recipient_rows(listed(activity, "recipients"), say)
    if recipients:
        yield say.table("recipients_title", "recipient role country safeguard", recipients)
    else:
        stated = activity.get("recipients") == []
        yield Heading(say("recipients_title"))
        yield Sentence(say("no_recipients" if stated else "not_stated"))
    limits = activity.get("time_limits")
    periods = storage_rows([limits] if isinstance(limits, dict) else [], say)
    if periods:
        yield say.table("storage_title", "purpose period criteria", periods)
    else:
        yield Heading(say("storage_title"))
        yield Sentence(say("not_stated"))


def _security(result: Json, say: Phrases) -> Iterator[Block]:
    measures = tuple(say.own(item) for item in listed(result, "security_measures"))
    yield Points(measures) if measures else Sentence(say("not_stated"))


def _counts(result: Json, say: Phrases) -> Iterator[Block]:
    held = result.get("counts")
    rows: list[tuple[str, ...]] = [
        (say.code(name), text_of(count))
        for name, count in (held.items() if isinstance(held, dict) else ())
    ]
    yield say.table("counts_title", "what count", rows)


def _missing(result: Json, say: Phrases) -> Iterator[Block]:
    items = tuple(
        f"{say('owed_' + text_of(item.get('item')))}"
        f"{': ' + text_of(item['of']) if item.get('of') else ''} ({text_of(item.get('article'))})"
        for item in listed(result, "missing")
    )
    if not items:
        yield Sentence(say("complete"))
        return
    yield Sentence(say("missing_lead"))
    yield Points(items)


def _rests(result: Json, say: Phrases) -> Iterator[Block]:
    profile = text_of(result.get("profile_entry"))
    facts = [
        f"{say('log')}: {text_of(result.get('log'))}",
        f"{say('verification_key')}: {text_of(result.get('verification_key'))}",
    ]
    facts += [f"{say('profile')}: {profile}"] if profile else []
    yield Points(tuple(facts))
