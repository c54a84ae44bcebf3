"""Who acts, and in which role."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from answerable.audit.errors import NotAllowed
from answerable.audit.records import Role

__all__ = ["ActorContext"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorContext:
    """The authenticated actor of a call: a random reference and the roles it holds."""

    actor: str
    roles: frozenset[Role]
    service: bool = False
    """True for a machine; a machine never counts as a person who signs or reviews."""
    scope: str | None = None
    """For a data subject: the one decision they may act on."""

    def acting_as(self, *allowed: Role) -> Role:
        """Return the first of `allowed` that this actor holds.

        Parameters
        ----------
        *allowed : Role
            Roles that may do this, in order of preference.

        Returns
        -------
        Role
            The role to write into the entry.

        Raises
        ------
        NotAllowed
            If the actor holds none of them.

        Examples
        --------
        >>> officer = ActorContext(actor="a-" + "0" * 32, roles=frozenset({Role.OFFICER}))
        >>> officer.acting_as(Role.AUDITOR, Role.OFFICER).value
        'officer'
        """
        for role in allowed:
            if role in self.roles:
                return role
        raise NotAllowed(
            f"this needs the role {_listed(allowed)}",
            remedy="Use a key or sign-in of somebody who holds it.",
        )

    def acting_on(self, decision_id: str, *allowed: Role) -> Role:
        """Return the role like :meth:`acting_as`, keeping data subjects to their own decision.

        Parameters
        ----------
        decision_id : str
            What is acted on.
        *allowed : Role
            Roles that may do this.

        Returns
        -------
        Role
            The role to write into the entry.

        Raises
        ------
        NotAllowed
            If the actor lacks the roles, or is a data subject of another decision.
        """
        role = self.acting_as(*allowed)
        if role is Role.SUBJECT and self.scope != decision_id:
            raise NotAllowed(
                "this sign-in is for another decision", remedy="Ask for a link to this one."
            )
        return role

    def as_person(self, *allowed: Role) -> Role:
        """Return the role like :meth:`acting_as`, refusing machines.

        Parameters
        ----------
        *allowed : Role
            Roles that may do this.

        Returns
        -------
        Role
            The role to write into the entry.

        Raises
        ------
        NotAllowed
            If the actor is a service or lacks the roles.
        """
        if self.service:
            raise NotAllowed(
                "this must be done by a person", remedy="Use the key of a person, not of a service."
            )
        return self.acting_as(*allowed)


def _listed(roles: Iterable[Role]) -> str:
    return " or ".join(role.value for role in roles)
