"""Drafts as bytes and back: what waits outside the log keeps its exact content. Pure.

The bytes are canonical JSON, so a draft that went there and back plans the same parts and is
recognised as the same entry. They hold personal data in clear: whoever stores them seals them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from pydantic import JsonValue

from answerable.audit.canonical import canonical_json, parse_json
from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Automation, EntryLink, Role, parse_record

__all__ = ["drafts_from_json", "drafts_to_json"]

_PLAIN: Final = (
    "entry_id", "actor", "claimed_at", "reference", "function", "outcome_code", "supersedes",
    "purpose", "lawful_basis", "release", "cell",
)  # fmt: skip
_SUBJECT: Final = ("role", "subject_id", "ref", "data")

_Json = dict[str, JsonValue]


def drafts_to_json(drafts: Sequence[Draft]) -> bytes:
    """Return drafts as canonical JSON.

    Parameters
    ----------
    drafts : Sequence[Draft]
        What belongs together, in order.

    Returns
    -------
    bytes
        Which :func:`drafts_from_json` turns back.

    Raises
    ------
    InvalidInput
        If a value has no canonical form.
    """
    return canonical_json([_draft_json(draft) for draft in drafts])


def drafts_from_json(data: bytes) -> tuple[Draft, ...]:
    """Return the drafts that :func:`drafts_to_json` wrote.

    Parameters
    ----------
    data : bytes
        Its bytes.

    Returns
    -------
    tuple of Draft
        Equal to those that were written, up to numbers that canonical JSON writes alike.

    Raises
    ------
    InvalidInput
        If the bytes were not written by it.
    """
    values = parse_json(data)
    if not isinstance(values, list):
        raise _no_drafts()
    try:
        return tuple(_draft_of(value) for value in cast("list[_Json]", values))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _no_drafts() from None


def _no_drafts() -> InvalidInput:
    return InvalidInput(
        "the bytes are not drafts", remedy="Open them with the version that wrote them."
    )


def _draft_json(draft: Draft) -> _Json:
    said: _Json = {name: getattr(draft, name) for name in _PLAIN}
    said |= {
        "kind": draft.kind.value,
        "role": draft.role.value,
        "automation": draft.automation.value if draft.automation is not None else None,
        "record": draft.record.model_dump(mode="json", exclude_none=True),
        "links": [link.model_dump(mode="json", exclude_none=True) for link in draft.links],
        "subjects": [
            {name: getattr(subject, name) for name in _SUBJECT} for subject in draft.subjects
        ],
    }
    return said


def _draft_of(value: _Json) -> Draft:
    automation = cast("str | None", value["automation"])
    plain: dict[str, object] = {name: value[name] for name in _PLAIN}
    given: dict[str, object] = {
        **plain,
        "kind": EntryKind(cast("str", value["kind"])),
        "role": Role(cast("str", value["role"])),
        "automation": Automation(automation) if automation is not None else None,
        "record": parse_record(canonical_json(value["record"])),
        "links": tuple(EntryLink.parse(link) for link in cast("list[_Json]", value["links"])),
        "subjects": tuple(
            DraftSubject(**{name: subject[name] for name in _SUBJECT})  # type: ignore[arg-type]
            for subject in cast("list[_Json]", value["subjects"])
        ),
    }
    return Draft(**given)  # type: ignore[arg-type]
