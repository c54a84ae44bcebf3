"""The marked blocks of the documents say what the code says: settings, errors, kinds, routes ..."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from answerable.audit.documents import read_document
from answerable.audit.records import OrganisationProfile
from tests.architecture.seeding import load_tool

reference = load_tool("reference")

DOCUMENTS = [
    pytest.param(path, id=path.relative_to(reference.ROOT).as_posix())
    for path in reference.documents()
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_document_is_what_the_code_says(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert text == reference.refreshed(text)


def test_every_kind_of_block_stands_in_one_document() -> None:
    texts = [path.read_text(encoding="utf-8") for path in reference.documents()]
    blocks = [block["name"] for text in texts for block in reference.BLOCK.finditer(text)]
    assert sorted(blocks) == sorted(reference.WRITERS)


def test_every_description_of_an_entry_kind_is_of_one_that_exists() -> None:
    assert set(reference.KINDS) == {kind.value for kind in reference.EntryKind}


def test_a_setting_without_a_description_is_a_finding() -> None:
    with pytest.raises(reference.Undescribed, match="port has no description"):
        reference._described("", "port")


def test_a_document_that_differs_from_the_code_is_a_finding() -> None:
    text = "<!-- from the code: exit-codes -->\n| 9 | wrong |\n<!-- end -->\n"
    assert "| 4 | integrity is broken |" in reference.refreshed(text)
    assert "wrong" not in reference.refreshed(text)


def test_the_published_schemas_are_what_the_code_accepts() -> None:
    for path, schema in reference.schemas().items():
        assert json.loads(path.read_text(encoding="utf-8")) == schema


def test_the_published_schema_takes_the_example_and_refuses_a_name_that_is_no_field() -> None:
    (schema,) = reference.schemas().values()
    example = reference.ROOT / "examples" / "loan" / "organisation.yaml"
    written = read_document(example, OrganisationProfile).model_dump(mode="json", exclude_none=True)
    validator = jsonschema_rs.validator_for(schema)
    assert validator.is_valid(written)
    assert not validator.is_valid({**written, "staff": ["somebody"]})


def test_the_default_of_a_setting_is_what_somebody_could_write() -> None:
    lines = {
        line.split("`")[1]: line.split("|")[2].strip()
        for line in list(reference.settings_lines())[2:]
    }
    assert lines["ANSWERABLE_RELEASE_MODES"] == "`{}`"
    assert lines["ANSWERABLE_KMS_DIR"] == lines["ANSWERABLE_STATE_URL"] == "empty"
    assert not {"`None`", "`PydanticUndefined`"} & set(lines.values())
