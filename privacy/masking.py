"""Examples that show the form of a value and nothing of its content.

Runs of letters become ``***`` and runs of digits ``###`` whatever their length; a few
separators stay. No letter and no digit of the value survives.
"""

from __future__ import annotations

from typing import Final

__all__ = ["masked"]

_KEPT: Final = frozenset("@.-/:+()_ ,")
_LIMIT: Final = 48


def masked(value: str) -> str:
    """Return the form of a value.

    Returns
    -------
    str
        At most 48 characters out of ``*``, ``#``, ``?`` and separators.

    Examples
    --------
    >>> masked("jo.doe@mail.example"), masked("DE89 3704")
    ('***.***@***.***', '***### ###')
    """
    pieces: list[str] = []
    for character in value:
        if character.isalpha():
            piece = "***"
        elif character.isnumeric():
            piece = "###"
        else:
            piece = character if character in _KEPT else "?"
        if not pieces or pieces[-1] != piece:
            pieces.append(piece)
        if len(pieces) > _LIMIT:
            break
    return "".join(pieces)[:_LIMIT]
