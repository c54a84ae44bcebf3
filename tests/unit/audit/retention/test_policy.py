"""A retention policy says how long, after what and by which law; below a floor it is refused."""

from __future__ import annotations

from datetime import date

import pytest

from answerable.audit.errors import InvalidInput, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.retention.legal import legal_floors, template_names, template_text
from answerable.audit.retention.policy import (
    EntryFacts,
    RetentionPolicy,
    load_retention_policy,
    retention_schema,
)
from answerable.audit.retention.scope import REMOVABLE

RULE = """
id: test
version: 1
rules:
  - name: decisions
    covers: {{kinds: [{kinds}]}}
    bodies_days: {bodies}
    entries_days: {entries}
    law: {{act: a law, article: "1", source: from memory}}
"""


def policy(kinds: str = "decision", bodies: int = 200, entries: int = 400, more: str = "") -> bytes:
    return (RULE.format(kinds=kinds, bodies=bodies, entries=entries) + more).encode()


def test_every_template_is_a_policy_that_covers_every_kind_that_may_go() -> None:
    assert template_names() == ("ai-act", "ecoa-reg-b", "gdpr-storage-limitation", "marisk")
    for name in template_names():
        found = load_retention_policy(template_text(name).encode(), name)
        assert found.uncovered() == ()
        assert found.id == name


def test_templates_keep_at_least_what_their_law_asks() -> None:
    days = {
        name: load_retention_policy(template_text(name).encode(), name).rules[0].bodies_days
        for name in template_names()
    }
    assert days["ai-act"] == 184  # the longest six months, 1 July to 1 January
    assert days["ecoa-reg-b"] == 762  # the longest 25 months, with a leap day
    assert days["marisk"] == 1827  # the longest five years, with two
    first = load_retention_policy(template_text("ecoa-reg-b").encode(), "x").rules[0]
    assert (first.after, first.law.source, first.law.paragraph) == ("notice", "seen", "(b)(1)")


def test_the_floor_can_be_a_day_short_of_six_months_and_the_template_never_is() -> None:
    lengths = {
        (date(year + month // 7, (month + 5) % 12 + 1, 1) - date(year, month, 1)).days
        for year in range(2024, 2029)
        for month in range(1, 13)
    }
    assert (min(lengths), max(lengths)) == (181, 184)
    template = load_retention_policy(template_text("ai-act").encode(), "ai-act").rules[0]
    assert template.bodies_days == max(lengths)
    (floor,) = legal_floors()
    assert min(lengths) < floor.least_days < max(lengths)


def test_an_unknown_template_is_not_found() -> None:
    with pytest.raises(NotFound, match="ai-act"):
        template_text("../floors")


def test_the_floor_is_data_with_its_source() -> None:
    (floor,) = legal_floors()
    assert (floor.name, floor.least_days, floor.law.source) == ("ai-act-logs", 183, "seen")
    assert EntryKind.DECISION in floor.kinds


@pytest.mark.parametrize("days", [1, 182])
def test_a_rule_below_the_floor_is_refused_with_its_line(days: int) -> None:
    with pytest.raises(InvalidInput, match=r"x\.yaml:5: .*below the floor of 183 .*Article 19"):
        load_retention_policy(policy(bodies=days), "x.yaml")


def test_the_floor_holds_for_a_rule_that_covers_everything() -> None:
    with pytest.raises(InvalidInput, match="below the floor"):
        load_retention_policy(policy(bodies=30).replace(b"kinds: [decision]", b""), "x.yaml")


def test_a_rule_at_the_floor_or_about_other_kinds_is_accepted() -> None:
    assert load_retention_policy(policy(bodies=183), "x").rules[0].bodies_days == 183
    assert load_retention_policy(policy("records.read", 30), "x").rules[0].bodies_days == 30


def test_a_rule_below_the_floor_stands_if_it_names_the_law_that_allows_it() -> None:
    law = "    shorter_by: {act: another law, article: '9', source: seen}\n"
    rule = load_retention_policy(policy(bodies=30, more=law), "x").rules[0]
    assert rule.shorter_by is not None
    assert rule.shorter_by.act == "another law"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (policy("release.granted"), r"x\.yaml:6: .*release.granted are never removed"),
        (policy("decision", 400, 300), "entries_days is less than bodies_days"),
        (policy("decision", 200, 40_000), "entries_days: Input should be less"),
        (policy().replace(b"rules:", b"rules: []\nx:"), "1 to 100 rules|Extra inputs"),
        (policy().replace(b'article: "1", ', b""), "law.article: Field required"),
        (policy().replace(b"from memory", b"a blog"), "law.source"),
        (policy(more="    approver: admin\n"), "approver"),
        (policy(more="    after: never\n"), "after"),
        (b"retention: {id: x, version: 1, rules: []}", "1 to 100 rules"),
        (b"- 1", "Input should be an object"),
    ],
)
def test_a_malformed_policy_is_named_by_line_and_field(data: bytes, what: str) -> None:
    with pytest.raises(InvalidInput, match=what):
        load_retention_policy(data, "x.yaml")


def test_two_rules_of_one_name_are_refused() -> None:
    text = policy().decode()
    rule = text[text.index("  - name") :]
    with pytest.raises(InvalidInput, match="same name"):
        load_retention_policy((text + rule).encode(), "x.yaml")


def test_a_rule_covers_what_all_its_lists_name() -> None:
    source = policy().replace(b"[decision]", b"[decision], outcomes: [decline], purposes: [credit]")
    found = load_retention_policy(source, "x")
    declined = EntryFacts(EntryKind.DECISION, 0, purpose="credit", outcome="decline")
    assert found.rules_for(declined)
    for other in (
        EntryFacts(EntryKind.DECISION, 0, purpose="credit", outcome="approve"),
        EntryFacts(EntryKind.DECISION, 0, purpose="hiring", outcome="decline"),
        EntryFacts(EntryKind.EXPLANATION, 0, purpose="credit", outcome="decline"),
    ):
        assert not found.rules_for(other)
    assert set(found.uncovered()) == REMOVABLE


def test_nothing_the_registry_needs_may_ever_go() -> None:
    needed = {kind for kind in EntryKind if kind.value.split(".")[0] in {
        "log", "actor", "use_case", "dataset", "policy", "catalogue", "baseline", "function",
        "privacy", "data_quality", "fairness", "model", "card", "waiver", "sign_off", "gate",
        "release", "incident", "hold", "retention",
    }}  # fmt: skip
    assert needed.isdisjoint(REMOVABLE)
    assert EntryKind.SUBJECT_ERASED not in REMOVABLE


def test_the_schema_names_every_field() -> None:
    schema = retention_schema()
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert set(properties) == set(RetentionPolicy.model_fields)
