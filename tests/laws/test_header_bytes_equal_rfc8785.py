"""Law: on the restricted subset, header bytes are the bytes RFC 8785 prescribes."""

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.audit.canonical import MAX_SAFE_INTEGER, header_json, parse_header
from answerable.audit.verify import StoredRow, verify_log

ASCII_KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SAFE_INTEGERS = st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
VALUES = st.recursive(
    TEXT | SAFE_INTEGERS | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII_KEYS, inner, max_size=4),
    max_leaves=10,
)
HEADERS = st.dictionaries(ASCII_KEYS, VALUES, max_size=8)


@settings(max_examples=200)
@given(HEADERS)
def test_header_bytes_are_the_bytes_rfc8785_prescribes(header: dict[str, object]) -> None:
    assert header_json(header) == rfc8785.dumps(header)  # type: ignore[arg-type]  # JSON by make


@settings(max_examples=60)
@given(HEADERS)
def test_a_header_is_read_back_as_what_was_written(header: dict[str, object]) -> None:
    assert parse_header(header_json(header)) == header  # type: ignore[arg-type]  # JSON by make


@settings(max_examples=60)
@given(HEADERS)
def test_the_second_implementation_finds_the_same_bytes_canonical(
    header: dict[str, object],
) -> None:
    row = StoredRow(0, header_json(header), b"")  # type: ignore[arg-type]  # JSON by make
    report = verify_log([row], origin="example.org/log", vkey="")
    faults = [item.what for item in report.findings if item.layer == "header"]
    assert not [what for what in faults if "canonical" in what or "bytes" in what]
