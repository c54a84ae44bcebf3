"""Which kinds of entries may ever go.

What happened in single cases may go when its time is over. What the registry, the release state
and the proof of lawful handling are computed from stays for ever: it names no case, and without
it nobody could say which function decided, who released it, or why something is gone.
"""

from __future__ import annotations

from typing import Final

from answerable.audit.kinds import EntryKind

__all__ = ["REMOVABLE"]

REMOVABLE: Final = frozenset(
    {
        EntryKind.DECISION,
        EntryKind.EXPLANATION,
        EntryKind.EXPLANATION_REPLAYED,
        EntryKind.LETTER_ISSUED,
        EntryKind.CONTEST_FILED,
        EntryKind.REVIEW_COMPLETED,
        EntryKind.OUTCOME_OBSERVED,
        EntryKind.SUBJECT_REQUEST,
        EntryKind.SUBJECT_REQUEST_EXTENDED,
        EntryKind.SUBJECT_REQUEST_ANSWERED,
        EntryKind.SUBJECT_RESTRICTED,
        EntryKind.SUBJECT_RESTRICTION_LIFTED,
        EntryKind.SUBJECT_OBJECTED,
        EntryKind.SUBJECT_RECTIFIED,
        EntryKind.SUBJECT_ERASURE_REFUSED,
        EntryKind.RECIPIENT_NOTIFIED,
        EntryKind.RECORDS_READ,
        EntryKind.QUERY_ASKED,
    }
)
"""Kinds of entries whose bodies and rows a retention run may remove; all others stay."""
