"""How values are spread (histogram) and how much of a whole is there (coverage bars)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    Threshold,
    axis,
)
from answerable.model_cards.report.formatting import cut, interval, share, spelled_out, whole
from answerable.model_cards.report.words import words_for

__all__ = ["CoverageRow", "coverage_bars", "histogram"]

_LEFT: Final = 52.0
_PLOT: Final = 180.0
_TOP: Final = 26.0


def histogram(
    text: ChartText,
    edges: Sequence[float],
    counts: Sequence[int],
    *,
    marker: Threshold | None = None,
) -> Chart:
    """Return a histogram.

    Parameters
    ----------
    text : ChartText
        Id, title, description and language.
    edges : Sequence[float], shape (k + 1,)
        Ends of the k classes, ascending.
    counts : Sequence[int], shape (k,)
        How many values fall into each.
    marker : Threshold, optional
        A value drawn as a vertical line, for example the cut-off.

    Returns
    -------
    Chart
        With one table row per class.

    Raises
    ------
    InvalidInput
        If there is no class or the number of edges does not fit the counts.
    """
    if not counts or len(edges) != len(counts) + 1:
        raise InvalidInput(
            f"{len(counts)} counts need {len(counts) + 1} edges, not {len(edges)}", where="chart"
        )
    scale = Scale(edges[0], edges[-1], _LEFT, WIDTH - 12.0)
    bottom = _TOP + _PLOT
    tallest = max(*counts, 1)
    marks: list[Mark] = [*axis(scale, _TOP, bottom, "number", text.language)]
    marks.append(Text(0, _TOP + 4, whole(tallest, text.language), "tick"))
    marks.append(Text(0, bottom, "0", "tick"))
    for left, right, count in zip(edges[:-1], edges[1:], counts, strict=True):
        x, height = scale.x(left), _PLOT * count / tallest
        width = max(scale.x(right) - x - 1, 0.5)
        marks.append(Rect(x, bottom - height, width, height, "bar plain"))
    if marker is not None:
        x = scale.x(marker.value)
        marks.append(Line(x, _TOP - 8, x, bottom, "threshold"))
        marks.append(Text(x, _TOP - 12, marker.label, "threshold-label", "middle"))
    words = words_for(text.language)
    rows = tuple(
        (interval(a, b, percent=False, digits=2, language=text.language), whole(n, text.language))
        for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
    )
    table = ChartTable(columns=(words["value"], words["rows"]), rows=rows)
    return Chart(text=text, height=bottom + 28, marks=tuple(marks), table=table)


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """`part` of `total`; a `total` of 0 means nothing was asked for."""

    label: str
    part: int
    total: int
    note: str = ""


_ROW: Final = 30.0
_TRACK_LEFT: Final = 310.0
_TRACK_RIGHT: Final = 640.0
_LABEL_LIMIT: Final = 42


def coverage_bars(text: ChartText, rows: Sequence[CoverageRow]) -> Chart:
    """Return one bar per row that shows how much of the whole is there.

    Returns
    -------
    Chart
        A complete row differs from a partial one by its figure, too.

    Raises
    ------
    InvalidInput
        If there are no rows, or a part is negative or larger than its whole.
    """
    if not rows or any(not 0 <= row.part <= row.total for row in rows):
        raise InvalidInput("each row needs a part between 0 and its total", where="chart")
    marks: list[Mark] = []
    for index, row in enumerate(rows):
        marks.extend(_coverage_marks(row, 8 + _ROW * (index + 0.5)))
    words = words_for(text.language)
    table = ChartTable(
        columns=("", words["value"], "%", words["state"]),
        rows=tuple(
            (
                spelled_out(row.label),
                f"{whole(row.part, text.language)} / {whole(row.total, text.language)}",
                share(row.part / row.total, 0, text.language) if row.total else "–",
                spelled_out(row.note) or "–",
            )
            for row in rows
        ),
    )
    return Chart(text=text, height=16 + _ROW * len(rows), marks=tuple(marks), table=table)


def _coverage_marks(row: CoverageRow, y: float) -> list[Mark]:
    length = _TRACK_RIGHT - _TRACK_LEFT
    marks: list[Mark] = [Text(0, y + 4.5, cut(row.label, _LABEL_LIMIT), "label")]
    if row.total:
        marks.append(Rect(_TRACK_LEFT, y - 6, length, 12, "track"))
    if row.total and row.part:
        tone = "pass" if row.part == row.total else "plain"
        marks.append(Rect(_TRACK_LEFT, y - 6, length * row.part / row.total, 12, f"bar {tone}"))
    figure = f"{row.part} / {row.total}" if row.total else "–"
    marks.append(Text(_TRACK_RIGHT + 16, y + 4.5, figure, "figure"))
    return marks
