"""The card of one fixed function is frozen, byte for byte, in every format.

A change of the page or of a format is meant or it is a mistake. When it is meant, write the
files again with ``python -m tests.golden.freeze_cards`` and read the difference.
"""

import pytest

from answerable.model_cards.formats import read_card
from tests.golden.freeze_cards import GOLDEN, card_files

BUILT = card_files()


@pytest.mark.parametrize("name", sorted(BUILT))
def test_a_card_built_from_fixed_evidence_has_the_frozen_bytes(name: str) -> None:
    assert BUILT[name] == (GOLDEN / name).read_bytes()


def test_the_frozen_document_still_reads_and_carries_its_own_digest() -> None:
    document = read_card((GOLDEN / "loan.json").read_bytes())
    assert document.core.digest == document.core_digest


def test_the_frozen_page_is_small() -> None:
    assert (GOLDEN / "loan.html").stat().st_size <= 250_000
