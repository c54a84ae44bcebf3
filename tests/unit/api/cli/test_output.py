"""JSON results appear whole or not at all, and never mixed with text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from answerable.api.cli import output
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


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """A terminal of a width; the console is made anew for it, and once more afterwards."""

    def of_width(columns: int) -> None:
        monkeypatch.setenv("COLUMNS", str(columns))
        output._console.cache_clear()

    yield of_width
    output._console.cache_clear()


ID = "01a1fc34-5ad5-7b1f-8e0a-1d2c3b4a5968"


@pytest.mark.parametrize("columns", [60, 80, 100, 132])
def test_an_id_is_never_broken_however_narrow_the_terminal_is(
    columns: int,
    terminal: Callable[[int], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal(columns)
    rows = [(ID, "decision", "a sentence of some words about what was found", ID[::-1])]
    table("Entries", ("entry", "kind", "what", "about"), rows)
    printed = capsys.readouterr().out
    assert ID in printed
    assert ID[::-1] in printed
    for word in rows[0][2].split():
        assert word in printed
    if columns >= 100:
        assert max(map(len, printed.splitlines())) <= columns


def test_a_table_without_rows_shows_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    table("Entries", ("entry", "kind"), [])
    assert "entry" in capsys.readouterr().out
