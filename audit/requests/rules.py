"""The rules of requests: a dated file, hashed whole; every legal number stands in it."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from answerable.audit.canonical import sha256_digest
from answerable.audit.documents import read_document
from answerable.audit.records import Digest, FrozenModel, Name, Token
from answerable.audit.records.requests import RequestKind

__all__ = ["LawItem", "RequestRules", "RulesFile", "gdpr_rules", "load_rules"]

_PACKAGED: Final = "gdpr.yaml"
_Months = Annotated[int, Field(ge=1, le=12)]


class LawItem(FrozenModel):
    """A provision the rules rest on, and whether its text or official guidance was read."""

    id: Token
    cite: str
    source: Literal["seen", "from-memory"]
    note: str = ""


class RulesFile(FrozenModel):
    """Rules of requests as written."""

    type: Literal["answerable.request-rules.v1"]
    id: Name
    version: Annotated[int, Field(ge=1)]
    effective: date
    law: Annotated[tuple[LawItem, ...], Field(min_length=1)]
    answer_months: _Months
    extension_months: _Months
    rest_days: tuple[Annotated[int, Field(ge=1, le=7)], ...]
    """Days of the week on which no period ends, Monday is 1."""
    articles: dict[RequestKind, Token]
    restriction_grounds: tuple[Token, ...]
    """On which a restricted person may still be decided about."""
    portability_bases: tuple[Token, ...]
    """Lawful bases on which provided data can be carried elsewhere."""
    within: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")], ...]
    """Countries that are no third countries."""

    @model_validator(mode="after")
    def _a_day_to_work(self) -> Self:
        if len(set(self.rest_days)) == _WEEK:
            raise PydanticCustomError("rest_days", "one day of the week must be a working day")
        return self


_WEEK: Final = 7


class RequestRules(RulesFile):
    """Rules of requests with the digest of the bytes they were read from."""

    digest: Digest


def load_rules(data: bytes, where: str) -> RequestRules:
    """Read a file of rules.

    Parameters
    ----------
    data : bytes
        The YAML file; it is hashed whole.
    where : str
        Its name, for messages.

    Returns
    -------
    RequestRules
        With the SHA-256 of `data`.

    Raises
    ------
    InvalidInput
        If it is no such file; names line and field.
    """
    written = read_document(data, RulesFile, where=where)
    return RequestRules.parse({**written.model_dump(mode="json"), "digest": sha256_digest(data)})


@cache
def gdpr_rules() -> RequestRules:
    """Return the rules of the GDPR that come with the package.

    Returns
    -------
    RequestRules
        One month, two further ones, the grounds of Art. 18(2), the bases of Art. 20(1).

    Examples
    --------
    >>> rules = gdpr_rules()
    >>> rules.answer_months, rules.extension_months
    (1, 2)
    """
    return load_rules((files("answerable.audit.requests") / _PACKAGED).read_bytes(), _PACKAGED)
