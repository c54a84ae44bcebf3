"""What a chart is made of, before any template draws it.

A chart is data: marks at coordinates of a fixed drawing area, a title, a description and
the same figures as a table. Geometry is computed here, in Python, where it can be tested;
the one template ``charts.html.j2`` turns marks into SVG with classes and presentation
attributes only, so a strict content security policy has nothing to refuse.

Invariants: every chart has a table twin with all its figures; no mark carries meaning by
colour alone (a class that colours also changes a shape, a pattern or a word).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isclose, isfinite, log10
from typing import Final, Literal

from answerable.audit.errors import InvalidInput
from answerable.model_cards.report.formatting import Language, number, share, whole

__all__ = [
    "WIDTH",
    "Chart",
    "ChartTable",
    "ChartText",
    "Dot",
    "LegendItem",
    "Line",
    "Mark",
    "Path",
    "Rect",
    "Scale",
    "Text",
    "Threshold",
    "Units",
    "axis",
    "place",
    "shown",
    "ticks",
]

WIDTH: Final = 720
"""Width of every drawing area; the page scales it, narrow screens scroll it."""

Units = Literal["share", "number", "count"]
DotShape = Literal["circle", "hollow", "diamond", "square", "triangle"]


@dataclass(frozen=True, slots=True)
class Rect:
    """A bar."""

    x: float
    y: float
    width: float
    height: float
    style: str
    hatched: bool = False
    tag: Literal["rect"] = "rect"


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    style: str
    tag: Literal["line"] = "line"


@dataclass(frozen=True, slots=True)
class Dot:
    """A point whose shape carries its state."""

    x: float
    y: float
    style: str
    shape: DotShape = "circle"
    size: float = 5.5
    tag: Literal["dot"] = "dot"

    @property
    def outline(self) -> str:
        """The path of the shapes that are polygons."""
        x, y, r = self.x, self.y, self.size + 1
        corners = {
            "diamond": ((x, y - r), (x + r, y), (x, y + r), (x - r, y)),
            "square": ((x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)),
            "triangle": ((x, y - r), (x + r, y + r), (x - r, y + r)),
        }.get(self.shape, ())
        return "M" + "L".join(f"{place(a)} {place(b)}" for a, b in corners) + "Z"


@dataclass(frozen=True, slots=True)
class Text:
    """A word or number."""

    x: float
    y: float
    text: str
    style: str = "label"
    anchor: Literal["start", "middle", "end"] = "start"
    tag: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Path:
    """A curve or outline, in SVG path syntax."""

    d: str
    style: str
    tag: Literal["path"] = "path"


Mark = Rect | Line | Dot | Text | Path


@dataclass(frozen=True, slots=True)
class ChartTable:
    """The figures of a chart, for readers who want or need a table."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ChartText:
    """What names a chart: a page-unique id, a title and what it shows in one sentence."""

    id: str
    title: str
    description: str
    language: Language = "en"


@dataclass(frozen=True, slots=True)
class LegendItem:
    """What a look means: a style of the stylesheet drawn as `shape`."""

    style: str
    meaning: str
    shape: Literal["bar", "circle", "hollow", "diamond"] = "bar"
    hatched: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawable chart."""

    text: ChartText
    height: float
    marks: tuple[Mark, ...]
    table: ChartTable
    width: float = WIDTH
    legend: tuple[LegendItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit drawn across a chart."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from values to horizontal positions, clamped to its ends."""

    low: float
    high: float
    left: float
    right: float

    def x(self, value: float) -> float:
        """Return the position of `value`.

        Returns
        -------
        float
            Between `left` and `right`.

        Examples
        --------
        >>> Scale(0.0, 1.0, 100.0, 300.0).x(0.25)
        150.0
        """
        span = self.high - self.low
        part = 0.5 if span == 0 else (value - self.low) / span
        return self.left + min(max(part, 0.0), 1.0) * (self.right - self.left)


def place(value: float) -> str:
    """Return a coordinate as text, to a tenth, without a trailing zero.

    Returns
    -------
    str
        As it stands in an SVG attribute.

    Examples
    --------
    >>> place(12.0), place(12.345), place(-0.04)
    ('12', '12.3', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def shown(value: float | None, units: Units, language: Language = "en", *, absent: str) -> str:
    """Return a figure as text in its units, or the word `absent` when there is none."""
    if value is None:
        return absent
    if units == "share":
        return share(value, 1, language)
    if units == "count":
        return whole(value, language)
    return number(value, 2, language)


_MAX_DIGITS: Final = 4
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


def ticks(low: float, high: float, about: int = 5) -> tuple[float, ...]:
    """Return round values from `low` to `high`, about `about` of them.

    Returns
    -------
    tuple of float
        Ascending, in equal steps, inside the range.

    Raises
    ------
    InvalidInput
        If an end is not a finite number or `high` is below `low`.

    Examples
    --------
    >>> ticks(0.0, 1.0)
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """
    if not (isfinite(low) and isfinite(high)) or high < low:
        raise InvalidInput("a chart's range needs two finite ends in order", where="chart")
    if high == low:
        return (low,)
    rough = (high - low) / max(about - 1, 1)
    power = 10.0 ** floor(log10(rough))
    step = next(power * unit for unit in _STEPS if power * unit >= rough * 0.999)
    first = -floor(-low / step + 1e-9)
    last = floor(high / step + 1e-9)
    digits = 2 - floor(log10(step))
    return tuple(round(index * step, digits) for index in range(first, last + 1))


def axis(
    scale: Scale, top: float, bottom: float, units: Units, language: Language = "en"
) -> tuple[Mark, ...]:
    """Return grid lines and their figures below the plot."""
    values = ticks(scale.low, scale.high)
    marks: list[Mark] = []
    for value in values:
        x = scale.x(value)
        marks.append(Line(x, top, x, bottom, "grid"))
        marks.append(Text(x, bottom + 16, _tick(value, values, units, language), "tick", "middle"))
    return tuple(marks)


def _tick(value: float, values: Sequence[float], units: Units, language: Language) -> str:
    step = abs(values[1] - values[0]) if len(values) > 1 else 1.0
    scaled = step * 100 if units == "share" else step
    exact = (d for d in range(_MAX_DIGITS) if isclose(scaled, round(scaled, d), rel_tol=1e-6))
    digits = next(exact, _MAX_DIGITS)
    if units == "share":
        return share(value, digits, language)
    return number(value, digits, language)
