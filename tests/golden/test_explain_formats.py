"""The explanation format is frozen; letters change only on purpose."""

import pytest

from answerable.explain.explanation import Explanation
from tests.golden.explain_files import FOLDER, letter_files, record_files
from tests.unit.explain import letters_kit, loan

RECORDS = record_files()
LETTERS = letter_files()


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_an_explanation_from_fixed_values_has_the_frozen_bytes(name: str) -> None:
    assert RECORDS[name] == (FOLDER / name).read_bytes()


def test_a_frozen_explanation_is_read_back_as_what_was_written() -> None:
    digests = {"function": loan.NIL, "catalogue": loan.NIL, "baseline": loan.NIL}
    stored = (FOLDER / "explanation.v1.json").read_bytes()
    assert Explanation.from_json(stored) == letters_kit.declined(**digests)


@pytest.mark.parametrize("name", sorted(LETTERS))
def test_a_letter_from_fixed_values_is_the_one_that_was_read_and_accepted(name: str) -> None:
    assert LETTERS[name].decode() == (FOLDER / name).read_text("utf-8")


def test_every_file_here_is_still_built() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*RECORDS, *LETTERS}
