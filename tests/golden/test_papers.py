"""The papers handed to people and authorities are frozen, byte for byte, in both languages.

A change is meant or it is a mistake. When it is meant, write the files again with
``python -m tests.golden.freeze_papers`` and read the difference.
"""

import pytest

from tests.golden.freeze_papers import GOLDEN, paper_files

BUILT = paper_files()


@pytest.mark.parametrize("name", sorted(BUILT))
def test_a_paper_written_from_a_frozen_result_has_the_frozen_bytes(name: str) -> None:
    assert BUILT[name] == (GOLDEN / name).read_bytes()
