"""The report of a personal-data scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from answerable.model_cards.report.charts import Chart, ChartText, IntervalRow, interval_bars
from answerable.model_cards.report.formatting import share, whole
from answerable.model_cards.report.page import render_page
from answerable.model_cards.results import ColumnResult, ScanResult

__all__ = ["scan_report"]

_CHARTED: Final = 24
_ROLES: Final = {
    "direct_identifier": "names a person",
    "quasi_identifier": "can single out a person together with others",
    "special_category": "specially protected",
    "attribute": "describes a person",
    "free_text": "free text",
    "none": "–",
}
_ACTIONS: Final = {
    "drop": "leave out",
    "pseudonymise": "pseudonymise",
    "generalise": "make coarser",
    "separate": "keep apart",
    "redact": "redact",
    "review": "look at it",
    "keep": "keep",
}


def scan_report(result: Mapping[str, JsonValue], *, source: str = "") -> str:
    """Return the HTML report of a scan result.

    Parameters
    ----------
    result : Mapping[str, JsonValue]
        What ``answerable scan --json`` writes.
    source : str
        What was scanned, without credentials.

    Returns
    -------
    str
        A self-contained page.

    Raises
    ------
    InvalidInput
        If it is not a scan result.
    """
    scan = ScanResult.read(result)
    found, partly = scan.with_findings(), scan.not_examined()
    clean = [column for column in scan.columns if column not in found and column not in partly]
    return render_page(
        "scan.html.j2",
        {
            "title": "Personal data in this table",
            "kind": "Scan report",
            "lead": source or "Every column, what it is and what it contains.",
            "contents": _contents(found=bool(found), partly=bool(partly)),
            "figures": _figures(scan, len(found), len(partly)),
            "found": found,
            "partly": partly,
            "clean": clean,
            "scan": scan,
            "chart": _chart(found, scan.rows),
            "roles": _ROLES,
            "actions": _ACTIONS,
        },
    )


def _contents(*, found: bool, partly: bool) -> list[tuple[str, str]]:
    contents = [("summary", "Summary")]
    contents += [("found", "What was found")] * found
    contents += [("not-examined", "Not fully examined")] * partly
    return [*contents, ("all", "All columns"), ("engines", "What ran")]


def _figures(scan: ScanResult, found: int, partly: int) -> list[dict[str, str]]:
    columns = f"of {len(scan.columns)} columns"
    examined = scan.rows if scan.examined_rows is None else scan.examined_rows
    rows = "all examined" if examined == scan.rows else f"{whole(examined)} examined"
    return [
        {"label": "Rows", "value": whole(scan.rows), "note": rows},
        {"label": "With personal data", "value": str(found), "note": columns},
        {"label": "Not fully examined", "value": str(partly), "note": columns},
    ]


def _chart(found: tuple[ColumnResult, ...], rows: int) -> Chart | None:
    lines = [
        IntervalRow(
            label=f"{column.name}: {item.entity}",
            value=item.rate,
            low=item.interval[0] if item.interval else None,
            high=item.interval[1] if item.interval else None,
            n=item.rows,
        )
        for column in found
        for item in column.contains
    ]
    if not lines:
        return None
    lines.sort(key=lambda line: -(line.value or 0.0))
    text = ChartText(
        id="scan-rates",
        title="Share of rows that contain personal data",
        description=(
            f"By column and kind, of {whole(rows)} rows; n is the number of rows. "
            f"Highest: {lines[0].label}, {share(lines[0].value or 0.0)}."
        ),
    )
    return interval_bars(text, lines[:_CHARTED], domain=(0.0, 1.0))
