"""Who acts: people and services, by random reference."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from answerable.audit.records.base import (
    ActorRef,
    Record,
    Role,
)

__all__ = [
    "Actor",
]


class Actor(Record):
    """A person or service that acts; the name lives in an erasable directory."""

    type: Literal["answerable.actor.v1"] = "answerable.actor.v1"
    actor: ActorRef
    roles: tuple[Role, ...]
    service: bool = False
    public_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Raw Ed25519 public key in hex, for actors who sign."""
