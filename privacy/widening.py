"""Turns a pattern with lookaround into a wider one that linear-time engines accept.

A lookahead or lookbehind only ever narrows a match, so leaving it out gives a pattern
that everything matched by the original also contains: a necessary condition, which is all
a prefilter has to be.
"""

from __future__ import annotations

from typing import Final

__all__ = ["without_lookaround"]

_OPENINGS: Final = ("(?<=", "(?<!", "(?=", "(?!")


def without_lookaround(pattern: str) -> str:
    """Return the pattern with every lookahead and lookbehind left out.

    Parameters
    ----------
    pattern : str
        A well-formed regular expression.

    Returns
    -------
    str
        Matches wherever `pattern` does, and possibly elsewhere.

    Examples
    --------
    >>> without_lookaround(r"(?<![0-9])[0-9]{3}(?=[(] ?x)(?:a|b)")
    '[0-9]{3}(?:a|b)'
    """
    kept: list[str] = []
    position = 0
    while position < len(pattern):
        end = _atom_end(pattern, position)
        if pattern.startswith(_OPENINGS, position):
            end = _group_end(pattern, position)
        else:
            kept.append(pattern[position:end])
        position = end
    return "".join(kept)


def _atom_end(pattern: str, start: int) -> int:
    """Return where the escape, character class or single character at `start` ends."""
    if pattern[start] == "\\":
        return min(start + 2, len(pattern))
    if pattern[start] != "[":
        return start + 1
    position = start + 1
    position += pattern.startswith("^", position)
    position += pattern.startswith("]", position)
    while position < len(pattern) and pattern[position] != "]":
        position += 2 if pattern[position] == "\\" else 1
    return position + 1


def _group_end(pattern: str, start: int) -> int:
    depth, position = 0, start
    while position < len(pattern):
        end = _atom_end(pattern, position)
        depth += {"(": 1, ")": -1}.get(pattern[position:end], 0)
        position = end
        if depth == 0:
            break
    return position
