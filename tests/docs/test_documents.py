"""What the documents name exists: files, links, tests, commands, and every example in them runs."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in REPOSITORY.glob(pattern)
)
TOPS = [
    *("audit", "governance", "explain", "privacy", "model_cards", "api", "src", "tests"),
    *("tools", "docs", "examples", "benchmarks", "locks", "deploy", ".ci"),
]

# Files a reader writes; they stand in no checkout.
WRITTEN_BY_READERS = {"answerable.toml"}

_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(rf"^(?:{'|'.join(map(re.escape, TOPS))})/[\w./-]*$|^[\w-]+\.(?:md|toml)$")
_TEST = re.compile(r"\btest_\w+")
_MAKE = re.compile(r"\bmake ([a-z]+)\b")
_PYTHON_BLOCK = re.compile(r"^```(?:pycon|python doctest)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def documents() -> list[object]:
    return [pytest.param(path, id=path.relative_to(REPOSITORY).as_posix()) for path in DOCUMENTS]


def code_words(text: str) -> Iterator[str]:
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from _CODE.findall(prose)


@pytest.mark.parametrize("document", documents())
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    targets = [link for link in _LINK.findall(document.read_text()) if "://" not in link]
    targets = [link for link in targets if not link.startswith("mailto:")]
    assert [link for link in targets if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", documents())
def test_every_file_that_is_named_exists(document: Path) -> None:
    words = set(code_words(document.read_text())) - WRITTEN_BY_READERS
    named = sorted(word for word in words if _PATH.match(word))
    places = (REPOSITORY, document.parent)
    missing = [word for word in named if not any((place / word).exists() for place in places)]
    assert missing == []


@pytest.mark.parametrize("document", documents())
def test_every_test_that_is_named_exists(document: Path) -> None:
    tests = {
        name
        for path in (REPOSITORY / "tests").rglob("*.py")
        for name in (path.stem, *re.findall(r"^\s*def (test_\w+)", path.read_text(), re.MULTILINE))
    }
    named = {name for word in code_words(document.read_text()) for name in _TEST.findall(word)}
    assert named - tests == set()


@pytest.mark.parametrize("document", documents())
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    blocks = "\n".join(re.findall(r"^```.*?^```", document.read_text(), re.MULTILINE | re.DOTALL))
    text = blocks + "\n".join(code_words(document.read_text()))
    assert set(_MAKE.findall(text)) - targets == set()


@pytest.mark.parametrize("document", documents())
def test_every_example_session_gives_what_it_shows(document: Path, tmp_path: Path) -> None:
    sessions = _PYTHON_BLOCK.findall(document.read_text())
    (tmp_path / "sessions.txt").write_text("\n".join(sessions))
    done = subprocess.run(
        [sys.executable, "-m", "doctest", "sessions.txt"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_makefile_says_what_each_target_does() -> None:
    lines = (REPOSITORY / "Makefile").read_text().splitlines()
    targets = [line for line in lines if re.match(r"^[a-z]+:", line)]
    assert [line for line in targets if "## " not in line] == []
