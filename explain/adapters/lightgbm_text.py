"""LightGBM text models: margins and LightGBM's own per-feature contributions.

Like XGBoost, LightGBM follows the indices in its file without asking, so the text is
checked first: one output, numeric splits only, every tree a proper binary tree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from answerable.audit.errors import EngineError, InvalidInput, MissingExtra
from answerable.explain.adapters.matrix import Floats, as_matrix, check_features

__all__ = ["LightgbmModel", "load_lightgbm"]

_OBJECTIVE: Final = re.compile(r"binary sigmoid:1(?:\.0*)?")
_MAX_DEPTH: Final = 512
# Bit 0 would mark a categorical split; bits 1 to 3 hold the default side and missing type.
_DECISION_TYPES: Final = frozenset(range(0, 16, 2))


class LightgbmModel:
    """A loaded LightGBM classifier with one output."""

    method: Final = "lightgbm-native"
    game: Final = "path-dependent"
    exact: Final = True
    tolerance: Final = 1e-9
    takes_missing: Final = True

    def __init__(
        self, booster: Any, features: tuple[str, ...], points: Mapping[int, tuple[float, ...]]
    ) -> None:
        self._booster = booster
        self._points = points
        self.features = features

    @property
    def engines(self) -> dict[str, str]:
        """Name and version of the engine that scores and explains."""
        import lightgbm

        return {"lightgbm": lightgbm.__version__}

    def raw_margin(self, X: Floats) -> Floats:
        """Return the log-odds of the favourable outcome; shape (n,)."""
        return self._predict(X, "raw_score")

    def probability(self, X: Floats) -> Floats:
        """Return the model's probability of the favourable outcome; shape (n,)."""
        return self._predict(X, "")

    def contributions(self, X: Floats) -> tuple[Floats, Floats]:
        """Return the base margin, shape (n,), and contributions, shape (n, d)."""
        wide = self._predict(X, "pred_contrib")
        return wide[:, -1], wide[:, :-1]

    def split_points(self, feature: str) -> tuple[float, ...]:
        """Return values just above the trees' thresholds, ascending.

        LightGBM goes left when the value is at most the threshold; the next number up is
        the smallest value that goes right.

        Returns
        -------
        tuple of float
        """
        return self._points.get(self.features.index(feature), ())

    def filled(self, X: Floats) -> Floats:
        """Return `X` as the model sees it: missing values stay missing."""
        return as_matrix(X, len(self.features))

    def _predict(self, X: Floats, kind: str) -> Floats:
        import lightgbm

        matrix = as_matrix(X, len(self.features))
        options = {kind: True} if kind else {}
        try:
            values = self._booster.predict(matrix, num_threads=1, **options)
        except lightgbm.basic.LightGBMError as error:
            raise _failed(error) from None
        return np.asarray(values, dtype=np.float64)


def load_lightgbm(data: bytes, features: tuple[str, ...] | None) -> LightgbmModel:
    """Load a checked LightGBM text model.

    Parameters
    ----------
    data : bytes
        What ``booster.model_to_string()`` gives, in UTF-8.
    features : tuple of str or None
        The registered features, in the order of training; None takes the file's own names.

    Returns
    -------
    LightgbmModel

    Raises
    ------
    InvalidInput
        If the structure is broken or not supported, or the features do not match.
    EngineError
        If LightGBM refuses the file all the same.
    MissingExtra
        If lightgbm is not installed.
    """
    try:
        text = data.decode("utf-8")
        names, points = _checked(text, features)
    except (UnicodeDecodeError, KeyError, ValueError) as error:
        raise _broken(f"unreadable ({type(error).__name__})") from None
    try:
        import lightgbm
    except ImportError:
        raise MissingExtra("models", needed_for="loading LightGBM models") from None
    try:
        booster = lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise _failed(error) from None
    return LightgbmModel(booster, names, points)


def _broken(what: str) -> InvalidInput:
    return InvalidInput(
        f"not a valid LightGBM text model: {what}",
        where="model",
        remedy="Save the model again with booster.model_to_string().",
    )


def _failed(error: Exception) -> EngineError:
    return EngineError(
        f"LightGBM failed ({type(error).__name__})",
        where="model",
        remedy="Check the model file and the installed version of lightgbm.",
    )


def _fields(block: str) -> dict[str, str]:
    pairs = [line.split("=", 1) for line in block.splitlines() if "=" in line]
    if len({key for key, _ in pairs}) != len(pairs):
        raise _broken("the same field twice")
    return dict(pairs)


def _checked(
    text: str, features: tuple[str, ...] | None
) -> tuple[tuple[str, ...], dict[int, tuple[float, ...]]]:
    body, end, _ = text.partition("end of trees")
    if not (text.startswith("tree\n") and end):
        raise _broken("no trees, or truncated")
    head, *blocks = re.split(r"(?=^Tree=)", body, flags=re.MULTILINE)
    header = _fields(head)
    if header["num_class"] != "1" or header["num_tree_per_iteration"] != "1":
        raise _broken("more than one output")
    if not _OBJECTIVE.fullmatch(header["objective"]):
        raise _broken("another objective than 'binary' with sigmoid 1")
    names = tuple(header["feature_names"].split(" "))
    check_features(names, features or names)
    if int(header["max_feature_idx"]) != len(names) - 1 or not blocks:
        raise _broken("the number of features or trees")
    sizes = [len(block.encode("utf-8")) for block in blocks]
    if [int(size) for size in header["tree_sizes"].split(" ")] != sizes:
        raise _broken("tree sizes that are not the sizes of its trees")
    return names, _split_points([_fields(block) for block in blocks], len(names))


def _split_points(trees: list[dict[str, str]], count: int) -> dict[int, tuple[float, ...]]:
    found: dict[int, set[float]] = {}
    for number, tree in enumerate(trees):
        for feature, threshold in _check_tree(tree, count, number):
            found.setdefault(feature, set()).add(math.nextafter(threshold, math.inf))
    return {feature: tuple(sorted(points)) for feature, points in found.items()}


def _check_tree(tree: Mapping[str, str], count: int, number: int) -> list[tuple[int, float]]:
    leaves = int(tree["num_leaves"])
    if int(tree["Tree"]) != number or tree["num_cat"] != "0" or tree["is_linear"] != "0":
        raise _broken(f"tree {number}: out of order, categorical or linear")
    values = [float(value) for value in tree["leaf_value"].split()]
    if len(values) != leaves or not all(math.isfinite(value) for value in values):
        raise _broken(f"tree {number}: leaf values")
    if leaves == 1:
        return []
    columns = {
        name: tree[name].split()
        for name in (
            "split_feature", "threshold", "decision_type", "left_child", "right_child",
            "internal_value", "internal_weight", "internal_count",
        )
    }  # fmt: skip
    if any(len(column) != leaves - 1 for column in columns.values()):
        raise _broken(f"tree {number}: columns of different lengths")
    if any(len(tree[name].split()) != leaves for name in ("leaf_weight", "leaf_count")):
        raise _broken(f"tree {number}: columns of different lengths")
    splits = [int(feature) for feature in columns["split_feature"]]
    thresholds = [float(threshold) for threshold in columns["threshold"]]
    if not all(0 <= feature < count for feature in splits) or any(map(math.isnan, thresholds)):
        raise _broken(f"tree {number}: a split on a feature that does not exist")
    if any(int(kind) not in _DECISION_TYPES for kind in columns["decision_type"]):
        raise _broken(f"tree {number}: decision types")
    _walk([int(i) for i in columns["left_child"]], [int(i) for i in columns["right_child"]], number)
    return list(zip(splits, thresholds, strict=True))


def _walk(left: list[int], right: list[int], number: int) -> None:
    leaves, seen, seen_leaves = len(left) + 1, set[int](), set[int]()
    waiting = [(0, 0)]
    while waiting:
        node, depth = waiting.pop()
        fresh = node not in seen if node >= 0 else ~node not in seen_leaves
        if not fresh or depth > _MAX_DEPTH or not -leaves <= node < len(left):
            raise _broken(f"tree {number}: a child that does not exist or is reached twice")
        if node < 0:
            seen_leaves.add(~node)
            continue
        seen.add(node)
        waiting += [(left[node], depth + 1), (right[node], depth + 1)]
