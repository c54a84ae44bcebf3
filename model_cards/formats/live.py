"""The live part of a card as badges and table rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from answerable.model_cards.card import CardOverlay, SignOffLine, WaiverLine
from answerable.model_cards.formats.wording import FINDING_WORDS, role_name
from answerable.model_cards.report.formatting import day, short_digest, whole

__all__ = [
    "NameOf",
    "missing_signatures",
    "sign_off_rows",
    "status_badge",
    "use_rows",
    "waiver_rows",
]

NameOf = Callable[[str], str | None]
"""Looks an actor's name up; None when the directory does not know it (any more)."""

_STATUS_TONES: Final = {
    "released": "pass",
    "approved": "pass",
    "suspended": "fail",
    "rejected": "fail",
    "expired": "insufficient",
}


def status_badge(overlay: CardOverlay | None) -> tuple[str, str] | None:
    """Return tone and word of the present status, or None without an overlay."""
    if overlay is None:
        return None
    return _STATUS_TONES.get(overlay.status, "undefined"), overlay.status.replace("_", " ")


def sign_off_rows(overlay: CardOverlay | None, name_of: NameOf) -> list[tuple[str, ...]]:
    """Return one table row per sign-off; names only where the directory knows them."""
    lines: tuple[SignOffLine, ...] = () if overlay is None else overlay.sign_offs
    return [
        (
            role_name(line.role),
            name_of(line.signer) or short_digest(line.signer),
            "approves" if line.decision == "approve" else "refuses",
            day(line.at),
            day(line.expires_at),
            str(line.looks),
            line.state.replace("_", " "),
        )
        for line in lines
    ]


def missing_signatures(overlay: CardOverlay | None) -> list[str]:
    """Return the roles whose signature is missing, in words."""
    return [] if overlay is None else [role_name(role) for role in overlay.sign_offs_missing]


def waiver_rows(overlay: CardOverlay | None) -> list[tuple[str, ...]]:
    """Return one table row per waiver."""
    lines: tuple[WaiverLine, ...] = () if overlay is None else overlay.waivers
    return [
        (
            line.rule.replace("_", " "),
            ", ".join(line.attributes),
            FINDING_WORDS[line.finding],
            line.reason,
            line.compensating_control,
            day(line.expires_at),
            line.state.replace("_", " "),
        )
        for line in lines
    ]


def use_rows(overlay: CardOverlay | None) -> list[tuple[str, ...]]:
    """Return how the function was used; empty when nothing was counted."""
    if overlay is None or overlay.counts is None:
        return []
    counts = overlay.counts
    rows = [(f"Outcome: {name}", whole(n)) for name, n in sorted(counts.outcomes.items())]
    return [
        ("Decisions", whole(counts.decisions)),
        *rows,
        ("Contested", whole(counts.contests)),
        ("Reviewed by a person", whole(counts.reviews)),
        ("Overturned", whole(counts.overturned)),
    ]
