"""LightGBM, skops and scorecard files made to crash, to run code or to exhaust memory: refused."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import skops.io

from answerable.audit.errors import InvalidInput, TooLarge
from tests.attacks.test_hostile_models import PROTOCOL_2, zipped
from tests.unit.explain import loan


def lightgbm_with(old: str, new: str, *, keep_sizes: bool = False) -> bytes:
    text = loan.model_bytes("lightgbm-text").decode()
    assert old in text
    changed = text.replace(old, new, 1)
    if keep_sizes or "tree_sizes" in old:
        return changed.encode()
    # Make the stated size of the first tree right again, so that only the attack is wrong.
    sizes = next(line for line in text.splitlines() if line.startswith("tree_sizes="))
    first, rest = sizes.removeprefix("tree_sizes=").split(" ", 1)
    grown = int(first) + len(new) - len(old)
    return changed.replace(sizes, f"tree_sizes={grown} {rest}").encode()


def first_line(name: str) -> str:
    text = loan.model_bytes("lightgbm-text").decode()
    return next(line for line in text.splitlines() if line.startswith(f"{name}="))


def with_first(name: str, value: str) -> bytes:
    line = first_line(name)
    rest = line.split("=", 1)[1].split(" ", 1)[1]
    return lightgbm_with(line, f"{name}={value} {rest}")


LIGHT: dict[str, Callable[[], bytes]] = {
    "a child far outside": lambda: with_first("left_child", "99999"),
    "a leaf far outside": lambda: with_first("right_child", "-99999"),
    "a loop": lambda: with_first("left_child", "0"),
    "a feature that does not exist": lambda: with_first("split_feature", "27"),
    "a negative feature": lambda: with_first("split_feature", "-1"),
    "a categorical split": lambda: with_first("decision_type", "1"),
    "a threshold that is no number": lambda: with_first("threshold", "nan"),
    "a leaf that is no number": lambda: with_first("leaf_value", "nan"),
    "a wrong leaf count": lambda: lightgbm_with(first_line("num_leaves"), "num_leaves=4"),
    "a huge leaf count": lambda: lightgbm_with(first_line("num_leaves"), "num_leaves=2000000000"),
    "linear leaves": lambda: lightgbm_with("is_linear=0", "is_linear=1"),
    "categories": lambda: lightgbm_with("num_cat=0", "num_cat=3"),
    "sizes beyond the file": lambda: with_first("tree_sizes", "99999999"),
    "a size of another tree": lambda: with_first("tree_sizes", "1"),
    "several classes": lambda: lightgbm_with("num_class=1", "num_class=3", keep_sizes=True),
    "another objective": lambda: lightgbm_with(
        "objective=binary sigmoid:1", "objective=regression", keep_sizes=True
    ),
    "another sigmoid": lambda: lightgbm_with("sigmoid:1", "sigmoid:2", keep_sizes=True),
    "an averaged forest": lambda: lightgbm_with(
        "num_class=1", "average_output\nnum_class=1", keep_sizes=True
    ),
    "the same field twice": lambda: lightgbm_with("num_cat=0", "num_cat=0\nnum_cat=0"),
    "a huge feature index": lambda: lightgbm_with(
        "max_feature_idx=26", "max_feature_idx=2000000000", keep_sizes=True
    ),
}


@pytest.mark.parametrize("name", LIGHT)
def test_a_lightgbm_file_with_a_broken_structure_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        loan.loaded(LIGHT[name](), "lightgbm-text")


def skops_with(change: Callable[[dict[str, Any]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(loan.model_bytes("skops"))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    change(schema)
    members["schema.json"] = json.dumps(schema).encode()
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return place.getvalue()


def node(module: str, name: str, loader: str) -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1}


@pytest.mark.parametrize(
    "foreign",
    [
        node("os", "system", "FunctionNode") | {"content": {}},
        node("builtins", "eval", "TypeNode"),
        node("operator", "methodcaller", "OperatorFuncNode") | {"attrs": {}},
        node("numpy", "ndarray", "MethodNode") | {"content": {"func": "tofile"}},
        node("sklearn.ensemble._forest", "RandomForestClassifier", "ObjectNode"),
        node("subprocess", "Popen", "ObjectNode") | {"content": {}},
        node("functools", "partial", "PartialNode") | {"content": {}},
        {"__class__": "Popen", "__module__": "subprocess"},
    ],
    ids=lambda item: f"{item['__module__']}.{item['__class__']}",
)
def test_a_skops_file_with_a_foreign_type_is_refused(foreign: dict[str, Any]) -> None:
    data = skops_with(lambda schema: schema["content"]["content"].update(extra=foreign))
    with pytest.raises(InvalidInput, match=r"trusted|loader"):
        loan.loaded(data, "skops")


def test_a_skops_file_of_a_function_is_refused() -> None:
    with pytest.raises(InvalidInput, match="trusted"):
        loan.loaded(skops.io.dumps(np.sum), "skops")


def test_an_object_array_inside_a_skops_file_is_refused() -> None:
    header = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118)
    header += b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    data = zipped(schema__json=b"{}", x__npy=header + PROTOCOL_2)
    with pytest.raises(InvalidInput, match="pickle"):
        loan.loaded(data, "skops")


def test_an_archive_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked() -> None:
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * (65 * 1024 * 1024))
    with pytest.raises(TooLarge):
        loan.loaded(place.getvalue(), "skops")


@pytest.mark.parametrize(
    "change",
    [
        {"log_odds_per_point": 0},
        {"log_odds_per_point": -1},
        {"log_odds_per_point": "1"},
        {"offset_points": None},
        {"features": []},
        {"unknown": 1},
        {"type": "answerable.scorecard.v9"},
        {"features": [{"feature": "a", "bins": []}]},
        {"features": [{"feature": "a", "bins": [{"below": 1, "points": 1}]}]},
        {"features": [{"feature": "a", "bins": [{"points": 1}, {"points": 1}]}]},
        {
            "features": [
                {
                    "feature": "a",
                    "bins": [{"below": 2, "points": 1}, {"below": 1, "points": 1}, {"points": 1}],
                }
            ]
        },
    ],
)
def test_a_scorecard_that_is_none_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        loan.loaded(json.dumps(loan.scorecard() | change).encode(), "scorecard", ("a",))
