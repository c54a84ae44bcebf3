"""The short way to the bytes of a parsed value gives what the reference implementation gives."""

from __future__ import annotations

import orjson
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from answerable.audit.errors import InvalidInput
from answerable.audit.parsed_json import parsed_json

_numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**54), 2**54),
    st.integers(-(10**17), 10**17).map(float),
    st.integers(-(10**9), 10**9).map(lambda n: n / 1000),
    st.sampled_from([0.0, -0.0, 1e-5, 9.9e-6, 1e-7, 1e15, 1e16, 1e21, 1e-320, 12.0, -3.0]),
)
_texts = st.one_of(
    st.text(max_size=6),
    st.text(alphabet='\\":,[]{}.015e-', max_size=12),
    st.sampled_from(
        ["1.0", '":1.0,', ":5.0,", "2.0}", "e7", "-0.0]", "1e5", "\\", "ä", "\U0001d4b3"]
    ),
)
_values = st.recursive(
    st.one_of(_numbers, _numbers, _texts, st.none(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_texts, inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=1500)
@given(st.dictionaries(_texts, _values, max_size=6))
@example({'":5.0,': 1.0, "a": ":5.0,", "b": '":5.0,'})
@example({"a\\": 1.0, "b:": 2.0, "c,": [3.0], "d[": {"e{": -4.0}})
@example({"a": 123456789012345.0, "b": 1234567890123456.0, "c": -0.0})
@example({"a": "x1.0", "b": "1e5", "digest": "sha256:1e5", "uuid": "1e5,"})
def test_a_parsed_value_has_the_bytes_of_the_reference(value: JsonValue) -> None:
    parsed = orjson.loads(orjson.dumps(value))
    try:
        expected: bytes | None = rfc8785.dumps(parsed)
    except (rfc8785.CanonicalizationError, UnicodeError):
        expected = None
    try:
        written: bytes | None = parsed_json(parsed)
    except InvalidInput:
        written = None
    assert written == expected
