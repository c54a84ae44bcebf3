import re
from datetime import date
from typing import TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit import records
from answerable.audit.canonical import canonical_json
from answerable.audit.errors import InvalidInput
from answerable.audit.records import (
    Decision,
    EntryLink,
    HardRule,
    PolicyVersion,
    Record,
    RecordsRead,
    SignOff,
    parse_record,
)
from tests.golden.examples import RECORDS
from tests.golden.fixed import digest

READ = RecordsRead(purpose="gdpr-15", query="subject", count=1)


R = TypeVar("R", bound=Record)


def example(kind: type[R]) -> R:
    return next(record for record in RECORDS if isinstance(record, kind))


def test_every_record_type_has_an_example() -> None:
    exported = [getattr(records, name) for name in records.__all__]
    types = {
        item
        for item in exported
        if isinstance(item, type) and issubclass(item, Record) and "type" in item.model_fields
    }
    assert types == {type(record) for record in RECORDS}


def test_every_record_type_carries_its_version() -> None:
    names = [record.model_dump()["type"] for record in RECORDS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"answerable\.[a-z-]+\.v[1-9]", name) for name in names)


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        READ.count = 2


def test_a_copy_with_other_values_has_another_digest() -> None:
    before = READ.digest
    assert READ.model_copy(update={"count": 2}).digest != before
    assert READ.model_copy().digest == before


def test_a_null_among_the_inputs_survives() -> None:
    decision = example(Decision).model_copy(update={"inputs": {"term": None, "x": [None]}})
    read = Decision.from_json(decision.to_json())
    assert read.inputs == {"term": None, "x": [None]}
    assert b'"term":null' in decision.to_json()


def test_an_absent_field_is_left_out_of_the_bytes() -> None:
    decision = example(Decision).model_copy(update={"score": None})
    assert b'"score"' not in decision.to_json()
    assert Decision.from_json(decision.to_json()).score is None


def test_a_null_for_an_absent_field_is_another_byte_form_and_refused() -> None:
    value = example(Decision).model_dump(mode="json") | {"score": None}
    with pytest.raises(InvalidInput, match="canonical form"):
        Decision.from_json(canonical_json(value))


@pytest.mark.parametrize("count", ["1", 1.0, True, -1, None, [1]])
def test_a_count_is_an_integer_and_nothing_like_it(count: object) -> None:
    with pytest.raises(InvalidInput, match="count"):
        RecordsRead.parse({"purpose": "p", "query": "q", "count": count})


def test_codes_dates_and_tuples_may_be_given_as_json_gives_them() -> None:
    policy = {"id": "x", "version": 1, "artefact": digest(1), "effective_from": "2026-01-01"}
    assert PolicyVersion.parse(policy).effective_from == date(2026, 1, 1)
    native = policy | {"effective_from": date(2026, 1, 1)}
    assert PolicyVersion.parse(native) == PolicyVersion.parse(policy)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "\ud800", b"\xff", object(), {"a": float("-inf")}]
)
def test_inputs_that_json_cannot_hold_are_refused(value: object) -> None:
    decision = example(Decision).model_dump() | {"inputs": {"x": value}}
    with pytest.raises(InvalidInput):
        Decision.parse(decision).to_json()


@pytest.mark.parametrize("value", [None, [], "text", 7, b"{}"])
def test_a_value_that_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="not a valid RecordsRead"):
        RecordsRead.parse(value)


def test_an_error_shows_no_key_that_is_not_a_field_s_name() -> None:
    with pytest.raises(InvalidInput) as refused:
        RecordsRead.parse({"purpose": "p", "query": "q", "count": 1, "Jane Doe, 1980": 2})
    assert "Jane" not in str(refused.value)
    assert "extra_forbidden" in str(refused.value)


def test_constructing_with_a_wrong_value_does_not_print_it() -> None:
    with pytest.raises(ValueError, match="purpose") as refused:
        RecordsRead(purpose="Jane Doe", query="q", count=1)
    assert "Jane" not in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"[]",
        b'{"type":"answerable.unheard-of.v1"}',
        b'{"type":7}',
        READ.to_json().replace(b".v1", b".v2"),
        b" " + READ.to_json(),
    ],
)
def test_bytes_that_are_no_record_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_record(data)


@pytest.mark.parametrize(("entry", "target"), [(None, None), (True, True)])
def test_a_link_has_exactly_one_target(entry: object, target: object) -> None:
    value = {"rel": "x"}
    if entry:
        value["entry"] = "01a0c5f2-1c00-7000-8000-000000000001"
    if target:
        value["digest"] = digest(1)
    with pytest.raises(InvalidInput, match="link_target"):
        EntryLink.parse(value)


def test_a_rule_keeps_the_type_of_its_value() -> None:
    base = {"id": "r", "feature": "f", "op": "==", "outcome": "refer", "reason_code": "c"}
    assert HardRule.parse(base | {"value": "60"}).value == "60"
    assert HardRule.parse(base | {"value": 60.5}).value == 60.5
    with pytest.raises(InvalidInput):
        HardRule.parse(base | {"value": True})


def test_a_sign_off_s_signed_bytes_are_all_of_it_but_the_signature() -> None:
    unsigned = example(SignOff).model_copy(update={"signature": None})
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = key.sign(unsigned.signed_bytes()).hex()
    signed = unsigned.model_copy(update={"signature": signature})
    assert signed.signed_bytes() == unsigned.signed_bytes() == unsigned.to_json()
    assert signed.model_copy(update={"looks": 9}).signed_bytes() != signed.signed_bytes()


def test_what_is_no_code_is_told_what_a_code_looks_like_and_not_repeated() -> None:
    with pytest.raises(InvalidInput) as refused:
        RecordsRead.parse({"purpose": "Auskunft an Frau Miles", "query": "q", "count": 1})
    assert "purpose: not a code: at most 128 lower-case letters, digits and" in refused.value.what
    assert "for example gdpr-art-15" in refused.value.what
    assert "Miles" not in str(refused.value)
    every_sign = "q-_.:/@+"
    read = RecordsRead.parse({"purpose": "gdpr-art-15", "query": every_sign, "count": 1})
    assert (read.purpose, read.query) == ("gdpr-art-15", every_sign)


def test_another_form_than_a_code_s_is_not_called_one() -> None:
    with pytest.raises(InvalidInput) as refused:
        EntryLink.parse({"rel": "about", "digest": "sha256:00"})
    assert "digest: string_pattern_mismatch" in refused.value.what
