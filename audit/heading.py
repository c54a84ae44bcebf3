"""From a draft to its header: as a checked record, or as the bytes alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from pydantic import JsonValue

from answerable.audit.canonical import header_json, subset_json
from answerable.audit.entries import HEADER_LIMIT, Draft, Header, HeaderSubject
from answerable.audit.errors import InvalidInput, TooLarge
from answerable.audit.keys.sealing import PlainPart
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Automation, Decision, EntryLink, Role

__all__ = [
    "HeaderForm",
    "Stamp",
    "header_form",
    "header_of",
    "is_same_entry",
    "require_as_decided",
    "written_header",
]

_ANY_ID: Final = "00000000-0000-7000-8000-000000000000"
_ANY_REF: Final = f"s-{'0' * 32}"
_QUOTED: Final = "~"
"""Marks the place of a text; no field of a header may hold it."""
_UNQUOTED: Final = "~~"


class Stamp(NamedTuple):
    """What the writer adds to a draft: log, time, keyed reference, hidden group cell."""

    origin: str
    ts: int
    reference: str | None
    cell: str | None


def header_of(
    draft: Draft,
    stamp: Stamp,
    subjects: Sequence[HeaderSubject],
    parts: Sequence[dict[str, JsonValue]],
) -> Header:
    """Return the header of an entry.

    Returns
    -------
    Header
        Not yet checked for its size in bytes.

    Raises
    ------
    InvalidInput
        If a field of the draft is malformed; the message names the field.
    """
    return Header.parse(
        {
            "log": stamp.origin,
            "kind": draft.kind,
            "id": draft.entry_id,
            "ts": stamp.ts,
            "at": draft.claimed_at,
            "ref": stamp.reference,
            "actor": draft.actor,
            "role": draft.role,
            "links": draft.links,
            "function": draft.function,
            "outcome": draft.outcome_code,
            "automation": draft.automation,
            "subjects": tuple(subjects),
            "supersedes": draft.supersedes,
            "purpose": draft.purpose,
            "basis": draft.lawful_basis,
            "release": draft.release,
            "cell": stamp.cell,
            "parts": tuple(parts),
        }
    )


class HeaderForm(NamedTuple):
    """What headers of one form share: checked once, then filled in."""

    text: str
    """With ``%s`` for what is each entry's own, in the order of :func:`written_header`."""
    columns: tuple[str, str | None, str | None, str | None]
    """Kind, function, outcome code, automation: what entries are found by."""


def header_form(draft: Draft, stamp: Stamp, roles: tuple[str, ...]) -> HeaderForm:
    """Return the form of an entry's header.

    Parameters
    ----------
    draft : Draft
        What is appended.
    stamp : Stamp
        What the writer adds.
    roles : tuple of str
        Of the subjects.

    Returns
    -------
    HeaderForm
        One object for all entries of the form.

    Raises
    ------
    InvalidInput
        If a field of the draft that is part of the form is malformed; the message names it.
    """
    return _form(
        stamp.origin,
        draft.kind,
        draft.actor,
        draft.role,
        draft.function,
        draft.outcome_code,
        draft.automation,
        draft.purpose,
        draft.lawful_basis,
        draft.release,
        roles,
        (
            draft.claimed_at is not None,
            stamp.cell is not None,
            bool(draft.links),
            stamp.reference is not None,
            draft.supersedes is not None,
        ),
    )


def written_header(
    form: HeaderForm, draft: Draft, stamp: Stamp, refs: Sequence[str], said: str
) -> bytes:
    """Return the header bytes of an entry: those of :func:`header_of`, many times faster.

    What many entries have in common is checked once; what is this entry's alone is checked here;
    what this module made itself is not checked again. A law compares the two ways.

    Parameters
    ----------
    form : HeaderForm
        From :func:`header_form`.
    draft : Draft
        What is appended; its entry id was checked.
    stamp : Stamp
        What the writer adds.
    refs : sequence of str
        References of the subjects.
    said : str
        What the header says of the parts, canonical JSON: from :func:`seal_parts`.

    Returns
    -------
    bytes
        Canonical JSON.

    Raises
    ------
    InvalidInput
        If a field of the draft is malformed; the message names the field.
    TooLarge
        If the header exceeds 65,535 bytes.
    """
    own: list[str | int] = []
    if draft.claimed_at is not None:
        own.append(_checked_time(draft.claimed_at))
    if stamp.cell is not None:
        own.append(stamp.cell)
    own.append(draft.entry_id)
    if draft.links:
        own.append(header_json([_link(item) for item in draft.links]).decode())
    own.append(said)
    if stamp.reference is not None:
        own.append(stamp.reference)
    own += refs
    if draft.supersedes is not None:
        own.append(_checked_entry(draft.supersedes))
    own.append(stamp.ts)
    data = (form.text % tuple(own)).encode()
    if len(data) > HEADER_LIMIT:
        raise TooLarge(
            f"the header has {len(data)} bytes, the limit is {HEADER_LIMIT}",
            where=f"entry {draft.entry_id}",
            remedy="Split the entry or move links into the body.",
        )
    return data


@lru_cache(maxsize=4096)
def _form(  # noqa: PLR0913, PLR0917 - the cache's key is the fields themselves
    origin: str,
    kind: EntryKind,
    actor: str,
    role: Role,
    function: str | None,
    outcome: str | None,
    automation: Automation | None,
    purpose: str | None,
    basis: str | None,
    release: str | None,
    roles: tuple[str, ...],
    given: tuple[bool, bool, bool, bool, bool],
) -> HeaderForm:
    checked = Header.parse(
        {
            "log": origin,
            "kind": kind,
            "id": _ANY_ID,
            "ts": 0,
            "actor": actor,
            "role": role,
            "function": function,
            "outcome": outcome,
            "automation": automation,
            "purpose": purpose,
            "basis": basis,
            "release": release,
            "subjects": [{"ref": _ANY_REF, "role": item} for item in roles],
        }
    )
    value = checked.model_dump(mode="json", exclude_none=True)
    at, cell, links, reference, supersedes = given
    filled = {"at": at, "cell": cell, "links": links, "ref": reference, "supersedes": supersedes}
    for name in ("at", "links"):
        value[name] = _UNQUOTED if filled[name] else None
    for name in ("cell", "ref", "supersedes"):
        value[name] = _QUOTED if filled[name] else None
    subjects = [{"ref": _QUOTED, "role": item} for item in roles]
    value |= {"id": _QUOTED, "parts": _UNQUOTED, "ts": _UNQUOTED, "subjects": subjects or None}
    written = subset_json({name: item for name, item in value.items() if item is not None})
    text = written.decode().replace("%", "%%")
    text = text.replace(f'"{_UNQUOTED}"', "%s").replace(f'"{_QUOTED}"', '"%s"')
    how = None if automation is None else automation.value
    return HeaderForm(text, (kind.value, function, outcome, how))


def require_as_decided(draft: Draft) -> None:
    """Refuse a decision whose header would not say what its record says.

    Function, outcome code and automation must be there: queries find a decision by them. What
    else is set must be what the record has.

    Parameters
    ----------
    draft : Draft
        Of kind ``decision``; one with another record is not looked at.

    Raises
    ------
    InvalidInput
        If it leaves one of the three out, or says other than its record; the message names the
        fields.
    """
    record = draft.record
    if type(record) is not Decision:
        return
    if (
        draft.function == record.function
        and draft.outcome_code == record.outcome_code
        and draft.automation == record.automation
        and draft.purpose in {None, record.purpose}
        and draft.lawful_basis in {None, record.lawful_basis}
        and draft.release in {None, record.release or "none"}
        and draft.supersedes in {None, record.supersedes}
    ):
        return
    raise InvalidInput(
        f"the header of a decision does not say what its record says: {_differing(draft, record)}",
        where=f"entry {draft.entry_id}",
        remedy="Make the draft with Draft.of_decision(record, ...), which takes them over.",
    )


def _differing(draft: Draft, record: Decision) -> str:
    needed = {name: getattr(record, name) for name in ("function", "outcome_code", "automation")}
    may_lack = {
        "purpose": record.purpose,
        "lawful_basis": record.lawful_basis,
        "release": record.release or "none",
        "supersedes": record.supersedes,
    }
    wrong = [name for name, value in needed.items() if getattr(draft, name) != value]
    wrong += [n for n, value in may_lack.items() if getattr(draft, n) not in {None, value}]
    return ", ".join(wrong)


def _checked_time(claimed_at: int) -> int:
    return _checked({"at": claimed_at}).at or 0


def _checked_entry(supersedes: str) -> str:
    return _checked({"supersedes": supersedes}).supersedes or ""


def _checked(own: Mapping[str, object]) -> Header:
    shared = {"log": "x", "kind": "decision", "id": _ANY_ID, "ts": 0, "role": "service"}
    return Header.parse({**shared, "actor": f"a-{'0' * 32}", **own})


def _link(link: EntryLink) -> dict[str, JsonValue]:
    # Parsed again: one made without its checks would give a header that nobody can read.
    checked = EntryLink.parse({"rel": link.rel, "entry": link.entry, "digest": link.digest})
    if checked.entry is not None:
        return {"rel": checked.rel, "entry": checked.entry}
    return {"rel": checked.rel, "digest": checked.digest}


def is_same_entry(
    stored: Header,
    draft: Draft,
    stamp: Stamp,
    subjects: Sequence[HeaderSubject],
    parts: Sequence[PlainPart],
) -> bool:
    """Return whether a draft, planned again, gives a stored header, nonces aside."""
    if len(parts) != len(stored.parts):
        return False
    said: list[dict[str, JsonValue]] = []
    for part, held in zip(parts, stored.parts, strict=True):
        if (part.key is None) != (held.ct is None):
            return False
        said.append(part.commitment() | ({"ct": held.ct} if held.ct is not None else {}))
    return header_of(draft, stamp, subjects, said) == stored
