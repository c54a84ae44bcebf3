"""When a legal hold forbids an erasure. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from answerable.audit.errors import PolicyViolation
from answerable.audit.records import LegalHold

__all__ = ["active_holds", "refuse_held"]


def active_holds(holds: Iterable[LegalHold], now: int) -> list[LegalHold]:
    """Return the holds in force at a time in microseconds UTC; one without an end never expires."""
    return [hold for hold in holds if hold.until is None or hold.until > now]


def refuse_held(holds: Iterable[LegalHold], now: int) -> None:
    """Check that no hold is in force.

    Raises
    ------
    PolicyViolation
        If one is; names the legal grounds.

    References
    ----------
    GDPR, Article 17(3).
    """
    active = active_holds(holds, now)
    if active:
        grounds = ", ".join(sorted({f"{hold.ground} ({hold.reference})" for hold in active}))
        raise PolicyViolation(
            f"a legal hold forbids this erasure: {grounds}",
            where=active[0].subject,
            remedy="Record the refusal with its ground; erase once the hold was lifted.",
        )
