"""Everything a user can get wrong: one clear error that says what to do, and nothing changed.

Files, tables and models; what is wrong with keys, databases and ids is in
``test_unusable_log``.
"""

from __future__ import annotations

import os
import pickletools
from pathlib import Path
from typing import Final

import pytest

from tests.api.bank import POLICY, rows
from tests.command_line import Shop, answerable, boosted_model, built_shop, refused, write_rows

ASSESS: Final = (
    "--prediction", "outcome", "--favourable", "approve", "--label", "approved",
    "--positive", "yes", "--protected", "sex",
)  # fmt: skip
# A pickle of protocol 4 that would run os.system when read; it is written, never read.
PICKLE: Final = (
    b"\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94"
    b"\x8c\x04true\x94\x85\x94R\x94."
)


@pytest.fixture
def shop(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shop:
    for name in [name for name in os.environ if name.startswith("ANSWERABLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return built_shop(tmp_path_factory.getbasetemp()).copy(tmp_path / "shop")


# --------------------------------------------------------------------------- files


def command_lines(file: Path, good: Path) -> dict[str, tuple[str | Path, ...]]:
    """Return every command that reads a file, with `file` in that place."""
    return {
        "scan": ("scan", file),
        "scan policy": ("scan", good, "--policy", file),
        "assess": ("assess", file, *ASSESS),
        "assess policy": ("assess", good, *ASSESS, "--policy", file),
        "explain model": ("explain", file, good, "--baseline", good),
        "explain data": ("explain", good.with_name("model.json"), file, "--baseline", good),
        "explain baseline": ("explain", good.with_name("model.json"), good, "--baseline", file),
        "catalogue": ("catalogue", "check", file),
    }


@pytest.fixture
def good(tmp_path: Path) -> Path:
    (tmp_path / "model.json").write_bytes(boosted_model())
    return write_rows(tmp_path / "good.csv", rows(60), outcome=_two_of_three)


def _two_of_three(number: int) -> str:
    return "approve" if number % 3 else "decline"


COMMANDS: Final = tuple(command_lines(Path("x"), Path("y")))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_file_is_named(command: str, good: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.csv"
    if command == "explain model":
        missing = tmp_path / "missing.json"
    refused(answerable(*command_lines(missing, good)[command]), 2, missing.name)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_is_no_file(command: str, good: Path, tmp_path: Path) -> None:
    folder = tmp_path / ("folder.json" if command == "explain model" else "folder.csv")
    folder.mkdir()
    refused(answerable(*command_lines(folder, good)[command]), 2, folder.name)


@pytest.mark.parametrize("command", COMMANDS)
def test_bytes_that_are_nothing_are_refused(command: str, good: Path, tmp_path: Path) -> None:
    junk = tmp_path / ("junk.json" if command == "explain model" else "junk.csv")
    junk.write_bytes(bytes(range(256)) * 4)
    refused(answerable(*command_lines(junk, good)[command]), 2)


@pytest.mark.parametrize("name", ["empty.csv", "empty.parquet", "empty.jsonl", "data.xlsx", "data"])
def test_empty_and_unknown_kinds_of_files_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    refused(answerable("scan", tmp_path / name), 2, name)


def test_a_file_that_cannot_be_read_is_an_environment_error(good: Path) -> None:
    # Even root gets an input/output error from the start of a process's memory.
    ran = answerable("scan", good, "--policy", "/proc/self/mem")
    refused(ran, 6, "cannot be read", "permissions")


def test_a_result_that_cannot_be_written_is_said_and_leaves_no_half(
    good: Path, tmp_path: Path
) -> None:
    target = tmp_path / "nowhere" / "result.json"
    ran = answerable("scan", good, "--json", target)
    assert ran.code == 6
    assert "folder exists" in ran.err
    assert not target.parent.exists()


def test_a_file_for_a_registration_that_is_missing_changes_nothing(shop: Shop) -> None:
    size = shop.size()
    for what in ("use-case", "policy", "function"):
        refused(shop.run("register", what, "missing.yaml"), 2, "missing.yaml")
    refused(shop.run("register", "catalogue", "missing.yaml", "--name", "x"), 2, "missing.yaml")
    described = ("--name", "x", "--role", "training", "--source", "x")
    refused(shop.run("register", "dataset", "missing.csv", *described), 2, "missing.csv")
    refused(shop.run("verify", "--checkpoint", "missing.note"), 2, "missing.note")
    refused(shop.run("verify", "--key", "missing.vkey"), 2, "missing.vkey")
    assert shop.size() == size


# --------------------------------------------------------------------------- tables


@pytest.mark.parametrize("option", ["--prediction", "--label", "--protected"])
def test_an_unknown_column_is_named_with_those_there_are(good: Path, option: str) -> None:
    arguments = list(ASSESS)
    arguments[arguments.index(option) + 1] = "colour"
    refused(answerable("assess", good, *arguments), 2, "colour", "outcome")


@pytest.mark.parametrize(
    ("option", "column"), [("--favourable", "outcome"), ("--positive", "approved")]
)
def test_a_value_that_never_occurs_is_refused(good: Path, option: str, column: str) -> None:
    arguments = list(ASSESS)
    arguments[arguments.index(option) + 1] = "Yes!"
    ran = answerable("assess", good, *arguments)
    refused(ran, 2, column, "never occurs", "spelling")


def test_a_table_without_rows_is_refused(tmp_path: Path, good: Path) -> None:
    header = good.read_text(encoding="utf-8").splitlines()[0]
    empty = tmp_path / "header.csv"
    empty.write_text(header + "\n", encoding="utf-8")
    refused(answerable("scan", empty), 2)
    refused(answerable("assess", empty, *ASSESS), 2)
    refused(answerable("explain", tmp_path / "model.json", good, "--baseline", empty), 2)


def test_a_column_of_nulls_is_not_examined_and_assesses_nobody(tmp_path: Path) -> None:
    table = rows(60).select("income", "debt", "approved")
    file = write_rows(tmp_path / "x.csv", table, outcome=_two_of_three, sex=lambda _: "")
    scanned = answerable("scan", file, "--json", "-")
    column = next(item for item in scanned.json["columns"] if item["name"] == "sex")
    assert column["not_examined"]
    assert column["contains"] == []
    refused(answerable("assess", file, *ASSESS), 2, "sex", "not collected")


def test_a_prediction_of_nulls_gives_no_number(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "x.csv", rows(60), outcome=lambda _: "")
    refused(answerable("assess", file, *ASSESS), 2, "outcome", "missing")


def test_one_group_alone_is_compared_with_nobody(tmp_path: Path) -> None:
    table = rows(60).select("income", "debt", "approved")
    file = write_rows(tmp_path / "x.csv", table, outcome=_two_of_three, sex=lambda _: "female")
    refused(answerable("assess", file, *ASSESS), 3, "sex", "at least two groups")


def test_an_attribute_the_policy_names_and_nobody_counted_is_said(
    good: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.replace("sex", "race"), encoding="utf-8")
    refused(answerable("assess", good, *ASSESS, "--policy", policy), 2, "race", "not counted")


# --------------------------------------------------------------------------- models


def test_a_model_whose_features_the_data_lacks_is_refused(good: Path, tmp_path: Path) -> None:
    other = write_rows(tmp_path / "other.csv", rows(60).select("income", "approved"))
    model = tmp_path / "model.json"
    refused(answerable("explain", model, other, "--baseline", good), 2, "debt")
    refused(answerable("explain", model, good, "--baseline", other), 2, "debt")


def test_text_where_the_model_needs_a_number_is_refused(good: Path, tmp_path: Path) -> None:
    file = write_rows(
        tmp_path / "text.csv", rows(5).select("income"), debt=lambda _: "DE89370400440532013000"
    )
    ran = answerable("explain", tmp_path / "model.json", file, "--baseline", good)
    refused(ran, 2, "debt")
    assert "DE89" not in ran.err


def test_a_row_that_does_not_exist_is_refused(good: Path, tmp_path: Path) -> None:
    ran = answerable("explain", tmp_path / "model.json", good, "--baseline", good, "--row", "60")
    refused(ran, 2, "60 rows")


@pytest.mark.parametrize("name", ["m.pkl", "m.joblib", "m.json", "m.ubj", "m.txt", "m.skops"])
def test_a_pickle_is_never_read_whatever_it_is_called(
    name: str, good: Path, tmp_path: Path
) -> None:
    assert pickletools.optimize(PICKLE)  # it is a pickle
    (tmp_path / name).write_bytes(PICKLE)
    ran = answerable("explain", tmp_path / name, good, "--baseline", good)
    refused(ran, 2, "pickle")


def test_a_pickle_is_not_registered_as_a_model(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes(PICKLE)
    _function_file(
        tmp_path, "{name: card, file: card.json, format: skops, features: [income, debt]"
    )
    size = shop.size()
    refused(shop.run("register", "function", tmp_path / "f.yaml"), 2, "pickle")
    assert shop.size() == size


def test_a_model_with_other_features_is_not_registered(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes(boosted_model())
    size = shop.size()
    for names in ("debt, income", "income", "income, debt, age"):
        model = f"{{name: card, file: card.json, format: xgboost-json, features: [{names}]"
        _function_file(tmp_path, model)
        refused(shop.run("register", "function", tmp_path / "f.yaml"), 2, "feature")
    assert shop.size() == size


def _function_file(tmp_path: Path, model: str) -> None:
    write_rows(tmp_path / "rows.csv", rows(20))
    (tmp_path / "f.yaml").write_text(
        "{name: loan, version: '3', use_case: loan, catalogue: loan, scale: probability,"
        " cut_off: 0.5, outcome_codes: [approve, decline],"
        f" model: {model},"
        " trained_on: [loans-training]},"
        " baseline: {name: b, kind: all_applicants, data: rows.csv, dataset: loans-training}}",
        encoding="utf-8",
    )
