"""The rules of requests: every number in the file, each provision with what was read of it."""

from importlib.resources import files

import pytest

from answerable.audit.canonical import sha256_digest
from answerable.audit.errors import InvalidInput
from answerable.audit.requests.rules import gdpr_rules, load_rules

PACKAGED = (files("answerable.audit.requests") / "gdpr.yaml").read_bytes()


def test_the_packaged_rules_are_hashed_whole() -> None:
    assert gdpr_rules().digest == sha256_digest(PACKAGED)
    assert (gdpr_rules().answer_months, gdpr_rules().extension_months) == (1, 2)


def test_every_kind_of_request_has_its_article() -> None:
    assert set(gdpr_rules().articles) == {
        "access", "portability", "rectification", "erasure", "restriction", "objection",
        "human_review",
    }  # fmt: skip


def test_the_countries_are_thirty_and_norway_is_no_truth_value() -> None:
    assert len(set(gdpr_rules().within)) == 30
    assert {"NO", "DE", "IS"} <= set(gdpr_rules().within)
    assert not {"US", "GB", "CH"} & set(gdpr_rules().within)


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (b"answer_months: 1", b"answer_months: 0", "answer_months"),
        (b"rest_days: [6, 7]", b"rest_days: [1, 2, 3, 4, 5, 6, 7]", "working day"),
        (b"rest_days: [6, 7]", b"rest_days: [6, 8]", "rest_days"),
        (b"  access: gdpr-art-15", b"  gossip: gdpr-art-15", "articles"),
        (b"source: seen", b"source: somewhere", "law.0.source"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_line(
    before: bytes, after: bytes, line: str
) -> None:
    with pytest.raises(InvalidInput, match=r"rules\.yaml:\d+") as caught:
        load_rules(PACKAGED.replace(before, after, 1), "rules.yaml")
    assert line in str(caught.value)
