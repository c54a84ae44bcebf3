"""The report as JSON, as evidence and as SARIF."""

import json
from pathlib import PurePosixPath

import pytest
from pydantic import JsonValue

from answerable.audit.canonical import parse_canonical
from answerable.audit.errors import InvalidInput
from answerable.audit.records import Evidence, parse_record
from answerable.privacy.policy import ScanPolicy
from answerable.privacy.report import ScanReport
from answerable.privacy.sarif import sarif_json, sarif_log


def test_the_json_has_the_keys_scripts_rely_on(loan_report: ScanReport) -> None:
    result = loan_report.to_result()
    assert {"rows", "engines", "columns"} <= set(result)
    columns = result["columns"]
    assert isinstance(columns, list)
    for column in columns:
        assert isinstance(column, dict)
        assert {"name", "type", "posterior", "role", "contains", "not_examined"} <= set(column)
        contains = column["contains"]
        assert isinstance(contains, list)
        for finding in contains:
            assert isinstance(finding, dict)
            assert {"entity", "rows", "rate", "interval"} <= set(finding)
            assert isinstance(finding["interval"], list)
    json.dumps(result, allow_nan=False)


def test_a_stored_result_is_read_back_as_the_same_report(loan_report: ScanReport) -> None:
    again = ScanReport.from_result(json.loads(json.dumps(loan_report.to_result())))
    assert again == loan_report
    assert again.digest == loan_report.digest


def test_a_result_of_another_form_is_refused(loan_report: ScanReport) -> None:
    result = loan_report.to_result()
    changes: list[dict[str, JsonValue]] = [{"rows": -1}, {"columns": [{}]}, {"extra": 1}]
    for change in changes:
        with pytest.raises(InvalidInput):
            ScanReport.from_result({**result, **change})


def test_evidence_carries_the_result_and_what_it_rests_on(loan_report: ScanReport) -> None:
    digest = "sha256:" + "0" * 64
    evidence = loan_report.evidence(inputs={"dataset:training": digest}, code="0.1.0")
    stored = parse_record(evidence.to_json())
    assert isinstance(stored, Evidence)
    assert stored.kind == "privacy.scanned"
    assert stored.result_type == "answerable.privacy-scan.v1"
    assert stored.inputs == {"dataset:training": digest}
    assert stored.seed == loan_report.seed
    assert ScanReport.from_result(stored.result) == loan_report


def test_sarif_has_one_result_per_finding_and_notes_what_was_not_examined(
    loan_report: ScanReport,
) -> None:
    log = sarif_log(loan_report, artefact="data/loans.parquet")
    assert log["version"] == "2.1.0"
    runs = json.loads(json.dumps(log["runs"]))
    (run,) = runs
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted(set(rules))
    entities = 0
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        (place,) = result["locations"]
        assert not PurePosixPath(place["physicalLocation"]["artifactLocation"]["uri"]).is_absolute()
        assert loan_report.column(place["logicalLocations"][0]["name"]) is not None
        entities += result["ruleId"].startswith("entity/")
    assert entities == sum(len(column.contains) for column in loan_report.columns)
    assert any(one["ruleId"] == "not-examined" and one["level"] == "note" for one in run["results"])
    assert parse_canonical(sarif_json(loan_report, artefact="data/loans.parquet")) == log


def test_a_violation_is_an_error_in_sarif(loan_report: ScanReport) -> None:
    from answerable.privacy.policy import judge

    verdict = judge(
        loan_report.columns, ScanPolicy(), features=["email"], examined_rows=1989, rows=1989
    )
    log = sarif_log(loan_report.model_copy(update={"verdict": verdict}), artefact="x.csv")
    runs = json.loads(json.dumps(log["runs"]))
    errors = {
        one["locations"][0]["logicalLocations"][0]["name"]
        for one in runs[0]["results"]
        if one["level"] == "error"
    }
    assert errors == {"email"}
