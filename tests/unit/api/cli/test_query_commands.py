"""query: what a supervisor asks; each question is recorded, each answer has stable keys."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

import pytest

from tests.command_line import Shop, refused

KEYS = {"query", "parameters", "size", "summary", "items", "next", "asked"}
QUESTIONS = {
    "adverse": ("loan@1",),
    "affected": ("--count",),
    "oversight": ("--count",),
    "acts": ("--count",),
    "reads": ("--count",),
    "irregularities": ("--count",),
    "counts": ("--recount",),
    "lineage": (),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_answers_in_words_and_in_json(name: str, shop: Shop) -> None:
    size = shop.size()
    words = shop.run("query", name, *QUESTIONS[name])
    assert words.code == 0, words.err
    assert "recorded as entry" in words.out
    ran = shop.run("query", name, *QUESTIONS[name], "--json", "-")
    assert ran.json.keys() == KEYS
    assert (ran.json["query"], ran.json["size"]) == (name, size + 1)
    assert shop.size() == size + 2
    assert "Erika" not in words.out + ran.out
    assert "cust-4711" not in words.out + ran.out


def test_the_declined_application_is_found_and_its_pages_end(shop: Shop) -> None:
    ran = shop.run("query", "adverse", "loan@1", "--limit", "1", "--json", "-")
    (item,) = ran.json["items"]
    assert (item["entry_id"], ran.json["next"]) == (shop.decision, None)
    after = shop.run("query", "adverse", "loan@1", "--after", str(item["seq"]), "--json", "-")
    assert after.json["items"] == []
    past = shop.run("query", "adverse", "loan@1", "--until", "2020-01-01", "--json", "-")
    assert past.json["items"] == []
    since = shop.run("query", "affected", "--since", "2020-01-01T08:00", "--count", "--json", "-")
    assert since.json["summary"] == {"persons": 1}


def test_more_than_a_page_says_how_to_go_on(shop: Shop) -> None:
    for _ in range(3):
        assert shop.run("query", "counts").code == 0
    ran = shop.run("query", "reads", "--limit", "2", "--json", "-")
    assert len(ran.json["items"]) == 2
    words = shop.run("query", "reads", "--limit", "2")
    assert f"more: --after {ran.json['next']}" in words.out


def test_a_changed_count_is_named_and_ends_with_integrity_broken(shop: Shop) -> None:
    with contextlib.closing(sqlite3.connect(shop.database)) as own, own:
        own.execute("UPDATE rollup SET n = n + 1")
    assert shop.run("query", "counts").code == 0
    ran = shop.run("query", "counts", "--recount", "--json", "-")
    assert ran.code == 4
    (found,) = ran.json["summary"]["differences"]
    assert (found["kept"], found["counted"]) == (2, 1)


def test_changes_since_a_checkpoint_and_a_sample_drawn_by_it(shop: Shop, tmp_path: Path) -> None:
    note = tmp_path / "checkpoint"
    assert shop.run("log", "head", "--out", note).code == 0
    assert shop.run("query", "counts").code == 0
    ran = shop.run("query", "changes", "--checkpoint", note, "--json", "-")
    assert ran.json["summary"]["kinds"] == {"query.asked": 1}
    size = str(ran.json["summary"]["old_size"])
    none = shop.run("query", "changes", "--checkpoint", note, "--until-size", size, "--json", "-")
    assert none.json["items"] == []
    draw = ("query", "sample", "--checkpoint", note, "--n", "5")
    sample = shop.run(*draw, "--nonce", "0f" * 16, "--json", "-")
    assert [item["entry_id"] for item in sample.json["items"]] == [shop.decision]
    assert sample.json["summary"]["chosen_by"] == "examiner"
    words = shop.run(*draw, "--by-outcome")
    assert "chosen_by: operator" in words.out
    assert "earlier_draws: 1" in words.out


def test_bad_questions_are_refused_and_nothing_is_recorded(shop: Shop, tmp_path: Path) -> None:
    note = tmp_path / "foreign"
    note.write_text("example.org/other\n1\nAAAA\n", encoding="utf-8")
    size = shop.size()
    for arguments, word in (
        (("adverse", "nobody@1"), "function"),
        (("adverse", "sha256:" + "00" * 32), "adverse"),
        (("affected", "--since", "last week"), "time"),
        (("acts", "--kind", "no.kind"), "kind"),
        (("counts", "--first-day", "2026-02-30"), "day"),
        (("reads", "--purpose", "Because Erika"), "purpose"),
        (("reads", "--limit", "0"), "limit"),
        (("changes", "--checkpoint", note), "checkpoint"),
        (("sample", "--checkpoint", note, "--n", "3", "--nonce", "xyz"), "nonce"),
        (("sample", "--checkpoint", tmp_path / "nowhere", "--n", "3"), "nowhere"),
    ):
        refused(shop.run("query", *arguments), 2, word)
    assert shop.size() == size


def test_times_and_durations_are_printed_for_people_and_empty_means_none(
    shop: Shop, tmp_path: Path
) -> None:
    found = shop.run("subject", "find", "--subject-id", "cust-4711", "--purpose", "test",
                     "--json", "-")  # fmt: skip
    asked = shop.run("subject", "request", "open", found.json["ref"], "--for", "access",
                     "--identity-check", "id-card")  # fmt: skip
    assert asked.code == 0, asked.err
    shop.run("subject", "hold", found.json["ref"], "--ground", "litigation", "--reference", "c-1")
    assert shop.run("contest", shop.decision, "--grounds", "Look again.").code == 0
    note = tmp_path / "checkpoint"
    assert shop.run("log", "head", "--out", note).code == 0
    for arguments in (
        ("oversight", "--count"),
        ("acts", "--count"),
        ("lineage",),
        ("counts", "--recount"),
        ("sample", "--checkpoint", note, "--n", "5"),
    ):
        words = shop.run("query", *arguments).out
        assert not re.search(r"\b\d{15,17}\b|_us\b|[0-9a-f]{64}", _without_digests(words)), words
        assert not re.search(r"^\w+: *$", words, re.MULTILINE), words
    assert "differences: none" in shop.run("query", "counts", "--recount").out


def _without_digests(words: str) -> str:
    return re.sub(r"sha256:[0-9a-f]{64}|(?<=checkpoint_root: )[0-9a-f]{64}", "", words)
