"""How well a log is being written, as this process sees it. Pure.

A failure of logging must itself be noticed, so the health of a log is a value that only events
change: what was appended, refused, spooled, replayed, signed. The state follows from the facts:

- ``read_only``: the log was opened for reading only and stays so until it is opened again;
- ``failing``: the last attempt failed and what was to be recorded is recorded nowhere;
- ``degraded``: everything is recorded, but some of it waits in the spool or was set aside, no
  checkpoint could be made, or an anchor did not vouch for one;
- ``recording``: everything is in the log.

An *outage* begins with the first failed attempt and ends with the next success; it stays owed
until its entry stands in the log, so that the gap itself becomes evidence. Causes are codes of
our own errors, never their text.

References
----------
Delegated Regulation (EU) 2024/1774, Article 12, from memory: detecting a failure of logging.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import singledispatch

from answerable.audit.kinds import EntryKind

__all__ = [
    "AnchorsAsked",
    "CheckpointFailed",
    "Checkpointed",
    "Deferred",
    "Event",
    "Health",
    "HealthState",
    "Locked",
    "Noted",
    "Outage",
    "ProbeFailed",
    "Refused",
    "Remembered",
    "Replayed",
    "SpoolCounted",
    "Spooled",
    "Succeeded",
    "after",
]


class HealthState(StrEnum):
    """The four states, from good to bad."""

    RECORDING = "recording"
    DEGRADED = "degraded"
    FAILING = "failing"
    READ_ONLY = "read_only"


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The log was changed; entries of these kinds were appended."""

    at: int
    kinds: tuple[EntryKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The log could not be changed, and nothing was kept: these are recorded nowhere."""

    at: int
    cause: str
    kinds: tuple[EntryKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Spooled:
    """The log could not be changed; these lie in the durable spool instead."""

    at: int
    cause: str
    kinds: tuple[EntryKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Deferred:
    """A bounded queue was full: the caller was told to come again. No fault of the log."""

    at: int
    kinds: tuple[EntryKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Replayed:
    """These went from the spool into the log."""

    at: int
    kinds: tuple[EntryKind, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeFailed:
    """The log was tried on nobody's behalf and could not be changed."""

    at: int
    cause: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """A process before this one could not change the log since then, and did not note it."""

    at: int
    since: int
    cause: str


@dataclass(frozen=True, slots=True)
class SpoolCounted:
    """What the spool holds now: entries that wait, and frames that somebody must settle."""

    at: int
    waiting: int
    aside: int


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """A checkpoint was signed, or an outside head moved."""

    at: int


@dataclass(frozen=True, slots=True)
class CheckpointFailed:
    """No checkpoint could be made: entries are recorded, and nothing outside covers them."""

    at: int
    cause: str


@dataclass(frozen=True, slots=True)
class AnchorsAsked:
    """The anchors were asked to vouch for a checkpoint; `cause` is empty when all of them did."""

    at: int
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Locked:
    """The log may only be read: what stands outside does not agree with it."""

    at: int
    cause: str


@dataclass(frozen=True, slots=True)
class Noted:
    """The outage that ended has its entry in the log."""

    at: int


Event = (
    Succeeded
    | Refused
    | Spooled
    | Deferred
    | Replayed
    | ProbeFailed
    | Remembered
    | SpoolCounted
    | Checkpointed
    | CheckpointFailed
    | AnchorsAsked
    | Locked
    | Noted
)


@dataclass(frozen=True, slots=True)
class Outage:
    """A time during which the log could not be changed.

    Times are microseconds since 1970 UTC; `until` is None while it lasts.
    """

    since: int
    cause: str
    """Code of the first failure."""
    last_attempt: int
    attempts: int
    refused: int
    """Entries that were recorded nowhere: their callers were told."""
    spooled: int
    until: int | None = None
    kept: bool = False
    """Whether the last failed attempt was spooled."""

    @property
    def lasts(self) -> bool:
        """Whether nothing succeeded since."""
        return self.until is None


@dataclass(frozen=True, slots=True)
class Health:
    """What is known about the writing of one log in one process.

    `since` is when `state` began, `cause` the code of the last failure, empty when there was none.
    """

    state: HealthState
    since: int
    last_success: int | None = None
    cause: str = ""
    outage: Outage | None = None
    waiting: int = 0
    aside: int = 0
    checkpoint_at: int | None = None
    uncovered: bool = False
    """Whether the last checkpoint that was tried could not be made."""
    unanchored: bool = False
    """Whether an anchor failed the last time they were asked."""
    locked: bool = False

    @classmethod
    def begin(cls, at: int) -> Health:
        """Return the health of a log that was just opened.

        Parameters
        ----------
        at : int
            Microseconds since 1970 UTC.

        Returns
        -------
        Health
            Recording, with nothing known yet.

        Examples
        --------
        >>> health = after(Health.begin(0), Refused(5, "unavailable"))
        >>> health.state.value, health.since, health.failures
        ('failing', 5, 1)
        >>> after(health, Succeeded(9)).state.value
        'recording'
        """
        return cls(HealthState.RECORDING, at)

    @property
    def failures(self) -> int:
        """Failed attempts since the last success."""
        return self.outage.attempts if self.outage is not None and self.outage.lasts else 0

    def checkpoint_age_s(self, now: int) -> float | None:
        """Return seconds since the last checkpoint that this process knows of, None without one.

        Parameters
        ----------
        now : int
            Microseconds since 1970 UTC.

        Returns
        -------
        float or None
            At least 0.
        """
        if self.checkpoint_at is None:
            return None
        return max(now - self.checkpoint_at, 0) / 1_000_000


def after(health: Health, event: Event) -> Health:
    """Return the health after an event.

    Parameters
    ----------
    health : Health
        Before.
    event : Event
        What happened.

    Returns
    -------
    Health
        `since` moved exactly when the state did.
    """
    changed = _applied(event, health)
    state = _state_of(changed)
    if state is health.state:
        return changed
    return replace(changed, state=state, since=event.at)


def _state_of(health: Health) -> HealthState:
    if health.locked:
        return HealthState.READ_ONLY
    outage = health.outage
    if outage is not None and outage.lasts:
        return HealthState.DEGRADED if outage.kept else HealthState.FAILING
    owing = health.waiting or health.aside or health.uncovered or health.unanchored
    return HealthState.DEGRADED if owing else HealthState.RECORDING


@singledispatch
def _applied(event: Event, _health: Health) -> Health:
    message = f"no event of a log's health: {type(event).__name__}"
    raise TypeError(message)


@_applied.register
def _succeeded(event: Succeeded, health: Health) -> Health:
    outage = health.outage
    if outage is not None and outage.lasts:
        outage = replace(outage, until=event.at)
    return replace(health, last_success=event.at, outage=outage)


@_applied.register
def _refused(event: Refused, health: Health) -> Health:
    outage = _attempt(health.outage, event)
    outage = replace(outage, refused=outage.refused + len(event.kinds), kept=False)
    return replace(health, cause=event.cause, outage=outage)


@_applied.register
def _spooled(event: Spooled, health: Health) -> Health:
    outage = _attempt(health.outage, event)
    outage = replace(outage, spooled=outage.spooled + len(event.kinds), kept=True)
    return replace(health, cause=event.cause, outage=outage)


@_applied.register
def _deferred(_event: Deferred, health: Health) -> Health:
    return health


@_applied.register
def _replayed(_event: Replayed, health: Health) -> Health:
    return health


@_applied.register
def _probe_failed(event: ProbeFailed, health: Health) -> Health:
    return replace(health, cause=event.cause, outage=_attempt(health.outage, event))


@_applied.register
def _remembered(event: Remembered, health: Health) -> Health:
    outage = Outage(event.since, event.cause, event.since, attempts=0, refused=0, spooled=0)
    return replace(health, cause=event.cause, outage=replace(outage, until=event.at))


@_applied.register
def _counted(event: SpoolCounted, health: Health) -> Health:
    return replace(health, waiting=event.waiting, aside=event.aside)


@_applied.register
def _checkpointed(event: Checkpointed, health: Health) -> Health:
    return replace(health, checkpoint_at=event.at, uncovered=False)


@_applied.register
def _checkpoint_failed(event: CheckpointFailed, health: Health) -> Health:
    return replace(health, cause=event.cause, uncovered=True)


@_applied.register
def _anchors_asked(event: AnchorsAsked, health: Health) -> Health:
    return replace(health, cause=event.cause or health.cause, unanchored=bool(event.cause))


@_applied.register
def _locked(event: Locked, health: Health) -> Health:
    return replace(health, cause=event.cause, locked=True)


@_applied.register
def _noted(_event: Noted, health: Health) -> Health:
    lasts = health.outage is not None and health.outage.lasts
    return health if lasts else replace(health, outage=None)


def _attempt(outage: Outage | None, event: Refused | Spooled | ProbeFailed) -> Outage:
    """Return the outage with one more failed attempt; one not yet noted goes on."""
    if outage is None:
        return Outage(event.at, event.cause, event.at, attempts=1, refused=0, spooled=0)
    return replace(
        outage,
        last_attempt=event.at,
        attempts=outage.attempts + 1,
        until=None,
        kept=outage.kept and outage.lasts,
    )
