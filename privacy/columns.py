"""One column's report: what it is, what it contains, what nobody looked for.

The data type comes first: true/false and fractional numbers hold no identifier and are
not searched, nested values and bytes are not searched and say so. Everything else is
searched over its distinct values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from answerable.privacy.backend import Backend, ColumnCounts
from answerable.privacy.chance import header_posterior, wilson_interval
from answerable.privacy.detectors import Detectors
from answerable.privacy.entities import (
    COMMON_ENTITIES,
    LANGUAGE_ENTITIES,
    ColumnRole,
    all_entities,
    entity_role,
)
from answerable.privacy.headers import header_tokens, names_people
from answerable.privacy.masking import masked
from answerable.privacy.report import ByChance, ColumnReport, Finding, NotExamined
from answerable.privacy.roles import column_role, suggested_action
from answerable.privacy.search import Question, SearchResult, Unverified, search_values
from answerable.privacy.text import is_free_text, may_hold_names
from answerable.privacy.trials import TYPE_PRIOR, USELESS_ALPHA, Trial
from answerable.privacy.values import ColumnKind, DistinctValues

__all__ = ["examine_column"]

_PLACES: Final = 6
_SURE: Final = 0.999
_SEARCHED: Final = frozenset({ColumnKind.TEXT, ColumnKind.MIXED, ColumnKind.INTEGER})
_CLOSED: Final = {
    ColumnKind.NESTED: "nested values are not searched: flatten the column first",
    ColumnKind.BINARY: "bytes are not searched",
    ColumnKind.EMPTY: "every value is missing",
}
_NO_NAME_DETECTOR: Final = "no name detector ran"
_EXAMPLES: Final = 3
_EXAMPLES_FROM: Final = 200

_Place = tuple[int, tuple[int, int | None]]
"""Position of a value, and a span in it."""


@dataclass(frozen=True)
class _Rows:
    """How many rows were looked at, and whether they are a sample."""

    examined: int
    is_sample: bool


def examine_column(
    backend: Backend, name: str, detectors: Detectors, *, seed: int, is_sample: bool
) -> ColumnReport:
    """Examine one column.

    Parameters
    ----------
    backend : Backend
        The rows to look at.
    name : str
        One of its columns.
    detectors : Detectors
        What to look with; keeps the tally of what ran.
    seed : int
        Seed of the surrogates.
    is_sample : bool
        Whether the rows are a sample, so that shares are estimates.

    Returns
    -------
    ColumnReport
        Holds masked forms only, never a value.

    Raises
    ------
    NotFound
        If there is no such column.
    """
    kind, counts, tokens = backend.kind(name), backend.counts(name), header_tokens(name)
    values = backend.distinct(name)
    is_text = kind in {ColumnKind.TEXT, ColumnKind.MIXED}
    is_prose = is_text and is_free_text(values)
    result = SearchResult()
    if kind in _SEARCHED:
        question = Question(tokens, not is_text, is_prose, f"{seed}\0{name}")
        result = search_values(values, detectors, question)
    entity, posterior, findings = _found(
        kind, counts, values, result, _Rows(counts.rows, is_sample)
    )
    says_names = names_people(tokens)
    could_be_names = is_text and detectors.model is None and may_hold_names(values)
    closed = _not_examined(kind, result)
    if is_text and detectors.model is None:
        is_open = says_names and entity == "NONE"
        closed += _names_not_examined(prose=is_prose, header=is_open, form=could_be_names)
    role = column_role(
        entity=entity, tokens=tokens, kind=kind, counts=counts, is_prose=is_prose,
        holds_names=says_names and could_be_names,
    )  # fmt: skip
    open_entities = tuple(dict.fromkeys(entity for one in closed for entity in one.entities))
    personal = any(entity_role(one.entity) is not ColumnRole.ATTRIBUTE for one in findings)
    return ColumnReport(
        name=name, dtype=backend.dtype(name), kind=kind.value,
        rows=counts.rows, nulls=counts.nulls, distinct=counts.distinct,
        type=entity, posterior=None if entity == "NONE" and open_entities else posterior,
        role=role.role, categories=role.categories, evidence=role.evidence,
        contains=findings, by_chance=_by_chance(result),
        not_examined=open_entities, not_examined_reasons=tuple(closed),
        action=suggested_action(role.role, has_findings=personal, is_open=bool(open_entities)),
    )  # fmt: skip


def _by_chance(result: SearchResult) -> tuple[ByChance, ...]:
    return tuple(
        ByChance(
            entity=trial.entity,
            distinct=trial.passed,
            expected_by_chance=_rounded(trial.expected),
        )
        for trial in result.by_chance
        if trial.alpha < USELESS_ALPHA or trial.entity in COMMON_ENTITIES
    )


def _rounded(value: float) -> float:
    return round(value, _PLACES)


def _not_examined(kind: ColumnKind, result: SearchResult) -> list[NotExamined]:
    if kind in _CLOSED:
        return [NotExamined(reason=_CLOSED[kind], entities=all_entities())]
    return list(result.not_examined)


def _names_not_examined(*, prose: bool, header: bool, form: bool) -> list[NotExamined]:
    """Return what a name detector would have had to look for, by the strongest reason."""
    if prose:
        reason = f"free text can hold names, and {_NO_NAME_DETECTOR}"
        return [NotExamined(reason=reason, entities=LANGUAGE_ENTITIES)]
    if header:
        reason = f"the header says names, and {_NO_NAME_DETECTOR}"
        return [NotExamined(reason=reason, entities=("PERSON",))]
    if form:
        reason = f"some values have the form of names, and {_NO_NAME_DETECTOR}"
        return [NotExamined(reason=reason, entities=("PERSON", "LOCATION"))]
    return []


def _found(
    kind: ColumnKind,
    counts: ColumnCounts,
    values: DistinctValues,
    result: SearchResult,
    rows: _Rows,
) -> tuple[str, float, tuple[Finding, ...]]:
    """Return the column's type, its probability, and everything it contains."""
    if kind is ColumnKind.DATE:
        return "DATE_TIME", _SURE, (_dates(counts, rows),)
    findings = [_finding(trial, values, rows) for trial in result.believed]
    entity, posterior = "NONE", _rounded(1 - result.best_refused) if kind in _SEARCHED else _SURE
    types = [trial for trial in result.believed if trial.is_type]
    if types:
        best = max(types, key=lambda trial: trial.type_posterior)
        entity, posterior = best.entity, _rounded(best.type_posterior)
    if result.unverified is not None:
        entity, posterior = result.unverified.entity, _rounded(header_posterior(TYPE_PRIOR))
        findings.insert(0, _unverified_finding(result.unverified, values, rows))
    return entity, min(posterior, _SURE), tuple(findings)


def _finding(trial: Trial, values: DistinctValues, rows: _Rows) -> Finding:
    positions = np.union1d(
        trial.whole, np.fromiter(trial.inside, dtype=np.int64, count=len(trial.inside))
    ).astype(np.int64)
    hits = int(values.rows[positions].sum())
    evidence = [
        f"{trial.passed} of {trial.alike} distinct values with the layout pass; "
        f"{_rounded(trial.expected):g} would by chance"
    ]
    if trial.header_agrees:
        evidence.append("the header names it")
    spans: list[_Place] = [(p, (0, None)) for p in trial.whole[:_EXAMPLES_FROM].tolist()]
    spans += [(p, found[0]) for p, found in list(trial.inside.items())[:_EXAMPLES_FROM]]
    low, high = _interval(hits, rows)
    if trial.is_partial:
        share = wilson_interval(trial.passed, max(1, trial.examined))[1]
        high = max(high, min(1.0, _rounded(share * trial.candidates / len(values))))
    return Finding(
        entity=trial.entity,
        rows=hits,
        rate=_rounded(hits / rows.examined),
        interval=(low, high),
        exact=not rows.is_sample and not trial.is_partial,
        distinct=trial.passed,
        whole=trial.is_type,
        verified_rows=hits,
        expected_by_chance=_rounded(trial.expected),
        posterior=_rounded(trial.posterior),
        masked_examples=_examples(values, spans),
        evidence=tuple(evidence),
    )


def _unverified_finding(found: Unverified, values: DistinctValues, rows: _Rows) -> Finding:
    hits = int(values.rows[found.positions].sum())
    return Finding(
        entity=found.entity,
        rows=hits,
        rate=_rounded(hits / rows.examined),
        interval=_interval(hits, rows),
        exact=not rows.is_sample,
        distinct=len(found.positions),
        whole=True,
        verified_rows=int(values.rows[found.verified].sum()),
        expected_by_chance=0.0,
        posterior=_rounded(header_posterior(TYPE_PRIOR)),
        masked_examples=_examples(
            values, [(p, (0, None)) for p in found.positions[:_EXAMPLES_FROM].tolist()]
        ),
        evidence=(
            "the header names it and the values have its layout; "
            f"{len(found.verified)} of {len(found.positions)} distinct values pass its check, the "
            "others may be synthetic, masked or mistyped",
        ),
    )


def _dates(counts: ColumnCounts, rows: _Rows) -> Finding:
    hits = counts.rows - counts.nulls
    return Finding(
        entity="DATE_TIME",
        rows=hits,
        rate=_rounded(hits / rows.examined),
        interval=_interval(hits, rows),
        exact=not rows.is_sample,
        distinct=counts.distinct,
        whole=True,
        verified_rows=hits,
        expected_by_chance=0.0,
        posterior=_SURE,
        evidence=("the column's data type is a date",),
    )


def _interval(hits: int, rows: _Rows) -> tuple[float, float]:
    if not rows.is_sample:
        rate = _rounded(hits / rows.examined)
        return rate, rate
    low, high = wilson_interval(hits, rows.examined)
    return _rounded(low), _rounded(high)


def _examples(values: DistinctValues, spans: Sequence[_Place]) -> tuple[str, ...]:
    positions: NDArray[np.int64] = np.array([position for position, _ in spans], dtype=np.int64)
    texts = values.take(positions)
    forms = dict.fromkeys(
        masked(text[start:end]) for text, (_, (start, end)) in zip(texts, spans, strict=True)
    )
    return tuple(forms)[:_EXAMPLES]
