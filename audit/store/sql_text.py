"""PostgreSQL statements with names in them that no parameter can carry: quoted, never trusted.

`standard_conforming_strings` is on in every supported version, so a backslash in a literal
is a backslash.
"""

from __future__ import annotations

__all__ = ["block", "identifier", "literal"]


def identifier(name: str) -> str:
    """Return a quoted identifier.

    Parameters
    ----------
    name : str
        Of any characters but NUL.

    Returns
    -------
    str
        In double quotes, quotes inside doubled.

    Examples
    --------
    >>> print(identifier('a"b'))
    "a""b"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a quoted string.

    Parameters
    ----------
    text : str
        Of any characters but NUL.

    Returns
    -------
    str
        In single quotes, quotes inside doubled.

    Examples
    --------
    >>> print(literal("it's"))
    'it''s'
    """
    return "'" + text.replace("'", "''") + "'"


def block(body: str, *, declare: str = "") -> str:
    """Return an anonymous PL/pgSQL block.

    Parameters
    ----------
    body : str
        Statements between BEGIN and END.
    declare : str
        Variables.

    Returns
    -------
    str
        A DO statement, quoted by a tag that the body does not hold.

    Examples
    --------
    >>> print(block("NULL;"))
    DO $do$
    BEGIN
      NULL;
    END $do$
    """
    tag = "$do$"
    while tag in body:
        tag = f"${tag[1:-1]}o$"
    variables = f"DECLARE {declare}\n" if declare else ""
    return f"DO {tag}\n{variables}BEGIN\n  {body}\nEND {tag}"
