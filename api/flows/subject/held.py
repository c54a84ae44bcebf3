"""One entry as it is shown to the person it is about: theirs, and nobody else's.

Left out are the data of other people of the same case, what one of several people filed, and
references of members of staff. Entries that name nobody are shown by their kind and time; of
incidents and replays the record is shown too.

References
----------
GDPR Art. 15(3) and 15(4); CJEU C-579/21.
"""

from __future__ import annotations

import re
from typing import Final, cast

from pydantic import JsonValue

from answerable.api.flows.lookup import function_name
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry, OpenedBody
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import SubjectItem
from answerable.audit.records import Record, Review

__all__ = ["held_entry", "own_data", "without_staff"]

_STAFF: Final = re.compile(r"a-[0-9a-f]{32}")
_FILED: Final = (
    EntryKind.CONTEST_FILED,
    EntryKind.SUBJECT_RESTRICTED,
    EntryKind.SUBJECT_OBJECTED,
    EntryKind.SUBJECT_RECTIFIED,
)
_ABOUT_NOBODY: Final = (
    EntryKind.INCIDENT_OPENED,
    EntryKind.INCIDENT_CLOSED,
    EntryKind.EXPLANATION_REPLAYED,
)
Json = dict[str, JsonValue]


def held_entry(workspace: Workspace, item: SubjectItem, ref: str, shown: set[str]) -> Json:
    """Return one entry for the access package of a person.

    Parameters
    ----------
    workspace : Workspace
        Names of decision functions.
    item : SubjectItem
        The entry, its body and proof.
    ref : str
        The person.
    shown : set[str]
        Ids of the entries in the package: others are not pointed to.

    Returns
    -------
    dict[str, JsonValue]
        With ``withheld``: fields that are another person's, or may be.
    """
    header = item.entry.header
    record, withheld = _record(item.entry, item.body)
    return {
        "entry_id": header.id,
        "seq": item.entry.seq,
        "kind": header.kind.value,
        "ts": header.ts,
        "claimed_at": header.at,
        "function": header.function,
        "function_name": function_name(workspace, header.function),
        "outcome": header.outcome,
        "automation": header.automation.value if header.automation else None,
        "purpose": header.purpose,
        "lawful_basis": header.basis,
        "acted_in_role": header.role.value,
        "record": record,
        "own_data": cast("JsonValue", own_data(item.entry, item.body, ref)),
        "withheld": cast("JsonValue", withheld),
        "filed_by": "you" if _filed_by(item.entry, ref) else None,
        "erased": bool(item.body.erased_parts),
        "related": [entry_id for entry_id in item.related if entry_id in shown],
        "proof": item.proof,
    }


def own_data(entry: Entry, body: OpenedBody, ref: str) -> dict[str, JsonValue] | None:
    """Return the part of an entry's body that is one person's own."""
    for number, subject in enumerate(entry.header.subjects):
        if subject.ref == ref:
            return body.subjects.get(number)
    return None


def without_staff(value: JsonValue) -> JsonValue:
    """Return a value without references of people who act.

    Parameters
    ----------
    value : JsonValue
        A record.

    Returns
    -------
    JsonValue
        The same without the fields that hold such a reference.

    Examples
    --------
    >>> without_staff({"reviewer": "a-" + "0" * 32, "result": "upheld"})
    {'result': 'upheld'}
    """
    if isinstance(value, dict):
        return {key: without_staff(item) for key, item in value.items() if not _names_staff(item)}
    if isinstance(value, list):
        return [without_staff(item) for item in value if not _names_staff(item)]
    return value


def _names_staff(value: JsonValue) -> bool:
    return isinstance(value, str) and _STAFF.fullmatch(value) is not None


def _filed_by(entry: Entry, ref: str) -> bool:
    subjects = entry.header.subjects
    return entry.kind in _FILED and len(subjects) == 1 and subjects[0].ref == ref


def _record(entry: Entry, body: OpenedBody) -> tuple[JsonValue, list[str]]:
    subjects = {item.ref for item in entry.header.subjects}
    if body.record is None or (not subjects and entry.kind not in _ABOUT_NOBODY):
        return None, []
    record = _json(body.record)
    if len(subjects) <= 1:
        return record, []
    # Several people: what one of them filed does not say who; what answers it may tell of them.
    withheld = []
    if entry.kind in _FILED:
        withheld = ["grounds", "statement", "fields"]
    elif isinstance(body.record, Review) and body.record.contest is not None:
        withheld = ["note"]
    left = {key: value for key, value in record.items() if key not in withheld}
    return left, sorted(key for key in record if key in withheld and record[key])


def _json(record: Record) -> Json:
    return cast("Json", without_staff(cast("JsonValue", record.model_dump(mode="json"))))
