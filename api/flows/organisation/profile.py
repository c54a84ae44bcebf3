"""The organisation's profile: registered as entries, the newest one counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from answerable.api.actor import ActorContext
from answerable.api.flows.append import receipt_of
from answerable.api.flows.context import Recorded
from answerable.api.settings import Settings
from answerable.api.wiring import Workspace
from answerable.audit.entries import Draft, Entry
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Calendar,
    ContactPoint,
    DataCategory,
    DataRecipient,
    DataSource,
    EntryLink,
    OrganisationProfile,
    PurposeStatement,
    RetentionPeriod,
    Role,
)
from answerable.audit.requests.deadlines import day_in

__all__ = [
    "Organisation",
    "contact_line",
    "in_language",
    "organisation_of",
    "register_organisation",
]

P = TypeVar("P", DataRecipient, DataSource, DataCategory)

_REGISTRARS: Final = (Role.COMPLIANCE, Role.OFFICER, Role.ADMIN)


@dataclass(frozen=True)
class Organisation:
    """What the organisation says about itself; the profile is None until one is registered."""

    profile: OrganisationProfile | None
    entry: Entry | None
    settings: Settings

    @property
    def calendar(self) -> Calendar:
        """Time zone and holidays; UTC without holidays when nothing was stated."""
        return self.profile.calendar if self.profile is not None else Calendar()

    @property
    def address(self) -> str:
        """Postal address of the controller."""
        stated = self.profile.controller.address if self.profile is not None else ""
        return stated or self.settings.creditor_address

    @property
    def authority(self) -> str:
        """Supervisory authority for complaints, in one line."""
        stated = self.profile.authority if self.profile is not None else None
        return contact_line(stated) if stated is not None else self.settings.authority

    def recipients(self, purposes: Collection[str]) -> tuple[DataRecipient, ...] | None:
        """Return to whom data goes for some purposes; None when nothing was stated."""
        if self.profile is None or self.profile.recipients is None:
            return None
        return _for_purposes(self.profile.recipients, purposes)

    def sources(self, purposes: Collection[str]) -> tuple[DataSource, ...]:
        """Return where data comes from for some purposes."""
        return _for_purposes(self.profile.sources if self.profile else (), purposes)

    def categories(self, purposes: Collection[str]) -> tuple[DataCategory, ...]:
        """Return the categories of data stated for some purposes."""
        return _for_purposes(self.profile.categories if self.profile else (), purposes)

    def retention(self, purpose: str) -> RetentionPeriod | None:
        """Return how long data is kept for a purpose; None when nothing was stated."""
        stated = self.profile.retention if self.profile else ()
        return next((item for item in stated if item.purpose == purpose), None)

    def purpose(self, purpose: str) -> PurposeStatement | None:
        """Return a purpose in words; None when nothing was stated."""
        stated = self.profile.purposes if self.profile else ()
        return next((item for item in stated if item.purpose == purpose), None)

    def source_of_data(self, language: str, purpose: str | None = None) -> str:
        """Return where data about people comes from, in one line.

        Parameters
        ----------
        language : str
            Language code.
        purpose : str, optional
            Only sources for this purpose.

        Returns
        -------
        str
            Empty when nothing was stated.
        """
        sources = self.profile.sources if self.profile is not None else ()
        named = [
            in_language(item.name, language)
            for item in sources
            if purpose is None or not item.purposes or purpose in item.purposes
        ]
        return "; ".join(named) or self.settings.data_source


def organisation_of(workspace: Workspace) -> Organisation:
    """Return what the organisation says about itself.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.

    Returns
    -------
    Organisation
        With the newest profile, and the settings behind it.
    """
    found = workspace.log.latest(kinds=(EntryKind.ORGANISATION_REGISTERED,), limit=1)
    if not found:
        return Organisation(None, None, workspace.settings)
    profile = workspace.log.read_record(found[0].id, OrganisationProfile)
    return Organisation(profile, found[0], workspace.settings)


def register_organisation(
    workspace: Workspace, profile: OrganisationProfile, *, actor: ActorContext
) -> Recorded[OrganisationProfile]:
    """Register the organisation's profile; a changed one supersedes the one before.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    profile : OrganisationProfile
        What the organisation says about itself; it names no members of staff.
    actor : ActorContext
        Compliance, an officer or an administrator.

    Returns
    -------
    Recorded[OrganisationProfile]
        The same profile again gives the receipt of the entry it stands in.

    Raises
    ------
    NotAllowed
        If the actor may not.
    InvalidInput
        If this machine does not know the time zone.
    """
    role = actor.acting_as(*_REGISTRARS)
    day_in(workspace.clock(), profile.calendar.time_zone)
    before = organisation_of(workspace)
    if before.entry is not None and before.profile == profile:
        return Recorded(profile, receipt_of(workspace, before.entry))
    replaced = before.entry.id if before.entry is not None else None
    receipt = workspace.log.append(
        Draft(
            kind=EntryKind.ORGANISATION_REGISTERED,
            entry_id=workspace.ids(),
            record=profile,
            actor=actor.actor,
            role=role,
            supersedes=replaced,
            links=(EntryLink(rel="supersedes", entry=replaced),) if replaced else (),
        )
    )
    return Recorded(profile, receipt)


def in_language(words: Mapping[str, str], language: str) -> str:
    """Return a text in a language, else in English, else in the first there is.

    Parameters
    ----------
    words : Mapping[str, str]
        Text by language code, at least one.
    language : str
        The language wanted.

    Returns
    -------
    str
        Never empty.

    Examples
    --------
    >>> in_language({"de": "Auskunfteien", "fr": "bureaux"}, "en")
    'Auskunfteien'
    """
    return words.get(language) or words.get("en") or next(iter(words.values()))


def _for_purposes(items: Iterable[P], purposes: Collection[str]) -> tuple[P, ...]:
    wanted = frozenset(purposes)
    return tuple(item for item in items if not item.purposes or wanted & set(item.purposes))


def contact_line(contact: ContactPoint) -> str:
    """Return a contact in one line, without what was not stated."""
    return ", ".join(_stated((contact.name, contact.address, contact.email, contact.phone)))


def _stated(texts: Iterable[str]) -> list[str]:
    return [" ".join(text.split()) for text in texts if text.strip()]
