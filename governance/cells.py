"""Counts per group: the only thing fairness is ever computed from.

Promises: a :class:`CellTable` holds no person and no row; tables of parts add up to the
table of the whole; equal counts have equal digests. Small cells are still personal data:
publish with suppression, see :meth:`answerable.governance.assessment.Assessment.to_result`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from answerable.audit.errors import Conflict, InvalidInput
from answerable.audit.records.base import FrozenModel, Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MISSING", "STATES", "Cell", "CellTable", "CountDefinition"]

MISSING: Final = "(missing)"
"""Group of the rows whose protected attribute is not known."""

STATES: Final = (
    "tp",
    "fp",
    "fn",
    "tn",
    "selected_unlabelled",
    "rejected_unlabelled",
    "positive_unpredicted",
    "negative_unpredicted",
    "unknown",
)
"""What a row can be: label (positive, negative, missing) by prediction (likewise)."""

_Count = Annotated[int, Field(ge=0)]


class CountDefinition(FrozenModel):
    """What was counted: which column and value mean what, as text."""

    prediction: str
    favourable: str
    label: str | None = None
    positive: str | None = None


class Cell(FrozenModel):
    """Counts of one finest group, one number per state in the order of :data:`STATES`."""

    group: tuple[str, ...]
    counts: tuple[
        _Count, _Count, _Count, _Count, _Count, _Count, _Count, _Count, _Count
    ]  # fmt: skip

    @property
    def n(self) -> int:
        """Rows of the group, whatever is known of them."""
        return sum(self.counts)

    @property
    def tp(self) -> int:
        """Rows with a positive label and the favourable prediction."""
        return self.counts[0]

    @property
    def y(self) -> int:
        """Rows with a positive label."""
        return self.counts[0] + self.counts[2] + self.counts[6]

    @property
    def p(self) -> int:
        """Rows with the favourable prediction."""
        return self.counts[0] + self.counts[1] + self.counts[4]

    @property
    def missing_label(self) -> int:
        """Rows without a label."""
        return self.counts[4] + self.counts[5] + self.counts[8]

    @property
    def missing_prediction(self) -> int:
        """Rows without a prediction."""
        return self.counts[6] + self.counts[7] + self.counts[8]

    @property
    def missing_both(self) -> int:
        """Rows without either."""
        return self.counts[8]


class CellTable(Record):
    """Counts per finest group: mergeable by addition, hashable, at most one row a group."""

    type: Literal["answerable.cell-table.v1"] = "answerable.cell-table.v1"
    attributes: tuple[str, ...]
    definition: CountDefinition
    cells: tuple[Cell, ...]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        groups = [cell.group for cell in self.cells]
        if any(len(group) != len(self.attributes) for group in groups):
            message = "every group names one value per attribute"
            raise ValueError(message)
        if groups != sorted(set(groups)):
            message = "groups are unique and in order"
            raise ValueError(message)
        return self

    @classmethod
    def of(
        cls,
        attributes: Sequence[str],
        definition: CountDefinition,
        counts: Iterable[tuple[tuple[str, ...], Sequence[int]]],
    ) -> CellTable:
        """Build a table from counts given per group in any order; equal groups add up.

        Parameters
        ----------
        attributes : Sequence[str]
            Names of the protected attributes.
        definition : CountDefinition
            What was counted.
        counts : Iterable of (group, counts)
            A group names one value per attribute; counts have the order of :data:`STATES`.

        Returns
        -------
        CellTable
            With groups in order.

        Raises
        ------
        InvalidInput
            If a group or a count vector has the wrong length, or a count is negative.
        """
        sums: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0] * len(STATES))
        for group, vector in counts:
            if len(vector) != len(STATES):
                raise InvalidInput(f"a cell needs {len(STATES)} counts", where="cell table")
            sums[group] = [a + b for a, b in zip(sums[group], vector, strict=True)]
        return cls.parse(
            {
                "attributes": tuple(attributes),
                "definition": definition,
                "cells": [{"group": group, "counts": sums[group]} for group in sorted(sums)],
            }
        )

    @property
    def rows(self) -> int:
        """Number of rows counted."""
        return sum(cell.n for cell in self.cells)

    @property
    def labelled(self) -> bool:
        """Whether a label column was counted."""
        return self.definition.label is not None

    def matrix(self) -> NDArray[np.int64]:
        """Return the counts as an array of shape (groups, states)."""
        import numpy as np

        return np.array([cell.counts for cell in self.cells], dtype=np.int64).reshape(
            -1, len(STATES)
        )

    def merge(self, other: CellTable) -> CellTable:
        """Add the counts of another part of the rows.

        Returns
        -------
        CellTable
            The table of both row sets together.

        Raises
        ------
        Conflict
            If the two do not count the same thing.
        """
        if (self.attributes, self.definition) != (other.attributes, other.definition):
            raise Conflict(
                "the cell tables count different columns or values",
                remedy="Merge only tables with the same attributes and definition.",
            )
        pairs = ((cell.group, cell.counts) for cell in (*self.cells, *other.cells))
        return CellTable.of(self.attributes, self.definition, pairs)

    def roll_up(self, attributes: Sequence[str]) -> CellTable:
        """Sum the counts over the attributes that are not named.

        Returns
        -------
        CellTable
            The table over `attributes`, in the order given.

        Raises
        ------
        InvalidInput
            If an attribute was not counted.
        """
        absent = [name for name in attributes if name not in self.attributes]
        if absent:
            raise InvalidInput(
                f"the attribute {absent[0]!r} was not counted",
                remedy="Name it among the protected attributes when counting.",
            )
        places = [self.attributes.index(name) for name in attributes]
        pairs = ((tuple(cell.group[i] for i in places), cell.counts) for cell in self.cells)
        return CellTable.of(attributes, self.definition, pairs)
