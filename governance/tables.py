"""Counts of one attribute set, split into groups that are compared and groups that are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from answerable.audit.errors import UndefinedMetric
from answerable.governance.cells import MISSING, Cell, CellTable
from answerable.governance.simultaneous import Resamples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["GroupTable", "group_table"]


@dataclass(frozen=True, slots=True)
class GroupTable:
    """Groups of one attribute set.

    Parameters
    ----------
    attributes : tuple of str
        The attributes; several are an intersection.
    cells : tuple of Cell
        All groups, those with a missing attribute last.
    groups : tuple of tuple of str
        The groups that are compared.
    compared : int array, shape (groups, states)
        Their counts.
    resamples : Resamples
        Bootstrap draws of these counts, shared by all families.
    """

    attributes: tuple[str, ...]
    cells: tuple[Cell, ...]
    groups: tuple[tuple[str, ...], ...]
    compared: NDArray[np.int64]
    resamples: Resamples

    def named(self, place: int) -> dict[str, str]:
        """Return a compared group as attribute -> value."""
        return dict(zip(self.attributes, self.groups[place], strict=True))


def group_table(
    cells: CellTable, attributes: Sequence[str], *, replicates: int, seed: int
) -> GroupTable:
    """Roll counts up to one attribute set.

    Parameters
    ----------
    cells : CellTable
        Counts at the finest groups.
    attributes : Sequence[str]
        The attributes of the set.
    replicates, seed : int
        Of the bootstrap.

    Returns
    -------
    GroupTable
        With at least two compared groups.

    Raises
    ------
    InvalidInput
        If an attribute was not counted.
    UndefinedMetric
        If fewer than two groups are known: there is nothing to compare.
    """
    rolled = cells.roll_up(attributes)
    known = tuple(cell for cell in rolled.cells if MISSING not in cell.group)
    unknown = tuple(cell for cell in rolled.cells if MISSING in cell.group)
    if not known[1:]:
        raise UndefinedMetric(
            "fewer than two groups are known, so nothing can be compared",
            where=f"attribute {' x '.join(attributes)}",
            remedy="Leave the attribute out, or supply data with at least two groups.",
        )
    table = CellTable(attributes=rolled.attributes, definition=rolled.definition, cells=known)
    matrix = table.matrix()
    return GroupTable(
        attributes=rolled.attributes,
        cells=known + unknown,
        groups=tuple(cell.group for cell in known),
        compared=matrix,
        resamples=Resamples(matrix, replicates=replicates, seed=seed),
    )
