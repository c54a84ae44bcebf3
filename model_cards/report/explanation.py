"""The report of explanations: why each case came out as it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from answerable.audit.errors import InvalidInput
from answerable.model_cards.report.charts import Chart, ChartText, attribution_waterfall
from answerable.model_cards.report.formatting import number, whole
from answerable.model_cards.report.page import render_page
from answerable.model_cards.results import CounterfactualResult, ExplanationResult, ReasonResult

__all__ = ["ExplanationView", "explanation_report", "explanation_view"]

_LIMIT: Final = 25
"""Cases on one page: more would not be read, and make the page heavy."""


@dataclass(frozen=True, slots=True)
class ExplanationView:
    """What a page shows about one explanation."""

    anchor: str
    title: str
    explanation: ExplanationResult
    charts: tuple[Chart, ...]
    reasons: tuple[tuple[str, ...], ...]
    facts: tuple[tuple[str, str], ...]
    recourse: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]


def explanation_report(
    result: Mapping[str, JsonValue] | Sequence[Mapping[str, JsonValue]], *, source: str = ""
) -> str:
    """Return the HTML report of one explanation or of several.

    Parameters
    ----------
    result : Mapping or Sequence of Mapping
        What ``answerable explain --json`` writes. At most 25 cases are shown; the page
        says how many there are.
    source : str
        What was explained, without personal data.

    Returns
    -------
    str
        A self-contained page.

    Raises
    ------
    InvalidInput
        If it is not such a result, or holds no case.
    """
    cases = [result] if isinstance(result, Mapping) else list(result)
    if not cases:
        raise InvalidInput("there is no explanation to report", where="explanation report")
    views = [
        explanation_view(ExplanationResult.read(case), place=place)
        for place, case in enumerate(cases[:_LIMIT])
    ]
    contents = [(view.anchor, view.title) for view in views]
    return render_page(
        "explanation.html.j2",
        {
            "title": "Why it came out this way",
            "kind": "Explanation",
            "lead": source or "What moved each score, and what would have changed the outcome.",
            "contents": [*contents, ("method", "How to read this")],
            "views": views,
            "left_out": len(cases) - len(views),
        },
    )


def explanation_view(explanation: ExplanationResult, *, place: int = 0) -> ExplanationView:
    """Return what a page shows about one explanation.

    Parameters
    ----------
    explanation : ExplanationResult
        The explanation.
    place : int
        Its place on the page, which makes ids unique.

    Returns
    -------
    ExplanationView
        Chart, reasons, facts and recourse as text.
    """
    anchor = f"case-{place}"
    case = place if explanation.row is None else explanation.row
    return ExplanationView(
        anchor=anchor,
        title=f"Case {case}" + (f": {explanation.outcome}" if explanation.outcome else ""),
        explanation=explanation,
        charts=tuple(_charts(explanation, anchor)),
        reasons=tuple(_reason_row(reason) for reason in explanation.reasons),
        facts=tuple(_facts(explanation)),
        recourse=tuple(_recourse(item) for item in explanation.counterfactuals),
    )


def _charts(explanation: ExplanationResult, anchor: str) -> Iterator[Chart]:
    if explanation.base_value is None or explanation.output is None:
        return
    ordered = sorted(explanation.attributions.items(), key=lambda item: (-abs(item[1]), item[0]))
    if not ordered:
        return
    text = ChartText(
        id=f"{anchor}-attribution",
        title="From the base value to this score",
        description=(
            "Each input's part, largest first. Solid bars raise the score, hatched bars lower it. "
            f"Scale: {explanation.scale.replace('_', ' ')}."
        ),
    )
    yield attribution_waterfall(text, explanation.base_value, ordered, explanation.output)


def _reason_row(reason: ReasonResult) -> tuple[str, ...]:
    weight = "–" if reason.contribution is None else number(reason.contribution, 3)
    marks = [
        word
        for word, holds in (
            ("protected", reason.protected),
            ("the next one weighs about the same", reason.near_tie),
            ("can be changed", bool(reason.actionable)),
        )
        if holds
    ]
    return (
        reason.code.replace("_", " "),
        _plain(reason.value),
        _plain(reason.reference),
        weight,
        ", ".join(marks) or "–",
    )


def _plain(value: float | str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return whole(value) if float(value).is_integer() else number(value, 3)


def _facts(explanation: ExplanationResult) -> Iterator[tuple[str, str]]:
    if explanation.determined_by:
        rule = f" ({explanation.rule})" if explanation.rule else ""
        yield "Decided by", explanation.determined_by.replace("_", " ") + rule
    if explanation.output is not None:
        yield "Score", f"{number(explanation.output, 4)} ({explanation.scale.replace('_', ' ')})"
    if explanation.threshold is not None and explanation.margin_to_threshold is not None:
        margin = number(explanation.margin_to_threshold, 4)
        yield "Cut-off", f"{number(explanation.threshold, 4)}; the score lies {margin} from it"
    if explanation.method and explanation.exact is not None:
        exact = "exact" if explanation.exact else "approximate"
        yield "Method", f"{explanation.method}, {exact}"
    if explanation.baseline_name:
        yield "Compared with", explanation.baseline_name
    if explanation.residual is not None and explanation.tolerance is not None:
        yield (
            "Adds up",
            f"off by {explanation.residual:.1e}, allowed {explanation.tolerance:.1e}",
        )


def _recourse(item: CounterfactualResult) -> tuple[str, tuple[tuple[str, ...], ...]]:
    rows = tuple(
        (
            change.column,
            _plain(change.before),
            _plain(change.after),
            "follows" if change.derived else "asked",
        )
        for change in item.changes
    )
    return item.status.replace("_", " "), rows
