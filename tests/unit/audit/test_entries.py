import json

import pytest

from answerable.audit.canonical import header_json
from answerable.audit.entries import HEADER_LIMIT, Entry, Header, Part
from answerable.audit.errors import InvalidInput, TooLarge
from answerable.audit.kinds import EntryKind
from answerable.audit.records import EntryLink
from answerable.audit.tree.merkle import leaf_hash
from tests.golden.examples import HEADERS
from tests.golden.fixed import digest

DECISION = HEADERS["decision_with_two_subjects"]
HEX = "ab" * 32


def test_absent_keys_are_left_out_of_the_header() -> None:
    keys = set(json.loads(HEADERS["smallest"].to_json()))
    assert keys == {"v", "log", "kind", "id", "ts", "actor", "role"}


def test_an_entry_reads_its_header_from_the_stored_bytes() -> None:
    data = DECISION.to_json()
    entry = Entry(7, data, leaf_hash(data))
    assert entry.header == DECISION
    assert (entry.id, entry.kind) == (DECISION.id, EntryKind.DECISION)


def test_a_header_over_the_limit_is_refused() -> None:
    links = tuple(EntryLink(rel="x" * 100, digest=digest(n % 256)) for n in range(400))
    header = DECISION.model_copy(update={"links": links})
    with pytest.raises(TooLarge, match=str(HEADER_LIMIT)):
        header.to_json()


def changed(**fields: object) -> bytes:
    value = json.loads(DECISION.to_json()) | fields
    return header_json({key: item for key, item in value.items() if item is not None})


@pytest.mark.parametrize(
    "fields",
    [
        {"v": 2},
        {"v": True},
        {"ts": "1790000000000000"},
        {"ts": -1},
        {"ts": None},
        {"kind": "decided"},
        {"kind": None},
        {"log": "Example.org"},
        {"id": "01a0c5f2-1c00-4000-8000-000000000002"},
        {"actor": "Jane Doe"},
        {"role": "ceo"},
        {"outcome": "Declined, too risky"},
        {"release": "never"},
        {"cell": "2026-09:BADCAFE0"},
        {"note": "x"},
        {"links": []},
        {"subjects": []},
        {"function": "sha256:00"},
    ],
    ids=str,
)
def test_a_header_that_is_not_of_version_1_is_refused_without_its_values(
    fields: dict[str, object],
) -> None:
    with pytest.raises(InvalidInput) as refused:
        Header.from_json(changed(**fields))
    assert "Jane" not in str(refused.value)
    assert "risky" not in str(refused.value)


@pytest.mark.parametrize(
    "part",
    [
        {"part": "clear"},
        {"part": "clear", "digest": HEX, "ct": HEX},
        {"part": "clear", "digest": HEX, "subject": 0},
        {"part": "case", "ct": HEX},
        {"part": "case", "pc": HEX},
        {"part": "case", "ct": HEX, "pc": HEX, "digest": HEX},
        {"part": "case", "ct": HEX, "pc": HEX, "subject": 0},
        {"part": "subject", "ct": HEX, "pc": HEX},
        {"part": "slot", "ct": HEX},
        {"part": "slot", "subject": 0},
        {"part": "secret", "ct": HEX, "pc": HEX},
    ],
    ids=str,
)
def test_a_part_that_does_not_commit_in_exactly_one_way_is_refused(
    part: dict[str, object],
) -> None:
    with pytest.raises(InvalidInput):
        Part.parse({"type": "x"} | part)


def test_a_part_of_a_subject_that_is_not_there_is_refused() -> None:
    parts = [{"part": "subject", "type": "x", "subject": 2, "ct": HEX, "pc": HEX}]
    with pytest.raises(InvalidInput, match="part_of_nobody"):
        Header.from_json(changed(parts=parts))


def test_an_encrypted_part_without_any_subject_is_refused() -> None:
    parts = [{"part": "case", "type": "x", "ct": HEX, "pc": HEX}]
    with pytest.raises(InvalidInput, match="part_sealed"):
        Header.from_json(changed(parts=parts, subjects=None))
