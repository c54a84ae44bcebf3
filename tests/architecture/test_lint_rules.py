"""Each rule of our own lint finds its seeded violation, and leaves its lawful neighbour alone."""

from pathlib import Path

import pytest

from tests.architecture.seeding import load_tool, write_tree

lint = load_tool("lint_rules")


def rules_broken(path: str, text: str) -> list[str]:
    return [finding.rule for finding in lint.check_text(path, text)]


VIOLATIONS = [
    pytest.param("audit/x.py", text, rule, id=f"{rule}: {text.splitlines()[-1].strip()[:48]}")
    for rule, text in [
        ("log-tables", "import sqlalchemy as sa\nsa.delete(sa.table('entry'))\n"),
        ("log-tables", "from sqlalchemy import update\nupdate(table)\n"),
        ("log-tables", "from sqlalchemy.dialects import sqlite\nentry_table.delete()\n"),
        ("log-tables", "SQL = 'DELETE FROM entry WHERE sequence = 1'\n"),
        ("log-tables", "SQL = 'update entry set header = 1'\n"),
        ("log-tables", "SQL = f'DROP TABLE {1}'\n"),
        ("json-for-hashing", "import json\njson.dumps({})\n"),
        ("json-for-hashing", "from orjson import dumps\ndumps({})\n"),
        ("json-for-hashing", "import rfc8785 as r\nr.dumps({})\n"),
        ("log-fields", "import structlog\nlog = structlog.get_logger()\nlog.info('x', name=1)\n"),
        ("log-fields", "import logging\nlog = logging.getLogger()\nlog.info('to %s', person)\n"),
        ("log-fields", "logger.info(f'decided for {person}')\n"),
        ("log-fields", "logger.warning(message)\n"),
        ("log-fields", "logger.error('failed', **facts)\n"),
        ("log-fields", "logger.error('failed', exc_info=True)\n"),
        ("log-fields", "class A:\n    def f(self):\n        self._logger.info('x', email=1)\n"),
        ("log-fields", "logger.bind(subject='x')\n"),
        ("broad-except", "try:\n    f()\nexcept Exception:\n    g()\n"),
        ("broad-except", "try:\n    f()\nexcept:\n    g()\n"),
        (
            "broad-except",
            "try:\n    f()\nexcept (OSError, BaseException) as e:\n    raise A from e\n",
        ),
        ("unsafe-loader", "import pickle\n"),
        ("unsafe-loader", "def f():\n    from joblib import load\n"),
        ("unsafe-loader", "import os, marshal\n"),
        ("machine-path", "KEY = '/home/someone/key'\n"),  # allow machine-path: the seed itself
        ("machine-path", "# see /root/notes\n"),  # allow machine-path: the seed itself
        ("file-length", "x = 1\n" * 401),
        ("function-length", "def f():\n" + "    x = 1\n" * 50),
        (
            "undocumented-raise",
            'def f():\n    """Do.\n\n    Returns\n    -------\n    """\n    raise InvalidInput\n',
        ),
    ]
]


@pytest.mark.parametrize(("path", "text", "rule"), VIOLATIONS)
def test_a_seeded_violation_is_found(path: str, text: str, rule: str) -> None:
    assert rules_broken(path, text) == [rule]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("audit/store/rows.py", "import sqlalchemy as sa\nsa.delete(sa.table('key'))\n"),
        ("audit/x.py", '"""Says that no code may DELETE FROM entry."""\n'),
        ("audit/x.py", "seen = {}\nseen.update({})\n"),
        ("api/http/x.py", "import orjson\norjson.dumps({})\n"),
        ("audit/canonical.py", "import orjson, hashlib\norjson.dumps({})\n"),
        ("audit/x.py", "logger.info('entry appended', entry_id=1, duration_ms=2)\n"),
        ("audit/x.py", "log.append('entry', name=1)\n"),
        (
            "privacy/presidio_engine.py",
            "try:\n    f()\nexcept Exception as e:\n    raise A from e\n",
        ),
        ("audit/x.py", "try:\n    f()\nexcept BaseException:\n    g()\n    raise\n"),
        ("audit/x.py", "URL = 'https://host/home/page'\n"),
        ("audit/x.py", "ROUTE = '/v1/audit/root/proof'\n"),
        ("audit/x.py", "x = 1\n" * 400),
        ("audit/x.py", "def f():\n" + "    x = 1\n" * 49),
        ("audit/x.py", 'def f():\n    """Do.\n' + "\n" * 90 + '    """\n' + "    x = 1\n" * 49),
        ("tests/x.py", 'def f():\n    """Do.\n\n    More.\n    """\n    raise InvalidInput("x")\n'),
    ],
)
def test_the_lawful_neighbour_of_a_violation_passes(path: str, text: str) -> None:
    assert rules_broken(path, text) == []


def test_an_exception_to_a_rule_needs_its_name_and_a_reason() -> None:
    seed = "import pickle  # allow {}\n"
    assert rules_broken("audit/x.py", seed.format("unsafe-loader: reads what it wrote")) == []
    assert rules_broken("audit/x.py", seed.format("unsafe-loader:")) == ["unsafe-loader"]
    assert rules_broken("audit/x.py", seed.format("broad-except: other rule")) == ["unsafe-loader"]


def test_json_is_not_written_where_something_is_hashed_not_even_at_the_edge() -> None:
    text = "import hashlib, json\nhashlib.sha256(json.dumps({}).encode())\n"
    assert rules_broken("api/http/x.py", text) == ["json-for-hashing"]


def test_the_lint_reads_every_folder_and_names_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = {f"{folder}/deep/x.py": "\nimport pickle\n" for folder in lint.CODE_FOLDERS}
    write_tree(tmp_path, {**seeds, "docs/a.md": "in /root/x\n"})  # allow machine-path: a seed
    assert lint.main(tmp_path) == 1
    places = [line.split(": ")[0] for line in capsys.readouterr().out.splitlines()]
    assert sorted(places) == sorted([*(f"{name}:2" for name in seeds), "docs/a.md:1"])


def test_the_lint_says_nothing_about_a_clean_tree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tree(tmp_path, {"audit/x.py": '"""Nothing."""\n'})
    assert lint.main(tmp_path) == 0
    assert capsys.readouterr().out == ""
