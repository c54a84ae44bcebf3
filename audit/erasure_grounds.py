"""Grounds of erasing and of refusing to erase: a dated file with the provision of each."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import Field

from answerable.audit.documents import read_document
from answerable.audit.errors import InvalidInput
from answerable.audit.records import FrozenModel, Name, Token

__all__ = ["ErasureGround", "ErasureGrounds", "erasure_grounds"]

_FILE = "erasure_grounds.yaml"


class ErasureGround(FrozenModel):
    """One ground, and the provision it rests on."""

    id: Token
    cite: str
    source: Literal["seen", "from-memory"]
    note: str


class ErasureGrounds(FrozenModel):
    """All grounds that a log takes."""

    type: Literal["answerable.erasure-grounds.v1"]
    id: Name
    version: Annotated[int, Field(ge=1)]
    effective: date
    erase: tuple[ErasureGround, ...]
    refuse: tuple[ErasureGround, ...]
    holds: dict[Token, Token]
    """Code of a legal hold to the ground it stands for."""
    hold_otherwise: Token

    def refusal(self, ground: str) -> ErasureGround:
        """Return the ground of a refusal by its id.

        Parameters
        ----------
        ground : str
            For example ``gdpr-17-3-b``.

        Returns
        -------
        ErasureGround
            With its provision.

        Raises
        ------
        InvalidInput
            If no provision lets an erasure be refused on this ground; lists those that do.
        """
        found = next((item for item in self.refuse if item.id == ground), None)
        if found is None:
            raise InvalidInput(
                "no provision lets an erasure be refused on this ground",
                where="ground",
                remedy=f"Give one of: {', '.join(item.id for item in self.refuse)}.",
            )
        return found

    def of_hold(self, code: str) -> ErasureGround:
        """Return the ground on which a legal hold lets an erasure be refused.

        Parameters
        ----------
        code : str
            The hold's own ground: one of those listed here, or a code of the house such as
            ``litigation``.

        Returns
        -------
        ErasureGround
            The ground itself where it is listed; else what the file says for this code, and legal
            claims for a code it does not know: to keep evidence for them is what a hold is for.

        Examples
        --------
        >>> erasure_grounds().of_hold("litigation").cite
        'GDPR Art. 17(3)(e)'
        >>> erasure_grounds().of_hold("gdpr-17-3-b").id
        'gdpr-17-3-b'
        """
        listed = {item.id: item for item in self.refuse}
        return listed.get(code) or listed[self.holds.get(code, self.hold_otherwise)]


@cache
def erasure_grounds() -> ErasureGrounds:
    """Return the grounds of the GDPR that come with the package.

    Returns
    -------
    ErasureGrounds
        To erase: Article 17(1)(a) to (f). To refuse: that none of them applies, Article 17(3)(a) to
        (e), and Article 12(5)(b) and 12(6).

    References
    ----------
    GDPR, Articles 12 and 17.

    Examples
    --------
    >>> erasure_grounds().refusal("gdpr-17-3-e").note
    'establishment or exercise or defence of legal claims'
    """
    data = (files("answerable.audit") / _FILE).read_bytes()
    return read_document(data, ErasureGrounds, where=_FILE)
