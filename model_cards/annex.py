"""How complete a card is against a list of points in a law, and who owes what is missing.

The points are dated data (``laws/*.json``), not code: each says which fields of the card
answer it, which role owes them, and whether the text of the provision was read (``seen``)
or is written ``from-memory``.

Does not: judge whether what is written is right or enough. A score of 100 % means that
nothing on the list is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, Literal

from answerable.audit.canonical import parse_json
from answerable.audit.errors import NotFound
from answerable.audit.records import Record, Role
from answerable.audit.records.base import FrozenModel
from answerable.model_cards.card import CardCore, CardOverlay

__all__ = ["Completeness", "Gap", "LawMap", "LawPoint", "PointScore", "completeness", "law_map"]

_FOLDER: Final = Path(__file__).parent / "laws"


class LawPoint(FrozenModel):
    """One point of the list and the card fields that answer it."""

    point: str
    title: str
    source: Literal["seen", "from-memory"]
    fields: tuple[str, ...]
    owed_by: Role
    applies: str = ""
    """When the point applies at all; empty means always."""


class LawMap(Record):
    """A dated list of points of one law."""

    id: str
    title: str
    dated: date
    note: str
    points: tuple[LawPoint, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A field that is empty, the point that asks for it and the role that owes it."""

    point: str
    field: str
    label: str
    owed_by: Role


@dataclass(frozen=True, slots=True)
class PointScore:
    """How many of a point's fields are provided."""

    point: LawPoint
    provided: int
    total: int

    @property
    def state(self) -> Literal["complete", "partial", "missing", "no_field"]:
        """``no_field``: the card has no field for this point."""
        if self.total == 0:
            return "no_field"
        if self.provided == self.total:
            return "complete"
        return "partial" if self.provided else "missing"


@dataclass(frozen=True, slots=True)
class Completeness:
    """The score of a card against one law map."""

    law: LawMap
    scores: tuple[PointScore, ...]
    gaps: tuple[Gap, ...]

    @property
    def provided(self) -> int:
        """Fields provided, over all points."""
        return sum(score.provided for score in self.scores)

    @property
    def total(self) -> int:
        """Fields asked for, over all points."""
        return sum(score.total for score in self.scores)

    @property
    def complete_points(self) -> int:
        """Points with nothing missing."""
        return sum(score.state == "complete" for score in self.scores)


@cache
def law_map(name: str = "ai_act_annex_iv") -> LawMap:
    """Return a law map of the package.

    Parameters
    ----------
    name : str
        File name below ``model_cards/laws`` without its ending.

    Returns
    -------
    LawMap
        The points in the law's order.

    Raises
    ------
    NotFound
        If there is no such map.

    Examples
    --------
    >>> law_map().points[0].point
    '1(a)'
    """
    path = _FOLDER / f"{name}.json"
    if path.parent != _FOLDER or not path.is_file():
        known = ", ".join(sorted(item.stem for item in _FOLDER.glob("*.json")))
        raise NotFound("no such law map", where="model_cards/laws", remedy=f"Known: {known}.")
    return LawMap.parse(parse_json(path.read_bytes()))


def completeness(
    core: CardCore, law: LawMap, *, overlay: CardOverlay | None = None
) -> Completeness:
    """Score a card against a list of points.

    Parameters
    ----------
    core : CardCore
        The card.
    law : LawMap
        The points.
    overlay : CardOverlay, optional
        Answers the fields ``overlay.sign_offs`` and ``overlay.counts``; without it they
        are missing.

    Returns
    -------
    Completeness
        A score per point, and every gap with the role that owes it.
    """
    known = {field.id: field for field in core.fields()}
    live = _live_fields(overlay)
    scores: list[PointScore] = []
    gaps: list[Gap] = []
    for point in law.points:
        missing: list[Gap] = []
        for name in point.fields:
            field = known.get(name)
            if name in live or (field is not None and field.value is not None):
                continue
            label = field.label if field is not None else _LIVE_LABELS.get(name, name)
            owed_by = (field.owed_by if field is not None else None) or point.owed_by
            missing.append(Gap(point.point, name, label, owed_by))
        scores.append(PointScore(point, len(point.fields) - len(missing), len(point.fields)))
        gaps.extend(missing)
    return Completeness(law=law, scores=tuple(scores), gaps=tuple(gaps))


_LIVE_LABELS: Final = {
    "overlay.sign_offs": "Signed test reports",
    "overlay.counts": "Counts from use",
}


def _live_fields(overlay: CardOverlay | None) -> frozenset[str]:
    return frozenset(_answered(overlay)) if overlay is not None else frozenset()


def _answered(overlay: CardOverlay) -> Iterator[str]:
    if any(line.state == "valid" and line.decision == "approve" for line in overlay.sign_offs):
        yield "overlay.sign_offs"
    if overlay.counts is not None and overlay.counts.decisions:
        yield "overlay.counts"
