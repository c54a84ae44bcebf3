"""Everything found in one column's values, strongest evidence first.

Our own recognisers run in order and claim what they explain; presidio's run on what is
left, together, and are then believed from the most to the least probable; a language
model, if there is one, reads last. An engine that fails adds an entry to `not_examined`
and never reads as 'nothing found'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from answerable.audit.errors import EngineError
from answerable.privacy.chance import RARE_ALPHA
from answerable.privacy.detectors import Detectors
from answerable.privacy.entities import LANGUAGE_ENTITIES
from answerable.privacy.headers import header_entities, header_says, names_people
from answerable.privacy.presidio_engine import LanguageModel
from answerable.privacy.recognisers.recogniser import Recogniser, Span
from answerable.privacy.report import NotExamined
from answerable.privacy.trials import Claims, Limits, Trial, try_recogniser
from answerable.privacy.values import DistinctValues

__all__ = ["Question", "SearchResult", "Unverified", "search_values"]

_COMMON_LIMITS: Final = Limits(draws=1000)
_EXOTIC_LIMITS: Final = Limits(draws=400, screening=40, candidates=20_000, characters=100_000)
_NUMBER_LAYOUT: Final = r"^[0-9]{8,}$"
_ANY_DIGIT_OR_CODE: Final = r"[0-9]|[A-Za-z0-9]{26}"
_CHECKED: Final = frozenset({"CREDIT_CARD", "IBAN_CODE", "PHONE_NUMBER", "US_SSN"})
_NEARLY_ALL: Final = 0.8
_MODEL_ALPHA: Final = 0.1
_COVERS: Final = 0.8


@dataclass(frozen=True, slots=True)
class Question:
    """What is known of a column before its values are searched."""

    tokens: tuple[str, ...]
    """Words of the header."""
    is_numeric: bool
    """Whole numbers: only entities that can be numbers of eight digits or more are tried."""
    is_prose: bool
    label: str
    """Names the streams of surrogates: seed and column."""


@dataclass(frozen=True)
class Unverified:
    """Values whose header and layout agree on an entity while its check fails."""

    entity: str
    positions: NDArray[np.int64]
    verified: NDArray[np.int64]


@dataclass
class SearchResult:
    """What a search believes, what it puts down to chance, and what it could not do."""

    believed: list[Trial] = field(default_factory=list)
    by_chance: list[Trial] = field(default_factory=list)
    unverified: Unverified | None = None
    not_examined: list[NotExamined] = field(default_factory=list)
    best_refused: float = 0.0
    """Highest probability of a type that was tried and not believed."""

    def weigh(self, trial: Trial | None, claims: Claims) -> None:
        """Believe a trial and let it claim what it found, or put it down to chance."""
        if trial is None or trial.passed == 0:
            return
        if trial.is_believed:
            claims.add(trial)
            self.believed.append(trial)
        else:
            self.by_chance.append(trial)
            self.best_refused = max(self.best_refused, trial.type_posterior)


def search_values(values: DistinctValues, detectors: Detectors, question: Question) -> SearchResult:
    """Search one column's distinct values.

    Parameters
    ----------
    values : DistinctValues
        At least one.
    detectors : Detectors
        What to search with.
    question : Question
        What is known of the column.

    Returns
    -------
    SearchResult
        Believed findings in the order in which they were believed.
    """
    search = _Search(values, detectors, question)
    search.run_common()
    search.run_exotic()
    if detectors.model is not None and not question.is_numeric:
        search.read(detectors.model)
    return search.result


class _Search:
    """One search: what is left of the values, and what has been found so far."""

    def __init__(self, values: DistinctValues, detectors: Detectors, question: Question) -> None:
        self.values, self.detectors, self.question = values, detectors, question
        self.result, self.claims = SearchResult(), Claims.none(len(values))
        if question.is_numeric:
            self.claims.whole[:] = True
            self.claims.whole[values.matching(_NUMBER_LAYOUT)] = False
        self.open_at_start = ~self.claims.whole
        self.named = header_entities(question.tokens)

    def run_common(self) -> None:
        """Run our own recognisers, each on what the ones before it left."""
        for recogniser in self.detectors.common:
            if recogniser.takes_numbers or not self.question.is_numeric:
                self.result.weigh(self._attempt(recogniser, _COMMON_LIMITS), self.claims)
        unverified = self._unverified()
        if unverified is not None:
            self.result.unverified = unverified
            self.claims.whole[unverified.positions] = True

    def run_exotic(self) -> None:
        """Run presidio's recognisers on what is left, and believe the likeliest first."""
        left = self.values.matching(_ANY_DIGIT_OR_CODE)
        if not bool((~self.claims.whole[left]).any()):
            return
        trials = [self._attempt(one, _EXOTIC_LIMITS) for one in self.detectors.exotic]
        found = [trial for trial in trials if trial is not None]
        for trial in sorted(found, key=lambda t: (-t.type_posterior, -t.posterior, t.entity)):
            self.result.weigh(trial.without(self.claims), self.claims)
        self.result.not_examined += self.detectors.missing

    def _attempt(self, recogniser: Recogniser, limits: Limits) -> Trial | None:
        agrees = recogniser.entity in self.named or header_says(
            self.question.tokens, recogniser.context
        )
        try:
            trial = try_recogniser(
                recogniser, self.values, self.claims,
                header_agrees=agrees, limits=limits, label=self.question.label,
            )  # fmt: skip
        except EngineError as error:
            self._leave_out(str(error), (recogniser.entity,))
            return None
        self.detectors.note_run(recogniser.entity, recogniser.engine)
        if trial is not None and trial.is_partial:
            part = f"{trial.examined} of {trial.candidates} distinct values with its layout"
            self._leave_out(f"looked at only {part}", (trial.entity,))
        return trial

    def _leave_out(self, reason: str, entities: tuple[str, ...]) -> None:
        self.result.not_examined.append(NotExamined(reason=reason, entities=entities))

    def _unverified(self) -> Unverified | None:
        """Return the entity that header and layout name together, when no type is believed."""
        result = self.result
        if any(trial.is_type for trial in result.believed):
            return None
        for recogniser in self.detectors.common:
            positions = self.values.matching(recogniser.prefilter)
            positions = positions[self.open_at_start[positions]]
            is_named = recogniser.entity in self.named & _CHECKED
            if not is_named or len(positions) < _NEARLY_ALL * len(self.values):
                continue
            tried = [
                trial
                for trial in result.believed + result.by_chance
                if trial.entity == recogniser.entity
            ]
            result.believed = [trial for trial in result.believed if trial not in tried]
            result.by_chance = [trial for trial in result.by_chance if trial not in tried]
            verified = tried[0].whole if tried else np.zeros(0, dtype=np.int64)
            return Unverified(recogniser.entity, positions, verified)
        return None

    def read(self, model: LanguageModel) -> None:
        """Let the language model read what is left."""
        positions = np.nonzero(~self.claims.whole)[0].astype(np.int64)
        texts = self.values.take(positions)
        try:
            seen = list(model.entities(texts))
        except EngineError as error:
            self._leave_out(str(error), LANGUAGE_ENTITIES)
            return
        for entity in LANGUAGE_ENTITIES:
            self.detectors.note_run(entity, model.name)
            self.result.weigh(self._reading(entity, positions, texts, seen), self.claims)

    def _reading(
        self,
        entity: str,
        positions: NDArray[np.int64],
        texts: Sequence[str],
        seen: Sequence[tuple[tuple[str, Span], ...]],
    ) -> Trial:
        whole, inside = [], {}
        for position, text, found in zip(positions.tolist(), texts, seen, strict=True):
            spans = self.claims.free(position, [span for name, span in found if name == entity])
            covered = sum(end - start for start, end in spans)
            if spans and covered >= _COVERS * len(text.strip()):
                whole.append(position)
            elif spans:
                inside[position] = spans
        agrees = entity in self.named or (entity == "PERSON" and names_people(self.question.tokens))
        alpha = RARE_ALPHA if self.question.is_prose else _MODEL_ALPHA
        return Trial(
            entity=entity,
            whole=np.array(whole, dtype=np.int64),
            inside=inside,
            candidates=len(positions),
            examined=len(positions),
            alike=len(positions),
            distinct=len(self.values),
            alpha=alpha,
            expected=alpha * len(positions),
            prior=0.5,
            header_agrees=agrees,
        )
