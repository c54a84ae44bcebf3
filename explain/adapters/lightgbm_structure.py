"""Check a LightGBM text model and write it anew from what was checked.

LightGBM follows the indices in its file without asking, reads trees at offsets the file
states, and ends the process when the file stops early. So it never sees the file itself:
known fields are read with strict number forms, every tree is proven to be a proper binary
tree, and LightGBM gets a text built from these values alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from answerable.audit.errors import InvalidInput
from answerable.explain.adapters.matrix import check_features

__all__ = ["TextFacts", "check_text"]

_OBJECTIVE: Final = re.compile(r"binary sigmoid:1(?:\.0*)?")
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,9})")
_NUMBER: Final = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]{1,3})?")
_RANGE: Final = re.compile(r"none|\[[-+.e0-9inf]+:[-+.e0-9inf]+\]|[-0-9:]+")
_NAME: Final = re.compile(r"[^\s=]+")
_MAX_DEPTH: Final = 512
# Bit 0 would mark a categorical split; bits 1 to 3 hold the default side and missing type.
_DECISION_TYPES: Final = frozenset(range(0, 16, 2))
_NODE_INTEGERS: Final = (
    "split_feature", "decision_type", "left_child", "right_child", "internal_count",
)  # fmt: skip
_NODE_NUMBERS: Final = ("split_gain", "threshold", "internal_value", "internal_weight")
_LEAF_NUMBERS: Final = ("leaf_value", "leaf_weight")
_TREE_FIELDS: Final = frozenset(
    {*_NODE_INTEGERS, *_NODE_NUMBERS, *_LEAF_NUMBERS, "leaf_count"}
    | {"Tree", "num_leaves", "num_cat", "is_linear", "shrinkage"}
)
_HEADER_FIELDS: Final = frozenset(
    {
        "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx",
        "objective", "feature_names", "feature_infos", "tree_sizes", "monotone_constraints",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What the file says.

    Attributes
    ----------
    text : str
        The model, written anew.
    features : tuple of str
    split_points : mapping of feature number to tuple of float
        Smallest values that go right, ascending.
    """

    text: str
    features: tuple[str, ...]
    split_points: Mapping[int, tuple[float, ...]]


def check_text(data: bytes, features: tuple[str, ...] | None) -> TextFacts:
    """Check a LightGBM text model.

    Parameters
    ----------
    data : bytes
    features : tuple of str or None
        The registered features; None takes the file's own.

    Returns
    -------
    TextFacts

    Raises
    ------
    InvalidInput
        Naming what is wrong or not supported.
    """
    try:
        text = data.decode("utf-8")
        body, end, tail = text.partition("end of trees\n")
        if not (text.startswith("tree\n") and end and "\nend of parameters\n" in tail):
            raise _broken("no trees, or truncated")
        head, *blocks = re.split(r"(?=^Tree=)", body.removeprefix("tree\n"), flags=re.MULTILINE)
        header = _fields(head, _HEADER_FIELDS)
        names = _check_header(header, features)
        if header["tree_sizes"].split() != [str(len(block.encode())) for block in blocks]:
            raise _broken("tree sizes that are not the sizes of its trees")
        trees = [_tree(_fields(block, _TREE_FIELDS), number) for number, block in enumerate(blocks)]
    except (UnicodeDecodeError, KeyError, RecursionError) as error:
        raise _broken(f"unreadable ({type(error).__name__})") from None
    if not trees:
        raise _broken("no trees")
    points: dict[int, set[float]] = {}
    for number, tree in enumerate(trees):
        _check_tree(tree, len(names), number)
        for feature, threshold in zip(tree["split_feature"], tree["threshold"], strict=True):
            # LightGBM goes left when the value is at most the threshold.
            above = math.nextafter(float(threshold), math.inf)
            points.setdefault(int(feature), set()).add(above)
    return TextFacts(
        text=_written(header, trees),
        features=names,
        split_points={feature: tuple(sorted(found)) for feature, found in points.items()},
    )


def _broken(what: str) -> InvalidInput:
    return InvalidInput(
        f"not a valid LightGBM text model: {what}",
        where="model",
        remedy="Save the model again with booster.model_to_string().",
    )


def _fields(block: str, known: AbstractSet[str]) -> dict[str, str]:
    pairs = [line.partition("=") for line in block.splitlines() if line]
    fields = {key: value for key, _, value in pairs}
    if len(fields) != len(pairs):
        raise _broken("the same field twice")
    # An unknown field may change what the model computes ("average_output" does).
    if unknown := sorted(set(fields) - known):
        raise _broken(f"a field that is not supported: '{unknown[0][:40]}'")
    return fields


def _check_header(header: Mapping[str, str], features: tuple[str, ...] | None) -> tuple[str, ...]:
    if header["num_class"] != "1" or header["num_tree_per_iteration"] != "1":
        raise _broken("more than one output")
    if not _OBJECTIVE.fullmatch(header["objective"]):
        raise _broken("another objective than 'binary' with sigmoid 1")
    if header["version"] not in {"v3", "v4"} or header["label_index"] != "0":
        raise _broken("another version or label column")
    names = tuple(header["feature_names"].split(" "))
    if not all(_NAME.fullmatch(name) for name in names):
        raise _broken("a feature without a name")
    check_features(names, features or names)
    ranges = header["feature_infos"].split(" ")
    if header["max_feature_idx"] != str(len(names) - 1) or len(ranges) != len(names):
        raise _broken("the number of features")
    if not all(_RANGE.fullmatch(item) for item in ranges):
        raise _broken("the ranges of features")
    return names


def _tree(fields: Mapping[str, str], number: int) -> dict[str, list[str]]:
    """Read one tree into its columns of numbers, as they were written."""
    if fields["Tree"] != str(number) or fields["num_cat"] != "0" or fields["is_linear"] != "0":
        raise _broken(f"tree {number}: out of order, categorical or linear")
    tree = {
        "num_leaves": _column(fields["num_leaves"], _INTEGER, 1, number),
        "shrinkage": _column(fields["shrinkage"], _NUMBER, 1, number),
    }
    leaves = int(tree["num_leaves"][0])
    if not 1 <= leaves <= len(fields["leaf_value"]):
        raise _broken(f"tree {number}: the number of leaves")
    sizes = dict.fromkeys((*_NODE_INTEGERS, *_NODE_NUMBERS), leaves - 1)
    sizes |= dict.fromkeys((*_LEAF_NUMBERS, "leaf_count"), leaves)
    for name, size in sizes.items():
        integers = name in _NODE_INTEGERS or name == "leaf_count"
        # A tree of a single leaf may leave out what it has nothing of.
        text = fields.get(name, "") if leaves == 1 and name != "leaf_value" else fields[name]
        wanted = len(text.split()) if leaves == 1 and name != "leaf_value" else size
        tree[name] = _column(text, _INTEGER if integers else _NUMBER, wanted, number)
    return tree


def _column(text: str, form: re.Pattern[str], size: int, number: int) -> list[str]:
    values = text.split()
    if len(values) != size:
        raise _broken(f"tree {number}: columns of different lengths")
    if not all(form.fullmatch(value) and math.isfinite(float(value)) for value in values):
        raise _broken(f"tree {number}: a number of another form")
    return values


def _check_tree(tree: Mapping[str, Sequence[str]], count: int, number: int) -> None:
    if int(tree["num_leaves"][0]) == 1:
        if tree["split_feature"] or len(tree["leaf_value"]) != 1:
            raise _broken(f"tree {number}: splits without leaves")
        return
    if not all(0 <= int(feature) < count for feature in tree["split_feature"]):
        raise _broken(f"tree {number}: a split on a feature that does not exist")
    if any(int(kind) not in _DECISION_TYPES for kind in tree["decision_type"]):
        raise _broken(f"tree {number}: decision types")
    _walk(
        [int(child) for child in tree["left_child"]],
        [int(child) for child in tree["right_child"]],
        number,
    )


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


def _written(header: Mapping[str, str], trees: Sequence[Mapping[str, Sequence[str]]]) -> str:
    blocks = [_written_tree(tree, number) for number, tree in enumerate(trees)]
    sizes = " ".join(str(len(block)) for block in blocks)
    head = [
        "tree",
        f"version={header['version']}",
        "num_class=1",
        "num_tree_per_iteration=1",
        "label_index=0",
        f"max_feature_idx={header['max_feature_idx']}",
        "objective=binary sigmoid:1",
        f"feature_names={header['feature_names']}",
        f"feature_infos={header['feature_infos']}",
        f"tree_sizes={sizes}",
        "",
        "",
    ]
    tail = "end of trees\n\nparameters:\n[objective: binary]\n[sigmoid: 1]\nend of parameters\n"
    return "\n".join(head) + "".join(blocks) + tail + "\npandas_categorical:null\n"


def _written_tree(tree: Mapping[str, Sequence[str]], number: int) -> str:
    names = (
        "split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child",
        "leaf_value", "leaf_weight", "leaf_count", "internal_value", "internal_weight",
        "internal_count",
    )  # fmt: skip
    lines = [f"Tree={number}", f"num_leaves={tree['num_leaves'][0]}", "num_cat=0"]
    lines += [f"{name}={' '.join(tree[name])}" for name in names]
    lines += ["is_linear=0", f"shrinkage={tree['shrinkage'][0]}", "", "", ""]
    return "\n".join(lines)
