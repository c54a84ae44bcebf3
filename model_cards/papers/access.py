"""The access package to read: the same facts as its JSON, in sentences and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from answerable.model_cards.papers.paper import (
    Block,
    Heading,
    Paper,
    PaperSection,
    Points,
    Sentence,
    Table,
)
from answerable.model_cards.papers.phrases import Phrases, listed, phrases_in, text_of

__all__ = ["access_paper", "contact_rows", "recipient_rows", "storage_rows"]

Json = Mapping[str, JsonValue]
_CONTACT: Final = ("name", "address", "email", "phone")


def access_paper(result: Json, *, language: str) -> Paper:
    """Return an access package as a paper.

    Parameters
    ----------
    result : Mapping[str, JsonValue]
        What ``access.json`` holds.
    language : str
        ``en`` or ``de``; explanations are in the language the package was made in.

    Returns
    -------
    Paper
        Ready to be written as page or text.

    Raises
    ------
    InvalidInput
        If papers are not written in this language.
    """
    say = phrases_in(language)
    parts: list[tuple[str, list[Block]]] = [
        ("controller", _controller(result, say)),
        ("purposes", _purposes(result, say)),
        ("data", _data(result, say)),
        ("recipients", _recipients(result, say)),
        ("sources", _sources(result, say)),
        ("storage", _storage(result, say)),
        ("automated", list(_automated(result, say))),
        ("held", list(_held(result, say))),
        ("state", _state(result, say)),
        ("requests", _requests(result, say)),
        ("reads", _reads(result, say)),
        ("rights", _rights(result, say)),
        ("missing", _missing(result, say)),
        ("check", _check(result, say)),
    ]
    return Paper(
        kind=say("access_kind"),
        title=say("access_title"),
        lead=f"{say('access_lead')} {say.when(result.get('written_at'))}.",
        language=say.language,
        sections=tuple(
            PaperSection(name, say(f"{name}_title"), tuple(blocks)) for name, blocks in parts
        ),
    )


def contact_rows(contacts: Json, say: Phrases, *names: str) -> list[tuple[str, ...]]:
    """Return a row for each contact of an organisation that was stated.

    Returns
    -------
    list of tuple of str
        What they are, and how to reach them.
    """
    rows: list[tuple[str, ...]] = []
    for name in names:
        held = contacts.get(name)
        contacted = held if isinstance(held, list) else [held]
        rows += [
            (say(name), ", ".join(text for key in _CONTACT if (text := text_of(item.get(key)))))
            for item in contacted
            if isinstance(item, dict)
        ]
    return rows


def recipient_rows(recipients: list[dict[str, JsonValue]], say: Phrases) -> list[tuple[str, ...]]:
    """Return a row for each recipient: name, role, country, safeguard.

    Returns
    -------
    list of tuple of str
        Countries outside the European Economic Area are marked.
    """
    return [
        (
            say.own(item.get("name")),
            say.code(item.get("role")),
            _marked(item, "country", "third_country", say("third")),
            say.own(item.get("safeguard")),
        )
        for item in recipients
    ]


def _marked(item: Json, name: str, mark: str, words: str) -> str:
    text = text_of(item.get(name))
    return f"{text} ({words})" if item.get(mark) else text


def storage_rows(periods: list[dict[str, JsonValue]], say: Phrases) -> list[tuple[str, ...]]:
    """Return a row for each purpose: how long data is kept, or what decides that.

    Returns
    -------
    list of tuple of str
        In the order given.
    """
    return [
        (
            say.code(item.get("purpose")),
            f"{item['days']} {say('days')}" if item.get("days") else "",
            say.own(item.get("criteria")),
        )
        for item in periods
    ]


def _or_nothing(say: Phrases, table: Table, *, nothing: str = "not_stated") -> list[Block]:
    return [table] if table.rows else [Sentence(say(nothing))]


def _controller(result: Json, say: Phrases) -> list[Block]:
    held = result.get("controller")
    rows = contact_rows(
        held if isinstance(held, dict) else {},
        say,
        "controller",
        "joint_controllers",
        "representative",
        "data_protection_officer",
    )
    return _or_nothing(say, say.table("controller_title", "who contact", rows))


def _purposes(result: Json, say: Phrases) -> list[Block]:
    rows: list[tuple[str, ...]] = [
        (
            say.own(item.get("name")) or say.code(item.get("purpose")),
            say.code(item.get("lawful_basis")),
            text_of(item.get("functions")),
        )
        for item in listed(result, "purposes")
    ]
    table = say.table("purposes_title", "purpose basis functions", rows)
    return _or_nothing(say, table, nothing="no_decisions")


def _data(result: Json, say: Phrases) -> list[Block]:
    held = result.get("categories_of_data")
    categories = held if isinstance(held, dict) else {}
    stated = tuple(say.own(item.get("name")) for item in listed(categories, "stated"))
    rows: list[tuple[str, ...]] = [
        (say.code(item.get("category")), str(len(entries)))
        for item in listed(categories, "held")
        if isinstance(entries := item.get("entries"), list)
    ]
    blocks: list[Block] = [Points(stated)] if stated else []
    blocks += _or_nothing(say, say.table("held_categories", "category count", rows))
    inputs = text_of(categories.get("inputs"))
    return [*blocks, Sentence(f"{say('inputs')}: {inputs}.")] if inputs else blocks


def _recipients(result: Json, say: Phrases) -> list[Block]:
    if result.get("recipients") == []:
        return [Sentence(say("no_recipients"))]
    rows = recipient_rows(listed(result, "recipients"), say)
    table = say.table("recipients_title", "recipient role country safeguard", rows)
    blocks = _or_nothing(say, table)
    told: list[tuple[str, ...]] = [
        (
            text_of(item.get("recipient")),
            say.code(item.get("result")),
            say.when(item.get("told_at")),
        )
        for item in listed(result, "recipients_told")
    ]
    return [*blocks, say.table("told_title", "recipient outcome time", told)] if told else blocks


def _sources(result: Json, say: Phrases) -> list[Block]:
    public = say("public")
    sources = tuple(
        _marked({**item, "name": say.own(item.get("name"))}, "name", "publicly_available", public)
        for item in listed(result, "sources")
    )
    return [Points(sources)] if sources else [Sentence(say("not_stated"))]


def _storage(result: Json, say: Phrases) -> list[Block]:
    rows = storage_rows(listed(result, "storage"), say)
    return _or_nothing(say, say.table("storage_title", "purpose period criteria", rows))


def _automated(result: Json, say: Phrases) -> Iterator[Block]:
    held = result.get("automated_decisions")
    told = held if isinstance(held, dict) else {}
    yield Sentence(say("automated_yes" if told.get("exists") else "automated_no"))
    if told.get("statement"):
        yield Sentence(say.own(told["statement"]))
    decisions = listed(told, "decisions")
    consequences = dict.fromkeys(text_of(item.get("consequences")) for item in decisions)
    for text in filter(None, consequences):
        yield Sentence(text)
    for decision in decisions:
        yield Heading(f"{say('decision')} {text_of(decision.get('decision_id'))}")
        yield Sentence(
            f"{say.when(decision.get('decided_at'))}: {say.code(decision.get('outcome'))}; "
            f"{say.code(decision.get('automation'))}."
        )
        if decision.get("why_not"):
            yield Sentence(say.code(decision["why_not"]))
        for section in listed(decision, "sections"):
            yield from _explained(section)


def _explained(section: Json) -> Iterator[Block]:
    yield Heading(text_of(section.get("heading")))
    held = section.get("paragraphs")
    paragraphs = [text_of(text) for text in held] if isinstance(held, list) else []
    for paragraph in paragraphs[:1]:
        yield Sentence(paragraph)
    items = tuple(
        f"{text_of(item.get('text'))} {text_of(item.get('detail'))}".strip()
        for item in listed(section, "items")
    )
    if items:
        yield Points(items)
    for paragraph in paragraphs[1:]:
        yield Sentence(paragraph)
    rows = section.get("rows")
    pairs = tuple(
        f"{text_of(row[0])}: {text_of(row[1])}"
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, list)
    )
    if pairs:
        yield Points(pairs)


def _held(result: Json, say: Phrases) -> Iterator[Block]:
    entries = listed(result, "entries")
    if not entries:
        yield Sentence(say("nothing_held"))
    for entry in entries:
        yield Heading(f"{say.code(entry.get('kind'))}, {say.when(entry.get('ts'))}")
        yield Sentence(f"{say('entry')} {text_of(entry.get('entry_id'))}.")
        if entry.get("erased") and entry.get("record") is None:
            yield Sentence(say("erased"))
        if entry.get("withheld"):
            yield Sentence(say("withheld"))
        yield from _facts(entry, say)


def _facts(entry: Json, say: Phrases) -> Iterator[Block]:
    """Yield what an entry holds that a person can read; the JSON holds the rest."""
    record, own = entry.get("record"), entry.get("own_data")
    rows: list[tuple[str, ...]] = []
    if isinstance(own, dict):
        rows += [(key, text_of(value)) for key, value in own.items()]
    if isinstance(record, dict):
        inputs = record.get("inputs")
        if entry.get("kind") == "decision" and isinstance(inputs, dict):
            rows += [(key, text_of(value)) for key, value in inputs.items()]
        for name in ("grounds", "statement", "fields", "note", "result"):
            value = record.get(name)
            if value and not isinstance(value, dict):
                rows.append((say(f"field_{name}"), text_of(value)))
            elif value and name == "fields":
                rows.append((say("field_fields"), text_of(value)))
    if rows:
        yield say.table("content", "field value", rows)


def _state(result: Json, say: Phrases) -> list[Block]:
    rows: list[tuple[str, ...]] = [
        (say("restricted"), say.when(item.get("since"))) for item in listed(result, "restrictions")
    ]
    rows += [
        (say("objected"), say.when(item.get("since"))) for item in listed(result, "objections")
    ]
    rows += [
        (say("hold"), f"{text_of(item.get('ground'))}, {text_of(item.get('reference'))}")
        for item in listed(result, "holds")
    ]
    return _or_nothing(say, say.table("state_title", "what detail", rows), nothing="no_state")


def _requests(result: Json, say: Phrases) -> list[Block]:
    rows: list[tuple[str, ...]] = [
        (
            say.code(item.get("request")),
            say.when(item.get("received_at")),
            text_of(item.get("due_on")),
            say.code(item.get("outcome")) or say("open"),
        )
        for item in listed(result, "requests")
    ]
    table = say.table("requests_title", "request received due outcome", rows)
    return _or_nothing(say, table, nothing="no_requests")


def _reads(result: Json, say: Phrases) -> list[Block]:
    rows: list[tuple[str, ...]] = [
        (
            say.when(item.get("ts")),
            say.code(item.get("role")),
            text_of(item.get("purpose")),
            text_of(item.get("query")),
        )
        for item in listed(result, "reads")
    ]
    table = say.table("reads_title", "time role purpose query", rows)
    return [Sentence(say("no_staff")), *_or_nothing(say, table, nothing="no_reads")]


def _rights(result: Json, say: Phrases) -> list[Block]:
    rights = tuple(
        f"{say('right_' + text_of(item.get('right')))} ({text_of(item.get('article'))})"
        for item in listed(result, "rights")
    )
    held = result.get("complaint_authority")
    rows = contact_rows({"authority": held}, say, "authority")
    return [Points(rights), *_or_nothing(say, say.table("authority", "who contact", rows))]


def _missing(result: Json, say: Phrases) -> list[Block]:
    items = tuple(
        f"{say('owed_' + text_of(item.get('item')))}"
        f"{': ' + text_of(item['of']) if item.get('of') else ''} ({text_of(item.get('article'))})"
        for item in listed(result, "missing")
    )
    return [Sentence(say("missing_lead")), Points(items)] if items else [Sentence(say("complete"))]


def _check(result: Json, say: Phrases) -> list[Block]:
    return [
        Sentence(say("check_how")),
        Points(
            (
                f"{say('log')}: {text_of(result.get('log'))}",
                f"{say('verification_key')}: {text_of(result.get('verification_key'))}",
                f"{say('reference')}: {text_of(result.get('ref'))}",
            )
        ),
        Sentence(say("left_out")),
    ]
