"""The demonstration as a user runs it, twice; its facts are read from what it wrote."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from answerable.audit.entries import Header
from answerable.audit.stored import stored_log
from answerable.audit.tree.receipts import open_proof
from answerable.audit.verify import verify_log
from tests.command_line import Ran, answerable

_EXPECTED_DECISIONS: Final = 697
"""35 % of 1,989 applications."""


@dataclass(frozen=True)
class Told:
    """One finished demonstration."""

    root: Path
    text: str

    @property
    def database(self) -> Path:
        return self.root / "answerable.db"

    @property
    def outside(self) -> Path:
        return self.root.with_name(f"{self.root.name}-outside")

    @property
    def vkey(self) -> str:
        return (self.outside / "log.vkey").read_text(encoding="utf-8").strip()

    @property
    def checkpoint(self) -> Path:
        return self.outside / "checkpoint"

    @property
    def answer(self) -> Any:
        return json.loads((self.root / "reports" / "answer.json").read_bytes())

    def headers(self) -> list[Header]:
        stored = stored_log(f"sqlite:///{self.database}")
        try:
            return [Header.from_json(row.header) for row in stored.rows()]
        finally:
            stored.close()

    def of_kind(self, kind: str) -> list[Header]:
        return [header for header in self.headers() if header.kind.value == kind]

    def run(self, *arguments: str | Path) -> Ran:
        """Run a command in this process, which has imported everything already."""
        return answerable(*arguments, "--db", f"sqlite:///{self.database}")


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the installed command as a shell would, without any setting of this machine."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANSWERABLE")}
    return subprocess.run(
        [Path(sys.executable).with_name("answerable"), *arguments],
        env=clean | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ANSWERABLE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Run the demonstration twice in one folder; the second run is the one looked at."""
    root = tmp_path_factory.mktemp("demonstration") / "demo"
    arguments = ("demo", "--folder", root, "--no-serve", "--port", "0")
    first = command(*arguments)
    assert first.returncode == 0, first.stderr
    (root / "left-over").write_text("from the first run", encoding="utf-8")
    before = (root / "answerable.db").read_bytes()
    second = command(*arguments)
    assert second.returncode == 0, second.stderr
    assert not (root / "left-over").exists()
    assert (root / "answerable.db").read_bytes() != before
    return Told(root, second.stdout)


def test_every_artefact_it_lists_is_there(told: Told) -> None:
    listed = told.text.rpartition("Artefacts")[2]
    paths = [Path(word) for word in listed.split() if word.startswith(str(told.root))]
    assert len(paths) >= 13
    for path in paths:
        assert path.exists(), path
    for page in told.root.glob("*/*.html"):
        assert page.read_text(encoding="utf-8").lower().startswith("<!doctype html>")


def test_the_scan_finds_the_planted_columns_and_examines_no_names(told: Told) -> None:
    chapter = _chapter(told, "Scan the training data")
    assert re.search(r"email\s+direct_identifier\s+EMAIL_ADDRESS in 795 rows", chapter)
    assert re.search(r"iban\s+direct_identifier\s+IBAN_CODE in 795 rows", chapter)
    assert re.search(r"name\s+.*not examined: ", chapter)
    assert "CREDIT_CARD" not in chapter
    assert "MEDICAL" not in chapter


def test_the_first_candidate_is_not_released(told: Told) -> None:
    assert re.search(r"Gate of loan@1\.0: not released \(exit code [135]\)", told.text)
    released = [header.function for header in told.of_kind("release.granted")]
    functions = [header.function for header in told.of_kind("function.registered")]
    assert len(functions) == 3
    assert len(released) == 1
    assert released[0] == _digest_of(told, "loan@2.0")
    assert told.run("gate", "loan@1.0").code in {1, 3}
    assert told.run("gate", "loan@1.0-logistic").code in {1, 3}


def test_the_hold_out_was_looked_at_once_after_all_searching(told: Told) -> None:
    assert told.answer["assessed"]["looks_at_hold_out"] == 1
    kinds = [header.kind.value for header in told.headers()]
    last_look = max(i for i, kind in enumerate(kinds) if kind == "fairness.assessed")
    assert kinds.index("fairness.mitigated") < last_look
    assert kinds.count("fairness.assessed") == 3


def test_race_and_sex_hold_and_their_intersection_is_waived_for_a_time(told: Told) -> None:
    verdicts = {
        tuple(item["attributes"]): (item["state"], item["gate"])
        for item in told.answer["assessed"]["verdicts"]
    }
    assert verdicts[("race",)] == ("PASS", "holds")
    assert verdicts[("sex",)] == ("PASS", "holds")
    assert verdicts["race", "sex"] == ("INSUFFICIENT", "waived")
    waiver = told.answer["assessed"]["waivers"][0]
    assert waiver["reason"]
    granted = told.of_kind("waiver.granted")[0]
    assert granted.ts < waiver["expires_at"] <= granted.ts + 180 * 86_400_000_000


def test_two_different_people_signed_before_it_was_released(told: Told) -> None:
    signed = told.of_kind("sign_off.given")
    assert len({header.actor for header in signed}) == len(signed) == 2
    assert {item["role"] for item in told.answer["assessed"]["sign_offs"]} == {
        "model_owner",
        "compliance",
    }
    trainer = told.of_kind("function.registered")[0].actor
    assert trainer not in {header.actor for header in signed}
    assert told.of_kind("release.granted")[0].ts > max(header.ts for header in signed)


def test_the_gate_holds_by_the_command_and_in_its_report(told: Told) -> None:
    assert told.run("gate", "loan@2.0").code == 0
    suite = ET.parse(told.root / "reports" / "gate.junit.xml").getroot()  # noqa: S314
    assert not list(suite.iter("failure"))
    assert len(list(suite.iter("testcase"))) >= 8


def test_every_application_is_a_decision_with_its_explanation(told: Told) -> None:
    automated = [header for header in told.of_kind("decision") if header.automation != "manual"]
    assert len(automated) == _EXPECTED_DECISIONS
    assert len(told.of_kind("explanation")) == _EXPECTED_DECISIONS
    assert {header.release for header in automated} == {told.of_kind("release.granted")[0].id}
    outcomes = [header.outcome for header in automated]
    table = dict(re.findall(r"(approve|refer|decline)\s+(\d+)", _chapter(told, "Decide the hold")))
    assert {name: int(count) for name, count in table.items()} == {
        name: outcomes.count(name) for name in set(outcomes)
    }
    assert sorted(len(header.subjects) for header in automated)[-2:] == [1, 2]


def test_a_knock_out_and_a_referral_are_among_them(told: Told) -> None:
    for words, outcome in (("Knocked out by a rule", "decline"), ("Referred to a person", "refer")):
        found = re.search(rf"{words}: decision ([0-9a-f-]{{36}})", told.text)
        assert found
        result = json.loads(told.run("answer", found[1], "--json", "-").out)
        assert result["why"]["outcome"] == outcome
        assert result["why"]["determined_by"] == "rule"


def test_the_declined_applicant_has_letters_in_two_languages_and_a_receipt(told: Told) -> None:
    decision = told.answer["decision_id"]
    for language in ("en", "de"):
        letter = (told.root / "letters" / f"declined.{language}.html").read_text(encoding="utf-8")
        assert f'lang="{language}"' in letter
        assert decision in letter
    receipt = (told.outside / "declined.tlog-proof").read_text(encoding="utf-8")
    proven = open_proof(receipt, told.vkey)
    assert f'"id":"{decision}"'.encode() in proven.header
    assert b'"outcome":"decline"' in proven.header


def test_a_person_overturned_it_in_a_new_decision(told: Told) -> None:
    why = told.answer["why"]
    later = next(h for h in told.of_kind("decision") if h.id == why["superseded_by"])
    assert (later.outcome, later.automation) == ("approve", "manual")
    assert later.supersedes == told.answer["decision_id"]
    reviewer = told.of_kind("review.completed")[0].actor
    assert reviewer != told.of_kind("decision")[0].actor
    assert why["reasons"]
    assert why["counterfactuals"]


def test_the_answer_is_given_again_by_the_command_with_proofs_that_hold(told: Told) -> None:
    ran = told.run("answer", told.answer["decision_id"], "--json", "-")
    assert ran.code == 0
    again = json.loads(ran.out)
    assert again["trained_on"] == told.answer["trained_on"]
    assert again["why"] == told.answer["why"]
    for items in again["proofs"].values():
        for item in items:
            assert open_proof(item["receipt"], told.vkey).seq == item["seq"]
    assert again["trained_on"]["datasets"][0]["rows"] == 795
    assert "not whether the loan was repaid" in again["trained_on"]["datasets"][0]["label_meaning"]


def test_the_access_package_came_before_the_erasure_and_only_it_can_still_be_read(
    told: Told,
) -> None:
    package = json.loads((told.root / "access" / "access.json").read_bytes())
    assert {entry["kind"] for entry in package["entries"]} >= {"decision", "explanation"}
    assert "Demo Bank" in package["controller"]["controller"]["name"]
    assert {item["id"] for item in package["recipients"]} == {"credit-bureau", "hosting"}
    assert "recipients (credit-bureau, hosting)" in " ".join(told.text.split())
    erased = told.of_kind("subject.erased")
    assert [header.subjects[0].ref for header in erased] == [package["ref"]]
    decision = next(e["entry_id"] for e in package["entries"] if e["kind"] == "decision")
    ran = told.run("answer", decision)
    assert ran.code == 3
    assert "erased" in ran.err


def test_the_log_verifies_against_the_checkpoint_kept_outside(told: Told) -> None:
    ran = told.run("verify", "--checkpoint", told.checkpoint, "--json", "-")
    assert ran.code == 0
    result = json.loads(ran.out)
    assert (result["ok"], result["anchored"], result["findings"]) == (True, True, [])
    assert result["size"] == len(told.headers())
    stored = stored_log(f"sqlite:///{told.database}")
    try:
        note = told.checkpoint.read_text(encoding="utf-8")
        report = verify_log(
            stored.rows(),
            origin="demo-bank.example/loan/2026",
            vkey=told.vkey,
            checkpoint=note,
            stored=stored.state,
        )
    finally:
        stored.close()
    assert report.ok
    assert report.root == result["root"]


def test_the_tampered_copy_does_not_verify_and_its_entry_is_named(told: Told) -> None:
    tampered = told.database.with_name("answerable.db.tampered")
    ran = answerable("verify", "--db", f"sqlite:///{tampered}", "--key", told.outside / "log.vkey",
                  "--json", "-")  # fmt: skip
    assert ran.code == 4
    findings = json.loads(ran.out)["findings"]
    named = [found["entry"] for found in findings if found["layer"] == "leaf"]
    assert len(named) == 1
    assert told.answer["decision_id"] in named[0]
    assert "Verification does not pass." in told.text


def test_the_card_agrees_with_its_evidence(told: Told, tmp_path: Path) -> None:
    assert told.run("card", "check", "loan@2.0").code == 0
    names = {path.suffix for path in (told.root / "card").iterdir()}
    assert names == {".html", ".md", ".json"}


def test_no_key_lies_in_the_databases_folder_and_no_name_in_the_database(told: Told) -> None:
    assert not list(told.root.rglob("pepper"))
    keys = told.root.with_name(f"{told.root.name}-keys")
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys.rglob("*"))
    raw = told.database.read_bytes()
    person = json.loads((told.root / "access" / "access.json").read_bytes())
    for value in _strings(person["entries"], {"name", "email", "iban"}):
        assert value.encode() not in raw


def test_others_can_read_nothing_it_wrote_about_people(told: Told) -> None:
    written = [told.root / name for name in ("access", "letters", "data", "reports")]
    files = [file for folder in [*written, told.outside] for file in folder.iterdir()]
    assert len(files) >= 10
    closed = [*files, told.root, told.outside, *written]
    assert [path for path in closed if path.stat().st_mode & 0o077] == []


def test_it_names_a_person_whom_subject_find_finds(told: Told) -> None:
    named = re.search(r"subject find --subject-id (\S+) --purpose test", told.text)
    assert named
    found = told.run(
        "subject", "find", "--subject-id", named[1], "--purpose", "test", "--json", "-"
    )
    assert found.code == 0
    assert {line["kind"] for line in json.loads(found.out)["entries"]} >= {"decision"}


def _strings(value: Any, names: set[str]) -> set[str]:
    found: set[str] = set()
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in names and isinstance(inner, str) and "@" in inner:
                found.add(inner)
            found |= _strings(inner, names)
    elif isinstance(value, list):
        for inner in value:
            found |= _strings(inner, names)
    return found


def _digest_of(told: Told, function: str) -> str:
    ran = told.run("lineage", function, "--json", "-")
    return str(json.loads(ran.out)["function"]["digest"])


def _chapter(told: Told, title: str) -> str:
    after = told.text.partition(title)[2]
    return re.split(r"^\d+\. ", after, flags=re.MULTILINE)[0]
