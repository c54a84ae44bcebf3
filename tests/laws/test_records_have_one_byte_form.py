"""Law: a record is read back from its bytes, and its digest changes with every field."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from answerable.audit.canonical import canonical_json
from answerable.audit.errors import InvalidInput
from answerable.audit.records import Decision, Evidence, Record, parse_record
from tests.golden.examples import HEADERS, RECORDS

NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
INPUTS = st.dictionaries(TEXT, VALUES, max_size=5)
DECISION = next(record for record in RECORDS if isinstance(record, Decision))
EVIDENCE = next(record for record in RECORDS if isinstance(record, Evidence))


@given(INPUTS)
def test_a_decision_keeps_every_input_it_was_given(inputs: dict[str, JsonValue]) -> None:
    decision = DECISION.model_copy(update={"inputs": inputs})
    read = parse_record(decision.to_json())
    assert isinstance(read, Decision)
    assert read.inputs == inputs
    assert read.to_json() == decision.to_json()
    assert json.loads(decision.to_json(), parse_int=float)["inputs"] == inputs


@given(INPUTS, st.floats(allow_nan=False, allow_infinity=False))
def test_evidence_of_any_result_is_read_back(result: dict[str, JsonValue], value: float) -> None:
    evidence = EVIDENCE.model_copy(update={"result": result, "parameters": {"x": value}})
    assert Evidence.from_json(evidence.to_json()).digest == evidence.digest


# "set" is no value of a field that holds records; its bytes differ all the same.
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_every_field_is_part_of_the_digest(record: Record) -> None:
    for field in type(record).model_fields:
        value = getattr(record, field)
        other: object = None if value is not None else "set"
        changed = record.model_copy(update={field: other})
        assert changed.digest != record.digest, field


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_is_read_back_from_its_own_values(record: Record) -> None:
    assert type(record).parse(record.model_dump()) == record
    assert type(record).parse(record.model_dump(mode="json")) == record
    assert type(record).from_json(record.to_json()) == record


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_with_a_field_more_is_refused(record: Record) -> None:
    value = json.loads(record.to_json()) | {"zusatz": 1}
    with pytest.raises(InvalidInput, match="zusatz: extra_forbidden"):
        type(record).from_json(canonical_json(value))


FREE_FORM = {"inputs", "fields", "result", "parameters", "preprocessing"}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_every_field_of_the_wrong_type_is_refused_without_its_value(record: Record) -> None:
    for field in set(type(record).model_fields) - FREE_FORM:
        value = record.model_dump(mode="json") | {field: {"Jane Doe": [4711]}}
        with pytest.raises(InvalidInput, match=field) as refused:
            type(record).parse(value)
        assert "Jane" not in str(refused.value)
        assert "4711" not in str(refused.value)


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_every_bit_of_a_header_matters(name: str) -> None:
    header = HEADERS[name]
    data = header.to_json()
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            read = type(header).from_json(changed)
        except InvalidInput:
            continue
        assert read != header
