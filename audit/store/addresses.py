"""Addresses of PostgreSQL databases whose connections act as another role."""

from __future__ import annotations

import re

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from answerable.audit.errors import InvalidInput
from answerable.audit.store.ddl_guard import ALLOWANCE
from answerable.audit.store.roles import require_role_name

__all__ = ["address_as"]


def address_as(url: str, *, role: str | None = None, allowance: str | None = None) -> str:
    """Return an address whose connections act as another role, or hold an allowance.

    Parameters
    ----------
    url : str
        SQLAlchemy address of a PostgreSQL database.
    role : str, optional
        A role that the one that logs in is a member of, such as the owner.
    allowance : str, optional
        What a superuser issued for one change of the schema.

    Returns
    -------
    str
        With both among the options of the connection.

    Raises
    ------
    InvalidInput
        If the address is not one of PostgreSQL, the role's name is not usable, or the allowance
        is not hexadecimal.

    Examples
    --------
    >>> address_as("postgresql://deploy@host/log", role="log owner")
    'postgresql://deploy@host/log?options=-c+role%3Dlog%5C+owner'
    """
    options = []
    if role is not None:
        require_role_name(role)
        escaped = "".join(f"\\{sign}" if sign in "\\ " else sign for sign in role)
        options.append(f"-c role={escaped}")
    if allowance is not None:
        if not re.fullmatch(r"[0-9a-f]+", allowance):
            raise InvalidInput(
                "not an allowance",
                where="allowance",
                remedy="Give what answerable db allow-ddl printed.",
            )
        options.append(f"-c {ALLOWANCE}={allowance}")
    if not options:
        return url
    try:
        address = make_url(url)
    except ArgumentError:
        address = None
    if address is None or address.get_backend_name() != "postgresql":
        raise InvalidInput(
            "only PostgreSQL has roles and allowances",
            where="database URL",
            remedy="Leave them out for SQLite.",
        )
    given = address.query.get("options", ())
    held = [given] if isinstance(given, str) else list(given)
    return address.update_query_dict({"options": " ".join([*held, *options])}).render_as_string(
        hide_password=False
    )
