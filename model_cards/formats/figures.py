"""The charts of a card, drawn from its own fields: nothing in a chart is not in the core."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from answerable.model_cards.annex import Completeness
from answerable.model_cards.card import CardCore, CardOverlay
from answerable.model_cards.formats.wording import FINDING_WORDS, field_rows, role_name
from answerable.model_cards.report.charts import (
    Chart,
    ChartText,
    CoverageRow,
    FlowNode,
    IntervalRow,
    Moment,
    coverage_bars,
    dot_intervals,
    flow,
    interval_bars,
    timeline,
)
from answerable.model_cards.report.fairness_charts import (
    anchor,
    is_withheld,
    limit_chart,
    limit_row,
    open_note,
    set_label,
    spoken,
)
from answerable.model_cards.report.formatting import whole
from answerable.model_cards.results import FindingResult, VerdictResult

__all__ = ["completeness_chart", "history_chart", "lineage_chart", "section_charts"]

_INPUTS_SHOWN: Final = 15
_CHARTED_RATES: Final = ("selection rate", "true positive rate")

Row = Mapping[str, JsonValue]


def section_charts(core: CardCore, section: str) -> tuple[Chart, ...]:
    """Return the charts of one section of a card.

    Parameters
    ----------
    core : CardCore
        The card.
    section : str
        Id of the section.

    Returns
    -------
    tuple of Chart
        Empty when the section has no figures to draw.
    """
    if section == "performance":
        return tuple(_overall(core))
    if section == "fairness":
        return (*_rules(core), *_rates(core))
    if section == "explanation":
        return tuple(_importance(core))
    return ()


def _rows(core: CardCore, field_id: str) -> Sequence[Row]:
    field = core.find(field_id)
    return [] if field is None else field_rows(field)


def _overall(core: CardCore) -> Iterator[Chart]:
    rows = [_estimate(row, str(row["rate"])) for row in _rows(core, "performance.overall")]
    if rows:
        text = ChartText(
            id="overall",
            title="Rates over all rows of the test data",
            description="Each rate with its interval; n is the number of rows it rests on.",
        )
        yield dot_intervals(text, rows, domain=(0.0, 1.0))


def _rates(core: CardCore) -> Iterator[Chart]:
    rows = _rows(core, "fairness.rates")
    sets = dict.fromkeys(_names(row) for row in rows)
    for names in sets:
        for rate in _CHARTED_RATES:
            shown = [
                _estimate(row, str(row["group"]))
                for row in rows
                if _names(row) == names and row["rate"] == rate
            ]
            if shown:
                text = ChartText(
                    id=anchor("rate", rate, *names),
                    title=f"{rate.capitalize()} by {set_label(names)}",
                    description="One dot per group with its interval.",
                )
                yield dot_intervals(text, shown, domain=(0.0, 1.0))


def _rules(core: CardCore) -> Iterator[Chart]:
    findings = _rows(core, "fairness.findings")
    for place, row in enumerate(_rows(core, "fairness.verdicts")):
        verdict = VerdictResult.read(row)
        shown = [
            _finding_row(item)
            for item in findings
            if item["rule"] == row["rule"] and item["attributes"] == row["attributes"]
        ]
        yield from limit_chart(verdict, shown, chart_id=anchor("rule", str(place)))


def _finding_row(item: Row) -> IntervalRow:
    finding = FindingResult.read({**item, "group": {}})
    return limit_row(
        str(item["group"]),
        (finding.value, finding.interval, finding.n),
        state=finding.state,
        note=open_note(finding.reason, finding.needed_n),
    )


def _names(row: Row) -> tuple[str, ...]:
    names = row["attributes"]
    return tuple(str(name) for name in names) if isinstance(names, list) else (str(names),)


def _estimate(row: Row, label: str) -> IntervalRow:
    low, high = _ends(row.get("interval"))
    n, reason = row.get("n"), row.get("reason")
    return IntervalRow(
        label=label,
        value=_number(row.get("value")),
        low=low,
        high=high,
        n=n if isinstance(n, int) else None,
        note=reason if isinstance(reason, str) else "",
        absent="withheld" if isinstance(reason, str) and is_withheld(reason) else "",
    )


def _number(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _ends(value: JsonValue) -> tuple[float | None, float | None]:
    if isinstance(value, list) and len(value) == 2:  # noqa: PLR2004 - both ends
        return _number(value[0]), _number(value[1])
    return None, None


def _importance(core: CardCore) -> Iterator[Chart]:
    rows = [
        IntervalRow(label=str(row["player"]), value=_number(row["mean_abs"]))
        for row in _rows(core, "explanation.importance")
    ]
    if rows:
        more = len(rows) - _INPUTS_SHOWN
        rest = f" The {more} smallest are in the table below." if more > 0 else ""
        text = ChartText(
            id="importance",
            title="Which inputs move scores most",
            description=f"Mean absolute contribution to the score, in log-odds.{rest}",
        )
        yield interval_bars(text, rows[:_INPUTS_SHOWN], units="number")


def completeness_chart(scored: Completeness) -> Chart:
    """Return how many fields of each point of a law map are provided."""
    rows = [
        CoverageRow(
            label=f"{score.point.point} {score.point.title}",
            part=score.provided,
            total=score.total,
            note=score.point.applies if not score.total else score.state,
        )
        for score in scored.scores
    ]
    text = ChartText(
        id="completeness",
        title="Fields provided, point by point",
        description=(
            f"{scored.provided} of {scored.total} fields are provided; "
            f"{scored.complete_points} of {len(scored.scores)} points have nothing missing."
        ),
    )
    return coverage_bars(text, rows)


def lineage_chart(core: CardCore, overlay: CardOverlay | None) -> Chart:
    """Return where the function comes from: data, models, function, tests, release."""
    sets = _data_sets(core)
    training = [place for place, _, _ in sets if place.startswith("data.training")]
    models = _rows(core, "identity.models")
    # Test data stand below the models, so that their arrows pass under the boxes.
    below = max(len(training), len(models), 1)
    nodes: list[FlowNode] = []
    tests: list[str] = []
    for place, role, rows in sets:
        row = len(nodes) if place in training else below + len(tests)
        nodes.append(FlowNode(place, 0, role, rows, row=row))
        if place not in training:
            tests.append(place)
    nodes += [
        FlowNode(f"model.{n}", 1, str(row["name"]), str(row["format"]), tuple(training))
        for n, row in enumerate(models)
    ]
    makes = tuple(node.id for node in nodes if node.column == 1)
    nodes.append(FlowNode("function", 2, f"{core.name}@{core.version}", "function", makes))
    last = "function"
    if any(line.kind == "fairness.assessed" for line in core.evidence):
        needs = ("function", *tests)
        nodes.append(FlowNode("assessed", 3, "assessment", "of outcomes", needs, row=below))
        last = "assessed"
    if overlay is not None:
        status = overlay.status.replace("_", " ")
        nodes.append(FlowNode("status", 4, status, "now", (last,), row=below))
    text = ChartText(
        id="lineage",
        title="From data to decision",
        description="From the data through models and tests to the present status.",
    )
    return flow(text, nodes)


def _data_sets(core: CardCore) -> list[tuple[str, str, str]]:
    """Return place, role and rows of each data set, training first."""
    found = []
    for field in core.section("data").fields:
        place, _, name = field.id.rpartition(".")
        if name == "rows" and isinstance(field.value, int):
            role = place.removeprefix("data.").replace("_", "-")
            found.append((place, role, f"{whole(field.value)} rows"))
    return sorted(found, key=lambda item: not item[0].startswith("data.training"))


def history_chart(overlay: CardOverlay) -> Chart | None:
    """Return sign-offs, waivers and the release in the order they happened, or None."""
    moments = [*_moments(overlay)]
    if not moments:
        return None
    text = ChartText(
        id="history",
        title="What happened",
        description="Waivers, sign-offs and the release in force, as the log has them.",
    )
    return timeline(text, moments)


def _moments(overlay: CardOverlay) -> Iterator[Moment]:
    for waiver in overlay.waivers:
        state = waiver.state.replace("_", " ")
        finding = FINDING_WORDS[waiver.finding]
        detail = f"{finding}, {set_label(waiver.attributes)}; {state}"
        yield Moment(waiver.granted_at, f"Waiver for {spoken(waiver.rule)}", detail, "diamond")
    for line in overlay.sign_offs:
        word = "Signed" if line.decision == "approve" else "Refused"
        yield Moment(line.at, f"{word} by {role_name(line.role)}", spoken(line.state), "circle")
    if overlay.release is not None:
        detail = f"for {overlay.release.environment}"
        yield Moment(overlay.release.granted_at, "Released", detail, "square")
