import pytest
from pydantic import JsonValue

from answerable.audit.canonical import (
    MAX_SAFE_INTEGER,
    canonical_json,
    header_json,
    parse_canonical,
    parse_header,
    parse_json,
    sha256_digest,
)
from answerable.audit.errors import InvalidInput


def test_a_digest_is_the_sha256_of_the_bytes() -> None:
    # FIPS 180-2, appendix B.1.
    assert sha256_digest(b"abc") == (
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        MAX_SAFE_INTEGER + 1,
        -MAX_SAFE_INTEGER - 1,
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        b"bytes",
        {1, 2},
        object(),
    ],
)
def test_a_value_without_canonical_form_is_refused(value: JsonValue) -> None:
    with pytest.raises(InvalidInput):
        canonical_json(value)


@pytest.mark.parametrize(
    "value",
    [
        {"a": None},
        {"a": 1.0},
        {"a": MAX_SAFE_INTEGER + 1},
        {"ä": 1},
        {"a": "\ud800"},
        {1: 2},
        {"a": {2: "b"}},
        {"a": b""},
        {"a": (1,)},
    ],
)
def test_a_header_value_outside_the_subset_is_refused(value: JsonValue) -> None:
    with pytest.raises(InvalidInput):
        header_json(value)


def test_a_header_nested_too_deeply_is_refused() -> None:
    value: JsonValue = 1
    for _ in range(70):
        value = [value]
    with pytest.raises(InvalidInput, match="nested deeper"):
        header_json({"a": value})


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b"NaN",
        b"-Infinity",
        b"{",
        b"",
        b"\xff",
        b"[" * 100_000,
        b"01",
        b"1 2",
    ],
)
def test_bytes_that_are_not_strict_json_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_json(data)


@pytest.mark.parametrize(
    "data",
    [
        b"1.0",
        b"1e2",
        b"-0",
        b"1E400",
        b"9007199254740993",
        b"9" * 5_000,
        b'{"b":1,"a":1}',
        b"[1, 2]",
        b'"\\u0041"',
        b'"\\/"',
        b'"\\ud800"',
        b"1\n",
    ],
)
def test_json_that_is_not_canonical_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_canonical(data)


@pytest.mark.parametrize("value", [1e16, 1e20, 123456789012345680000.0, -1e17])
def test_a_float_that_is_written_as_digits_is_read_back_as_that_float(value: float) -> None:
    data = canonical_json(value)
    assert b"e" not in data
    assert parse_canonical(data) == value


@pytest.mark.parametrize("data", [b"[]", b"1", b'"v"', b'{"v":1 }', b'{"v":1.5}', b'{"v":null}'])
def test_bytes_that_are_not_a_header_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_header(data)


def test_strings_are_not_normalised() -> None:
    composed, decomposed = "\u00e9", "e\u0301"
    assert canonical_json(composed) != canonical_json(decomposed)
    assert parse_canonical(canonical_json(decomposed)) == decomposed
