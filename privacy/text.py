"""Text without a language model: what is prose, and where a name could stand.

Nothing here finds a name. It says where one could be, so that a column no name detector
has read is called 'not examined' instead of clean.
"""

from __future__ import annotations

from typing import Final

from answerable.privacy.values import DistinctValues

__all__ = ["is_free_text", "may_hold_names"]

_FIVE_WORDS: Final = r"(?:\p{L}[\p{L}'’-]+[^\p{L}]+){4}\p{L}[\p{L}'’-]+"
_TWO_CAPITALISED: Final = (
    r"\b\p{Lu}[\p{L}'’-]+,? +(?:\p{Lu}\.? +)?(?:(?:van|von|de|del|der|di|da|la|le|bin|al) +)*"
    r"\p{Lu}[\p{L}'’-]+"
)
_ONE_CAPITALISED: Final = r"^\p{Lu}[\p{L}'’.-]+$"
_PROSE_SHARE: Final = 0.2
_SINGLE_NAME_SHARE: Final = 0.5
_SINGLE_NAME_VALUES: Final = 20


def is_free_text(values: DistinctValues) -> bool:
    """Return whether a column holds prose.

    Returns
    -------
    bool
        True when a fifth of the distinct values have five words or more.

    Examples
    --------
    >>> import numpy as np, polars as pl
    >>> is_free_text(DistinctValues(pl.Series(["She asked us to call back."]), np.array([1])))
    True
    """
    return len(values) > 0 and len(values.matching(_FIVE_WORDS)) >= _PROSE_SHARE * len(values)


def may_hold_names(values: DistinctValues) -> bool:
    """Return whether any value has the form of a name of a person or a place.

    Two capitalised words in a row are enough in any one value; single capitalised words
    count when they are half of at least twenty distinct values, as in a column of family
    names.

    Returns
    -------
    bool
        True means that a name detector would have to look.

    Examples
    --------
    >>> import numpy as np, polars as pl
    >>> one = np.array([1])
    >>> may_hold_names(DistinctValues(pl.Series(["Ada Lovelace"]), one))
    True
    >>> may_hold_names(DistinctValues(pl.Series(["married"]), one))
    False
    """
    if len(values.matching(_TWO_CAPITALISED)) > 0:
        return True
    single = len(values.matching(_ONE_CAPITALISED))
    return single >= _SINGLE_NAME_VALUES and single >= _SINGLE_NAME_SHARE * len(values)
