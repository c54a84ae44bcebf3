"""How a score came about: a waterfall from the base value to the output."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, isfinite
from typing import Final

from answerable.audit.errors import InvalidInput
from answerable.model_cards.report.charts.marks import (
    WIDTH,
    Chart,
    ChartTable,
    ChartText,
    Line,
    Mark,
    Rect,
    Scale,
    Text,
    axis,
)
from answerable.model_cards.report.formatting import cut, number, spelled_out
from answerable.model_cards.report.words import words_for

__all__ = ["attribution_waterfall"]

_LEFT: Final = 230.0
_RIGHT: Final = 610.0
_ROW: Final = 28.0
_TOP: Final = 12.0
_LABEL_LIMIT: Final = 33
_BAR: Final = 15.0


def attribution_waterfall(
    text: ChartText,
    base: float,
    contributions: Sequence[tuple[str, float]],
    output: float,
    *,
    limit: int = 12,
) -> Chart:
    """Return the steps from the base value to the output.

    Bars that raise the score are solid and signed ``+``; bars that lower it are hatched
    and signed with a minus. Steps beyond `limit` are drawn as one sum; the table lists
    them all.

    Parameters
    ----------
    text : ChartText
        Id, title, description and language.
    base : float
        Base value on the score's scale.
    contributions : Sequence of (name, value)
        Drawn in the order given.
    output : float
        The model's own output on the same scale.
    limit : int
        How many single steps to draw.

    Returns
    -------
    Chart
        A waterfall.

    Raises
    ------
    InvalidInput
        If there is nothing to draw or a figure is not finite.
    """
    figures = [base, output, *(value for _, value in contributions)]
    if not contributions or not all(isfinite(value) for value in figures):
        raise InvalidInput("attributions must be finite and at least one", where="chart")
    steps = _steps(contributions, limit, text)
    levels = [base]
    for _, value in steps:
        levels.append(levels[-1] + value)
    scale = _scale([*levels, output])
    bottom = _TOP + _ROW * (len(steps) + 2)
    marks: list[Mark] = [*axis(scale, _TOP, bottom, "number", text.language)]
    words = words_for(text.language)
    marks += _level(words["base_value"], base, _TOP + _ROW / 2, scale, text)
    for index, (name, value) in enumerate(steps):
        start = (levels[index], _TOP + _ROW * (index + 1.5))
        marks += _step(name, value, start, scale, text)
    marks += _level(words["output"], output, bottom - _ROW / 2, scale, text)
    rows = [(words["base_value"], number(base, 4, text.language))]
    rows += [(spelled_out(name), _signed(value, 4, text)) for name, value in contributions]
    rows.append((words["output"], number(output, 4, text.language)))
    table = ChartTable(columns=("", words["value"]), rows=tuple(rows))
    return Chart(text=text, height=bottom + 28, marks=tuple(marks), table=table)


def _steps(
    contributions: Sequence[tuple[str, float]], limit: int, text: ChartText
) -> list[tuple[str, float]]:
    kept = list(contributions[:limit])
    rest = contributions[limit:]
    if rest:
        word = words_for(text.language)["others"]
        kept.append((f"{len(rest)} {word}", fsum(value for _, value in rest)))
    return kept


def _scale(levels: Sequence[float]) -> Scale:
    low, high = min(levels), max(levels)
    pad = (high - low) * 0.08 or 0.5
    return Scale(low - pad, high + pad, _LEFT, _RIGHT)


def _level(name: str, value: float, y: float, scale: Scale, text: ChartText) -> list[Mark]:
    x = scale.x(value)
    return [
        Text(0, y + 4.5, name, "label strong"),
        Line(x, y - _ROW / 2, x, y + _ROW / 2, "level"),
        Text(WIDTH, y + 4.5, number(value, 3, text.language), "figure", "end"),
    ]


def _step(
    name: str, value: float, start: tuple[float, float], scale: Scale, text: ChartText
) -> list[Mark]:
    level, y = start
    x1, x2 = scale.x(level), scale.x(level + value)
    width = max(abs(x2 - x1), 1.0)
    tone = "raises" if value >= 0 else "lowers"
    return [
        Text(0, y + 4.5, cut(name, _LABEL_LIMIT), "label"),
        Rect(min(x1, x2), y - _BAR / 2, width, _BAR, f"bar {tone}", value < 0),
        Line(x2, y - _BAR / 2, x2, y + _ROW - _BAR / 2, "join"),
        Text(WIDTH, y + 4.5, _signed(value, 3, text), "figure", "end"),
    ]


def _signed(value: float, digits: int, text: ChartText) -> str:
    shown = number(value, digits, text.language)
    return f"+{shown}" if value > 0 else shown
