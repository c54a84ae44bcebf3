"""Opened keys kept between turns, for as long as nobody's key went.

The head counts each transaction that destroys a key or wraps keys anew (its *key epoch*). What was
opened at one epoch is in force exactly while the head still names it, and is forgotten with it,
so an erasure in another process reaches this memory before anything is written under the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Held", "HeldKeys", "Holder"]

_LIMIT: Final = 65_536
"""Holders kept: about 20 MB."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A holder's reference and opened data key."""

    ref: str
    data_key: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """What is known at one key epoch: read by turns, added to once one was committed."""

    epoch: int = -1
    holders: dict[str, Holder] = field(default_factory=dict)
    """By the caller's own id."""
    versions: dict[int, int] = field(default_factory=dict)
    """Of the keys in force, by bucket."""
    periods: dict[str, bytes] = field(default_factory=dict)
    """Keys of the months' group cells."""


class HeldKeys:
    """What is known at the newest key epoch.

    Parameters
    ----------
    limit : int
        How many holders are kept; the oldest go first.
    """

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        # One value, replaced whole: another thread sees an epoch with its own keys only.
        self._held = Held()

    @property
    def now(self) -> Held:
        """What is kept, with its epoch."""
        return self._held

    def at(self, key_epoch: int) -> Held:
        """Return what is known to be in force at an epoch."""
        return self._held if self._held.epoch == key_epoch else Held(key_epoch)

    def learn(
        self,
        key_epoch: int,
        holders: Mapping[str, Holder],
        *,
        versions: Mapping[int, int] | None = None,
        periods: Mapping[str, bytes] | None = None,
    ) -> None:
        """Keep what a committed turn opened or made; one writer at a time."""
        if self._held.epoch != key_epoch:
            self._held = Held(key_epoch)
        held = self._held
        held.holders.update(holders)
        held.versions.update(versions or {})
        held.periods.update(periods or {})
        while len(held.holders) > self._limit:
            del held.holders[next(iter(held.holders))]

    def forget(self) -> None:
        """Forget everything."""
        self._held = Held()
