"""Law: a value has one byte form, and only that form is read."""

import json

from hypothesis import assume, given
from hypothesis import strategies as st

from answerable.audit.canonical import MAX_SAFE_INTEGER, canonical_json, parse_canonical
from answerable.audit.errors import InvalidInput

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | st.floats(
    allow_nan=False, allow_infinity=False
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@given(VALUES)
def test_what_was_written_is_read_back_as_the_same_value(value: object) -> None:
    assert parse_canonical(canonical_json(value)) == value  # type: ignore[arg-type]  # JSON by make


@given(VALUES)
def test_reading_and_writing_gives_the_same_bytes(value: object) -> None:
    data = canonical_json(value)  # type: ignore[arg-type]  # JSON by make
    assert canonical_json(parse_canonical(data)) == data


@given(VALUES)
def test_another_json_library_reads_the_same_value(value: object) -> None:
    # Digits are doubles in RFC 8785; Python's own reader would make long ones exact integers.
    assert json.loads(canonical_json(value), parse_int=float) == value  # type: ignore[arg-type]  # JSON by make


@given(VALUES, st.data())
def test_changed_bytes_are_refused_or_stand_for_another_value(
    value: object, data: st.DataObject
) -> None:
    written = canonical_json(value)  # type: ignore[arg-type]  # JSON by make
    at = data.draw(st.integers(0, len(written) - 1))
    changed = bytearray(written)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        other = parse_canonical(bytes(changed))
    except InvalidInput:
        return
    assert canonical_json(other) != written


@given(VALUES)
def test_the_same_value_with_white_space_is_refused(value: object) -> None:
    spaced = json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8")
    assume(spaced != canonical_json(value))  # type: ignore[arg-type]  # JSON by make
    try:
        parse_canonical(spaced)
    except InvalidInput:
        return
    raise AssertionError("bytes that are not canonical were read")
