"""Check the structure of an XGBoost model file before XGBoost reads it.

XGBoost follows the indices in its file without asking: a child index out of range, a loop or
a feature number beyond the input reads foreign memory or ends the process. What is checked:
one output, a supported objective, tree boosters without categorical splits, every tree a
proper binary tree over known features with finite numbers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from answerable.audit.errors import InvalidInput
from answerable.explain.adapters.ubjson import parse_ubjson

__all__ = ["BoosterFacts", "check_booster"]

_OBJECTIVE: Final = "binary:logistic"
_MAX_DEPTH: Final = 512


@dataclass(frozen=True, slots=True)
class BoosterFacts:
    """What the file says about itself.

    Attributes
    ----------
    feature_names : tuple of str
        Empty when the model was trained without names.
    feature_count : int
    split_points : tuple of tuple of float
        Sorted distinct thresholds per feature; a row goes left when its value is smaller.
    """

    feature_names: tuple[str, ...]
    feature_count: int
    split_points: tuple[tuple[float, ...], ...]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


P = TypeVar("P", bound=_Part)


_Count = Annotated[int, Field(ge=0, lt=2**31)]
_Ints = list[Annotated[int, Field(ge=-(2**31), lt=2**32)]]


class _TreeParam(_Part):
    num_feature: _Count
    num_nodes: Annotated[int, Field(ge=1, lt=2**31)]
    size_leaf_vector: _Count = 1


class _Tree(_Part):
    tree_param: _TreeParam
    left_children: _Ints
    right_children: _Ints
    parents: _Ints
    split_indices: _Ints
    split_conditions: list[float]
    split_type: _Ints = []
    default_left: _Ints
    base_weights: list[float]
    loss_changes: list[float]
    sum_hessian: list[float]
    categories: list[JsonValue] = []
    categories_nodes: list[JsonValue] = []
    categories_segments: list[JsonValue] = []
    categories_sizes: list[JsonValue] = []


class _TreesParam(_Part):
    num_trees: _Count
    num_parallel_tree: Literal["1", 1]


class _Categories(_Part):
    enc: list[JsonValue] = []


class _Trees(_Part):
    gbtree_model_param: _TreesParam
    tree_info: _Ints
    iteration_indptr: _Ints = []
    trees: list[_Tree]
    cats: _Categories = _Categories()


class _Booster(_Part):
    name: str
    model: JsonValue = None


class _ModelParam(_Part):
    base_score: str
    num_class: _Count
    num_feature: _Count
    num_target: _Count = 1


class _Objective(_Part):
    name: str


class _Learner(_Part):
    attributes: dict[str, str] = {}
    feature_names: list[str] = []
    feature_types: list[str] = []
    gradient_booster: _Booster
    learner_model_param: _ModelParam
    objective: _Objective


class _File(_Part):
    learner: _Learner
    version: _Ints


def check_booster(data: bytes, *, binary: bool) -> BoosterFacts:
    """Check a model file and return what it says about itself.

    Parameters
    ----------
    data : bytes
        XGBoost JSON, or UBJSON when `binary`.
    binary : bool

    Returns
    -------
    BoosterFacts

    Raises
    ------
    InvalidInput
        Naming what is wrong or not supported.
    """
    value = parse_ubjson(data) if binary else _parse_json(data)
    learner = _parsed(_File, value).learner
    trees = _supported(learner)
    count = learner.learner_model_param.num_feature
    for number, tree in enumerate(trees.trees):
        _check_tree(tree, count, number)
    return BoosterFacts(
        feature_names=tuple(learner.feature_names),
        feature_count=count,
        split_points=_split_points(trees.trees, count),
    )


def _parsed(part: type[P], value: JsonValue) -> P:
    try:
        return part.model_validate(value)
    except (ValidationError, RecursionError) as error:
        raise _broken(_places(error)) from None


def _places(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    items = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['type']}" for item in items[:4])


def _broken(what: str) -> InvalidInput:
    return InvalidInput(
        f"not a valid XGBoost model: {what}",
        where="model",
        remedy="Save the model again with booster.save_raw('json') or save_raw('ubj').",
    )


def _unsupported(what: str, remedy: str) -> InvalidInput:
    return InvalidInput(f"XGBoost model not supported: {what}", where="model", remedy=remedy)


def _parse_json(data: bytes) -> JsonValue:
    def unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _broken("the same key twice")
        return found

    try:
        value: JsonValue = json.loads(data.decode("utf-8"), object_pairs_hook=unique)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _broken(f"not JSON ({type(error).__name__})") from None
    return value


def _supported(learner: _Learner) -> _Trees:
    booster, param = learner.gradient_booster, learner.learner_model_param
    if booster.name != "gbtree":
        raise _unsupported(f"booster '{booster.name[:20]}'", "Train with booster='gbtree'.")
    if learner.objective.name != _OBJECTIVE:
        raise _unsupported(
            f"objective '{learner.objective.name[:40]}'", "Train with objective='binary:logistic'."
        )
    if param.num_class > 1 or param.num_target != 1:
        raise _unsupported("more than one output", "Train one model with one output.")
    model = _parsed(_Trees, booster.model)
    if model.cats.enc or any(kind == "c" for kind in learner.feature_types):
        raise _unsupported("categorical features", "Encode categories as numeric columns.")
    _check_base_score(param.base_score)
    if learner.feature_names and len(learner.feature_names) != param.num_feature:
        raise _broken("the number of feature names is not the number of features")
    _check_rounds(model, learner.attributes)
    return model


def _check_base_score(text: str) -> None:
    try:
        score = float(text.strip("[]"))
    except ValueError:
        raise _broken("base_score is not one number") from None
    if not 0 < score < 1:
        raise _broken("base_score is not a probability")


def _check_rounds(model: _Trees, attributes: Mapping[str, str]) -> None:
    count = len(model.trees)
    if count == 0:
        raise _broken("no trees")
    if model.gbtree_model_param.num_trees != count or model.tree_info != [0] * count:
        raise _broken("the number of trees or their outputs do not agree")
    if model.iteration_indptr and model.iteration_indptr != list(range(count + 1)):
        raise _broken("the boosting rounds do not agree with the trees")
    best = attributes.get("best_iteration")
    # The scikit-learn wrapper would stop at the best round, the booster would not: the same
    # file would give two scores.
    if best is not None and best != str(count - 1):
        raise _unsupported(
            "trees after the best iteration of early stopping",
            "Save booster[: booster.best_iteration + 1].",
        )


def _check_tree(tree: _Tree, feature_count: int, number: int) -> None:
    nodes = tree.tree_param.num_nodes
    columns: Sequence[Sequence[float]] = (
        tree.left_children,
        tree.right_children,
        tree.parents,
        tree.split_indices,
        tree.split_conditions,
        tree.default_left,
        tree.base_weights,
        tree.loss_changes,
        tree.sum_hessian,
    )
    if any(len(column) != nodes for column in columns):
        raise _broken(f"tree {number}: columns of different lengths")
    if tree.tree_param.num_feature != feature_count or tree.tree_param.size_leaf_vector > 1:
        raise _broken(f"tree {number}: another number of features or outputs")
    if any(tree.split_type) or tree.categories or tree.categories_nodes:
        raise _unsupported("categorical splits", "Encode categories as numeric columns.")
    if tree.categories_segments or tree.categories_sizes:
        raise _broken(f"tree {number}: categories without categorical splits")
    if len(tree.split_type) not in {0, nodes} or not set(tree.default_left) <= {0, 1}:
        raise _broken(f"tree {number}: split types or directions")
    _walk(tree, feature_count, number)


def _walk(tree: _Tree, feature_count: int, number: int) -> None:
    seen: set[int] = set()
    waiting = [(0, 0)]
    while waiting:
        node, depth = waiting.pop()
        if node in seen or depth > _MAX_DEPTH:
            raise _broken(f"tree {number}: a node reached twice, or deeper than {_MAX_DEPTH}")
        seen.add(node)
        _check_node(tree, node, feature_count, number)
        if tree.left_children[node] != -1:
            children = (tree.left_children[node], tree.right_children[node])
            waiting += [(child, depth + 1) for child in children]
            if any(tree.parents[child] != node for child in children):
                raise _broken(f"tree {number}: a child with another parent")
    # Nodes that pruning removed stay in the file as leaves nobody reaches.
    unreached = set(range(tree.tree_param.num_nodes)) - seen
    if any(tree.left_children[node] != -1 for node in unreached):
        raise _broken(f"tree {number}: a split that no row can reach")


def _check_node(tree: _Tree, node: int, feature_count: int, number: int) -> None:
    left, right = tree.left_children[node], tree.right_children[node]
    if not math.isfinite(tree.split_conditions[node]) or not tree.sum_hessian[node] >= 0:
        raise _broken(f"tree {number}: a number that is not finite")
    if left == -1 and right == -1:
        return
    nodes = tree.tree_param.num_nodes
    if not (0 < left < nodes and 0 < right < nodes and left != right):
        raise _broken(f"tree {number}: a child that does not exist")
    if not 0 <= tree.split_indices[node] < feature_count:
        raise _broken(f"tree {number}: a split on a feature that does not exist")


def _split_points(trees: Sequence[_Tree], count: int) -> tuple[tuple[float, ...], ...]:
    found: list[set[float]] = [set() for _ in range(count)]
    for tree in trees:
        for node, left in enumerate(tree.left_children):
            if left != -1:
                found[tree.split_indices[node]].add(tree.split_conditions[node])
    return tuple(tuple(sorted(points)) for points in found)
