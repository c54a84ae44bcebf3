"""One recogniser tried on one column: what passed, and how much that proves.

A trial works on distinct values. Candidates are the values that pass the prefilter and
that no stronger recogniser has claimed; each is checked as a whole and, in text, searched
for spans. The share of surrogates that pass gives the null acceptance rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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

__all__ = ["TYPE_PRIOR", "Claims", "Limits", "Trial", "try_recogniser"]

TYPE_PRIOR: Final = 0.02
"""Probability that a column is of a given type, before looking at it."""
_HEADER_PRIOR: Final = 0.9
_USELESS_ALPHA: Final = 0.5
_SEVERAL: Final = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a column one recogniser may look at."""

    draws: int
    """Surrogates per trial."""
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
    """Distinct values with the layout, whether looked at or not."""
    examined: int
    """Distinct values looked at."""
    distinct: int
    alpha: float
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
    def type_posterior(self) -> float:
        """Probability that the whole column is of this entity."""
        unseen = self.candidates - self.examined
        return type_posterior(
            len(self.whole),
            self.distinct - unseen,
            alpha=self.alpha,
            prior=TYPE_PRIOR * self.prior,
            header_agrees=self.header_agrees,
        )

    @property
    def is_type(self) -> bool:
        """Whether the column as a whole is believed to be of this entity."""
        share = len(self.whole) / max(1, self.distinct - (self.candidates - self.examined))
        return share >= _SEVERAL and self.type_posterior >= _SEVERAL

    @property
    def posterior(self) -> float:
        """Probability that some of what passed is genuine."""
        if self.alpha >= _USELESS_ALPHA and not self.header_agrees:
            return self.type_posterior
        prior = _HEADER_PRIOR if self.header_agrees else self.prior
        found = contamination_posterior(self.passed, self.examined, alpha=self.alpha, prior=prior)
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
        return Trial(
            self.entity, whole, kept, self.candidates, self.examined, self.distinct, self.alpha,
            self.prior, self.header_agrees,
        )  # fmt: skip


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
        None when nothing passed.
    """
    positions = values.matching(recogniser.prefilter)
    positions = positions[~claims.whole[positions]]
    looked_at, texts = _looked_at(values, positions, limits)
    whole_mask = recogniser.whole(texts) if texts else np.zeros(0, dtype=np.bool_)
    inside = {}
    for position, text, is_whole in zip(
        looked_at.tolist(), texts, whole_mask.tolist(), strict=True
    ):
        spans = () if is_whole else claims.free(position, recogniser.spans(text))
        if spans:
            inside[position] = spans
    whole = looked_at[whole_mask]
    if len(whole) == 0 and not inside:
        return None
    alpha = _alpha(recogniser, texts, in_text=bool(inside), draws=limits.draws, label=label)
    return Trial(
        recogniser.entity, whole, inside, len(positions), len(looked_at), len(values), alpha,
        recogniser.prior, header_agrees,
    )  # fmt: skip


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


def _alpha(
    recogniser: Recogniser, texts: Sequence[str], *, in_text: bool, draws: int, label: str
) -> float:
    """Return the null acceptance rate over the candidates' layouts."""
    ordinary = [text for text in texts if not recogniser.is_rare(text)]
    rare_share = 1 - len(ordinary) / len(texts)
    drawn = surrogates(
        ordinary, null=recogniser.null, draws=draws, label=f"{label}\0{recogniser.entity}"
    )
    if not drawn:
        return RARE_ALPHA
    passed = recogniser.whole(drawn)
    hits = int(passed.sum())
    if in_text:
        rest = (text for text, ok in zip(drawn, passed.tolist(), strict=True) if not ok)
        hits += sum(bool(recogniser.spans(text)) for text in rest)
    by_chance = null_acceptance(hits, len(drawn))
    return rare_share * RARE_ALPHA + (1 - rare_share) * by_chance
