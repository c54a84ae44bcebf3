"""What a user installs: the wheel, built from the source archive, beside code of their own."""

import base64
import csv
import hashlib
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from tests.architecture.seeding import run, write_tree

FOLDERS = ("governance", "explain", "privacy", "audit", "model_cards", "api")
HEAVY = [
    *("fairlearn", "fastapi", "narwhals", "numba", "numpy", "pandas", "polars"),
    *("presidio_analyzer", "pyarrow", "scipy", "shap", "sklearn", "skops", "spacy", "xgboost"),
]


def tracked_files(repository: Path) -> set[str]:
    """Return the files that git knows or would add, links not followed."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        capture_output=True,
        check=True,
    )
    names = {name for name in done.stdout.decode().split("\0") if name}
    return {name for name in names if (repository / name).is_file()}


def expected_in_wheel(repository: Path) -> set[str]:
    """Return the wheel's file names, derived from git alone."""
    inside = set()
    for name in tracked_files(repository):
        if (repository / name).is_symlink():
            continue
        if name.startswith("src/answerable/"):
            inside.add(name.removeprefix("src/"))
        elif name.startswith("examples/loan/"):
            inside.add("answerable/api/demo/loan/" + name.removeprefix("examples/loan/"))
        elif name.split("/")[0] in FOLDERS:
            inside.add("answerable/" + name)
    return inside


@pytest.fixture(scope="module")
def archives(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the source archive, and the wheel from nothing but the source archive."""
    out = tmp_path_factory.mktemp("dist")
    done = run(
        *(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, repository),
        cwd=out,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,) = out.glob("*.tar.gz")
    (wheel,) = out.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def installed(archives: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a new environment and return that environment's Python.

    The libraries are the development environment's, lent by a ``.pth`` file: nothing is
    downloaded. That file is read after the wheel's own folder, and it does not run the
    development environment's ``.pth`` files, so the editable project stays out of sight.
    """
    home = tmp_path_factory.mktemp("machine")
    venv.create(home / "venv", with_pip=False, symlinks=True)
    python = home / "venv" / "bin" / "python"
    done = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home)
    purelib = Path(done.stdout.strip())
    install(archives[1], purelib)
    (purelib / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def install(wheel: Path, purelib: Path) -> None:
    """Unpack a wheel as an installer does, its RECORD checked."""
    with zipfile.ZipFile(wheel) as archive:
        (record,) = (name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        rows = list(csv.reader(archive.read(record).decode().splitlines()))
        assert {row[0] for row in rows} == set(archive.namelist())
        for name, digest, _ in rows:
            if digest:
                found = hashlib.sha256(archive.read(name)).digest()
                text = base64.urlsafe_b64encode(found).rstrip(b"=").decode()
                assert digest == f"sha256={text}", name
        archive.extractall(purelib)  # noqa: S202 - our own wheel, checked above


def test_the_wheel_holds_every_tracked_file_exactly_once(
    archives: tuple[Path, Path], repository: Path
) -> None:
    names = zipfile.ZipFile(archives[1]).namelist()
    code = [name for name in names if ".dist-info/" not in name]
    assert [name for name, count in Counter(code).items() if count > 1] == []
    assert set(code) == expected_in_wheel(repository)


def test_the_wheel_owns_one_name_at_the_top(archives: tuple[Path, Path]) -> None:
    names = zipfile.ZipFile(archives[1]).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"answerable"}


def test_the_source_archive_holds_no_link_and_no_file_twice(archives: tuple[Path, Path]) -> None:
    with tarfile.open(archives[0]) as archive:
        members = archive.getmembers()
    assert [member.name for member in members if not member.isfile()] == []
    inside = [member.name.split("/", 1)[1] for member in members]
    assert [name for name, count in Counter(inside).items() if count > 1] == []
    assert not [name for name in inside if name.startswith("api/demo/loan/")]
    assert "examples/loan/__init__.py" in inside


def test_the_wheel_works_beside_a_project_that_owns_the_bare_names(
    installed: Path, tmp_path: Path
) -> None:
    decoy = "owner = 'the user'\n"
    project = write_tree(
        tmp_path, {f"{name}/__init__.py": decoy for name in (*FOLDERS, "src", "tests")}
    )
    program = "\n".join(
        [
            "import importlib, answerable, sys",
            *(f"import {name}; assert {name}.owner == 'the user'" for name in FOLDERS),
            *(f"importlib.import_module('answerable.{name}')" for name in FOLDERS),
            f"assert not hasattr(answerable.{FOLDERS[0]}, 'owner')",
            "assert answerable.__file__.startswith(sys.prefix), answerable.__file__",
            "from answerable.audit.errors import AnswerableError",
        ]
    )
    done = run(installed, "-c", program, cwd=project)
    assert done.returncode == 0, done.stderr


def test_the_command_runs_there_and_says_what_it_can_do(installed: Path, tmp_path: Path) -> None:
    write_tree(tmp_path, {"api/__init__.py": "raise SystemExit('the decoy was imported')"})
    program = (
        "import sys; from answerable.api.cli.main import run; sys.argv[1:] = ['--help']; run()"
    )
    done = run(installed, "-c", program, cwd=tmp_path, env={"COLUMNS": "100"})
    assert done.returncode == 0, done.stderr
    assert "scan" in done.stdout
    assert "verify" in done.stdout


def test_the_command_is_declared_as_the_wheel_s_entry_point(archives: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(archives[1]) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/entry_points.txt"))
        declared = archive.read(name).decode()
    assert "answerable = answerable.api.cli.main:run" in declared


def test_asking_for_help_imports_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from answerable.api.cli.main import run\n"
        "sys.argv = ['answerable', '--help']\n"
        "try:\n"
        "    run()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        f"heavy = sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "assert not heavy, heavy\n"
    )
    done = run(sys.executable, "-c", program, cwd=tmp_path, env={"COLUMNS": "100"})
    assert done.returncode == 0, done.stderr
    assert "answerable" in done.stdout


def test_logging_a_decision_imports_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "import answerable.audit.log, answerable.audit.queries, answerable.audit.verify\n"
        f"heavy = sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "assert not heavy, heavy\n"
    )
    done = run(sys.executable, "-c", program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_editable_install_and_the_wheel_say_the_same_version(installed: Path) -> None:
    program = "import answerable; print(answerable.__version__)"
    there = run(installed, "-c", program, cwd=Path(os.sep))
    here = run(sys.executable, "-c", program, cwd=Path(os.sep))
    assert there.stdout == here.stdout != ""
