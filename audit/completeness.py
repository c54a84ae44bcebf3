"""Whether a log holds as many decisions as the service that made them says. Pure.

A log cannot prove that a decision nobody logged did not happen. What can be compared is what
somebody else counted: a service numbers its decisions in a series of its own without gaps, gives
each number along with its decision, and states from time to time which numbers it has given out.
A number that was stated and is not in the log is a decision that is missing here; a service that
does not count a decision, and does not log it either, is not found by this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from answerable.audit.records import CallerCounted

__all__ = ["SeriesReport", "Window", "compare", "ranges_of"]

Range = tuple[int, int]
"""First and last number."""


@dataclass(frozen=True, slots=True)
class Window:
    """One statement of a service, compared with the log."""

    counted: CallerCounted
    logged: int
    """Different numbers of the span that stand in the log."""
    missing: tuple[Range, ...]
    """Numbers of the span that do not; the service may have skipped `skipped` of them."""
    duplicates: tuple[int, ...]
    """Numbers that more than one decision carries."""

    @property
    def skipped(self) -> int:
        """How many numbers of the span the service says it did not use."""
        return self.counted.last_number - self.counted.first_number + 1 - self.counted.count

    @property
    def complete(self) -> bool:
        """Whether the log holds exactly as many decisions as were counted, each once."""
        return self.logged == self.counted.count and not self.duplicates


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """One series of one service: its windows, and where its statements leave or repeat numbers."""

    actor: str
    series: str
    windows: tuple[Window, ...]
    unstated: tuple[Range, ...]
    """Numbers between statements that no statement covers."""
    overlapping: tuple[Range, ...]
    """Numbers that several statements cover."""
    beyond: int = 0
    """Logged decisions of the series whose number no statement covers yet."""

    @property
    def complete(self) -> bool:
        """Whether every window is complete and the statements follow each other."""
        whole = all(window.complete for window in self.windows)
        return whole and not self.unstated and not self.overlapping


def compare(
    actor: str, series: str, statements: Sequence[CallerCounted], logged: Mapping[int, int]
) -> SeriesReport:
    """Compare what a service counted in one series with what its log holds.

    Parameters
    ----------
    actor : str
        Reference of the service.
    series : str
        The series.
    statements : Sequence[CallerCounted]
        In the order in which they were appended; a later one of the same span replaces it.
    logged : Mapping[int, int]
        How many decisions carry each number.

    Returns
    -------
    SeriesReport
        Windows in the order of their numbers.

    Examples
    --------
    >>> said = CallerCounted(series="loan", first_number=1, last_number=4, count=4, start=0, end=9)
    >>> report = compare("a-1", "loan", [said], {1: 1, 2: 2, 4: 1})
    >>> report.complete, report.windows[0].missing, report.windows[0].duplicates
    (False, ((3, 3),), (2,))
    """
    newest = {(said.first_number, said.last_number): said for said in statements}
    spans = [newest[span] for span in sorted(newest)]
    unstated: list[Range] = []
    overlapping: list[Range] = []
    reached: int | None = None
    for said in spans:
        if reached is not None and said.first_number > reached + 1:
            unstated.append((reached + 1, said.first_number - 1))
        if reached is not None and said.first_number <= reached:
            overlapping.append((said.first_number, min(reached, said.last_number)))
        reached = said.last_number if reached is None else max(reached, said.last_number)
    return SeriesReport(
        actor,
        series,
        tuple(_window(said, logged) for said in spans),
        tuple(unstated),
        tuple(overlapping),
    )


def ranges_of(numbers: Iterable[int]) -> tuple[Range, ...]:
    """Return ascending numbers as ranges.

    Parameters
    ----------
    numbers : Iterable[int]
        Ascending, each once.

    Returns
    -------
    tuple of tuple[int, int]
        First and last number of each run.

    Examples
    --------
    >>> ranges_of([1, 2, 3, 7])
    ((1, 3), (7, 7))
    """
    found: list[Range] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


def _window(said: CallerCounted, logged: Mapping[int, int]) -> Window:
    span = range(said.first_number, said.last_number + 1)
    present = [number for number in span if number in logged]
    return Window(
        said,
        logged=len(present),
        missing=ranges_of(number for number in span if number not in logged),
        duplicates=tuple(number for number in present if logged[number] > 1),
    )
