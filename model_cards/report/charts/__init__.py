"""The product's charts: computed in Python as marks, drawn by one template as SVG."""

from answerable.model_cards.report.charts.attribution import attribution_waterfall
from answerable.model_cards.report.charts.diagrams import FlowNode, Moment, flow, timeline
from answerable.model_cards.report.charts.distribution import (
    CoverageRow,
    coverage_bars,
    histogram,
)
from answerable.model_cards.report.charts.intervals import (
    IntervalRow,
    dot_intervals,
    interval_bars,
)
from answerable.model_cards.report.charts.marks import Chart, ChartTable, ChartText, Threshold

__all__ = [
    "Chart",
    "ChartTable",
    "ChartText",
    "Threshold",
    "IntervalRow",
    "dot_intervals",
    "interval_bars",
    "CoverageRow",
    "coverage_bars",
    "histogram",
    "attribution_waterfall",
    "FlowNode",
    "flow",
    "Moment",
    "timeline",
]
