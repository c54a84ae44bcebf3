"""The organisation that decides: what it owes every person to say about itself.

It names the organisation and its functions ("data protection office"), never members of staff.
Texts that people read are given by language code.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from answerable.audit.records.base import FrozenModel, Record, Token

__all__ = [
    "Calendar",
    "ContactPoint",
    "DataCategory",
    "DataRecipient",
    "DataSource",
    "OrganisationProfile",
    "PurposeStatement",
    "RetentionPeriod",
    "Words",
]

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
_Text = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"\S")]
_Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Words = Annotated[dict[_Language, _Text], Field(min_length=1)]
"""Text by language code, in at least one language."""


class ContactPoint(FrozenModel):
    """An organisation or a function in it, and how to reach it."""

    name: _Text
    address: str = ""
    email: str = ""
    phone: str = ""


class DataRecipient(FrozenModel):
    """A recipient or a category of recipients (GDPR Art. 13(1)(e), 15(1)(c))."""

    id: Token
    name: Words
    role: Literal["processor", "controller", "joint_controller", "public_authority"]
    purposes: tuple[Token, ...] = ()
    """Purposes for which data goes there; all when left out."""
    country: Country
    safeguard: Words | None = None
    """What protects data in a third country (GDPR Art. 46, 49)."""
    contact: str = ""
    """Where to send what Art. 19 asks to be sent."""


class DataSource(FrozenModel):
    """Where data about people comes from (GDPR Art. 15(1)(g))."""

    name: Words
    purposes: tuple[Token, ...] = ()
    from_the_person: bool = False
    publicly_available: bool = False


class RetentionPeriod(FrozenModel):
    """How long data is kept for a purpose, or what decides that (GDPR Art. 15(1)(d))."""

    purpose: Token
    days: Annotated[int, Field(ge=1)] | None = None
    criteria: Words | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.days is None and self.criteria is None:
            raise PydanticCustomError("retention", "days, criteria or both")
        return self


class DataCategory(FrozenModel):
    """A category of personal data (GDPR Art. 15(1)(b), 30(1)(c))."""

    name: Words
    purposes: tuple[Token, ...] = ()
    special: bool = False
    """Whether it is of the special categories of Art. 9."""


class PurposeStatement(FrozenModel):
    """A purpose in words, and what automated decisions for it mean (GDPR Art. 15(1)(a), (h))."""

    purpose: Token
    name: Words
    consequences: Words | None = None
    """Significance and envisaged consequences of automated decisions for the person."""


class Calendar(FrozenModel):
    """What days are where requests are answered."""

    time_zone: str = "UTC"
    """Name in the IANA time zone database."""
    holidays: tuple[date, ...] = ()
    """Public holidays; a period that ends on one ends on the next working day."""


class OrganisationProfile(Record):
    """Who decides, whom to ask, to whom data goes, how long it is kept, where to complain."""

    type: Literal["answerable.organisation.v1"] = "answerable.organisation.v1"
    controller: ContactPoint
    joint_controllers: tuple[ContactPoint, ...] = ()
    representative: ContactPoint | None = None
    """In the Union, for a controller outside it (GDPR Art. 27)."""
    data_protection_officer: ContactPoint | None = None
    authority: ContactPoint | None = None
    """Supervisory authority for complaints."""
    purposes: tuple[PurposeStatement, ...] = ()
    categories: tuple[DataCategory, ...] = ()
    recipients: tuple[DataRecipient, ...] | None = None
    """Empty says that data goes to nobody; left out says nothing."""
    sources: tuple[DataSource, ...] = ()
    retention: tuple[RetentionPeriod, ...] = ()
    automated_decisions: Words | None = None
    """What the organisation says about automated decision-making as a whole."""
    security_measures: tuple[Words, ...] = ()
    """Technical and organisational measures in general terms (GDPR Art. 30(1)(g))."""
    calendar: Calendar = Calendar()

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        for names in (
            [item.id for item in self.recipients or ()],
            [item.purpose for item in self.retention],
            [item.purpose for item in self.purposes],
        ):
            if len(names) != len(set(names)):
                raise PydanticCustomError("named_once", "a code stands twice in one list")
        return self
