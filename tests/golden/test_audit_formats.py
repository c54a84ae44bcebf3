"""The audit formats are frozen: bytes written today are the bytes written ever after."""

import pytest

from answerable.audit.entries import Header
from answerable.audit.records import Record, parse_record
from answerable.audit.tree.checkpoints import open_checkpoint
from answerable.audit.tree.receipts import open_proof
from tests.golden.examples import HEADERS, KEY, RECORDS, frozen_files
from tests.golden.freeze import GOLDEN

BUILT = frozen_files()


@pytest.mark.parametrize("name", sorted(BUILT))
def test_bytes_built_from_fixed_values_are_the_frozen_bytes(name: str) -> None:
    assert BUILT[name] == (GOLDEN / name).read_bytes()


def test_every_frozen_file_is_still_built() -> None:
    stored = {str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*") if path.is_file()}
    assert stored == set(BUILT)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_frozen_record_is_read_back_as_what_was_written(record: Record) -> None:
    name = type(record).model_fields["type"].default.removeprefix("answerable.")
    data = (GOLDEN / "records" / f"{name}.json").read_bytes()
    assert parse_record(data) == record


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_a_frozen_header_is_read_back_as_what_was_written(name: str) -> None:
    assert Header.from_json((GOLDEN / "headers" / f"{name}.json").read_bytes()) == HEADERS[name]


def test_the_frozen_checkpoint_opens_under_the_frozen_key() -> None:
    key = (GOLDEN / "tree/verifier-key.txt").read_text().strip()
    note = (GOLDEN / "tree/checkpoint.note").read_bytes().decode("utf-8")
    assert open_checkpoint(note, key).size == len(HEADERS)


def test_the_frozen_receipt_proves_the_frozen_decision() -> None:
    text = (GOLDEN / "tree/entry-2.tlog-proof").read_bytes().decode("utf-8")
    proven = open_proof(text, KEY)
    assert proven.seq == 2
    assert proven.header == (GOLDEN / "headers/decision_with_two_subjects.json").read_bytes()
