"""What a recogniser is: a prefilter, a vectorised check of whole values, spans in text.

The prefilter is a necessary condition in the RE2 subset (no lookaround, no
back-references), so any engine may evaluate it and nothing is lost by it. Boundaries and
checksums are the recogniser's own business, in code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from answerable.privacy.chance import NullModel

__all__ = ["Found", "Recogniser", "Span", "digit_matrix", "find_with", "stands_alone"]

Span = tuple[int, int]
"""Start and end of a match in a text, end exclusive."""


Found = tuple[NDArray[np.bool_], list[tuple[Span, ...]]]
"""Which values are the entity as a whole, and the spans in each of the others."""


class Recogniser(Protocol):
    """Finds one entity; never keeps or logs a value."""

    @property
    def entity(self) -> str:
        """Name of the entity."""

    @property
    def engine(self) -> str:
        """Name of the library that decides: a key of the report's engines."""

    @property
    def prefilter(self) -> str:
        """RE2 pattern that every value holding the entity contains."""

    @property
    def null(self) -> NullModel:
        """How surrogates are drawn for the null acceptance rate."""

    @property
    def prior(self) -> float:
        """Probability that a value passing the prefilter in some column is genuine."""

    @property
    def context(self) -> tuple[str, ...]:
        """Header words that name the entity, beyond the common vocabulary."""

    @property
    def takes_numbers(self) -> bool:
        """Whether a column of whole numbers may hold the entity."""

    def is_rare(self, value: str) -> bool:
        """Return whether the layout alone is one that ordinary values do not have."""

    def whole(self, values: Sequence[str]) -> NDArray[np.bool_]:
        """Return for each value whether all of it is the entity, shape (n,)."""

    def spans(self, text: str) -> tuple[Span, ...]:
        """Return where the entity stands in a text, in order."""

    def find(self, values: Sequence[str]) -> Found:
        """Return both for many values; no spans for a value that is the entity as a whole."""


def find_with(
    whole: Callable[[Sequence[str]], NDArray[np.bool_]],
    spans: Callable[[str], tuple[Span, ...]],
    values: Sequence[str],
) -> Found:
    """Return what a vectorised check and a search of texts find together.

    Returns
    -------
    Found
        Texts are searched only where the check of the whole value fails.
    """
    is_whole = whole(values)
    return is_whole, [
        () if one else spans(value) for value, one in zip(values, is_whole.tolist(), strict=True)
    ]


def stands_alone(text: str, start: int, end: int) -> bool:
    """Return whether no letter or digit touches the span on either side.

    Returns
    -------
    bool
        True at the ends of the text.

    Examples
    --------
    >>> stands_alone("id 42.", 3, 5), stands_alone("x42", 1, 3)
    (True, False)
    """
    before_free = start == 0 or not text[start - 1].isalnum()
    return before_free and (end == len(text) or not text[end].isalnum())


def digit_matrix(numbers: Sequence[str]) -> NDArray[np.int64]:
    """Return the digits of numbers of equal length as a matrix, shape (n, length).

    Returns
    -------
    NDArray[np.int64]
        One row per number, most significant digit first.

    Examples
    --------
    >>> digit_matrix(["12", "90"]).tolist()
    [[1, 2], [9, 0]]
    """
    flat = np.frombuffer("".join(numbers).encode("ascii"), dtype=np.uint8)
    return flat.reshape(len(numbers), -1).astype(np.int64) - ord("0")
