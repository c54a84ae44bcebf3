"""The result of a data-quality assessment."""

from __future__ import annotations

from answerable.model_cards.results.document import ResultDocument

__all__ = [
    "BalanceResult",
    "ColumnQualityResult",
    "QualityResult",
]


class ColumnQualityResult(ResultDocument):
    """How many values of a column are missing."""

    name: str
    missing: int


class BalanceResult(ResultDocument):
    """How many rows have each value of a column."""

    column: str
    rows: dict[str, int]


class QualityResult(ResultDocument):
    """Quality of a data set."""

    rows: int
    columns: tuple[ColumnQualityResult, ...] = ()
    duplicate_rows: int
    overlap_rows: int | None = None
    label: BalanceResult | None = None
    groups: tuple[BalanceResult, ...] = ()
