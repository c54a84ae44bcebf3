"""The directory of actors: who stands behind a reference, erasable.

An actor is registered as an entry that holds roles and a public key. The name is sealed under
the actor's own data key in the key table, so it can be destroyed like a data subject's data while
every sign-off, with its reference and signature, stays what it was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from answerable.audit.entries import Draft, Receipt
from answerable.audit.errors import Erased, NotFound
from answerable.audit.ids import actor_ref
from answerable.audit.keys.vault import Entropy
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import Actor, Role

__all__ = ["Directory"]

_PAGE = 500
_REF_BYTES = 16


class Directory:
    """Actors of one log.

    Parameters
    ----------
    log : Log
        Where they are registered.
    ids : Callable[[], str]
        Gives entry ids.
    entropy : Callable[[int], bytes]
        Gives references.
    """

    def __init__(self, log: Log, *, ids: Callable[[], str], entropy: Entropy) -> None:
        self._log = log
        self._ids = ids
        self._entropy = entropy
        self._actors: dict[str, Actor] = {}
        self._read_up_to = -1
        self._lock = threading.Lock()

    def register(
        self,
        name: str,
        roles: Sequence[Role],
        *,
        public_key: str | None = None,
        service: bool = False,
        by: str | None = None,
    ) -> Actor:
        """Register a person or service under a new random reference.

        Parameters
        ----------
        name : str
            Kept sealed under the actor's own key, in no entry.
        roles : Sequence[Role]
            What they may do.
        public_key : str, optional
            Raw Ed25519 public key in hex, for actors who sign.
        service : bool
            Whether it is a program; services never count as a second pair of eyes.
        by : str, optional
            Reference of who registers them; the log itself without one.

        Returns
        -------
        Actor
            With the new reference.

        Raises
        ------
        InvalidInput
            If the name is empty or the key is malformed.
        """
        actor = Actor.parse(
            {
                "actor": actor_ref(self._entropy(_REF_BYTES)),
                "roles": tuple(roles),
                "service": service,
                "public_key": public_key,
            }
        )
        self._log.register_actor(name, self._draft(EntryKind.ACTOR_REGISTERED, actor, by))
        return actor

    def find(self, ref: str) -> Actor:
        """Return an actor; one who was erased has no roles left.

        Returns
        -------
        Actor
            As last recorded.

        Raises
        ------
        NotFound
            If no such actor was registered.
        """
        self._advance()
        actor = self._actors.get(ref)
        if actor is None:
            raise NotFound("no such actor", where="directory", remedy="Register the actor first.")
        return actor

    def last_known(self, ref: str) -> Actor | None:
        """Return an actor as last read from the log, None when it was not read yet."""
        return self._actors.get(ref)

    def actors(self) -> list[Actor]:
        """Return all actors in the order they were registered."""
        self._advance()
        return list(self._actors.values())

    def name_of(self, ref: str) -> str | None:
        """Return the name behind a reference, None when it is unknown or was erased."""
        return self._log.name_of(ref)

    def erase(self, ref: str, *, by: str | None = None) -> Receipt:
        """Destroy an actor's name; their reference, signatures and entries stay.

        Parameters
        ----------
        ref : str
            Who.
        by : str, optional
            Reference of who does it; the log itself without one.

        Returns
        -------
        Receipt
            Of the entry ``actor.retired``.

        Raises
        ------
        NotFound
            If no such actor was registered.
        Erased
            If it was done before.
        """
        gone = self.find(ref).model_copy(update={"roles": ()})
        if self.name_of(ref) is None:
            raise Erased(
                "the name of this actor was erased before",
                where=ref,
                remedy="Nothing is left to do.",
            )
        return self._log.erase(ref, self._draft(EntryKind.ACTOR_RETIRED, gone, by))

    def _draft(self, kind: EntryKind, actor: Actor, by: str | None) -> Draft:
        return Draft(
            kind=kind,
            entry_id=self._ids(),
            record=actor,
            actor=by or self._log.actor,
            role=Role.ADMIN if by else Role.SERVICE,
        )

    def _advance(self) -> None:
        kinds = (EntryKind.ACTOR_REGISTERED, EntryKind.ACTOR_RETIRED)
        with self._lock:
            while page := self._log.entries(kinds=kinds, after=self._read_up_to, limit=_PAGE):
                for entry in page:
                    record = self._log.open_body(entry).record
                    if isinstance(record, Actor):
                        self._actors[record.actor] = record
                self._read_up_to = page[-1].seq
