"""A table marked with a model's name lists that model's fields: all of them, and no others."""

import importlib
import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

_TABLE = re.compile(
    r"<!-- fields: (?P<module>[\w.]+):(?P<model>\w+) -->\n\n(?P<table>(?:\|.*\n)+)", re.MULTILINE
)
_ROW = re.compile(r"^\| `(\w+)` \| (.*) \|$", re.MULTILINE)

TABLES = [
    pytest.param(path, table, id=f"{path.stem}-{table['model']}")
    for path in sorted((REPOSITORY / "docs").glob("*.md"))
    for table in _TABLE.finditer(path.read_text(encoding="utf-8"))
]


def test_there_are_such_tables() -> None:
    assert {path.stem for path in (REPOSITORY / "docs").glob("*.md")} >= {
        "policy", "catalogue", "decision-function", "entries",
    }  # fmt: skip
    assert len(TABLES) >= 20


@pytest.mark.parametrize(("path", "table"), TABLES)
def test_every_field_of_a_file_is_described_once(path: Path, table: re.Match[str]) -> None:
    model = getattr(importlib.import_module(table["module"]), table["model"])
    fields = {field.alias or name for name, field in model.model_fields.items()}
    rows = _ROW.findall(table["table"])
    assert path.suffix == ".md"
    assert sorted(name for name, _ in rows) == sorted(fields)
    assert [name for name, text in rows if not text.strip()] == []
