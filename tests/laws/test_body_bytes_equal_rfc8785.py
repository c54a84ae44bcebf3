"""However a body is written, its bytes are those of the reference implementation of RFC 8785."""

from __future__ import annotations

import contextlib
import struct

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from answerable.audit.canonical import canonical_json
from answerable.audit.errors import InvalidInput

_doubles = st.one_of(
    st.floats(),
    st.floats(width=32),
    st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0]),
    st.integers(-(10**6), 10**6).map(float),
    st.integers(-(10**9), 10**9).map(lambda n: n / 1000),
    st.sampled_from([0.0, -0.0, 1e-5, 9.999e-6, 1e-6, 1e-7, 1e15, 999999999999999.9, 1e16, 1e21]),
)
_keys = st.one_of(
    st.text(max_size=3), st.sampled_from(["\ud7ff", "\ue000", "\U0001d4b3", "é", "é", "\ufffd"])
)
_leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**54), 2**54), _doubles, st.text(max_size=8)
)
_values = st.recursive(
    _leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_keys, inner, max_size=5)),
    max_leaves=20,
)


@settings(max_examples=800)
@given(_values)
def test_the_bytes_are_those_of_the_reference_or_both_refuse(value: JsonValue) -> None:
    try:
        expected: bytes | None = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError):
        expected = None
    try:
        written: bytes | None = canonical_json(value)
    except InvalidInput:
        written = None
    assert written == expected


@given(st.dictionaries(_keys, _doubles, min_size=1, max_size=5))
def test_writing_changes_nothing_of_what_was_given(value: dict[str, float]) -> None:
    before = repr(value)
    with contextlib.suppress(InvalidInput):
        canonical_json(value)  # type: ignore[arg-type]  # a mapping of floats is JSON
    assert repr(value) == before
