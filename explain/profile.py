"""Global profile of a model: which players move its output, over many cases and per group.

Each case's attributions are proven like those of a single decision before they are averaged.
A profile is aggregate data: groups with fewer than ten cases are named and left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from answerable.audit.errors import AdditivityBroken, InvalidInput, UndefinedMetric
from answerable.audit.kinds import EntryKind
from answerable.audit.records import BaselineVersion, Evidence, FrozenModel
from answerable.explain.adapters.matrix import as_matrix
from answerable.explain.attribution import Players, attribution_matrix, column_players
from answerable.explain.baseline import reference_row
from answerable.explain.models import Floats, Game, LoadedModel, Method

__all__ = ["PlayerImportance", "Profile", "profile_model"]

_LEAST_GROUP: Final = 10


class PlayerImportance(FrozenModel):
    """How far one player moves the raw margin (log-odds)."""

    player: str
    mean_abs: float
    """Mean of the absolute attributions."""
    mean: float
    """Mean attribution: positive favours the group on average."""
    share: float | None
    """Part of the sum of `mean_abs` over players; null when that sum is zero."""


class Profile(FrozenModel):
    """Importance of each player over a data set, the largest first."""

    type: Literal["answerable.explanation-profile.v1"] = "answerable.explanation-profile.v1"
    rows: int
    scale: Literal["raw_margin"] = "raw_margin"
    method: Method
    game: Game
    exact: bool
    baseline: str
    max_residual: float
    importances: tuple[PlayerImportance, ...]
    groups: dict[str, tuple[PlayerImportance, ...]]
    """Per group, keyed ``attribute=level``."""
    group_rows: dict[str, int]
    suppressed: tuple[str, ...]
    """Groups with fewer than ten rows."""
    engines: dict[str, str]

    def to_result(self) -> dict[str, JsonValue]:
        """Return the profile as JSON.

        Returns
        -------
        dict
        """
        result: dict[str, JsonValue] = self.model_dump(mode="json")
        return result

    @classmethod
    def from_result(cls, result: Mapping[str, JsonValue]) -> Self:
        """Return the profile that :meth:`to_result` gave.

        Returns
        -------
        Profile

        Raises
        ------
        InvalidInput
            If it is not one.
        """
        return cls.parse(dict(result))

    def evidence(self, *, function: str, dataset: str) -> Evidence:
        """Return this profile as evidence.

        Parameters
        ----------
        function : str
            Digest of the decision function.
        dataset : str
            Digest of the data set the rows come from.

        Returns
        -------
        Evidence
            Of kind ``explanation.profiled``.
        """
        return Evidence(
            kind=EntryKind.EXPLANATION_PROFILED.value,
            inputs={"function": function, "dataset": dataset, "baseline": self.baseline},
            parameters={"rows": self.rows, "least_group": _LEAST_GROUP},
            engines=self.engines,
            code=version("answerable"),
            result_type=self.type,
            result=self.to_result(),
        )


@dataclass(frozen=True)
class _Sums:
    names: tuple[str, ...]
    values: Floats

    def over(self, chosen: Floats) -> tuple[PlayerImportance, ...]:
        sizes = np.abs(chosen).mean(axis=0)
        means = chosen.mean(axis=0)
        total = float(sizes.sum())
        found = [
            PlayerImportance(
                player=name,
                mean_abs=float(size),
                mean=float(mean),
                share=float(size) / total if total > 0 else None,
            )
            for name, size, mean in zip(self.names, sizes, means, strict=True)
        ]
        return tuple(sorted(found, key=lambda item: (-item.mean_abs, item.player)))


def profile_model(
    model: LoadedModel,
    X: Floats,
    baseline: BaselineVersion,
    *,
    players: Players | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> Profile:
    """Profile a model over many cases.

    Parameters
    ----------
    model : LoadedModel
    X : ndarray, shape (n, d)
    baseline : BaselineVersion
    players : mapping of str to tuple of str, optional
        Groups of columns, as for :func:`answerable.explain.attribution.attribute`.
    groups : mapping of attribute to levels, each of length n, optional
        Protected attributes of the same rows; they are never inputs of the model.

    Returns
    -------
    Profile

    Raises
    ------
    UndefinedMetric
        If there is no row.
    InvalidInput
        If an attribute has another number of rows, or the baseline has other features.
    AdditivityBroken
        If the attributions of any row do not add up to the model's output.
    """
    matrix = as_matrix(X, len(model.features))
    if not len(matrix):
        raise UndefinedMetric("a profile of no rows", where="profile")
    base, values = attribution_matrix(model, matrix, reference_row(baseline, model.features))
    residual = _largest_residual(model, matrix, base + values.sum(axis=1))
    chosen = column_players(model.features) if players is None else players
    place = {feature: number for number, feature in enumerate(model.features)}
    columns = [[place[column] for column in group] for group in chosen.values()]
    grouped = np.stack([values[:, numbers].sum(axis=1) for numbers in columns], axis=1)
    sums = _Sums(tuple(chosen), grouped)
    members = _members(groups or {}, len(matrix))
    large = {name: rows for name, rows in members.items() if len(rows) >= _LEAST_GROUP}
    return Profile(
        rows=len(matrix),
        method=model.method,
        game=model.game,
        exact=model.exact,
        baseline=baseline.digest,
        max_residual=residual,
        importances=sums.over(grouped),
        groups={name: sums.over(grouped[rows]) for name, rows in large.items()},
        group_rows={name: len(rows) for name, rows in large.items()},
        suppressed=tuple(name for name in members if name not in large),
        engines=model.engines,
    )


def _largest_residual(model: LoadedModel, matrix: Floats, explained: Floats) -> float:
    output = model.raw_margin(matrix)
    gaps = np.abs(explained - output)
    if not (gaps <= model.tolerance * np.maximum(1.0, np.abs(output))).all():
        raise AdditivityBroken(
            f"attributions miss the model's output by up to {float(np.nanmax(gaps)):.3g}",
            where="profile",
            remedy="Check the model file and the engine version.",
        )
    return float(gaps.max())


def _members(groups: Mapping[str, Sequence[str]], rows: int) -> dict[str, npt.NDArray[np.intp]]:
    found: dict[str, npt.NDArray[np.intp]] = {}
    for attribute, levels in groups.items():
        if len(levels) != rows:
            raise InvalidInput(
                f"{len(levels)} levels for {rows} rows", where=f"profile, attribute {attribute}"
            )
        array = np.array([str(level) for level in levels])
        for level in sorted(set(array.tolist())):
            found[f"{attribute}={level}"] = np.flatnonzero(array == level)
    return found
