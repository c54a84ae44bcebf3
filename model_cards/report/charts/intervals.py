"""Estimates with their intervals: bars with whiskers, or dots per group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal

from answerable.audit.errors import InvalidInput
from answerable.model_cards.report.charts.marks import (
    WIDTH,
    Chart,
    ChartTable,
    ChartText,
    Dot,
    LegendItem,
    Line,
    Mark,
    Rect,
    Scale,
    Text,
    Threshold,
    Units,
    axis,
    shown,
)
from answerable.model_cards.report.formatting import cut, interval, spelled_out, whole
from answerable.model_cards.report.words import words_for

__all__ = ["IntervalRow", "RowState", "dot_intervals", "interval_bars"]

RowState = Literal["", "pass", "fail", "insufficient", "undefined"]

_LEFT: Final = 212.0
_RIGHT: Final = 560.0
_ROW: Final = 32.0
_TOP: Final = 26.0
_TOP_BARE: Final = 8.0
_CAP: Final = 4.0
_BAR: Final = 16.0
_LABEL_LIMIT: Final = 28
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """One estimate. `value` None is drawn as the word `absent`, or as undefined."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    state: RowState = ""
    note: str = ""
    absent: str = ""


def interval_bars(
    text: ChartText,
    rows: Sequence[IntervalRow],
    *,
    units: Units = "share",
    domain: tuple[float, float] | None = None,
    thresholds: Sequence[Threshold] = (),
) -> Chart:
    """Return horizontal bars from zero with interval whiskers.

    Parameters
    ----------
    text : ChartText
        Id, title, description and language.
    rows : Sequence[IntervalRow]
        At least one; drawn from top to bottom.
    units : {"share", "number", "count"}
        How figures read.
    domain : tuple of float, optional
        Both ends of the axis; chosen from the figures when left out.
    thresholds : Sequence[Threshold]
        Limits drawn across all bars.

    Returns
    -------
    Chart
        With every figure in its table.

    Raises
    ------
    InvalidInput
        If there are no rows or a figure is not finite.
    """
    return _chart(text, rows, _Look(units, domain, tuple(thresholds), bars=True))


def dot_intervals(
    text: ChartText,
    rows: Sequence[IntervalRow],
    *,
    units: Units = "share",
    domain: tuple[float, float] | None = None,
    thresholds: Sequence[Threshold] = (),
) -> Chart:
    """Return one dot with its interval per row; the parameters of :func:`interval_bars`.

    The dot's shape tells the state: a disc, a diamond when the threshold is missed, a
    ring when there is too little evidence.

    Returns
    -------
    Chart
        With every figure in its table.

    Raises
    ------
    InvalidInput
        If there are no rows or a figure is not finite.
    """
    return _chart(text, rows, _Look(units, domain, tuple(thresholds), bars=False))


@dataclass(frozen=True, slots=True)
class _Look:
    units: Units
    domain: tuple[float, float] | None
    thresholds: tuple[Threshold, ...]
    bars: bool


def _chart(text: ChartText, rows: Sequence[IntervalRow], look: _Look) -> Chart:
    _require_figures(rows)
    low, high = look.domain or _domain(rows, look)
    scale = Scale(low, high, _LEFT, _RIGHT)
    top = _TOP if look.thresholds else _TOP_BARE
    bottom = top + _ROW * len(rows)
    marks: list[Mark] = [*axis(scale, top - 6, bottom, look.units, text.language)]
    for index, row in enumerate(rows):
        marks.extend(_row_marks(row, top + _ROW * (index + 0.5), scale, look, text))
    for threshold in look.thresholds:
        x = scale.x(threshold.value)
        marks.append(Line(x, top - 8, x, bottom, "threshold"))
        marks.append(Text(x, top - 12, threshold.label, "threshold-label", "middle"))
    return Chart(
        text=text,
        height=bottom + 28,
        marks=tuple(marks),
        table=_table(rows, look.units, text),
        legend=_legend(rows, text, bars=look.bars),
    )


def _require_figures(rows: Sequence[IntervalRow]) -> None:
    if not rows:
        raise InvalidInput("a chart needs at least one row", where="chart")
    for row in rows:
        figures = [value for value in (row.value, row.low, row.high) if value is not None]
        if not all(isfinite(value) for value in figures):
            raise InvalidInput(
                "a figure is not finite",
                where="chart",
                remedy="Give None for an undefined value.",
            )


def _domain(rows: Sequence[IntervalRow], look: _Look) -> tuple[float, float]:
    figures = [0.0, *(v for row in rows for v in (row.value, row.low, row.high) if v is not None)]
    figures += [threshold.value for threshold in look.thresholds]
    low, high = min(figures), max(figures)
    if look.units == "share" and low >= 0 and high <= 1:
        return (0.0, 1.0) if high > _HALF else (0.0, max(high * 1.1, 0.01))
    pad = (high - low) * 0.06 or 1.0
    return (low - pad if low < 0 else 0.0, high + pad)


_SHAPE: Final[dict[RowState, Literal["diamond", "hollow"]]] = {
    "fail": "diamond",
    "insufficient": "hollow",
}
_HATCHED: Final = frozenset({"fail", "insufficient"})


def _row_marks(
    row: IntervalRow, y: float, scale: Scale, look: _Look, text: ChartText
) -> list[Mark]:
    words = words_for(text.language)
    marks: list[Mark] = [Text(0, y + 4.5, cut(row.label, _LABEL_LIMIT), "label")]
    figure = shown(row.value, look.units, text.language, absent=row.absent or words["undefined"])
    marks.append(Text(_RIGHT + 16, y + 4.5, figure, "figure"))
    if row.n is not None:
        marks.append(Text(WIDTH, y + 4.5, f"n = {whole(row.n, text.language)}", "tick", "end"))
    if row.value is None:
        marks.append(Line(_LEFT, y, _RIGHT, y, "nothing"))
        return marks
    x = scale.x(row.value)
    tone = row.state or "plain"
    if look.bars:
        zero = scale.x(min(max(0.0, scale.low), scale.high))
        left, width = min(zero, x), abs(x - zero)
        bar = Rect(left, y - _BAR / 2, max(width, 1.0), _BAR, f"bar {tone}", row.state in _HATCHED)
        marks.append(bar)
    marks.extend(_whisker(row, y, scale))
    if not look.bars:
        marks.append(Dot(x, y, f"dot {tone}", _SHAPE.get(row.state, "circle")))
    return marks


def _whisker(row: IntervalRow, y: float, scale: Scale) -> list[Mark]:
    if row.low is None or row.high is None:
        return []
    left, right = scale.x(row.low), scale.x(row.high)
    return [
        Line(left, y, right, y, "whisker"),
        Line(left, y - _CAP, left, y + _CAP, "whisker"),
        Line(right, y - _CAP, right, y + _CAP, "whisker"),
    ]


def _table(rows: Sequence[IntervalRow], units: Units, text: ChartText) -> ChartTable:
    words = words_for(text.language)
    with_n = any(row.n is not None for row in rows)
    with_state = any(row.state or row.note for row in rows)
    columns = [words["group"], words["value"], words["interval"]]
    columns += ["n"] * with_n + [words["state"]] * with_state
    return ChartTable(
        columns=tuple(columns),
        rows=tuple(
            tuple(
                [
                    spelled_out(row.label),
                    shown(row.value, units, text.language, absent=row.absent or words["undefined"]),
                    _interval_text(row, units, text),
                ]
                + ["–" if row.n is None else whole(row.n, text.language)] * with_n
                + [_state_text(row, text)] * with_state
            )
            for row in rows
        ),
    )


def _interval_text(row: IntervalRow, units: Units, text: ChartText) -> str:
    if row.low is None or row.high is None:
        return "–"
    percent = units == "share"
    digits = 1 if percent else 2
    return interval(row.low, row.high, percent=percent, digits=digits, language=text.language)


def _state_text(row: IntervalRow, text: ChartText) -> str:
    words = words_for(text.language)
    word = {
        "": "",
        "pass": words["pass"],
        "fail": words["fail"],
        "insufficient": words["insufficient"],
        "undefined": words["undefined_state"],
    }[row.state]
    return ": ".join(part for part in (word, spelled_out(row.note)) if part) or "–"


def _legend(rows: Sequence[IntervalRow], text: ChartText, *, bars: bool) -> tuple[LegendItem, ...]:
    words = words_for(text.language)
    drawn = {row.state for row in rows if row.value is not None}
    states: tuple[RowState, ...] = ("pass", "fail", "insufficient")
    return tuple(
        LegendItem(
            style=state,
            meaning=words[state],
            shape="bar" if bars else _SHAPE.get(state, "circle"),
            hatched=bars and state in _HATCHED,
        )
        for state in states
        if state in drawn
    )
