"""The catalogue in docs/attacks.md names tests that exist and run where it says."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import REPOSITORY

CATALOGUE: Final = REPOSITORY / "docs" / "attacks.md"
GROUP: Final = re.compile(r"### (\d+)\. ")
ROW: Final = re.compile(
    r"\| (?P<attack>.+) \| (?P<by>\w+) \| (?P<on>\w+) \| (?P<named>.+) \| "
    r"`(?P<file>[\w/.]+)`: `(?P<test>\w+)` \|"
)
LAYERS: Final = {"database", "application", "checkpoint", "more"}
BOTH: Final = frozenset({"SQLite", "PostgreSQL"})
ON: Final = {
    "both": BOTH,
    "SQLite": frozenset({"SQLite"}),
    "PostgreSQL": frozenset({"PostgreSQL"}),
    "any": frozenset[str](),
}
FIXTURES: Final = {
    "log_url": BOTH,
    "kit": BOTH,
    "sqlite_kit": frozenset({"SQLite"}),
    "postgres_kit": frozenset({"PostgreSQL"}),
    "any_postgres_kit": frozenset({"PostgreSQL"}),
    "separated_log": frozenset({"PostgreSQL"}),
    "postgres_server": frozenset({"PostgreSQL"}),
    "postgres_url": frozenset({"PostgreSQL"}),
}
"""The databases of a test that asks for a fixture, where its own file makes none so named."""


@dataclass(frozen=True)
class Attack:
    """One row of the catalogue."""

    group: int
    what: str
    by: str
    on: frozenset[str]
    file: str
    test: str


def attacks() -> Iterator[Attack]:
    group = 0
    for line in CATALOGUE.read_text(encoding="utf-8").splitlines():
        if heading := GROUP.match(line):
            group = int(heading[1])
        elif row := ROW.fullmatch(line):
            yield Attack(group, row["attack"], row["by"], ON[row["on"]], row["file"], row["test"])
        else:
            # A row of the catalogue that cannot be read would be one that nobody checks.
            assert "::" not in line
            assert not (group and "`tests/" in line and line.startswith("| ")), line


ATTACKS: Final = tuple(attacks())


@cache
def functions(file: str) -> dict[str, ast.FunctionDef]:
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def fixtures_of(file: str, name: str) -> set[str]:
    """The fixtures a test or fixture asks for, and those of its own file that these ask for."""
    asked: set[str] = set()
    for argument in functions(file)[name].args.args:
        asked.add(argument.arg)
        if argument.arg in functions(file) and argument.arg != name:
            asked |= fixtures_of(file, argument.arg) | {f"{argument.arg} of its own"}
    return asked


def databases_of(attack: Attack) -> frozenset[str]:
    asked = fixtures_of(attack.file, attack.test)
    found: frozenset[str] = frozenset()
    for fixture, databases in FIXTURES.items():
        if fixture in asked and f"{fixture} of its own" not in asked:
            found |= databases
    node = functions(attack.file)[attack.test]
    decorators = {ast.unparse(item) for item in node.decorator_list}
    if "pytest.mark.postgres" in decorators:
        found &= {"PostgreSQL"}
    return found or _made_in(attack)


def _made_in(attack: Attack) -> frozenset[str]:
    """The server or SQLite file a test makes for itself; else no database matters to it."""
    source = ast.unparse(functions(attack.file)[attack.test])
    if "running_server(" in source:
        return frozenset({"PostgreSQL"})
    return frozenset({"SQLite"} if re.search(r"sqlite:///\{|filling_sqlite", source) else ())


def test_every_group_is_attacked_and_every_layer_must_notice_something() -> None:
    assert {attack.group for attack in ATTACKS} == set(range(1, 37))
    assert {attack.by for attack in ATTACKS} == LAYERS
    assert len({(attack.group, attack.what) for attack in ATTACKS}) == len(ATTACKS)


def test_at_least_eighty_attacks_are_made_on_the_two_databases() -> None:
    per_database = Counter(database for attack in ATTACKS for database in attack.on)
    assert sum(bool(attack.on) for attack in ATTACKS) >= 80
    assert min(per_database[database] for database in BOTH) >= 60


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.group}-{attack.test}")
def test_every_attack_is_made_by_the_test_it_names_where_it_says(attack: Attack) -> None:
    assert attack.test.startswith("test_")
    assert attack.test in functions(attack.file)
    assert databases_of(attack) == attack.on


def test_every_file_of_attacks_on_the_log_is_in_the_catalogue() -> None:
    elsewhere = {"test_catalogue.py", "test_hostile_models.py", "test_hostile_model_formats.py"}
    elsewhere |= {"test_hostile_pack_containers.py"}
    here = {path.name for path in Path(__file__).parent.glob("test_*.py")} - elsewhere
    assert here <= {Path(attack.file).name for attack in ATTACKS}
