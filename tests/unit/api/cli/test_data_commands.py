"""scan and assess: a file in, a result with fixed keys out, an exit code a script can use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.api.bank import POLICY, rows
from tests.command_line import answerable, write_rows

ASSESS = (
    "--prediction", "outcome", "--favourable", "approve", "--label", "approved",
    "--positive", "yes", "--protected", "sex",
)  # fmt: skip


@pytest.fixture
def loans(tmp_path: Path) -> Path:
    """Return rows in which two of three are approved, whatever their sex."""
    return write_rows(
        tmp_path / "loans.csv",
        rows(60),
        email=lambda number: f"person{number}@example.org",
        outcome=lambda number: "approve" if number % 3 else "decline",
    )


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return path


def test_a_scan_has_the_promised_keys_and_finds_the_addresses(loans: Path) -> None:
    ran = answerable("scan", loans, "--json", "-")
    assert ran.code == 0
    result = ran.json
    assert {"rows", "engines", "columns"} <= result.keys()
    assert result["rows"] == 60
    columns = {column["name"]: column for column in result["columns"]}
    assert {"name", "type", "posterior", "role", "contains", "not_examined"} <= columns[
        "email"
    ].keys()
    found = columns["email"]["contains"][0]
    assert {"entity", "rows", "rate", "interval"} <= found.keys()
    assert (found["entity"], found["rows"], found["rate"]) == ("EMAIL_ADDRESS", 60, 1.0)
    low, high = found["interval"]
    # Every row was examined, so nothing is left to chance.
    assert (low, high) == (1.0, 1.0)
    assert columns["income"]["type"] == "NONE"
    assert "person1@" not in ran.out


def test_a_scan_writes_a_page_and_sarif(loans: Path, tmp_path: Path) -> None:
    page, sarif = tmp_path / "scan.html", tmp_path / "scan.sarif"
    ran = answerable("scan", loans, "--html", page, "--sarif", sarif)
    assert ran.code == 0
    assert "EMAIL_ADDRESS 60" in ran.out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    log = json.loads(sarif.read_bytes())
    assert log["version"] == "2.1.0"
    assert log["runs"][0]["results"]


def test_an_assessment_has_the_promised_keys(loans: Path, policy: Path) -> None:
    ran = answerable("assess", loans, *ASSESS, "--policy", policy, "--json", "-")
    assert ran.code == 0
    result = ran.json
    assert {"groups", "disparities", "verdicts", "undefined"} <= result.keys()
    group = next(item for item in result["groups"] if item["group"] == {"sex": "female"})
    assert group["n"] == 30
    for rate in ("selection_rate", "false_positive_rate", "false_negative_rate",
                 "true_positive_rate"):  # fmt: skip
        assert {"value", "interval", "n"} <= group["rates"][rate].keys()
    assert group["rates"]["selection_rate"]["value"] == pytest.approx(2 / 3)
    keys = {"metric", "compare", "reference", "value", "interval"}
    assert all(keys <= item.keys() for item in result["disparities"])
    assert {item["compare"] for item in result["disparities"]} == {"difference", "ratio"}
    assert {"rule", "state", "needed_n"} <= result["verdicts"][0].keys()
    assert result["verdicts"][0]["state"] == "PASS"


@pytest.mark.parametrize(
    ("count", "unfair", "code", "state"),
    [(200, False, 0, "PASS"), (200, True, 1, "FAIL"), (24, False, 3, "INSUFFICIENT")],
)
def test_the_exit_code_says_what_the_verdict_says(
    tmp_path: Path, policy: Path, count: int, *, unfair: bool, code: int, state: str
) -> None:
    def outcome(number: int) -> str:
        return "decline" if (number % 2 if unfair else number % 3 == 0) else "approve"

    file = write_rows(tmp_path / "rows.csv", rows(count), outcome=outcome)
    ran = answerable("assess", file, *ASSESS, "--policy", policy, "--json", "-")
    assert ran.code == code
    verdict = ran.json["verdicts"][0]
    assert verdict["state"] == state
    if state == "INSUFFICIENT":
        assert verdict["needed_n"] > count / 2


def test_an_undefined_rate_is_null_with_a_reason_never_a_number(
    tmp_path: Path, policy: Path
) -> None:
    file = write_rows(
        tmp_path / "rows.csv", rows(60).select("income", "debt", "sex"),
        approved=lambda _: "yes",
        outcome=lambda number: "approve" if number % 3 else "decline",
    )  # fmt: skip
    result = answerable("assess", file, *ASSESS, "--policy", policy, "--json", "-").json
    assert result["undefined"]
    for group in result["groups"]:
        rate = group["rates"]["false_positive_rate"]
        assert rate["value"] is None
        assert rate["reason"]


def test_an_intersection_is_assessed_when_asked(tmp_path: Path) -> None:
    file = write_rows(
        tmp_path / "rows.csv", rows(120),
        race=lambda number: "a" if number % 4 < 2 else "b",
        outcome=lambda number: "approve" if number % 3 else "decline",
    )  # fmt: skip
    arguments = [*ASSESS[:-1], "sex,race"]
    one = answerable("assess", file, *arguments, "--json", "-").json
    both = answerable("assess", file, *arguments, "--intersect", "--json", "-").json
    assert {len(item["group"]) for item in one["groups"]} == {1}
    assert {len(item["group"]) for item in both["groups"]} == {1, 2}


def test_an_assessment_is_printed_and_written_as_a_page(
    loans: Path, policy: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    ran = answerable("assess", loans, *ASSESS, "--policy", policy, "--html", page)
    assert ran.code == 0
    assert "sex female" in ran.out
    assert "PASS" in ran.out
    assert "<svg" in page.read_text(encoding="utf-8")
