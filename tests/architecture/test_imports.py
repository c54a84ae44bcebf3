"""Each import contract is broken by the one import that it forbids."""

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.seeding import PROGRAMS, run, write_tree

# Contract -> (module, what it may not import).
SEEDS = {
    "layers": [
        ("answerable.audit.seed_up", "answerable.api"),
        ("answerable.audit.seed_side", "answerable.privacy"),
        ("answerable.governance.seed", "answerable.explain"),
        ("answerable.model_cards.seed", "answerable.api"),
    ],
    "acyclic": [
        ("answerable.explain.first.seed", "answerable.explain.second.seed"),
        ("answerable.explain.second.seed", "answerable.explain.first.seed"),
    ],
    "pure-core": [
        ("answerable.audit.canonical", "answerable.audit.indirect"),
        ("answerable.audit.indirect", "httpx"),
    ],
    "no-network": [
        ("answerable.privacy.seed", "answerable.privacy.indirect"),
        ("answerable.privacy.indirect", "urllib.request"),
    ],
    "second-implementation": [("answerable.audit.verify", "answerable.audit.tree.merkle")],
    "light-serving": [
        ("answerable.api.http.seed", "answerable.explain.shap_engine"),
        ("answerable.explain.shap_engine", "shap"),
    ],
    "door-fastapi": [("answerable.audit.seed_web", "fastapi")],
    "door-typer": [("answerable.api.flows.seed", "typer")],
    "door-sqlalchemy": [("answerable.api.http.seed", "sqlalchemy")],
    "door-yaml": [("answerable.governance.seed_yaml", "yaml")],
    "door-timestamps": [("answerable.api.http.seed_time", "rfc3161_client")],
    "door-shap": [("answerable.explain.seed_shap", "shap")],
    "door-fairlearn": [("answerable.governance.seed_fairlearn", "fairlearn")],
    "door-presidio": [("answerable.privacy.seed_presidio", "presidio_analyzer")],
    "door-pandas": [("answerable.governance.seed_pandas", "pandas")],
    "door-models": [("answerable.explain.seed_models", "skops.io")],
    "door-jinja2": [("answerable.api.http.seed_template", "jinja2")],
    "door-prometheus": [("answerable.api.seed_prometheus", "prometheus_client")],
    "door-narwhals": [("answerable.explain.seed_narwhals", "narwhals")],
}


def contracts(repository: Path) -> Iterator[dict[str, object]]:
    settings = tomllib.loads((repository / "pyproject.toml").read_text())
    yield from settings["tool"]["importlinter"]["contracts"]


def small_house(repository: Path, root: Path) -> Path:
    """Write a package with every module that the contracts name, each of them empty."""
    shutil.copy(repository / "pyproject.toml", root)
    names = {"answerable"}
    for contract in contracts(repository):
        for key in ("source_modules", "forbidden_modules"):
            listed = contract.get(key)
            found = {str(name) for name in listed} if isinstance(listed, list) else set()
            names |= {name for name in found if name.startswith("answerable")}
    for folder in ("governance", "explain", "privacy", "audit", "model_cards", "api"):
        names.add(f"answerable.{folder}")
    for module in names:
        write_tree(root, {f"{module.replace('.', '/')}/__init__.py": ""})
    return root


def add_import(root: Path, module: str, imported: str) -> None:
    """Write a module, and the packages above it, that imports one thing inside a function."""
    packages = module.split(".")[:-1]
    for depth in range(1, len(packages) + 1):
        init = root / "/".join(packages[:depth]) / "__init__.py"
        init.parent.mkdir(parents=True, exist_ok=True)
        init.touch()
    path = root / module.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    path.write_text(f"def lazily():\n    import {imported}\n")


def broken_contracts(root: Path) -> set[str]:
    done = run(
        PROGRAMS / "lint-imports",
        "--no-cache",
        "--no-logo",
        cwd=root,
        env={"PYTHONPATH": str(root)},
    )
    lines = [line for line in done.stdout.splitlines() if line.endswith((" KEPT", " BROKEN"))]
    assert lines, done.stdout + done.stderr
    assert (done.returncode != 0) is any(line.endswith(" BROKEN") for line in lines)
    return {line.removesuffix(" BROKEN") for line in lines if line.endswith(" BROKEN")}


def test_every_contract_has_a_seeded_violation(repository: Path) -> None:
    assert {contract["id"] for contract in contracts(repository)} == set(SEEDS)


def test_a_lawful_house_breaks_no_contract(repository: Path, tmp_path: Path) -> None:
    house = small_house(repository, tmp_path)
    add_import(house, "answerable.api.cli.seed", "typer")
    add_import(house, "answerable.api.seed", "answerable.audit")
    add_import(house, "answerable.audit.store.seed", "sqlalchemy")
    add_import(house, "answerable.audit.documents", "yaml")
    assert broken_contracts(house) == set()


@pytest.mark.parametrize("contract_id", list(SEEDS))
def test_one_forbidden_import_breaks_its_contract_alone(
    repository: Path, tmp_path: Path, contract_id: str
) -> None:
    names = {contract["id"]: contract["name"] for contract in contracts(repository)}
    house = small_house(repository, tmp_path)
    for module, imported in SEEDS[contract_id]:
        add_import(house, module, imported)
    assert broken_contracts(house) == {names[contract_id]}


def test_no_contract_ignores_an_import_but_the_doors(repository: Path) -> None:
    for contract in contracts(repository):
        if not str(contract["id"]).startswith("door-"):
            assert "ignore_imports" not in contract


def test_a_folder_outside_the_layers_breaks_the_layers(repository: Path, tmp_path: Path) -> None:
    house = small_house(repository, tmp_path)
    write_tree(house, {"answerable/extra/__init__.py": ""})
    done = run(PROGRAMS / "lint-imports", "--no-cache", cwd=house, env={"PYTHONPATH": str(house)})
    assert done.returncode != 0
