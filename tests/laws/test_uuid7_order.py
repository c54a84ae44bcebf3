"""Law: entry ids of later milliseconds sort later, and every id is a version 7 UUID."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.ids import entry_id_bytes, uuid7

MICROS = st.integers(0, (1 << 48) * 1000 - 1)
RANDOM = st.binary(min_size=10, max_size=10)


@given(MICROS, MICROS, RANDOM, RANDOM)
def test_ids_of_later_milliseconds_sort_later(
    one: int, two: int, first: bytes, second: bytes
) -> None:
    early, late = sorted((one, two))
    if early // 1000 < late // 1000:
        assert uuid7(early, first) < uuid7(late, second)


@given(MICROS, RANDOM)
def test_an_id_is_a_uuid_of_version_7_that_holds_its_millisecond(ts: int, drawn: bytes) -> None:
    value = uuid.UUID(uuid7(ts, drawn))
    assert value.version == 7
    assert value.variant == uuid.RFC_4122
    assert value.int >> 80 == ts // 1000
    assert entry_id_bytes(str(value)) == value.bytes
