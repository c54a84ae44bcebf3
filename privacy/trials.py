"""One recogniser tried on one column: what passed, and how much that proves.

A trial works on distinct values. Candidates are the values that pass the prefilter and
that no stronger recogniser has claimed; each is checked as a whole and, in text, searched
for spans. The share of surrogates that pass gives the null acceptance rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from answerable.privacy.chance import (
    RARE_ALPHA,
    contamination_posterior,
    null_acceptance,
    surrogates,
    type_posterior,
)
from answerable.privacy.recognisers.recogniser import Recogniser, Span
from answerable.privacy.values import DistinctValues

__all__ = ["TYPE_PRIOR", "USELESS_ALPHA", "Claims", "Limits", "Trial", "try_recogniser"]

TYPE_PRIOR: Final = 0.02
"""Probability that a column is of a given type, before looking at it."""
_HEADER_PRIOR: Final = 0.9
USELESS_ALPHA: Final = 0.5
"""A check that random values pass more often says nothing."""
_SEVERAL: Final = 0.5
_NEARLY_ALL: Final = 0.8


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a column one recogniser may look at."""

    draws: int
    """Surrogates per trial."""
    screening: int = 0
    """Surrogates tried first, to pass over a check that tells nothing; 0 passes over none."""
    candidates: int | None = None
    """Distinct values checked at most; None checks all."""
    characters: int | None = None
    """Longer values are left out; None leaves out none."""


@dataclass
class Claims:
    """Which values and which places in them a believed recogniser has explained."""

    whole: NDArray[np.bool_]
    spans: dict[int, list[Span]] = field(default_factory=dict)

    @classmethod
    def none(cls, distinct: int) -> Claims:
        """Return claims on nothing."""
        return cls(np.zeros(distinct, dtype=np.bool_))

    def free(self, position: int, spans: Sequence[Span]) -> tuple[Span, ...]:
        """Return the spans of a value that touch nothing claimed."""
        if self.whole[position]:
            return ()
        taken = self.spans.get(position, [])
        return tuple(
            (start, end)
            for start, end in spans
            if all(end <= first or last <= start for first, last in taken)
        )

    def add(self, trial: Trial) -> None:
        """Claim what a believed trial found."""
        self.whole[trial.whole] = True
        for position, spans in trial.inside.items():
            self.spans.setdefault(position, []).extend(spans)


@dataclass(frozen=True, eq=False)
class Trial:
    """What one recogniser found in one column."""

    entity: str
    whole: NDArray[np.int64]
    """Positions of the distinct values that pass as a whole."""
    inside: dict[int, tuple[Span, ...]]
    """Spans in the other values, by position."""
    candidates: int
    """Distinct values that pass the prefilter, whether looked at or not."""
    examined: int
    """Distinct values looked at."""
    alike: int
    """Distinct values laid out like one that was looked at: what chance is measured on."""
    distinct: int
    alpha: float
    """Upper limit of the share of surrogates that pass."""
    expected: float
    """Distinct values expected to pass by chance alone."""
    prior: float
    header_agrees: bool

    @property
    def passed(self) -> int:
        """Distinct values that pass, whole or inside."""
        return len(self.whole) + len(self.inside)

    @property
    def is_partial(self) -> bool:
        """Whether some candidates were not looked at."""
        return self.examined < self.candidates

    @property
    def _seen(self) -> int:
        return max(1, self.distinct - (self.candidates - self.examined))

    @property
    def _says_nothing(self) -> bool:
        """Whether random values pass so often that only the header could say anything."""
        return self.alpha >= USELESS_ALPHA and not self.header_agrees

    @property
    def type_posterior(self) -> float:
        """Probability that the whole column is of this entity."""
        if self._says_nothing:
            return 0.0
        # A value without the layout cannot pass, under chance as little as otherwise.
        alpha = self.alpha * min(1.0, self.alike / self._seen)
        return type_posterior(
            len(self.whole),
            self._seen,
            alpha=alpha,
            prior=TYPE_PRIOR * self.prior,
            header_agrees=self.header_agrees,
        )

    @property
    def is_type(self) -> bool:
        """Whether the column as a whole is believed to be of this entity."""
        share = len(self.whole) / self._seen
        return share >= _SEVERAL and self.type_posterior >= _SEVERAL

    @property
    def posterior(self) -> float:
        """Probability that some of what passed is genuine."""
        if self._says_nothing:
            return 0.0
        prior = _HEADER_PRIOR if self.header_agrees else self.prior
        tried = max(self.alike, self.passed)
        found = contamination_posterior(self.passed, tried, alpha=self.alpha, prior=prior)
        return max(found, self.type_posterior)

    @property
    def is_believed(self) -> bool:
        """Whether the finding is reported as one."""
        return self.is_type or (self.passed > 0 and self.posterior >= _SEVERAL)

    def without(self, claims: Claims) -> Trial:
        """Return the trial less what has been claimed since."""
        kept = {
            position: spans
            for position, found in self.inside.items()
            if (spans := claims.free(position, found))
        }
        whole = np.array(
            [p for p in self.whole.tolist() if not claims.whole[p] and p not in claims.spans],
            dtype=np.int64,
        )
        return replace(self, whole=whole, inside=kept)


def try_recogniser(
    recogniser: Recogniser,
    values: DistinctValues,
    claims: Claims,
    *,
    header_agrees: bool,
    limits: Limits,
    label: str,
) -> Trial | None:
    """Try one recogniser on a column's distinct values.

    Parameters
    ----------
    recogniser : Recogniser
        Raises EngineError when it fails.
    values : DistinctValues
        All values of the column.
    claims : Claims
        What stronger recognisers have explained; left as it is.
    header_agrees : bool
        Whether the column's header names the entity.
    limits : Limits
        How much to look at.
    label : str
        Names the stream of surrogates; the entity is added.

    Returns
    -------
    Trial | None
        None when nothing passed, or when the check would tell nothing here.
    """
    positions = values.matching(recogniser.prefilter)
    positions = positions[~claims.whole[positions]]
    looked_at, texts = _looked_at(values, positions, limits)
    if not texts:
        return None
    name = f"{label}\0{recogniser.entity}"
    if limits.screening and not header_agrees and _says_nothing(recogniser, texts, limits, name):
        return None
    is_whole, found = recogniser.find(texts)
    inside = {
        position: free
        for position, spans in zip(looked_at.tolist(), found, strict=True)
        if spans and (free := claims.free(position, spans))
    }
    hits = _Hits(looked_at[is_whole], inside)
    if len(hits.whole) == 0 and not inside:
        return None
    alike = values.sharing_layout(looked_at)
    alike = alike[~claims.whole[alike]]
    chance = _chance(recogniser, values.take(alike), alike, hits, (limits.draws, name))
    tried = max(1, round(len(alike) * len(looked_at) / len(positions)))
    return Trial(
        entity=recogniser.entity,
        whole=hits.whole,
        inside=inside,
        candidates=len(positions),
        examined=len(looked_at),
        alike=tried,
        distinct=len(values),
        alpha=chance.alpha,
        expected=chance.share * tried,
        prior=recogniser.prior,
        header_agrees=header_agrees,
    )


@dataclass(frozen=True)
class _Hits:
    """What passed."""

    whole: NDArray[np.int64]
    inside: Mapping[int, tuple[Span, ...]]

    def parts(self, position: int, text: str) -> Sequence[str]:
        """Return what passed in a value; the value itself where nothing inside it did."""
        spans = self.inside.get(position, ((0, len(text)),))
        return [text[start:end] for start, end in spans]


@dataclass(frozen=True, slots=True)
class _Chance:
    alpha: float
    share: float


def _chance(
    recogniser: Recogniser,
    texts: Sequence[str],
    positions: NDArray[np.int64],
    hits: _Hits,
    draw: tuple[int, str],
) -> _Chance:
    """Return how often values of these layouts pass by chance: upper limit and estimate."""
    ordinary = [
        text
        for position, text in zip(positions.tolist(), texts, strict=True)
        if not all(recogniser.is_rare(part) for part in hits.parts(position, text))
    ]
    if not ordinary:
        return _Chance(RARE_ALPHA, RARE_ALPHA)
    draws, label = draw
    drawn = surrogates(ordinary, null=recogniser.null, draws=draws, label=label)
    passed = _count_passing(recogniser, drawn, in_text=bool(hits.inside))
    share = len(ordinary) / len(texts)
    return _Chance(
        null_acceptance(passed, len(drawn)) * share + RARE_ALPHA, passed / len(drawn) * share
    )


def _says_nothing(recogniser: Recogniser, texts: Sequence[str], limits: Limits, label: str) -> bool:
    """Return whether random values pass so often that the values need not be looked at."""
    drawn = surrogates(texts, null=recogniser.null, draws=limits.screening, label=f"{label}\0s")
    return _count_passing(recogniser, drawn, in_text=True) > _NEARLY_ALL * len(drawn)


def _looked_at(
    values: DistinctValues, positions: NDArray[np.int64], limits: Limits
) -> tuple[NDArray[np.int64], list[str]]:
    if limits.candidates is not None and len(positions) > limits.candidates:
        chosen = np.linspace(0, len(positions) - 1, limits.candidates).astype(np.int64)
        positions = positions[chosen]
    texts = values.take(positions)
    if limits.characters is None:
        return positions, texts
    short = np.array([len(text) <= limits.characters for text in texts], dtype=np.bool_)
    return positions[short], [text for text in texts if len(text) <= limits.characters]


def _count_passing(recogniser: Recogniser, drawn: Sequence[str], *, in_text: bool) -> int:
    if not drawn:
        return 0
    if not in_text:
        return int(recogniser.whole(drawn).sum())
    is_whole, found = recogniser.find(drawn)
    return int(is_whole.sum()) + sum(map(bool, found))
