"""The locks hold hashes and no addresses, and a lock that does not is found."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.seeding import load_tool

check_locks = load_tool("check_locks")


@pytest.fixture
def house(repository: Path, tmp_path: Path) -> Path:
    shutil.copytree(repository / "locks", tmp_path / "locks")
    shutil.copy(repository / "pyproject.toml", tmp_path)
    return tmp_path


def rules_broken(root: Path) -> set[str]:
    return {text.split(": ")[1] for text in check_locks.findings(root)}


def without_a_hash(text: str) -> str:
    lines = text.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if "--hash" in line)
    last = next(i for i in range(first, len(lines)) if "--hash" not in lines[i])
    return "".join(lines[:first] + lines[last:])


def without_pydantic(text: str) -> str:
    start = text.index("\npydantic==") + 1
    return text[:start] + text[text.index("pydantic-core==", start) :]


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("address", lambda text: "--index-url https://mirror.invalid/simple\n" + text),
        ("address", lambda text: "--find-links wheels\n" + text),
        ("address", lambda text: text + "extra @ file:wheels/extra.whl\n"),
        ("address", lambda text: text + "    # from /wheels/extra.whl\n"),
        ("no-hash", without_a_hash),
        ("no-hash", lambda text: text + "extra==1.0\n"),
        ("unreadable", lambda text: text + "extra>=1.0\n"),
        ("out-of-step", without_pydantic),
        ("differs", lambda text: text.replace("\npydantic==2.", "\npydantic==2.9")),
        ("out-of-step", lambda text: text.replace("\npydantic==2.", "\npydantic==1.")),
        ("forked", lambda text: text + "pydantic==2.0\n    --hash=sha256:" + "0" * 64 + "\n"),
    ],
)
def test_a_seeded_fault_is_found(house: Path, rule: str, change: Callable[[str], str]) -> None:
    lock = house / "locks" / "core.txt"
    lock.write_text(change(lock.read_text()))
    assert rule in rules_broken(house)


def test_a_requirement_added_without_locking_is_found(house: Path) -> None:
    settings = house / "pyproject.toml"
    text = settings.read_text()
    settings.write_text(text.replace('  "httpx>=', '  "unlocked-thing>=1",\n  "httpx>=', 1))
    assert rules_broken(house) == {"out-of-step"}


def test_a_missing_lock_is_found(house: Path) -> None:
    (house / "locks" / "demo.txt").unlink()
    assert "missing" in rules_broken(house)


def test_the_locks_are_in_step_with_the_project(repository: Path) -> None:
    assert list(check_locks.findings(repository)) == []


def test_no_lock_holds_torch_or_a_gpu_library(repository: Path) -> None:
    for lock in (repository / "locks").glob("*.txt"):
        pins, _ = check_locks.read_lock(lock.read_text())
        assert not [name for name in pins if name.startswith(("torch", "nvidia", "triton"))]
