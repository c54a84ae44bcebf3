"""Entries many at once: what cannot be told from the bytes of a chunk is left to the slow way."""

from __future__ import annotations

import hashlib

import pytest

from answerable.audit.canonical import header_json
from answerable.audit.tree.merkle import leaf_hash
from answerable.audit.verify_chunks import EntryRow, StoredChunk, prove
from tests.log_kit import ACTOR, ORIGIN, START

_ID = "01a0c5f2-1c00-7000-8000-00000000000a"


def chunk_of(parts: int) -> StoredChunk:
    """One entry with so many slots, all stored."""
    data = [f"{number}".encode() for number in range(parts)]
    header = header_json(
        {
            "v": 1,
            "log": ORIGIN,
            "kind": "decision",
            "id": _ID,
            "ts": START,
            "actor": ACTOR,
            "role": "service",
            "subjects": [{"ref": f"s-{'0' * 32}", "role": "applicant"}],
            "parts": [
                {
                    "ct": hashlib.sha256(item).hexdigest(),
                    "part": "slot",
                    "subject": 0,
                    "type": "answerable.case-key.v1",
                }
                for item in data
            ],
        }
    )
    row: EntryRow = (7, header, leaf_hash(header), START, "decision", None, None, None, None)
    return StoredChunk([row], [(7 * 256 + number, item) for number, item in enumerate(data)])


@pytest.mark.parametrize("parts", [1, 3, 64])
def test_an_entry_whose_parts_have_places_is_proven(parts: int) -> None:
    proven = prove(chunk_of(parts), ORIGIN)
    assert proven is not None
    assert proven.missing == 0


@pytest.mark.parametrize("parts", [257, 300])
def test_more_parts_than_places_are_never_proven_at_once(parts: int) -> None:
    assert prove(chunk_of(parts), ORIGIN) is None
