"""answer, letter, replay, contest, decisions."""

from __future__ import annotations

from pathlib import Path

from answerable.audit.tree.receipts import open_proof
from tests.command_line import Shop

UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"


def test_answer_gives_three_answers_each_with_proofs_that_hold(shop: Shop) -> None:
    result = shop.run("answer", shop.decision, "--json", "-").json
    assert result["function"] == "loan@1"
    assert result["trained_on"]["datasets"][0]["rows"] == 200
    assert {signed["role"] for signed in result["assessed"]["sign_offs"]} == {
        "model_owner",
        "compliance",
    }
    assert [reason["code"] for reason in result["why"]["reasons"]] == ["income", "debt"]
    for question in ("trained_on", "assessed", "why"):
        assert result["proofs"][question]
        for proof in result["proofs"][question]:
            assert open_proof(proof["receipt"], result["vkey"]).seq == proof["seq"]


def test_answer_is_readable_and_the_reading_is_logged(shop: Shop) -> None:
    size = shop.size()
    ran = shop.run("answer", shop.decision)
    assert ran.code == 0
    for part in ("1. Which data", "2. How was", "3. Why this", "Your income is low.", "proven:"):
        assert part in ran.out
    assert shop.size() == size + 1


def test_a_letter_comes_in_both_languages(shop: Shop, tmp_path: Path) -> None:
    assert "Your income is low." in shop.run("letter", shop.decision).out
    page = tmp_path / "brief.html"
    ran = shop.run("letter", shop.decision, "--language", "de", "--html", page)
    assert (ran.code, ran.out) == (0, "")
    assert "Ihr Einkommen ist niedrig." in page.read_text(encoding="utf-8")


def test_a_letter_in_an_unknown_language_or_view_is_refused(shop: Shop) -> None:
    size = shop.size()
    assert shop.run("letter", shop.decision, "--language", "xx").code == 2
    assert shop.run("letter", shop.decision, "--view", "something").code == 2
    assert shop.size() == size


def test_replay_gives_the_same_bytes(shop: Shop) -> None:
    ran = shop.run("replay", shop.decision)
    assert ran.code == 0
    stored, replayed, verdict = ran.out.splitlines()
    assert stored.split()[1] == replayed.split()[1]
    assert verdict == "identical"


def test_a_contest_is_recorded_and_its_words_are_not_printed(shop: Shop) -> None:
    size = shop.size()
    ran = shop.run("contest", shop.decision, "--grounds", "Erika says so")
    assert ran.code == 0
    assert "Erika" not in ran.out
    assert shop.size() == size + 1


def test_decisions_are_listed_without_reading_personal_data(shop: Shop) -> None:
    size = shop.size()
    lines = shop.run("decisions", "--json", "-").json
    assert [line["decision_id"] for line in lines] == [shop.decision]
    assert {"decision_id", "seq", "ts", "function", "outcome", "automation"} <= lines[0].keys()
    assert shop.run("decisions", "--outcome", "approve", "--json", "-").json == []
    assert shop.decision in shop.run("decisions").out
    assert shop.size() == size


def test_an_unknown_decision_is_refused_by_every_command(shop: Shop) -> None:
    size = shop.size()
    for command in ("answer", "letter", "replay"):
        ran = shop.run(command, UNKNOWN)
        assert ran.code == 2
        assert "no entry has this id" in ran.err
    assert shop.run("contest", UNKNOWN, "--grounds", "x").code == 2
    assert shop.size() == size
