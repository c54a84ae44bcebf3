"""register and card: what evidence refers to, from files, without a line of Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.api.bank import CATALOGUE, SCORECARD, USE_CASE, rows
from tests.command_line import Shop, write_rows

FUNCTION_FILE = {
    "name": "loan",
    "version": "2",
    "use_case": "loan",
    "catalogue": "loan",
    "model": {
        "name": "card",
        "file": "card.json",
        "format": "scorecard",
        "features": ["income", "debt"],
        "trained_on": ["loans-training"],
    },
    "baseline": {
        "name": "applicants",
        "kind": "all_applicants",
        "data": "rows.csv",
        "dataset": "loans-training",
        "row_id": "applicant_id",
    },
    "scale": "probability",
    "cut_off": 0.6,
    "rules": [
        {
            "id": "debt_limit",
            "feature": "debt",
            "op": ">",
            "value": 2500,
            "outcome": "decline",
            "reason_code": "debt_above_limit",
        }
    ],
    "outcome_codes": ["approve", "decline", "refer"],
    "replaces": "loan@1",
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps(SCORECARD), encoding="utf-8")
    (folder / "function.yaml").write_text(yaml.safe_dump(FUNCTION_FILE), encoding="utf-8")
    (folder / "catalogue.yaml").write_text(CATALOGUE, encoding="utf-8")
    (folder / "use_case.yaml").write_text(yaml.safe_dump(USE_CASE), encoding="utf-8")
    write_rows(folder / "rows.csv", rows(50))
    return folder


def test_a_decision_function_is_registered_from_one_file(shop: Shop, files: Path) -> None:
    ran = shop.run("register", "function", files / "function.yaml")
    assert ran.code == 0
    assert ran.out.startswith("sha256:")
    lineage = shop.run("lineage", "loan@2", "--json", "-").json
    assert lineage["function"]["digest"] == ran.out.strip()
    assert lineage["function"]["record"]["cut_off"] == 0.6
    assert [found["record"]["version"] for found in lineage["ancestors"]] == ["1"]
    assert shop.run("gate", "loan@2").code == 3


def test_the_same_name_and_version_never_stand_for_two_functions(shop: Shop, files: Path) -> None:
    assert shop.run("register", "function", files / "function.yaml").code == 0
    changed = {**FUNCTION_FILE, "cut_off": 0.7}
    (files / "function.yaml").write_text(yaml.safe_dump(changed), encoding="utf-8")
    ran = shop.run("register", "function", files / "function.yaml")
    assert ran.code == 2
    assert "loan@2" in ran.err or "version" in ran.err
    assert shop.run("lineage", "loan@2", "--json", "-").json["function"]["record"]["cut_off"] == 0.6


def test_a_typo_in_a_file_names_the_line(shop: Shop, files: Path) -> None:
    text = yaml.safe_dump(FUNCTION_FILE).replace("cut_off", "cutoff")
    (files / "function.yaml").write_text(text, encoding="utf-8")
    line = next(n for n, words in enumerate(text.splitlines(), 1) if words.startswith("cutoff"))
    size = shop.size()
    ran = shop.run("register", "function", files / "function.yaml")
    assert ran.code == 2
    assert f"function.yaml:{line}: cutoff" in ran.err
    assert shop.size() == size


def test_data_catalogue_use_case_and_people_are_registered(shop: Shop, files: Path) -> None:
    digests = [
        shop.run(
            "register", "dataset", files / "rows.csv", "--name", "loans-validation",
            "--role", "validation", "--source", "invented", "--column", "income=feature",
            "--column", "sex=protected", "--column", "approved=label",
        ),
        shop.run("register", "catalogue", files / "catalogue.yaml", "--name", "loan"),
        shop.run("register", "use-case", files / "use_case.yaml"),
    ]  # fmt: skip
    assert [ran.code for ran in digests] == [0, 0, 0]
    assert all(ran.out.startswith("sha256:") for ran in digests)
    key = files / "person.key"
    person = shop.run("register", "actor", "Some Person", "--role", "auditor", "--key-file", key)
    assert person.code == 0
    assert key.stat().st_mode & 0o077 == 0
    raw = shop.database.read_bytes()
    assert b"Some Person" not in raw


def test_a_key_file_is_never_overwritten(shop: Shop, files: Path) -> None:
    key = files / "person.key"
    key.write_text("somebody's own", encoding="utf-8")
    size = shop.size()
    ran = shop.run("register", "actor", "Other", "--role", "auditor", "--key-file", key)
    assert ran.code != 0
    assert key.read_text(encoding="utf-8") == "somebody's own"
    assert shop.size() == size


def test_a_card_is_built_checked_and_exported(shop: Shop, tmp_path: Path) -> None:
    out = tmp_path / "card"
    built = shop.run("card", "build", "loan@1", "--out", out)
    assert built.code == 0
    names = {"card-loan-1.html", "card-loan-1.md", "card-loan-1.json"}
    assert {path.name for path in out.iterdir()} == names
    assert "<svg" in (out / "card-loan-1.html").read_text(encoding="utf-8")
    checked = shop.run("card", "check", "loan@1", "--json", "-")
    assert checked.code == 0
    assert checked.json["ok"] is True
    assert checked.json["findings"] == []
    exported = tmp_path / "exported"
    assert shop.run("card", "export", "loan@1", "--out", exported).code == 0
    assert {path.name for path in exported.iterdir()} == names
    printed = shop.run("card", "build", "loan@1", "--json", "-")
    assert (
        json.loads(printed.out).keys() == json.loads((out / "card-loan-1.json").read_bytes()).keys()
    )


def test_a_key_file_that_was_there_before_stays(shop: Shop, tmp_path: Path) -> None:
    key = tmp_path / "own.key"
    first = shop.run("register", "actor", "Some Officer", "--role", "officer", "--key-file", key)
    held = key.read_bytes()
    again = shop.run("register", "actor", "Some Officer", "--role", "officer", "--key-file", key)
    assert (first.code, again.code) == (0, 2)
    assert "this key file exists" in again.err
    assert key.read_bytes() == held


def test_a_refused_registration_leaves_no_key_file(shop: Shop, tmp_path: Path) -> None:
    key = tmp_path / "nobody.key"
    ran = shop.run(
        "register", "actor", "X", "--role", "service", "--role", "officer", "--key-file", key
    )
    assert ran.code == 2
    assert not key.exists()
