"""explain and catalogue check: files in, nothing logged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.bank import CATALOGUE, rows
from tests.command_line import answerable, boosted_model, write_rows


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.json"
    path.write_bytes(boosted_model())
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "rows.csv", rows(40))


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.yaml"
    path.write_text(CATALOGUE, encoding="utf-8")
    return path


def test_an_explanation_has_the_promised_keys_and_adds_up(
    model: Path, data: Path, catalogue: Path
) -> None:
    ran = answerable(
        "explain", model, data, "--baseline", data, "--row", "3", "--catalogue", catalogue,
        "--json", "-",
    )  # fmt: skip
    assert ran.code == 0
    result = ran.json
    assert {
        "base_value", "output", "scale", "exact", "attributions", "reasons", "counterfactuals",
    } <= result.keys()  # fmt: skip
    assert result["attributions"].keys() == {"income", "debt"}
    total = result["base_value"] + sum(result["attributions"].values())
    assert total == pytest.approx(result["output"], abs=1e-6)


def test_all_rows_are_explained_in_order_each_as_if_alone(model: Path, data: Path) -> None:
    every = answerable("explain", model, data, "--baseline", data, "--all", "--json", "-").json
    assert [result["row"] for result in every] == list(range(40))
    seventh = answerable("explain", model, data, "--baseline", data, "--row", "7", "--json", "-")
    assert every[7] == seventh.json


def test_the_strongest_inputs_are_printed_and_a_page_is_written(
    model: Path, data: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    ran = answerable("explain", model, data, "--baseline", data, "--html", page)
    assert ran.code == 0
    assert "income" in ran.out
    assert "<svg" in page.read_text(encoding="utf-8")


def test_a_complete_catalogue_holds_and_a_gap_is_named(catalogue: Path, tmp_path: Path) -> None:
    ran = answerable("catalogue", "check", catalogue, "--features", "income,debt")
    assert (ran.code, "is complete" in ran.out) == (0, True)
    ran = answerable("catalogue", "check", catalogue, "--features", "income,debt,age")
    assert ran.code == 1
    assert "age" in ran.out
    ran = answerable("catalogue", "check", catalogue, "--languages", "en,fr")
    assert ran.code == 1
    assert "fr" in ran.out


def test_the_rows_catalogue_of_the_example_is_complete(repository: Path) -> None:
    file = repository / "examples" / "loan" / "catalogue.yaml"
    assert answerable("catalogue", "check", file).code == 0
