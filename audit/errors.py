"""Every error Answerable raises on purpose.

The tree::

    AnswerableError
    |-- InvalidInput              the caller sent something that cannot be accepted
    |   `-- ClockError            the clock stepped back further than is tolerated
    |-- NotFound                  no such entry, function, file, key ...
    |-- Conflict                  the same id or name with other content
    |-- PolicyViolation           a rule of the policy, a hold or a release forbids it
    |   `-- NotReleased           the decision function has no valid release
    |-- UndefinedMetric           0/0, an empty group, NaN
    |-- NotAuthenticated          no or unknown credentials
    |-- NotAllowed                known caller, missing role
    |-- TooLarge                  over a stated limit
    |-- TooBusy                   a bounded queue or rate is full
    |-- Unavailable               locked, full, read-only, not reachable, wrong schema
    |-- Erased                    the key that opened this data was destroyed
    |-- EngineError               a third-party engine failed
    |-- MissingExtra              an optional dependency is not installed
    `-- EvidenceBroken            something stored does not match its proof
        |-- InclusionProofInvalid
        |-- ConsistencyProofInvalid
        |-- CheckpointSignatureInvalid
        |-- RecordTampered
        `-- AdditivityBroken

Each error says what happened, where, and what to do about it. None may hold
personal data: messages are printed to terminals, logs and HTTP answers.
"""

from __future__ import annotations

__all__ = [
    "AdditivityBroken",
    "AnswerableError",
    "CheckpointSignatureInvalid",
    "ClockError",
    "Conflict",
    "ConsistencyProofInvalid",
    "EngineError",
    "Erased",
    "EvidenceBroken",
    "InclusionProofInvalid",
    "InvalidInput",
    "MissingExtra",
    "NotAllowed",
    "NotAuthenticated",
    "NotFound",
    "NotReleased",
    "PolicyViolation",
    "RecordTampered",
    "TooBusy",
    "TooLarge",
    "Unavailable",
    "UndefinedMetric",
]


class AnswerableError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    what : str
        What happened, without personal data.
    where : str, optional
        The place: a file and line, a column, a field, an entry.
    remedy : str, optional
        What the reader can do about it.
    """

    code = "error"

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        """Return the message as one line: where, what, remedy."""
        place = f"{self.where}: " if self.where else ""
        advice = f" {self.remedy}" if self.remedy else ""
        stop = "" if self.what.endswith((".", "?", "!")) else "."
        return f"{place}{self.what}{stop}{advice}"


class InvalidInput(AnswerableError):
    """The input cannot be accepted; nothing was changed."""

    code = "invalid-input"


class ClockError(InvalidInput):
    """The clock stepped back further than the log tolerates."""

    code = "clock"


class NotFound(AnswerableError):
    """The named thing does not exist."""

    code = "not-found"


class Conflict(AnswerableError):
    """The same id or name already stands for other content."""

    code = "conflict"


class PolicyViolation(AnswerableError):
    """A policy rule, a legal hold or the release state forbids the action."""

    code = "policy-violation"


class NotReleased(PolicyViolation):
    """The decision function has no valid release."""

    code = "not-released"


class UndefinedMetric(AnswerableError):
    """The quantity has no value on this data (0/0, an empty group, NaN)."""

    code = "undefined-metric"


class NotAuthenticated(AnswerableError):
    """No credentials, or none that are known."""

    code = "not-authenticated"


class NotAllowed(AnswerableError):
    """The caller is known and lacks the role this needs."""

    code = "not-allowed"


class TooLarge(AnswerableError):
    """The input is over a stated limit."""

    code = "too-large"


class TooBusy(AnswerableError):
    """A bounded queue or a rate limit is exhausted; try again after a while."""

    code = "too-busy"


class Unavailable(AnswerableError):
    """A store is locked, full, read-only, unreachable or of another schema."""

    code = "unavailable"


class Erased(AnswerableError):
    """The key that opened this data was destroyed on purpose."""

    code = "erased"


class EngineError(AnswerableError):
    """A third-party engine failed; its result is not known, never 'clean'."""

    code = "engine-failed"


class MissingExtra(AnswerableError):
    """An optional dependency is not installed.

    Parameters
    ----------
    extra : str
        Name of the extra that holds it, as in ``pip install 'answerable[extra]'``.
    needed_for : str
        What cannot be done without it.

    Examples
    --------
    >>> str(MissingExtra("explain", needed_for="global plots"))
    "The extra 'explain' is needed for global plots. Install it: pip install 'answerable[explain]'"
    """

    code = "missing-extra"

    def __init__(self, extra: str, *, needed_for: str) -> None:
        self.extra = extra
        super().__init__(
            f"The extra '{extra}' is needed for {needed_for}",
            remedy=f"Install it: pip install 'answerable[{extra}]'",
        )


class EvidenceBroken(AnswerableError):
    """Something stored does not match what proves it."""

    code = "evidence-broken"


class InclusionProofInvalid(EvidenceBroken):
    """The proof does not place the entry under the tree head."""

    code = "inclusion-proof-invalid"


class ConsistencyProofInvalid(EvidenceBroken):
    """The newer tree head does not extend the older one."""

    code = "consistency-proof-invalid"


class CheckpointSignatureInvalid(EvidenceBroken):
    """No trusted key signed the checkpoint."""

    code = "checkpoint-signature-invalid"


class RecordTampered(EvidenceBroken):
    """The stored bytes of an entry do not match its leaf hash or digests."""

    code = "record-tampered"


class AdditivityBroken(EvidenceBroken):
    """Base value plus attributions do not equal the model's own output."""

    code = "additivity-broken"
