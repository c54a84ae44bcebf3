"""Baselines: whom an applicant is compared with when reasons are given.

The baseline decides the reasons, so it is a named, hashed record that is registered before
it is used. Its rows are not kept: they would be personal data that nobody could erase.

References
----------
Regulation B, official interpretation of 12 CFR 1002.9(b)(2), comment 5: reasons may be found
by comparing with applicants at or slightly above the passing score, or with all applicants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from answerable.audit.canonical import canonical_json, sha256_digest
from answerable.audit.errors import InvalidInput, UndefinedMetric
from answerable.audit.records import BaselineVersion
from answerable.explain.adapters.matrix import as_matrix
from answerable.explain.models import Floats, LoadedModel

__all__ = ["BaselineKind", "BaselineRows", "make_baseline", "reference_row"]

BaselineKind = Literal["all_applicants", "just_approved", "approved", "custom"]

# "At or slightly above the passing score": the tenth of the approved nearest to the cut-off.
_JUST_APPROVED_SHARE: Final = 0.1


@dataclass(frozen=True)
class BaselineRows:
    """Rows a baseline is drawn from.

    Attributes
    ----------
    X : ndarray, shape (n, d)
        Columns in the order of the model's features.
    row_ids : sequence of str, length n
        Identifies each row in its data set; only their digest is kept.
    dataset : str
        Digest of the registered data set.
    """

    X: Floats
    row_ids: Sequence[str]
    dataset: str


def make_baseline(
    model: LoadedModel,
    rows: BaselineRows,
    *,
    name: str,
    kind: BaselineKind,
    cut_off_margin: float | None = None,
) -> BaselineVersion:
    """Select the rows of a baseline and compute what explanations need of them.

    Parameters
    ----------
    model : LoadedModel
    rows : BaselineRows
    name : str
    kind : {"all_applicants", "just_approved", "approved", "custom"}
        ``approved`` takes the rows at or above the cut-off, ``just_approved`` the tenth of
        these with the lowest scores, the others all rows.
    cut_off_margin : float, optional
        The cut-off on the raw margin (:func:`answerable.explain.scoring.threshold_margin`);
        needed for ``approved`` and ``just_approved``.

    Returns
    -------
    BaselineVersion
        With the mean of each feature as the model sees it, and the mean raw margin.

    Raises
    ------
    InvalidInput
        If row ids and rows differ in number, or the cut-off is missing.
    UndefinedMetric
        If no row is selected, or a feature has no value in any selected row.
    """
    matrix = as_matrix(rows.X, len(model.features))
    if len(rows.row_ids) != len(matrix):
        raise InvalidInput(
            f"{len(rows.row_ids)} row ids for {len(matrix)} rows", where=f"baseline {name}"
        )
    margins = model.raw_margin(matrix) if len(matrix) else np.empty(0)
    chosen = _chosen(margins, kind, cut_off_margin, name)
    if not len(chosen):
        raise UndefinedMetric(
            "no row belongs to this baseline",
            where=f"baseline {name}",
            remedy="Lower the cut-off or give more rows.",
        )
    seen = model.filled(matrix[chosen])
    empty = [model.features[int(j)] for j in np.flatnonzero(np.isnan(seen).all(axis=0))]
    if empty:
        raise UndefinedMetric(f"no value at all in {', '.join(empty)}", where=f"baseline {name}")
    means = np.nanmean(seen, axis=0)
    ids = sorted(str(rows.row_ids[int(i)]) for i in chosen)
    return BaselineVersion(
        name=name,
        kind=kind,
        dataset=rows.dataset,
        rows=len(chosen),
        row_ids=sha256_digest(canonical_json([*ids])),
        means={feature: float(mean) for feature, mean in zip(model.features, means, strict=True)},
        expected_output=float(margins[chosen].mean()),
    )


def _chosen(
    margins: Floats, kind: BaselineKind, cut_off_margin: float | None, name: str
) -> npt.NDArray[np.intp]:
    if kind in {"all_applicants", "custom"}:
        return np.arange(len(margins))
    if cut_off_margin is None:
        raise InvalidInput(f"a baseline '{kind}' needs the cut-off", where=f"baseline {name}")
    approved = np.flatnonzero(margins >= cut_off_margin)
    if kind == "approved":
        return approved
    count = -(-len(approved) // round(1 / _JUST_APPROVED_SHARE))
    nearest = np.argsort(margins[approved], kind="stable")[:count]
    return np.sort(approved[nearest])


def reference_row(baseline: BaselineVersion, features: Sequence[str]) -> Floats:
    """Return the baseline's feature means in the model's order.

    Parameters
    ----------
    baseline : BaselineVersion
    features : sequence of str

    Returns
    -------
    ndarray, shape (d,)

    Raises
    ------
    InvalidInput
        If the baseline was made for other features.
    """
    if set(baseline.means) != set(features):
        raise InvalidInput(
            "the baseline was made for other features",
            where=f"baseline {baseline.name}",
            remedy="Make a baseline with this model.",
        )
    return np.array([baseline.means[feature] for feature in features], dtype=np.float64)
