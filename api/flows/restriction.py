"""Restriction of processing where processing happens: before a person is decided about.

Restricted data may be stored and read to answer the person. A new decision about the person needs
a stated ground; the ground and the restriction stand in the decision's header.

References
----------
GDPR Art. 4(3), 18(2) and 21(1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from answerable.api.flows.cases import ApplicationRequest, DecisionRequest
from answerable.api.flows.recording import Earlier
from answerable.api.wiring import Workspace
from answerable.audit.errors import InvalidInput, PolicyViolation, Unavailable
from answerable.audit.recorder import ReleaseMode
from answerable.audit.records import EntryLink
from answerable.audit.requests.rules import gdpr_rules

__all__ = ["Restricted", "require_unrestricted", "restrictions_on"]

_DESPITE: Final = "despite"


@dataclass(frozen=True, slots=True)
class Restricted:
    """The restrictions in force on the people of a case, and the ground stated for going on."""

    entries: tuple[str, ...]
    ground: str | None

    @classmethod
    def named_by(cls, links: Iterable[EntryLink]) -> Restricted:
        """Return what the links of a decision say of restrictions."""
        named = [link for link in links if link.rel.startswith(_DESPITE)]
        grounds = [link.rel.partition(":")[2] for link in named]
        entries = tuple(link.entry for link in named if link.entry is not None)
        return cls(entries, (grounds[0] or None) if grounds else None)

    @property
    def unanswered(self) -> bool:
        """Whether somebody is restricted and no ground was stated."""
        return bool(self.entries) and self.ground is None

    @property
    def incident(self) -> str | None:
        """Code of the incident that a decision made elsewhere opens, None when there is none."""
        return "decision-while-restricted" if self.unanswered else None

    @property
    def links(self) -> tuple[EntryLink, ...]:
        """What the header of a decision says of them: ``despite:<ground>`` or ``despite``."""
        rel = _DESPITE if self.ground is None else f"{_DESPITE}:{self.ground}"
        return tuple(EntryLink(rel=rel, entry=entry) for entry in self.entries)


def restrictions_on(
    workspace: Workspace,
    request: DecisionRequest | ApplicationRequest,
    earlier: Earlier | None,
    mode: ReleaseMode,
) -> Restricted:
    """Return the restrictions in force on the people of a case.

    Parameters
    ----------
    workspace : Workspace
        Where they may be known.
    request : DecisionRequest or ApplicationRequest
        Names the people and perhaps a ground.
    earlier : Earlier, optional
        The decision that stands already, when the same case is sent again: what it names counts.
    mode : ReleaseMode
        With ``fail_open``, restrictions are not seen while the log is not available.

    Returns
    -------
    Restricted
        Empty for people nobody knows yet.

    Raises
    ------
    InvalidInput
        If the ground is none of the rules'.
    Unavailable
        If the log cannot be read and the mode does not allow for it.
    """
    if earlier is not None:
        return Restricted.named_by(earlier.links)
    ground, grounds = request.restriction_ground, gdpr_rules().restriction_grounds
    if ground is not None and ground not in grounds:
        raise InvalidInput(
            "no ground on which restricted data may be used",
            where="restriction_ground",
            remedy=f"There are: {', '.join(grounds)}.",
        )
    try:
        return Restricted(_placed_on(workspace, request), ground)
    except Unavailable:
        if mode is not ReleaseMode.FAIL_OPEN:
            raise
        return Restricted((), ground)


def _placed_on(
    workspace: Workspace, request: DecisionRequest | ApplicationRequest
) -> tuple[str, ...]:
    standing = workspace.restrictions().entries()
    if not standing:
        return ()
    refs = {workspace.log.subject_ref(person.subject_id) for person in request.subjects}
    return tuple(
        entry.id for entry in standing if any(item.ref in refs for item in entry.header.subjects)
    )


def require_unrestricted(restricted: Restricted) -> None:
    """Refuse to go on about a restricted person without a ground.

    Parameters
    ----------
    restricted : Restricted
        From :func:`restrictions_on`.

    Raises
    ------
    PolicyViolation
        If somebody is restricted and no ground was stated.
    """
    if restricted.unanswered:
        raise PolicyViolation(
            "processing of this person's data is restricted, so nothing is decided about them",
            where=f"entry {restricted.entries[0]}",
            remedy=f"State a ground: {', '.join(gdpr_rules().restriction_grounds)}.",
        )
