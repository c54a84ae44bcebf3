"""Tables on a terminal, in which no word is broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["print_table"]

_BETWEEN: Final = 3
"""Blank columns that a table needs beside each of its own."""


def print_table(
    console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    """Print a table; cells are taken literally, never as markup.

    No word is broken, so that an id can be copied: where the terminal is too narrow for that, each
    row is one line that names its columns.
    """
    console.print(Text(title, style="bold"), soft_wrap=True)
    cells = [tuple(row) for row in rows]
    widths = _widths(columns, cells, console.width)
    if widths is None:
        for row in cells:
            named = (f"{name}: {cell}" for name, cell in zip(columns, row, strict=True) if cell)
            console.print("; ".join(named), markup=False, highlight=False, soft_wrap=True)
        return
    grid = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column, width in zip(columns, widths, strict=True):
        grid.add_column(column, overflow="fold", width=width)
    for row in cells:
        grid.add_row(*(Text(cell) for cell in row))
    console.print(grid)


def _widths(columns: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """Return the width of each column, its longest word at least; None where they do not fit."""
    texts = list(zip(columns, *cells, strict=True))
    words = [max(len(word) for text in column for word in text.split() or [""]) for column in texts]
    lines = [max(map(len, column)) for column in texts]
    room = width - _BETWEEN * len(columns) - sum(words)
    if room < 0:
        return None
    wanted = [line - word for line, word in zip(lines, words, strict=True)]
    given = []
    for at, want in enumerate(wanted):
        # What narrow columns leave over goes to those that come after them.
        share = min(want, room // max(1, sum(more > 0 for more in wanted[at:])))
        given.append(share)
        room -= share
    return [word + more for word, more in zip(words, given, strict=True)]
