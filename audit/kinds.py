"""The one list of what can stand in the log.

A kind is part of the hashed header, so a value here is never renamed or reused.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["FREQUENT_KINDS", "EntryKind"]


class EntryKind(StrEnum):
    """Kind of an entry, as written in its header."""

    LOG_OPENED = "log.opened"
    LOG_RECOVERED = "log.recovered"
    LOG_HEAD_ACCEPTED = "log.head_accepted"
    LOG_KEY_ROTATED = "log.key_rotated"
    CLOCK_STEPPED = "clock.stepped"
    LOGGING_FAILED = "logging.failed"
    LOGGING_RESTORED = "logging.restored"
    SPOOL_REFUSED = "spool.refused"
    SPOOL_SETTLED = "spool.settled"
    CALLER_COUNTED = "caller.counted"

    ACTOR_REGISTERED = "actor.registered"
    ACTOR_RETIRED = "actor.retired"

    ORGANISATION_REGISTERED = "organisation.registered"
    USE_CASE_REGISTERED = "use_case.registered"
    DATASET_REGISTERED = "dataset.registered"
    DATASET_ROWS_ERASED = "dataset.rows_erased"
    POLICY_REGISTERED = "policy.registered"
    CATALOGUE_REGISTERED = "catalogue.registered"
    BASELINE_REGISTERED = "baseline.registered"
    FUNCTION_REGISTERED = "function.registered"

    PRIVACY_SCANNED = "privacy.scanned"
    PRIVACY_RISK_ASSESSED = "privacy.risk_assessed"
    PRIVACY_PROXIES_ASSESSED = "privacy.proxies_assessed"
    DATA_QUALITY_ASSESSED = "data_quality.assessed"
    FAIRNESS_ASSESSED = "fairness.assessed"
    FAIRNESS_MITIGATED = "fairness.mitigated"
    MODEL_VALIDATED = "model.validated"
    EXPLANATION_PROFILED = "explanation.profiled"
    CARD_BUILT = "card.built"

    WAIVER_GRANTED = "waiver.granted"
    WAIVER_WITHDRAWN = "waiver.withdrawn"
    SIGN_OFF_GIVEN = "sign_off.given"
    SIGN_OFF_WITHDRAWN = "sign_off.withdrawn"
    GATE_EVALUATED = "gate.evaluated"
    RELEASE_GRANTED = "release.granted"
    RELEASE_SUSPENDED = "release.suspended"
    RELEASE_RETIRED = "release.retired"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_CLOSED = "incident.closed"

    DECISION = "decision"
    EXPLANATION = "explanation"
    EXPLANATION_REPLAYED = "explanation.replayed"
    LETTER_ISSUED = "letter.issued"
    CONTEST_FILED = "contest.filed"
    REVIEW_COMPLETED = "review.completed"
    OUTCOME_OBSERVED = "outcome.observed"

    SUBJECT_REQUEST = "subject.request"
    SUBJECT_REQUEST_EXTENDED = "subject.request_extended"
    SUBJECT_REQUEST_ANSWERED = "subject.request_answered"
    SUBJECT_RESTRICTED = "subject.restricted"
    SUBJECT_RESTRICTION_LIFTED = "subject.restriction_lifted"
    SUBJECT_OBJECTED = "subject.objected"
    SUBJECT_RECTIFIED = "subject.rectified"
    SUBJECT_ALIAS_ADDED = "subject.alias_added"
    SUBJECT_ERASED = "subject.erased"
    SUBJECT_ERASURE_REFUSED = "subject.erasure_refused"
    RECIPIENT_NOTIFIED = "recipient.notified"
    HOLD_PLACED = "hold.placed"
    HOLD_LIFTED = "hold.lifted"
    RECORDS_READ = "records.read"
    RECORD_DISCLOSED = "record.disclosed"
    QUERY_ASKED = "query.asked"
    RETENTION_RUN = "retention.run"


FREQUENT_KINDS: Final = frozenset({EntryKind.DECISION, EntryKind.EXPLANATION})
"""Nearly all entries of a log; the index over kinds leaves them out."""
