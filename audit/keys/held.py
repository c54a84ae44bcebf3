"""Opened keys kept between turns, for as long as nobody's key went.

The head counts each transaction that destroys a key or wraps keys anew (its *key epoch*). What was
opened at one epoch is in force exactly while the head still names it, and is forgotten with it,
so an erasure in another process reaches this memory before anything is written under the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from answerable.audit.keys.subjects import Holder

__all__ = ["HeldKeys"]

_LIMIT: Final = 65_536
"""Holders kept: about 20 MB."""
_NOTHING: Final = -1


class HeldKeys:
    """Holders by the caller's own id, valid at one key epoch.

    Parameters
    ----------
    limit : int
        How many are kept; the oldest go first.
    """

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        # One tuple, replaced whole: another thread sees an epoch with its own holders only.
        self._held: tuple[int, dict[str, Holder]] = (_NOTHING, {})

    @property
    def now(self) -> tuple[int, Mapping[str, Holder]]:
        """The epoch of what is kept, and the holders."""
        return self._held

    def at(self, key_epoch: int) -> Mapping[str, Holder]:
        """Return the holders whose keys are in force at an epoch."""
        epoch, holders = self._held
        return holders if epoch == key_epoch else {}

    def learn(self, key_epoch: int, holders: Mapping[str, Holder]) -> None:
        """Keep holders that a committed turn opened or made; one writer at a time."""
        epoch, kept = self._held
        if epoch != key_epoch:
            kept = {}
            self._held = (key_epoch, kept)
        kept.update(holders)
        while len(kept) > self._limit:
            del kept[next(iter(kept))]

    def forget(self) -> None:
        """Forget everything."""
        self._held = (_NOTHING, {})
