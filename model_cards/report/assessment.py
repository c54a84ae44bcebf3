"""The report of a fairness assessment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from answerable.model_cards.report.charts import Chart
from answerable.model_cards.report.fairness_charts import (
    anchor,
    limit_text,
    rate_chart,
    rows_needed,
    rule_charts,
    set_label,
    spoken,
)
from answerable.model_cards.report.formatting import interval, number, share, whole
from answerable.model_cards.report.page import render_page
from answerable.model_cards.results import (
    AssessmentResult,
    DisparityResult,
    Ends,
    RateResult,
    VerdictResult,
    group_label,
)

__all__ = ["assessment_report"]

_TOLD = (
    ("selection_rate", "Share of the group that got the favourable outcome."),
    ("true_positive_rate", "Of those with a positive label, the share that got it."),
    ("false_positive_rate", "Of those with a negative label, the share that got it."),
)


@dataclass(frozen=True, slots=True)
class _SetView:
    """What the page says about one set of attributes."""

    anchor: str
    title: str
    charts: tuple[Chart, ...]
    disparities: tuple[tuple[str, ...], ...]


def assessment_report(result: Mapping[str, JsonValue], *, source: str = "") -> str:
    """Return the HTML report of an assessment result.

    Parameters
    ----------
    result : Mapping[str, JsonValue]
        What ``answerable assess --json`` writes.
    source : str
        What was assessed, without credentials.

    Returns
    -------
    str
        A self-contained page.

    Raises
    ------
    InvalidInput
        If it is not an assessment result.
    """
    assessment = AssessmentResult.read(result)
    sets = [_set_view(assessment, names) for names in assessment.attribute_sets()]
    contents = [("summary", "Summary")]
    contents += [("rules", "Rules of the policy")] * bool(assessment.verdicts)
    contents += [(view.anchor, view.title.capitalize()) for view in sets]
    contents += [("undefined", "Undefined values")] * bool(assessment.undefined)
    return render_page(
        "assessment.html.j2",
        {
            "title": "How outcomes differ between groups",
            "kind": "Fairness assessment",
            "lead": source or "Rates of every group, with the uncertainty of each.",
            "contents": [*contents, ("method", "How to read this")],
            "assessment": assessment,
            "figures": _figures(assessment),
            "verdicts": assessment.verdicts,
            "verdict_rows": [_verdict_row(verdict) for verdict in assessment.verdicts],
            "rule_charts": [
                chart
                for place, verdict in enumerate(assessment.verdicts)
                for chart in rule_charts(verdict, chart_id=anchor("rule", str(place)))
            ],
            "state": _gravest(assessment.verdicts),
            "sets": sets,
            "overall": [_rate_row(spoken(k), v) for k, v in assessment.overall_in_order()],
            "undefined": [
                (spoken(item.metric), group_label(item.group), item.reason or "–")
                for item in assessment.undefined
            ],
        },
    )


def _figures(assessment: AssessmentResult) -> list[dict[str, str]]:
    states = Counter(verdict.state for verdict in assessment.verdicts)
    groups = len(assessment.groups)
    figures = []
    if assessment.rows is not None:
        figures.append({"label": "Rows", "value": whole(assessment.rows), "note": "counted"})
    figures.append({"label": "Groups", "value": str(groups), "note": "by attribute and crossed"})
    if assessment.verdicts:
        figures.append(
            {
                "label": "Rules met",
                "value": f"{states['PASS']} of {len(assessment.verdicts)}",
                "note": f"{states['FAIL']} missed, {states['INSUFFICIENT']} open, "
                f"{states['UNDEFINED']} undefined",
            }
        )
    return figures


def _gravest(verdicts: Sequence[VerdictResult]) -> str:
    states = {verdict.state for verdict in verdicts}
    order = ("FAIL", "UNDEFINED", "INSUFFICIENT", "PASS")
    return next((state for state in order if state in states), "")


def _verdict_row(verdict: VerdictResult) -> tuple[str, ...]:
    consequence = {
        "PASS": "none",
        "FAIL": verdict.on_fail,
    }.get(verdict.state, verdict.on_insufficient)
    asked = f"{spoken(verdict.metric)} {verdict.compare}: {limit_text(verdict)}".strip()
    return (
        spoken(verdict.rule),
        set_label(verdict.attributes),
        asked,
        verdict.state,
        rows_needed(verdict),
        {"block": "blocks release", "warn": "warns", "none": "–"}.get(consequence, consequence),
    )


def _set_view(assessment: AssessmentResult, names: tuple[str, ...]) -> _SetView:
    groups = assessment.of(names)
    charts = [
        rate_chart(groups, metric, chart_id=anchor("rate", metric, *names), what=what)
        for metric, what in _TOLD
    ]
    told = {metric for metric, _ in _TOLD} | {"accuracy", "precision"}
    rows = [
        _disparity_row(item)
        for item in assessment.disparities
        if item.scope == "range" and item.attributes == names and item.metric in told
    ]
    return _SetView(
        anchor=anchor("set", *names),
        title=set_label(names),
        charts=tuple(chart for chart in charts if chart is not None),
        disparities=tuple(rows),
    )


def _disparity_row(item: DisparityResult) -> tuple[str, ...]:
    percent = item.compare == "difference"
    compared = (
        f"{group_label(item.group or {})} against {group_label(item.reference_group or {})}"
        if item.group is not None and item.reference_group is not None
        else item.reference
    )
    return (
        f"{spoken(item.metric)}, {item.compare}",
        item.reason or "undefined" if item.value is None else _figure(item.value, percent=percent),
        _ends(item.interval, percent=percent),
        compared,
    )


def _rate_row(name: str, rate: RateResult) -> tuple[str, ...]:
    value = "undefined" if rate.value is None else share(rate.value)
    return (
        name,
        value,
        _ends(rate.interval, percent=True),
        "–" if rate.n is None else whole(rate.n),
    )


def _figure(value: float, *, percent: bool) -> str:
    return share(value) if percent else number(value)


def _ends(ends: Ends | None, *, percent: bool) -> str:
    if ends is None or ends[0] is None or ends[1] is None:
        return "–"
    digits = 1 if percent else 2
    return interval(ends[0], ends[1], percent=percent, digits=digits)
