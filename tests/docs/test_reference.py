"""docs/reference.md describes every setting, error, entry kind, command and route, as they are."""

from tests.architecture.seeding import load_tool

reference = load_tool("reference")


def test_the_reference_is_what_the_code_says() -> None:
    assert reference.TARGET.read_text(encoding="utf-8") == reference.reference()


def test_every_description_of_an_entry_kind_is_of_one_that_exists() -> None:
    assert set(reference.KINDS) == {kind.value for kind in reference.EntryKind}
