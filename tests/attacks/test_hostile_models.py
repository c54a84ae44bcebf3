"""Model files made to run code, to read foreign memory or to exhaust it: all refused.

Every attack ends in one of our errors. A file that would crash the process when the model
scores must be refused when it is loaded: surviving the load is not enough.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from answerable.audit.errors import AnswerableError, EngineError, InvalidInput
from answerable.explain.models import open_model
from tests.unit.explain import loan

FORMS = ("xgboost-json", "xgboost-ubj", "lightgbm-text", "skops", "scorecard")

# Written by hand: each would create a file named "pwned" if anything unpickled it.
PROTOCOL_0 = b"cposix\nsystem\n(S'touch pwned'\ntR."
PROTOCOL_2 = b"\x80\x02cposix\nsystem\nq\x00X\x0b\x00\x00\x00touch pwnedq\x01\x85q\x02Rq\x03."
PROTOCOL_4 = (
    b"\x80\x04\x95\x27\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94"
    b"\x8c\x0btouch pwned\x94\x85\x94R\x94."
)
PICKLES = {"protocol 0": PROTOCOL_0, "protocol 2": PROTOCOL_2, "protocol 4": PROTOCOL_4}
WRAPPED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}


def zipped(**members: bytes) -> bytes:
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return place.getvalue()


@pytest.fixture(autouse=True)
def _nothing_ran(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrapping", WRAPPED)
@pytest.mark.parametrize("protocol", PICKLES)
def test_a_pickle_is_refused_whatever_it_is_called(form: str, wrapping: str, protocol: str) -> None:
    data = WRAPPED[wrapping](PICKLES[protocol])
    with pytest.raises(InvalidInput) as caught:
        loan.loaded(data, form)
    assert "pickle" in str(caught.value)
    with pytest.raises(AnswerableError):
        open_model(data)


@pytest.mark.parametrize("form", FORMS)
def test_a_pickle_inside_an_archive_is_refused(form: str) -> None:
    for data in (
        zipped(model__pkl=PROTOCOL_4),
        zipped(schema__json=b"{}", model__joblib=PROTOCOL_4),
        zipped(schema__json=b"{}", array__npy=PROTOCOL_2),
    ):
        with pytest.raises(InvalidInput):
            loan.loaded(data, form)


def test_a_real_joblib_file_is_refused() -> None:
    code = (
        "import sys, joblib\n"
        "joblib.dump({'coefficients': [1.0]}, sys.stdout.buffer, compress=int(sys.argv[1]))"
    )
    for level in ("0", "3"):
        done = subprocess.run([sys.executable, "-c", code, level], capture_output=True, check=True)
        with pytest.raises(InvalidInput, match="pickle"):
            loan.loaded(done.stdout, "skops")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.99])
def test_a_truncated_model_is_refused(form: str, share: float) -> None:
    data = loan.model_bytes(form)
    with pytest.raises((InvalidInput, EngineError)):
        loan.loaded(data[: int(len(data) * share)], form)


@pytest.mark.parametrize("form", FORMS)
def test_random_bytes_are_refused(form: str) -> None:
    generator = np.random.default_rng(5)
    for size in (1, 10, 1000, 100_000):
        with pytest.raises((InvalidInput, EngineError)):
            loan.loaded(generator.bytes(size), form)


@pytest.mark.parametrize("form", FORMS)
def test_a_model_with_flipped_bytes_is_refused_or_scores_without_a_crash(form: str) -> None:
    generator = np.random.default_rng(11)
    original = loan.model_bytes(form)
    for _ in range(25):
        data = bytearray(original)
        for place in generator.integers(0, len(data), 3):
            data[place] ^= int(generator.integers(1, 256))
        try:
            found = loan.loaded(bytes(data), form)
            found.contributions(loan.matrix()[:3])
        except AnswerableError:
            continue


def broken_tree(change: Callable[[dict[str, Any]], None]) -> bytes:
    value = json.loads(loan.model_bytes("xgboost-json"))
    change(value["learner"]["gradient_booster"]["model"]["trees"][0])
    return json.dumps(value).encode()


def broken_learner(change: Callable[[dict[str, Any]], None]) -> bytes:
    value = json.loads(loan.model_bytes("xgboost-json"))
    change(value["learner"])
    return json.dumps(value).encode()


def put(name: str, node: int, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda tree: tree[name].__setitem__(node, value)


TREES: dict[str, Callable[[dict[str, Any]], None]] = {
    "a child far outside": put("left_children", 0, 2_000_000_000),
    "a child just outside": lambda tree: put("right_children", 0, len(tree["parents"]))(tree),
    "a negative child": put("left_children", 0, -7),
    "a child with its node": put("left_children", 0, 0),
    "a loop": put("left_children", 1, 1),
    "both children the same": lambda tree: put("right_children", 0, tree["left_children"][0])(tree),
    "one child only": put("right_children", 0, -1),
    "another parent": put("parents", 1, 5),
    "a feature that does not exist": put("split_indices", 0, 27),
    "a feature far outside": put("split_indices", 0, 2_147_483_647),
    "a negative feature": put("split_indices", 0, -1),
    "a threshold that is no number": put("split_conditions", 0, float("nan")),
    "an infinite leaf": put("split_conditions", -1, float("inf")),
    "a hessian that is no number": put("sum_hessian", 0, float("nan")),
    "a negative hessian": put("sum_hessian", 0, -1.0),
    "a short column": lambda tree: tree["split_indices"].pop(),
    "a long column": lambda tree: tree["default_left"].append(0),
    "another direction": put("default_left", 0, 2),
    "a categorical split": put("split_type", 0, 1),
    "categories from nowhere": lambda tree: tree["categories_segments"].append(9),
    "a wrong node count": lambda tree: tree["tree_param"].update(num_nodes="5"),
    "a huge node count": lambda tree: tree["tree_param"].update(num_nodes="2147483647"),
    "another feature count": lambda tree: tree["tree_param"].update(num_feature="99"),
    "vector leaves": lambda tree: tree["tree_param"].update(size_leaf_vector="3"),
    "text for a number": put("left_children", 0, "one"),
    "a missing column": lambda tree: tree.pop("right_children"),
}
LEARNERS: dict[str, Callable[[dict[str, Any]], None]] = {
    "a huge feature count": lambda item: item["learner_model_param"].update(
        num_feature="2147483647"
    ),
    "a wrong base score": lambda item: item["learner_model_param"].update(base_score="[2E0]"),
    "two base scores": lambda item: item["learner_model_param"].update(base_score="[5E-1,5E-1]"),
    "several classes": lambda item: item["learner_model_param"].update(num_class="3"),
    "several targets": lambda item: item["learner_model_param"].update(num_target="2"),
    "a feature name too few": lambda item: item["feature_names"].pop(),
    "a tree for another output": lambda item: item["gradient_booster"]["model"][
        "tree_info"
    ].__setitem__(0, 7),
    "rounds out of range": lambda item: item["gradient_booster"]["model"][
        "iteration_indptr"
    ].__setitem__(1, 4_000_000),
    "a forest per round": lambda item: item["gradient_booster"]["model"][
        "gbtree_model_param"
    ].update(num_parallel_tree="100"),
    "no trees": lambda item: item["gradient_booster"]["model"].update(
        trees=[], tree_info=[], gbtree_model_param={"num_trees": "0", "num_parallel_tree": "1"}
    ),
    "a wrong tree count": lambda item: item["gradient_booster"]["model"][
        "gbtree_model_param"
    ].update(num_trees="5"),
    "no booster": lambda item: item["gradient_booster"].pop("model"),
}


@pytest.mark.parametrize("name", TREES)
def test_an_xgboost_tree_with_a_broken_structure_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        loan.loaded(broken_tree(TREES[name]), "xgboost-json")


@pytest.mark.parametrize("name", LEARNERS)
def test_an_xgboost_file_that_contradicts_itself_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        loan.loaded(broken_learner(LEARNERS[name]), "xgboost-json")


def test_a_very_deep_tree_is_refused() -> None:
    value = json.loads(loan.model_bytes("xgboost-json"))
    model = value["learner"]["gradient_booster"]["model"]
    size, inner = 2001, 1000
    left = [2 * n + 1 for n in range(inner)] + [-1] * (size - inner)
    chain = {
        "left_children": [-1] * size, "right_children": [-1] * size, "parents": [0] * size,
    }  # fmt: skip
    node = 0
    for depth in range(inner):
        chain["left_children"][node], chain["right_children"][node] = left[depth], left[depth] + 1
        chain["parents"][left[depth]] = chain["parents"][left[depth] + 1] = node
        node = left[depth] + 1
    tree = model["trees"][0]
    tree.update(chain)
    for name in ("split_indices", "split_type", "default_left"):
        tree[name] = [0] * size
    for name in ("split_conditions", "base_weights", "loss_changes", "sum_hessian"):
        tree[name] = [1.0] * size
    tree["tree_param"]["num_nodes"] = str(size)
    with pytest.raises(InvalidInput, match="deeper"):
        loan.loaded(json.dumps(value).encode(), "xgboost-json")


@pytest.mark.parametrize("form", ["xgboost-json", "scorecard"])
@pytest.mark.parametrize(
    "data",
    [
        b"{" * 100_000,
        b"[" * 100_000,
        b'{"learner": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"learner": {}, "learner": {}}',
        b'{"learner": 1e999999}',
        b"\xff\xfe{}",
        b"null",
        b"[]",
        b"9" * 5000,
    ],
    ids=["braces", "brackets", "nested", "twice", "huge", "utf16", "null", "list", "digits"],
)
def test_hostile_json_is_refused(form: str, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        loan.loaded(data, form)
