"""Where things come from (flow) and when they happened (timeline)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from answerable.audit.errors import InvalidInput
from answerable.model_cards.report.charts.marks import (
    WIDTH,
    Chart,
    ChartTable,
    ChartText,
    Dot,
    Line,
    Mark,
    Path,
    Rect,
    Text,
    place,
)
from answerable.model_cards.report.formatting import cut, moment, spelled_out
from answerable.model_cards.report.words import words_for

__all__ = ["FlowNode", "Moment", "flow", "timeline"]

_BOX_HEIGHT: Final = 48.0
_BOX_GAP: Final = 18.0
_LANE: Final = 34.0
_CHARACTER: Final = 7.0


@dataclass(frozen=True, slots=True)
class FlowNode:
    """A box of a flow: `column` counts from the left, `needs` names boxes it comes from."""

    id: str
    column: int
    label: str
    detail: str = ""
    needs: tuple[str, ...] = ()
    row: int | None = None
    """Place in the column; the next free one when left out."""


def flow(text: ChartText, nodes: Sequence[FlowNode]) -> Chart:
    """Return boxes in columns with an arrow from each box to those that need it.

    Returns
    -------
    Chart
        Arrows run from left to right.

    Raises
    ------
    InvalidInput
        If there are no boxes, ids repeat, or a box needs one that is not there.
    """
    known = {node.id for node in nodes}
    missing = [need for node in nodes for need in node.needs if need not in known]
    if not nodes or len(known) != len(nodes) or missing:
        raise InvalidInput("a flow needs boxes with different ids and no loose ends", where="chart")
    columns = max(node.column for node in nodes) + 1
    width = (WIDTH - _LANE * (columns - 1)) / columns
    places: dict[str, tuple[float, float]] = {}
    filled = [0] * columns
    for node in nodes:
        x = node.column * (width + _LANE)
        row = filled[node.column] if node.row is None else node.row
        places[node.id] = (x, 4 + row * (_BOX_HEIGHT + _BOX_GAP))
        filled[node.column] = row + 1
    arrows: list[Mark] = []
    boxes: list[Mark] = []
    for node in nodes:
        for need in node.needs:
            arrows += _arrow(places[need], places[node.id], width)
        boxes += _box(node, places[node.id], width)
    labels = {node.id: spelled_out(node.label) for node in nodes}
    words = words_for(text.language)
    table = ChartTable(
        columns=(words["item"], words["detail"], words["comes_from"]),
        rows=tuple(
            (
                labels[node.id],
                spelled_out(node.detail) or "–",
                ", ".join(labels[need] for need in node.needs) or "–",
            )
            for node in nodes
        ),
    )
    height = 8 + max(filled) * (_BOX_HEIGHT + _BOX_GAP) - _BOX_GAP
    return Chart(text=text, height=height, marks=(*arrows, *boxes), table=table)


def _box(node: FlowNode, at: tuple[float, float], width: float) -> list[Mark]:
    x, y = at
    limit = max(int((width - 16) / _CHARACTER), 6)
    middle = y + (20 if node.detail else 29)
    marks: list[Mark] = [
        Rect(x, y, width, _BOX_HEIGHT, "box"),
        Text(x + 10, middle, cut(node.label, limit), "label strong"),
    ]
    if node.detail:
        marks.append(Text(x + 10, y + 37, cut(node.detail, limit), "tick"))
    return marks


def _arrow(start: tuple[float, float], end: tuple[float, float], width: float) -> list[Mark]:
    x1, y1 = start[0] + width, start[1] + _BOX_HEIGHT / 2
    x2, y2 = end[0] - 1, end[1] + _BOX_HEIGHT / 2
    bend = (x1 + x2) / 2
    curve = (
        f"M{place(x1)} {place(y1)}C{place(bend)} {place(y1)} {place(bend)} {place(y2)} "
        f"{place(x2 - 6)} {place(y2)}"
    )
    tip = f"M{place(x2)} {place(y2)}l-8 -4.5v9Z"
    return [Path(curve, "arrow"), Path(tip, "arrow-tip")]


MomentShape = Literal["circle", "hollow", "diamond", "square", "triangle"]


@dataclass(frozen=True, slots=True)
class Moment:
    """One event: when (microseconds since 1970 UTC), what, and its shape on the line."""

    at: int
    label: str
    detail: str = ""
    shape: MomentShape = "circle"


_STEP: Final = 40.0
_RAIL: Final = 190.0


def timeline(text: ChartText, moments: Sequence[Moment]) -> Chart:
    """Return events on a vertical line, earliest first; equal steps, times in words.

    Returns
    -------
    Chart
        One row per event.

    Raises
    ------
    InvalidInput
        If there are no events.
    """
    if not moments:
        raise InvalidInput("a timeline needs at least one event", where="chart")
    ordered = sorted(moments, key=lambda item: item.at)
    last = 22 + _STEP * (len(ordered) - 1)
    marks: list[Mark] = [Line(_RAIL, 22, _RAIL, max(last, 23), "rail")]
    for index, item in enumerate(ordered):
        y = 22 + _STEP * index
        marks.append(Text(0, y + 4.5, moment(item.at), "tick"))
        marks.append(Dot(_RAIL, y, "dot plain", item.shape))
        marks.append(
            Text(_RAIL + 20, y + (0 if item.detail else 4.5), cut(item.label, 70), "label")
        )
        if item.detail:
            marks.append(Text(_RAIL + 20, y + 15, cut(item.detail, 80), "tick"))
    words = words_for(text.language)
    table = ChartTable(
        columns=(words["time"], words["event"], words["detail"]),
        rows=tuple(
            (moment(item.at), spelled_out(item.label), spelled_out(item.detail) or "–")
            for item in ordered
        ),
    )
    return Chart(text=text, height=last + 26, marks=tuple(marks), table=table)
