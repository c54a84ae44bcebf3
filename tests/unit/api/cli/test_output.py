"""JSON results appear whole or not at all, and never mixed with text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from answerable.api.cli.output import say, table, write_json, write_text
from answerable.audit.errors import Unavailable


def test_json_to_a_dash_goes_to_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert write_json("-", {"rows": 2})
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"rows": 2}
    assert captured.err == ""


def test_json_to_a_file_leaves_stdout_to_the_caller(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    assert not write_json(str(target), {"rows": 2})
    assert json.loads(target.read_bytes()) == {"rows": 2}
    assert list(tmp_path.iterdir()) == [target]


def test_a_missing_folder_is_a_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="folder exists"):
        write_text(str(tmp_path / "nowhere" / "report.html"), "x")
    assert list(tmp_path.iterdir()) == []


def test_markup_in_data_is_printed_literally(capsys: pytest.CaptureFixture[str]) -> None:
    table("Columns", ("name",), [("[red]not markup[/red]",)])
    say("[bold]literal[/bold]")
    printed = capsys.readouterr().out
    assert "[red]not markup[/red]" in printed
    assert "[bold]literal[/bold]" in printed
