"""Each gate that is somebody else's tool sees what it is there to see.

A gate that is switched off, misconfigured or pointed at the wrong files says success. So each one
is run here, with the project's own settings, on something that it must refuse.
"""

import json
import shutil
import textwrap
from pathlib import Path

import pytest

from tests.architecture.seeding import PROGRAMS, run, write_tree

MANY_BRANCHES = "def f(n: int) -> int:\n" + "".join(
    f"    if n == {i}:\n        return {i + 1}\n" for i in range(2, 13)
)

RUFF_SEEDS = {
    "ARG001": "def f(ignored: int) -> int:\n    return 1\n",
    "C901": MANY_BRANCHES,
    "D103": "def public() -> None:\n    pass\n",
    "D101": "class Public:\n    pass\n",
    "DOC201": 'def f() -> int:\n    """Give.\n\n    More.\n    """\n    return 1\n',
    "DTZ005": "import datetime\ndatetime.datetime.now()\n",
    "E501": f"x = '{'a' * 100}'\n",
    "ERA001": "# x = compute(1)\n",
    "F401": "import os\n",
    "FBT001": "def f(flag: bool) -> None:\n    pass\n",
    "FIX002": "# TODO: finish\n",
    "PLR0913": "def f(a, b, c, d, e, f, g):\n    pass\n",
    "PLR2004": "def f(n: int) -> bool:\n    return n > 80\n",
    "PTH118": "import os\nos.path.join('a', 'b')\n",
    "S101": "assert True\n",
    "S307": "eval('1')\n",
    "S324": "import hashlib\nhashlib.md5(b'')\n",
    "S608": "query = 'SELECT * FROM entry WHERE id = ' + name\n",
    "T201": "print('x')\n",
    "TID252": "from . import canonical\n",
    "UP006": "from typing import List\nx: List[int] = []\n",
}
BANNED_CALLS = [
    "import datetime\ndatetime.datetime.now(datetime.UTC)\n",
    "from datetime import datetime\ndatetime.utcnow()\n",
    "import time\ntime.time()\n",
    "from time import sleep\n",
    "import uuid\nuuid.uuid4()\n",
    "from uuid import uuid4\n",
    "import random\n",
    "import os\nos.urandom(8)\n",
    "from secrets import token_bytes\n",
    "import pickle\n",
    "import joblib\n",
    "import audit\n",
    "from audit import canonical\n",
    "from api.cli import main\n",
    "from unittest.mock import patch\n",
]


def ruff_codes(repository: Path, root: Path, files: dict[str, str]) -> dict[str, set[str]]:
    """Return file -> the rules that the project's settings find broken in it."""
    shutil.copy(repository / "pyproject.toml", root)
    write_tree(root, files)
    done = run(PROGRAMS / "ruff", "check", "--no-cache", "--output-format=json", cwd=root)
    found: dict[str, set[str]] = {name: set() for name in files}
    for finding in json.loads(done.stdout):
        name = Path(finding["filename"]).relative_to(root.resolve()).as_posix()
        found[name].add(finding["code"])
    return found


def test_ruff_finds_every_seeded_violation(repository: Path, tmp_path: Path) -> None:
    files = {f"audit/seed_{rule.lower()}.py": text for rule, text in RUFF_SEEDS.items()}
    found = ruff_codes(repository, tmp_path, files)
    missed = [rule for rule in RUFF_SEEDS if rule not in found[f"audit/seed_{rule.lower()}.py"]]
    assert missed == []


def test_ruff_bans_the_hidden_clock_randomness_and_bare_names(
    repository: Path, tmp_path: Path
) -> None:
    files = {f"audit/seed_{i}.py": text for i, text in enumerate(BANNED_CALLS)}
    found = ruff_codes(repository, tmp_path, files)
    assert [files[name] for name, codes in found.items() if "TID251" not in codes] == []


def test_ruff_lets_the_wiring_read_the_clock(repository: Path, tmp_path: Path) -> None:
    found = ruff_codes(repository, tmp_path, {"api/wiring.py": "".join(BANNED_CALLS[:6])})
    assert "TID251" not in found["api/wiring.py"]


def test_the_formatter_refuses_an_unformatted_file(repository: Path) -> None:
    command: list[str | Path] = [
        PROGRAMS / "ruff",
        "format",
        "--check",
        "--stdin-filename=audit/seed.py",
        "-",
    ]
    assert run(*command, cwd=repository, stdin="x = 1\n").returncode == 0
    assert run(*command, cwd=repository, stdin="x  =  1\n").returncode == 1


def test_mypy_is_strict_in_the_code_and_in_the_tests(repository: Path, tmp_path: Path) -> None:
    shutil.copy(repository / "pyproject.toml", tmp_path)
    seed = """
        from collections.abc import Callable
        def untyped(x):
            return x
        def wrong() -> int:
            return "1"
        def generic(x: list) -> None: ...
        def decorated(f: Callable[..., int]) -> int:
            return f() if f is None or True else 0
        ignored: int = "1"  # type: ignore
    """
    seed = textwrap.dedent(seed)
    write_tree(
        tmp_path,
        {
            "src/answerable/__init__.py": "",
            "tests/__init__.py": "",
            "tools/tool.py": "",
            "benchmarks/benchmark.py": "",
            "audit/__init__.py": "",
            "audit/seed.py": seed,
            "tests/test_seed.py": seed,
        },
    )
    (tmp_path / "src/answerable/audit").symlink_to("../../audit")
    done = run(PROGRAMS / "mypy", "--cache-dir", tmp_path / "cache", cwd=tmp_path)
    for name in ("src/answerable/audit/seed.py", "tests/test_seed.py"):
        said = "\n".join(line for line in done.stdout.splitlines() if line.startswith(name))
        for code in ("no-untyped-def", "return-value", "type-arg", "ignore-without-code"):
            assert f"[{code}]" in said, done.stdout


def test_coverage_counts_a_file_that_nobody_imports(repository: Path, tmp_path: Path) -> None:
    shutil.copy(repository / "pyproject.toml", tmp_path)
    folders = ["governance", "explain", "privacy", "audit", "model_cards", "api"]
    write_tree(tmp_path, {f"{name}/seed.py": "x = 1\n" for name in folders})
    (tmp_path / "build/coverage").mkdir(parents=True)
    coverage = PROGRAMS / "coverage"
    run(coverage, "run", "-c", "pass", cwd=tmp_path)
    write_tree(tmp_path, {"nothing.py": "pass\n"})
    run(coverage, "run", "nothing.py", cwd=tmp_path)
    run(coverage, "combine", cwd=tmp_path)
    report = run(coverage, "report", cwd=tmp_path)
    assert report.returncode == 2, report.stdout
    for name in folders:
        assert f"{name}/seed.py" in report.stdout


@pytest.mark.parametrize(
    ("text", "ci", "fails"),
    [
        ("def test_it():\n    assert True\n", "1", False),
        ("def test_it():\n    assert False\n", "1", True),
        ("import pytest\ndef test_it():\n    pytest.skip('no tool')\n", "1", True),
        ("import pytest\ndef test_it():\n    pytest.skip('no tool')\n", "", False),
        ("def no_test_at_all():\n    pass\n", "1", True),
        ("import warnings\ndef test_it():\n    warnings.warn('old')\n", "1", True),
        ("import pytest\n@pytest.mark.unknown\ndef test_it():\n    pass\n", "1", True),
    ],
    ids=["passes", "fails", "skip in CI", "skip elsewhere", "no tests", "warning", "marker"],
)
def test_the_test_run_fails_when_it_should(
    repository: Path, tmp_path: Path, text: str, ci: str, *, fails: bool
) -> None:
    shutil.copy(repository / "pyproject.toml", tmp_path)
    shutil.copy(repository / "tests/no_skips_in_ci.py", tmp_path)
    write_tree(tmp_path, {"tests/test_seed.py": text})
    done = run(
        PROGRAMS / "python",
        *("-m", "pytest", "-q", "-p", "no_skips_in_ci"),
        cwd=tmp_path,
        env={"CI": ci, "PYTHONPATH": str(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert (done.returncode != 0) is fails, done.stdout + done.stderr
