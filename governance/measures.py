"""Measures of one attribute set: rates with Wilson intervals, disparities with families'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from answerable.governance.cells import MISSING, Cell, CellTable
from answerable.governance.disparities import Comparison, Counts, compare, contrasts_of, gap
from answerable.governance.findings import Disparity, GroupRates, RateEstimate, UndefinedRate
from answerable.governance.metrics import METRICS, CountMetric, metric, rate
from answerable.governance.tables import GroupTable
from answerable.governance.uncertainty import critical_value, holm, score_test, wilson

__all__ = ["disparities_of", "rates_of", "rates_of_groups", "undefined_rates"]

_COMPARED: Final = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "false_negative_rate",
    "precision",
    "accuracy",
)
"""Metrics whose disparities are shown even when no rule asks for them."""


def _metrics(cells: CellTable) -> Iterator[CountMetric]:
    for item in METRICS.values():
        if cells.labelled or not item.needs_label:
            yield item


def rates_of(cell: Cell, cells: CellTable, alpha: float) -> dict[str, RateEstimate]:
    """Return every metric of a cell; those that need a label only where one was counted."""
    z = critical_value(alpha)
    result = {}
    for item in _metrics(cells):
        found = rate(item.name, cell)
        limits = wilson(found.numerator, found.denominator, z) if found.denominator else None
        result[item.name] = RateEstimate(
            value=found.value, interval=limits, n=found.denominator, reason=found.undefined_reason
        )
    return result


def rates_of_groups(table: GroupTable, cells: CellTable, alpha: float) -> list[GroupRates]:
    """Return the rates of all groups, those that are not compared last."""
    return [
        GroupRates(
            attributes=table.attributes,
            group=dict(zip(table.attributes, cell.group, strict=True)),
            n=cell.n,
            missing_label=cell.missing_label,
            missing_prediction=cell.missing_prediction,
            compared=MISSING not in cell.group,
            rates=rates_of(cell, cells, alpha),
        )
        for cell in table.cells
    ]


def undefined_rates(groups: Sequence[GroupRates]) -> Iterator[UndefinedRate]:
    """Return what has no value in these groups, and why."""
    for group in groups:
        for name, estimate in group.rates.items():
            if estimate.value is None:
                yield UndefinedRate(
                    metric=name,
                    attributes=group.attributes,
                    group=group.group,
                    reason=estimate.reason or "",
                )


def disparities_of(
    table: GroupTable, cells: CellTable, asked: Sequence[str], alpha: float
) -> Iterator[Disparity]:
    """Return the disparities of the usual metrics and of those asked for."""
    for name in dict.fromkeys((*_COMPARED, *asked)):
        wanted = metric(name)
        if wanted.needs_label and not cells.labelled:
            continue
        counts = Counts.of(wanted, table.compared)
        yield from _of_metric(table, counts, "difference", alpha)
        yield from _of_metric(table, counts, "ratio", alpha)


def _of_metric(
    table: GroupTable, counts: Counts, scale: Literal["difference", "ratio"], alpha: float
) -> Iterator[Disparity]:
    z = table.resamples.critical_value(contrasts_of(counts, scale, "highest"), alpha)
    widest = gap(counts, scale, z)
    if widest is not None:
        reference = "lowest" if scale == "difference" else "highest"
        yield _disparity(table, counts, widest, ("range", scale, reference))
    for item in compare(counts, scale, "highest", z):
        yield _disparity(table, counts, item, ("group", scale, "highest"))
    z = table.resamples.critical_value(contrasts_of(counts, scale, "rest"), alpha)
    against_rest = compare(counts, scale, "rest", z)
    tests = [
        score_test(item.left, item.right) if item.right and item.right[1] else 1.0
        for item in against_rest
    ]
    for item, p_value in zip(against_rest, holm(tests), strict=True):
        shown = p_value if scale == "difference" and item.value is not None else None
        yield _disparity(table, counts, item, ("group", scale, "rest"), p_adjusted=shown)


def _disparity(
    table: GroupTable,
    counts: Counts,
    item: Comparison,
    kind: tuple[Literal["range", "group"], Literal["difference", "ratio"], str],
    *,
    p_adjusted: float | None = None,
) -> Disparity:
    scope, scale, reference = kind
    against = None if item.reference_group is None else table.named(item.reference_group)
    return Disparity(
        metric=counts.metric.name,
        compare=scale,
        reference=reference,
        value=item.value,
        interval=item.interval,
        scope=scope,
        attributes=table.attributes,
        group=table.named(item.group),
        reference_group=against,
        reason=item.undefined,
        p_adjusted=p_adjusted,
    )
