import hashlib
import json
import re

import pytest
import rfc8785
import yaml

from answerable.audit.errors import InvalidInput, TooLarge
from answerable.model_cards.build import build_core
from answerable.model_cards.card import CardCore
from answerable.model_cards.formats import card_html, card_markdown, read_card, write_card
from answerable.model_cards.formats.wording import cell_text
from tests.unit.model_cards import loan
from tests.unit.model_cards.pages import assert_self_contained

CORE = build_core(loan.facts(), code="0.1.0")
OVERLAY = loan.overlay()
HOSTILE = "</style><script>alert(1)</script> | `x` [a](b) \u202e"


def hostile_core() -> CardCore:
    case = loan.use_case().model_copy(update={"intended_purpose": HOSTILE, "oversight": HOSTILE})
    facts = loan.facts(use_case=loan.place(case, 1, loan.COMPLIANCE))
    return build_core(facts, code="0.1.0")


# ------------------------------------------------------------------------------ JSON


def test_the_core_digest_can_be_recomputed_without_this_package() -> None:
    document = json.loads(write_card(CORE, OVERLAY))
    data = rfc8785.dumps(document["core"])
    assert document["core_digest"] == "sha256:" + hashlib.sha256(data).hexdigest()


def test_the_overlay_is_no_part_of_what_is_hashed() -> None:
    with_overlay, without = (json.loads(write_card(CORE, o)) for o in (OVERLAY, None))
    assert with_overlay["core_digest"] == without["core_digest"]
    assert without["overlay"] is None


def test_a_written_card_is_read_back_as_it_was() -> None:
    document = read_card(write_card(CORE, OVERLAY))
    assert document.core == CORE
    assert document.overlay == OVERLAY
    assert document.core_digest == CORE.digest


def test_an_edited_document_no_longer_carries_its_digest() -> None:
    data = write_card(CORE).replace(b'"value": 1193', b'"value": 1194', 1)
    document = read_card(data)
    assert document.core.digest != document.core_digest


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format": "other"}',
        b'{"format": "answerable.model-card-document.v1", "core": {}}',
        b'{"format": "answerable.model-card-document.v1", "format": "x"}',
    ],
)
def test_what_is_no_card_document_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_card(data)


def test_a_huge_document_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(TooLarge):
        read_card(b" " * 5_000_001)


# ------------------------------------------------------------------------------ HTML


def test_the_html_card_needs_nothing_from_outside() -> None:
    page = assert_self_contained(card_html(CORE, OVERLAY))
    assert "released" in page.words
    assert CORE.digest in page.words


def test_the_html_card_shows_every_section_and_every_owed_field() -> None:
    page = assert_self_contained(card_html(CORE, OVERLAY))
    for section in CORE.sections:
        assert section.title in page.words
    owed = sum(field.owed_by is not None for field in CORE.fields())
    assert page.words.count("not provided") == owed


def test_the_html_card_shows_every_value_of_every_field() -> None:
    html = card_html(CORE, OVERLAY)
    words = assert_self_contained(html).words
    for field in CORE.fields():
        if field.value is None or field.form in {"table", "list"}:
            continue
        assert " ".join(cell_text(field.value, field.form).split()) in words, field.id


def test_without_an_overlay_nothing_is_said_about_now() -> None:
    page = assert_self_contained(card_html(CORE))
    assert "released" not in page.words
    assert "What the log says as of" not in page.words


def test_missing_signatures_and_waivers_are_shown() -> None:
    open_card = OVERLAY.model_copy(
        update={"sign_offs": (), "sign_offs_missing": ("compliance",), "status": "in_review"}
    )
    page = assert_self_contained(card_html(CORE, open_card))
    assert "Still to sign: compliance" in page.words
    assert "Nobody has signed yet" in page.words
    assert "Every decline in this group is reviewed by a person." in page.words
    assert "until 2026-12-20" in page.words


def test_names_are_shown_only_if_the_directory_knows_them() -> None:
    assert "Demo Compliance" in card_html(
        CORE, OVERLAY, name_of={loan.COMPLIANCE: "Demo Compliance"}.get
    )
    assert "Demo Compliance" not in card_html(CORE, OVERLAY)


def test_a_hostile_statement_stays_text_in_html() -> None:
    page = assert_self_contained(card_html(hostile_core(), OVERLAY))
    assert "</style><script>alert(1)</script>" in page.words


def test_a_card_without_evidence_renders_and_says_so() -> None:
    facts = loan.facts(evidence=(), policy=None, catalogue=None, baselines=(), datasets=())
    core = build_core(facts, code="0.1.0")
    page = assert_self_contained(card_html(core))
    assert "No evidence has been recorded" in page.words
    assert card_markdown(core)


def test_a_card_with_many_columns_stays_within_its_size() -> None:
    wide = loan.facts().datasets[0].record
    column = wide.columns[0]
    columns = tuple(column.model_copy(update={"name": f"column_{n}"}) for n in range(60))
    facts = loan.facts()
    sets = tuple(
        loan.place(item.record.model_copy(update={"columns": columns}), 40 + n)
        for n, item in enumerate(facts.datasets)
    )
    known = {item.record.digest: item.record.fingerprint for item in facts.datasets}
    core = build_core(loan.facts(datasets=sets, fingerprints=known), code="0.1.0")
    assert len(core.evidence) == len(facts.evidence)
    assert_self_contained(card_html(core, OVERLAY))


# ------------------------------------------------------------------------------ Markdown


def front_matter(text: str) -> dict[str, object]:
    _, block, _ = text.split("---\n", 2)
    value = yaml.safe_load(block)
    assert isinstance(value, dict)
    return value


def test_the_metadata_block_is_yaml_with_the_measured_figures() -> None:
    block = front_matter(card_markdown(CORE, OVERLAY))
    index = block["model-index"]
    assert isinstance(index, list)
    metrics = {m["type"]: m["value"] for m in index[0]["results"][0]["metrics"]}
    rows = CORE.find("performance.overall")
    assert rows is not None
    assert isinstance(rows.value, list)
    assert metrics == {
        str(row["rate"]).replace(" ", "_"): row["value"]
        for row in rows.value
        if isinstance(row, dict)
    }
    assert block["library_name"] == "xgboost"
    assert block["answerable"] == {"core_digest": CORE.digest, "function": CORE.function}


def test_the_markdown_card_has_every_section_and_every_owed_field() -> None:
    text = card_markdown(CORE, OVERLAY)
    for section in CORE.sections:
        assert f"## {section.title}\n" in text
    owed = sum(field.owed_by is not None for field in CORE.fields())
    assert text.count("*not provided*") == owed


def test_tables_in_markdown_have_the_same_number_of_cells_in_every_row() -> None:
    lines = card_markdown(hostile_core(), OVERLAY).splitlines()
    width = 0
    for line in lines:
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line)) - 1
        assert width in {0, cells}, line
        width = cells


def test_a_hostile_statement_stays_text_in_markdown() -> None:
    text = card_markdown(hostile_core(), OVERLAY)
    assert "<script>" not in text
    assert "[a](b)" not in text
    assert "\u202e" not in text


def test_equal_cards_give_equal_bytes() -> None:
    again = CardCore.from_json(CORE.to_json())
    assert card_html(CORE, OVERLAY) == card_html(again, OVERLAY)
    assert card_markdown(CORE, OVERLAY) == card_markdown(again, OVERLAY)
    assert write_card(CORE, OVERLAY) == write_card(again, OVERLAY)
