"""The scan as SARIF, so that code scanning viewers can show it.

One rule per entity and role, one result per finding; a column is a logical location. What
was not examined is a result of level ``note``: a viewer must not show it as clean. The
JSON result stays the master; nothing is here that is not there.

References
----------
OASIS SARIF 2.1.0, sections 3.13 (log), 3.14 (run), 3.27 (result), 3.33 (logicalLocation).
"""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from answerable.audit.canonical import canonical_json
from answerable.privacy.entities import ColumnRole
from answerable.privacy.report import ColumnReport, Finding, ScanReport

__all__ = ["sarif_json", "sarif_log"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_Level = Literal["error", "warning", "note"]
_ROLES = frozenset({ColumnRole.SPECIAL_CATEGORY, ColumnRole.QUASI_IDENTIFIER})


def sarif_log(report: ScanReport, *, artefact: str) -> dict[str, JsonValue]:
    """Return the SARIF log of a scan.

    Parameters
    ----------
    report : ScanReport
        The scan.
    artefact : str
        Relative URI of what was scanned, for example ``data/train.parquet``.

    Returns
    -------
    dict[str, JsonValue]
        A log with one run. A finding that violates the policy is an error, another
        finding a warning, what was not examined a note.
    """
    results = [result for column in report.columns for result in _results(report, column, artefact)]
    rules = sorted({str(result["ruleId"]) for result in results})
    driver: dict[str, JsonValue] = {
        "name": "answerable-scan",
        "version": report.engines.get("answerable", "unknown"),
        "rules": [{"id": rule, "shortDescription": {"text": _description(rule)}} for rule in rules],
    }
    listed: list[JsonValue] = [
        {**result, "ruleIndex": rules.index(str(result["ruleId"]))} for result in results
    ]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": listed}
        ],
    }


def sarif_json(report: ScanReport, *, artefact: str) -> bytes:
    """Return the SARIF log as bytes; equal reports give equal bytes."""
    return canonical_json(sarif_log(report, artefact=artefact))


def _results(report: ScanReport, column: ColumnReport, artefact: str) -> list[dict[str, JsonValue]]:
    broken = {(one.column, one.what) for one in report.verdict.violations}
    found: list[dict[str, JsonValue]] = []
    for finding in column.contains:
        is_violation = (column.name, finding.entity) in broken
        level: _Level = "error" if is_violation else "warning"
        text = f"Column '{column.name}' {_sentence(finding, report.examined_rows)}."
        found.append(_result(f"entity/{finding.entity}", level, text, (column.name, artefact)))
    if column.role in _ROLES:
        is_violation = (column.name, column.role.value) in broken
        level = "error" if is_violation else "note"
        text = f"Column '{column.name}' is a {column.role.value.replace('_', ' ')}."
        found.append(_result(f"role/{column.role.value}", level, text, (column.name, artefact)))
    for one in column.not_examined_reasons:
        text = f"Column '{column.name}' was not examined for {_some(one.entities)}: {one.reason}."
        found.append(_result("not-examined", "note", text, (column.name, artefact)))
    return found


def _some(entities: tuple[str, ...], shown: int = 6) -> str:
    listed = ", ".join(entities[:shown])
    return listed if len(entities) <= shown else f"{listed} and {len(entities) - shown} more"


def _sentence(finding: Finding, examined_rows: int) -> str:
    verb = "holds" if finding.whole else "contains"
    return f"{verb} {finding.entity} in {finding.rows} of {examined_rows} examined rows"


def _result(rule: str, level: _Level, text: str, place: tuple[str, str]) -> dict[str, JsonValue]:
    column, artefact = place
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": artefact}},
                "logicalLocations": [{"name": column, "kind": "member"}],
            }
        ],
    }


def _description(rule: str) -> str:
    kind, _, name = rule.partition("/")
    if kind == "entity":
        return f"Personal data: {name}"
    if kind == "role":
        return f"Role: {name.replace('_', ' ')}"
    return "Not examined: no detector that looks for this ran to its end"
