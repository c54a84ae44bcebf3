"""One example of every record about retention."""

from __future__ import annotations

from typing import Final

from answerable.audit.records import (
    AppliedRule,
    LegalSource,
    Record,
    Removal,
    RemovedCount,
    RetentionApproval,
    RetentionRun,
    Role,
)
from tests.golden.fixed import NOON, OTHER_ACTOR, digest

_LOG: Final = "example.org/lending/2026"
_APPROVAL: Final = RetentionApproval(
    log=_LOG,
    policy=digest(70),
    body_end=512,
    entry_end=256,
    tile_end=0,
    approver=OTHER_ACTOR,
    roles=(Role.COMPLIANCE,),
    expires_at=NOON + 86_400_000_000,
    signature="ab" * 64,
)
ABOUT_RETENTION: Final[tuple[Record, ...]] = (
    _APPROVAL,
    RetentionRun(
        policy=digest(70),
        size=700,
        root=digest(71),
        removals=(
            Removal(what="body", first=0, end=512, removed=900, root=digest(72)),
            Removal(
                what="entry",
                first=0,
                end=256,
                removed=250,
                kept=6,
                kept_digest=digest(73),
                counts=(
                    RemovedCount(day="2026-09-21", function=digest(74), outcome="approve", n=100),
                ),
                root=digest(75),
            ),
        ),
        rules=(
            AppliedRule(
                name="applications",
                law=LegalSource(
                    act="12 CFR 1002", article="1002.12", paragraph="(b)(1)", source="seen"
                ),
                entries=250,
            ),
        ),
        held=(17, 42),
        keys=3,
        approval=_APPROVAL,
    ),
)
