"""Words that go with numbers."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun.

    Returns
    -------
    str
        The noun in the form that goes with the number.

    Examples
    --------
    >>> counted(1, "entry", "entries"), counted(0, "entry", "entries")
    ('1 entry', '0 entries')
    """
    return f"{number} {one if number == 1 else many}"
