"""The reader of XGBoost's binary JSON."""

import json
import struct
from typing import Any, cast

import pytest

from answerable.audit.errors import InvalidInput
from answerable.explain.adapters.ubjson import parse_ubjson
from tests.unit.explain import loan


def length(count: int) -> bytes:
    return b"U" + bytes([count])


def test_a_binary_model_holds_the_same_values_as_its_text() -> None:
    text = json.loads(loan.model_bytes("xgboost-json"))
    binary = parse_ubjson(loan.model_bytes("xgboost-ubj"))
    learner = cast("dict[str, Any]", binary)["learner"]
    assert learner["feature_names"] == text["learner"]["feature_names"]
    trees = [part["gradient_booster"]["model"]["trees"] for part in (learner, text["learner"])]
    for one, other in zip(*trees, strict=True):
        assert one["left_children"] == other["left_children"]
        single = [struct.unpack("f", struct.pack("f", x))[0] for x in other["split_conditions"]]
        assert one["split_conditions"] == single


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"Z", None),
        (b"T", True),
        (b"F", False),
        (b"i\xff", -1),
        (b"U\xff", 255),
        (b"I\x01\x00", 256),
        (b"l\x00\x01\x00\x00", 65536),
        (b"L" + (1 << 40).to_bytes(8, "big"), 1 << 40),
        (b"D" + struct.pack(">d", 0.1), 0.1),
        (b"d" + struct.pack(">f", 0.5), 0.5),
        (b"S" + length(2) + b"ab", "ab"),
        (b"[i\x01i\x02]", [1, 2]),
        (b"[#" + length(2) + b"TF", [True, False]),
        (b"[$U#" + length(3) + b"\x01\x02\x03", [1, 2, 3]),
        (b"{" + length(1) + b"kZ}", {"k": None}),
    ],
)
def test_each_type_of_value_is_read(data: bytes, value: object) -> None:
    assert parse_ubjson(data) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"?",
        b"i",
        b"ZZ",
        b"S" + length(5) + b"ab",
        b"Si\xff",
        b"S" + length(1) + b"\xff",
        b"Sd\x00\x00\x00\x00",
        b"[$S#" + length(1) + b"a",
        b"[$U\x01]",
        b"[$L#L" + (1 << 62).to_bytes(8, "big"),
        b"{" + length(1) + b"kZ" + length(1) + b"kT}",
        b"[" * 100,
    ],
)
def test_broken_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="UBJSON"):
        parse_ubjson(data)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.9999])
def test_a_truncated_model_is_refused(share: float) -> None:
    data = loan.model_bytes("xgboost-ubj")
    with pytest.raises(InvalidInput):
        parse_ubjson(data[: int(len(data) * share)])
