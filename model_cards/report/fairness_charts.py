"""Charts of an assessment, shared by the assessment report and the card."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from answerable.model_cards.report.charts import (
    Chart,
    ChartText,
    IntervalRow,
    Threshold,
    dot_intervals,
    interval_bars,
)
from answerable.model_cards.report.charts.intervals import RowState
from answerable.model_cards.report.formatting import number, share, whole
from answerable.model_cards.results import (
    Ends,
    GroupResult,
    VerdictResult,
    VerdictState,
    group_label,
)

__all__ = [
    "anchor",
    "is_withheld",
    "limit_chart",
    "limit_row",
    "limit_text",
    "open_note",
    "rate_chart",
    "rows_needed",
    "rule_charts",
    "set_label",
    "spoken",
]

_STATE: Final[dict[VerdictState, RowState]] = {
    "PASS": "pass",
    "FAIL": "fail",
    "INSUFFICIENT": "insufficient",
    "UNDEFINED": "undefined",
}


def anchor(*parts: str) -> str:
    """Return a page-unique id made of ASCII letters, digits and dashes.

    Returns
    -------
    str
        Lower case.

    Examples
    --------
    >>> anchor("rates", "race", "sex")
    'rates-race-sex'
    """
    return re.sub(r"[^A-Za-z0-9]+", "-", "-".join(parts)).strip("-").lower() or "item"


def spoken(name: str) -> str:
    """Return a metric's or rule's name as words.

    Returns
    -------
    str
        With spaces.

    Examples
    --------
    >>> spoken("false_positive_rate")
    'false positive rate'
    """
    return name.replace("_", " ").replace("-", " ")


def set_label(attributes: Sequence[str]) -> str:
    """Return a set of attributes in words.

    Returns
    -------
    str
        One attribute as it is, several joined.

    Examples
    --------
    >>> set_label(("race", "sex"))
    'race and sex together'
    """
    return attributes[0] if len(attributes) == 1 else f"{' and '.join(attributes)} together"


def rate_chart(
    groups: Sequence[GroupResult], metric: str, *, chart_id: str, what: str
) -> Chart | None:
    """Return one dot with its interval per group, or None if no group has this rate.

    Parameters
    ----------
    groups : Sequence[GroupResult]
        Groups formed by the same attributes.
    metric : str
        Name of the rate.
    chart_id : str
        Page-unique id.
    what : str
        What the rate says, as a sentence.

    Returns
    -------
    Chart or None
        The chart.
    """
    rows = [
        _row(group.label, rate.value, rate.interval, rate.n, note=rate.reason or "")
        for group in groups
        if (rate := group.rates.get(metric)) is not None
    ]
    if not rows:
        return None
    attributes = set_label(groups[0].attributes or tuple(groups[0].group))
    title = f"{spoken(metric).capitalize()} by {attributes}"
    return dot_intervals(ChartText(chart_id, title, what), rows, domain=(0.0, 1.0))


def rule_charts(verdict: VerdictResult, *, chart_id: str) -> tuple[Chart, ...]:
    """Return the chart of one rule: every group's value against the limit.

    Returns
    -------
    tuple of Chart
        Empty when the result lists no groups under the rule.
    """
    rows = [
        limit_row(
            group_label(finding.group),
            (finding.value, finding.interval, finding.n),
            state=finding.state,
            note=open_note(finding.reason, finding.needed_n),
        )
        for finding in verdict.findings
    ]
    return limit_chart(verdict, rows, chart_id=chart_id)


def limit_chart(
    verdict: VerdictResult, rows: Sequence[IntervalRow], *, chart_id: str
) -> tuple[Chart, ...]:
    """Return the chart of one rule from prepared rows; empty without rows."""
    if not rows:
        return ()
    text = ChartText(
        id=chart_id,
        title=f"{spoken(verdict.rule).capitalize()}: {set_label(verdict.attributes)}",
        description=(
            f"{_compared(verdict)} for each group, with its interval. "
            f"The rule asks for {limit_text(verdict)}."
        ),
    )
    thresholds = [Threshold(value, _figure(value, verdict)) for value in _limits(verdict)]
    if verdict.compare == "value":
        return (interval_bars(text, rows, domain=(0.0, 1.0), thresholds=thresholds),)
    return (dot_intervals(text, rows, units="number", thresholds=thresholds),)


def limit_row(
    label: str,
    estimate: tuple[float | None, Ends | None, int | None],
    *,
    state: VerdictState,
    note: str,
) -> IntervalRow:
    """Return one group's row of :func:`limit_chart`; `estimate` is value, interval, n."""
    value, ends, n = estimate
    return _row(label, value, ends, n, state=_STATE[state], note=note)


def _limits(verdict: VerdictResult) -> tuple[float, ...]:
    if verdict.compare == "difference" and verdict.max is not None:
        return (-verdict.max, verdict.max)
    return tuple(value for value in (verdict.min, verdict.max) if value is not None)


def is_withheld(reason: str) -> bool:
    """Return whether a reason says that a small group's numbers are not published."""
    return reason.startswith("suppressed")


def limit_text(verdict: VerdictResult) -> str:
    """Return what the rule asks for, in words."""
    ends = []
    if verdict.compare == "difference" and verdict.max is not None:
        return f"at most {_figure(verdict.max, verdict)} in either direction"
    if verdict.min is not None:
        ends.append(f"at least {_figure(verdict.min, verdict)}")
    if verdict.max is not None:
        ends.append(f"at most {_figure(verdict.max, verdict)}")
    return " and ".join(ends) or "no limit"


def rows_needed(verdict: VerdictResult) -> str:
    """Return how many rows would settle the rule, in words."""
    return "–" if verdict.needed_n is None else whole(verdict.needed_n)


def _compared(verdict: VerdictResult) -> str:
    metric = spoken(verdict.metric)
    if verdict.compare == "value":
        return metric.capitalize()
    against = {"rest": "all other groups", "highest": "the group with the highest rate"}
    reference = against.get(verdict.reference, verdict.reference)
    return f"{verdict.compare.capitalize()} of the {metric} to {reference}"


def _figure(value: float, verdict: VerdictResult) -> str:
    return share(value) if verdict.compare == "value" else number(value)


def open_note(reason: str | None, needed_n: int | None) -> str:
    """Return why a verdict is open and what would settle it, in words."""
    needed = "" if needed_n is None else f"about {whole(needed_n)} rows needed"
    return ", ".join(part for part in (reason or "", needed) if part)


def _row(
    label: str,
    value: float | None,
    ends: Ends | None,
    n: int | None,
    *,
    state: RowState = "",
    note: str = "",
) -> IntervalRow:
    low, high = ends if ends is not None else (None, None)
    return IntervalRow(
        label=label,
        value=value,
        low=low,
        high=high,
        n=n,
        state=state,
        note=note,
        absent="withheld" if is_withheld(note) else "",
    )
