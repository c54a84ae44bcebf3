from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.errors import InvalidInput
from answerable.model_cards.report import kit_environment
from answerable.model_cards.report.charts import (
    Chart,
    ChartText,
    CoverageRow,
    FlowNode,
    IntervalRow,
    Moment,
    Threshold,
    attribution_waterfall,
    coverage_bars,
    dot_intervals,
    flow,
    histogram,
    interval_bars,
    timeline,
)
from answerable.model_cards.report.charts.marks import Dot, Line, Rect, Text, ticks
from tests.unit.model_cards.pages import Page

TEXT = ChartText("chart", "A title", "What it shows.")
ROWS = [
    IntervalRow("a", 0.9, 0.85, 0.94, 845, "pass"),
    IntervalRow("b", 0.6, 0.5, 0.7, 98, "fail", "0.67 is below 0.80"),
    IntervalRow("c", 0.7, 0.3, 0.95, 11, "insufficient"),
    IntervalRow("d", None, None, None, 0, "undefined", "no rows"),
]


def drawn(chart: Chart) -> Page:
    source = '{% import "kit/charts.html.j2" as charts with context %}{{ charts.figure(c) }}'
    return Page(kit_environment().from_string(source).render(c=chart))


def test_every_figure_of_a_chart_stands_in_its_table() -> None:
    table = dot_intervals(TEXT, ROWS).table
    assert table.rows[0] == ("a", "90.0%", "85.0% to 94.0%", "845", "Meets the threshold")
    assert table.rows[1][4] == "Misses the threshold: 0.67 is below 0.80"
    assert table.rows[3][1:3] == ("undefined", "–")


def test_an_undefined_value_gets_a_word_and_no_mark() -> None:
    chart = interval_bars(TEXT, ROWS)
    assert len([mark for mark in chart.marks if isinstance(mark, Rect)]) == 3
    assert "undefined" in [mark.text for mark in chart.marks if isinstance(mark, Text)]


def test_states_differ_in_shape_or_pattern_and_not_in_colour_alone() -> None:
    dots = [mark for mark in dot_intervals(TEXT, ROWS).marks if isinstance(mark, Dot)]
    assert [dot.shape for dot in dots] == ["circle", "diamond", "hollow"]
    bars = [mark for mark in interval_bars(TEXT, ROWS).marks if isinstance(mark, Rect)]
    assert [bar.hatched for bar in bars] == [False, True, True]


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=12, unique=True),
    st.floats(0.01, 0.99),
)
def test_larger_values_are_never_drawn_further_left(values: list[float], limit: float) -> None:
    rows = [IntervalRow(str(value), value) for value in sorted(values)]
    chart = dot_intervals(TEXT, rows, thresholds=[Threshold(limit, "limit")])
    dots = [mark for mark in chart.marks if isinstance(mark, Dot)]
    assert all(left.x <= right.x for left, right in pairwise(dots))
    line = next(m for m in chart.marks if isinstance(m, Line) and m.style == "threshold")
    for dot, row in zip(dots, rows, strict=True):
        assert row.value is not None
        assert (dot.x <= line.x1) if row.value <= limit else (dot.x >= line.x1)


@given(
    st.floats(-5, 5),
    st.lists(st.tuples(st.text("abc", min_size=1), st.floats(-3, 3)), min_size=1, max_size=30),
)
def test_a_waterfall_walks_from_the_base_value_to_the_output(
    base: float, steps: list[tuple[str, float]]
) -> None:
    output = base + sum(value for _, value in steps)
    chart = attribution_waterfall(TEXT, base, steps, output, limit=8)
    levels = [m.x1 for m in chart.marks if isinstance(m, Line) and m.style == "level"]
    joins = [m.x1 for m in chart.marks if isinstance(m, Line) and m.style == "join"]
    assert joins[-1] == pytest.approx(levels[1], abs=1e-6)
    assert len(chart.table.rows) == len(steps) + 2
    assert len([m for m in chart.marks if isinstance(m, Rect)]) == min(len(steps), 9)


def test_a_waterfall_signs_its_bars_and_hatches_those_that_lower_the_score() -> None:
    chart = attribution_waterfall(TEXT, 1.0, [("up", 0.5), ("down", -2.0)], -0.5)
    bars = [mark for mark in chart.marks if isinstance(mark, Rect)]
    assert [(bar.style, bar.hatched) for bar in bars] == [
        ("bar raises", False),
        ("bar lowers", True),
    ]
    words = [mark.text for mark in chart.marks if isinstance(mark, Text)]
    assert "+0.500" in words
    assert "−2.000" in words


def test_a_histogram_draws_bars_in_proportion_and_lists_every_class() -> None:
    chart = histogram(TEXT, [0, 1, 2, 4], [10, 20, 5], marker=Threshold(1.5, "cut-off"))
    bars = [mark for mark in chart.marks if isinstance(mark, Rect)]
    assert bars[1].height == pytest.approx(2 * bars[0].height)
    assert bars[2].height == pytest.approx(bars[0].height / 2)
    assert [row[1] for row in chart.table.rows] == ["10", "20", "5"]


def test_coverage_bars_say_when_nothing_was_asked_for() -> None:
    rows = [CoverageRow("half", 1, 2), CoverageRow("none asked", 0, 0)]
    chart = coverage_bars(TEXT, rows)
    assert chart.table.rows[0][1:3] == ("1 / 2", "50%")
    assert chart.table.rows[1][2] == "–"
    track, bar = (mark for mark in chart.marks if isinstance(mark, Rect))
    assert bar.width == pytest.approx(track.width / 2)


def test_a_flow_names_in_its_table_where_each_box_comes_from() -> None:
    nodes = [FlowNode("a", 0, "data"), FlowNode("b", 1, "model", needs=("a",))]
    assert flow(TEXT, nodes).table.rows[1] == ("model", "–", "data")


def test_a_timeline_is_ordered_by_time() -> None:
    chart = timeline(TEXT, [Moment(2_000_000, "later"), Moment(1_000_000, "first")])
    assert [row[1] for row in chart.table.rows] == ["first", "later"]


@pytest.mark.parametrize(
    "build",
    [
        lambda: dot_intervals(TEXT, []),
        lambda: interval_bars(TEXT, [IntervalRow("a", float("nan"))]),
        lambda: histogram(TEXT, [0, 1], [1, 2]),
        lambda: coverage_bars(TEXT, [CoverageRow("a", 3, 2)]),
        lambda: attribution_waterfall(TEXT, 0.0, [], 0.0),
        lambda: attribution_waterfall(TEXT, float("inf"), [("a", 1.0)], 0.0),
        lambda: flow(TEXT, [FlowNode("a", 0, "x", needs=("missing",))]),
        lambda: timeline(TEXT, []),
        lambda: ticks(1.0, 0.0),
    ],
)
def test_what_cannot_be_drawn_is_refused(build: object) -> None:
    assert callable(build)
    with pytest.raises(InvalidInput):
        build()


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_lie_inside_the_range_in_equal_steps(low: float, width: float) -> None:
    values = ticks(low, low + width)
    slack = 1e-6 * width + 1e-9 * abs(low)
    assert all(low - slack <= value <= low + width + slack for value in values)
    assert 1 <= len(values) <= 12


@pytest.mark.parametrize(
    "chart",
    [
        dot_intervals(TEXT, ROWS, thresholds=[Threshold(0.8, "0.80")]),
        interval_bars(TEXT, ROWS),
        histogram(TEXT, [0, 1, 2], [3, 4]),
        attribution_waterfall(TEXT, 0.0, [("<b>", -1.0)], -1.0),
        coverage_bars(TEXT, [CoverageRow("a", 1, 2)]),
        flow(TEXT, [FlowNode("a", 0, "data"), FlowNode("b", 1, "model", needs=("a",))]),
        timeline(TEXT, [Moment(0, "first", shape="square"), Moment(1, "next", shape="triangle")]),
    ],
    ids=["dots", "bars", "histogram", "waterfall", "coverage", "flow", "timeline"],
)
def test_a_drawn_chart_is_an_image_with_a_name_and_a_table(chart: Chart) -> None:
    page = drawn(chart)
    image = next(attrs for tag, attrs in page.tags if tag == "svg" and "role" in attrs)
    assert image["role"] == "img"
    assert set(str(image["aria-labelledby"]).split()) <= set(page.values("id"))
    assert {"title", "desc", "table", "figure", "figcaption"} <= page.names()
    for row in chart.table.rows:
        for cell in row:
            assert cell in page.words


def test_figures_follow_the_language_of_the_page() -> None:
    german = ChartText("c", "Titel", "Was es zeigt.", "de")
    table = dot_intervals(german, ROWS[:1]).table
    assert table.columns[0] == "Gruppe"
    assert table.rows[0][1:3] == ("90,0 %", "85,0 % bis 94,0 %")
