"""The links are there, the import name is the only one, and a checkout without links runs."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

import answerable
import answerable.audit
from tests.architecture.seeding import load_tool, run, write_tree

check_layout = load_tool("check_layout")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for name, target in check_layout.LINKS.items():
        link = tmp_path / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
        write_tree(tmp_path, {f"{target.removeprefix('../../')}/__init__.py": ""})
    write_tree(tmp_path, {"tests/__init__.py": "", "tests/unit/__init__.py": ""})
    return tmp_path


def test_a_complete_house_has_no_findings(house: Path) -> None:
    assert list(check_layout.findings(house)) == []


@pytest.mark.parametrize("name", list(check_layout.LINKS))
def test_a_missing_link_is_found(house: Path, name: str) -> None:
    (house / name).unlink()
    assert [text.split(": ")[:2] for text in check_layout.findings(house)] == [
        [name, "missing-link"]
    ]


def test_a_link_checked_out_as_a_text_file_is_found(house: Path) -> None:
    link = house / "src/answerable/audit"
    link.unlink()
    link.write_text("../../audit")
    assert [text.split(": ")[1] for text in check_layout.findings(house)] == ["missing-link"]


def test_a_link_to_the_wrong_folder_is_found(house: Path) -> None:
    link = house / "src/answerable/audit"
    link.unlink()
    link.symlink_to("../../api")
    assert [text.split(": ")[1] for text in check_layout.findings(house)] == ["wrong-link"]


def test_a_link_into_nothing_is_found(house: Path) -> None:
    shutil.rmtree(house / "examples/loan")
    assert [text.split(": ")[1] for text in check_layout.findings(house)] == ["dangling-link"]


def test_a_test_folder_without_init_is_found(house: Path) -> None:
    write_tree(house, {"tests/laws/test_law.py": ""})
    assert [text.split(": ")[:2] for text in check_layout.findings(house)] == [
        ["tests/laws", "no-init"]
    ]


@pytest.mark.parametrize(
    "name", ["audit", "governance", "explain", "privacy", "model_cards", "api"]
)
def test_no_folder_can_be_imported_under_its_bare_name(name: str) -> None:
    assert importlib.util.find_spec(name) is None


def test_the_package_is_the_one_of_this_checkout(repository: Path) -> None:
    file = answerable.audit.__file__
    assert file is not None
    assert Path(file).resolve() == repository / "audit" / "__init__.py"
    assert list(answerable.__path__) == [str(repository / "src" / "answerable")]


def test_a_checkout_without_links_still_runs(repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pyc*"))
    for name in check_layout.LINKS:
        copied = tmp_path / name
        if copied.is_dir() and not copied.is_symlink():
            shutil.rmtree(copied)
    write_tree(tmp_path, {"pyproject.toml": "", "audit/__init__.py": "here = True"})
    program = (
        "import importlib.util, answerable.audit;"
        "assert answerable.audit.here;"
        "assert importlib.util.find_spec('audit') is None"
    )
    done = run(
        sys.executable, "-P", "-c", program, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "src")}
    )
    assert done.returncode == 0, done.stderr
