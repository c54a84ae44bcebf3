"""What the demonstration says while it runs: numbered chapters, tables, artefacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from answerable.api.private_files import write_private
from answerable.api.tables import print_table

__all__ = ["Narrator"]


@dataclass
class Narrator:
    """Prints the story; collects the artefacts to list at the end."""

    console: Console = field(default_factory=lambda: Console(highlight=False))
    artefacts: list[tuple[str, Path]] = field(default_factory=list)
    chapters: int = 0

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self.chapters += 1
        self.console.print()
        self.console.rule(Text(f"{self.chapters}. {title}", style="bold"), align="left")

    def say(self, text: str) -> None:
        """Print a sentence literally."""
        self.console.print(text, markup=False, soft_wrap=True)

    def table(self, title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
        """Print a table; cells are taken literally, and no id is broken."""
        print_table(self.console, title, columns, rows)

    def keep(self, what: str, path: Path, content: str | bytes) -> Path:
        """Write an artefact, for its owner alone, and remember it for the closing list."""
        write_private(path, content.encode("utf-8") if isinstance(content, str) else content)
        self.artefacts.append((what, path))
        return path

    @contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Show a spinner while something runs."""
        with self.console.status(Text(text)):
            yield

    @contextmanager
    def counting(self, text: str, total: int) -> Iterator[Callable[[], None]]:
        """Show a bar; yields a function that advances it by one."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(text, total=total)
            yield lambda: bar.advance(task)

    def close(self, folder: Path) -> None:
        """List every artefact, relative to where the reader stands when that is shorter."""
        self.chapter("What was written")
        here = Path.cwd()
        rows = [
            (what, str(path.relative_to(here) if path.is_relative_to(here) else path))
            for what, path in [*self.artefacts, ("everything", folder)]
        ]
        self.table("Artefacts", ("what", "path"), rows)
