"""Exit codes, the same for every command, and the error each one stands for.

====  =====================================================
code  meaning
====  =====================================================
0     holds
1     policy violated
2     usage or bad input (2 is also Click's own)
3     not enough evidence: insufficient, undefined, not examined, erased
4     integrity broken
5     sign-off missing, stale or expired
6     environment: database, missing extra, third-party engine
70    internal error
====  =====================================================
"""

from __future__ import annotations

from enum import IntEnum

from answerable.audit import errors

__all__ = ["ExitCode", "exit_code_of"]


class ExitCode(IntEnum):
    """What a command's exit code means."""

    HOLDS = 0
    VIOLATED = 1
    BAD_INPUT = 2
    NOT_ENOUGH_EVIDENCE = 3
    INTEGRITY = 4
    SIGN_OFF = 5
    ENVIRONMENT = 6
    INTERNAL = 70


# The first class an error is an instance of decides, so subclasses stand before their base.
_BY_ERROR: tuple[tuple[type[errors.AnswerableError], ExitCode], ...] = (
    (errors.NotReleased, ExitCode.SIGN_OFF),
    (errors.PolicyViolation, ExitCode.VIOLATED),
    (errors.UndefinedMetric, ExitCode.NOT_ENOUGH_EVIDENCE),
    (errors.Erased, ExitCode.NOT_ENOUGH_EVIDENCE),
    (errors.EvidenceBroken, ExitCode.INTEGRITY),
    (errors.Unavailable, ExitCode.ENVIRONMENT),
    (errors.MissingExtra, ExitCode.ENVIRONMENT),
    (errors.EngineError, ExitCode.ENVIRONMENT),
    (errors.TooBusy, ExitCode.ENVIRONMENT),
    (errors.AnswerableError, ExitCode.BAD_INPUT),
)


def exit_code_of(error: errors.AnswerableError) -> ExitCode:
    """Return the exit code an error stands for.

    Parameters
    ----------
    error : AnswerableError

    Returns
    -------
    ExitCode
        Never ``HOLDS``.

    Examples
    --------
    >>> exit_code_of(errors.RecordTampered("entry 7 was altered")).name
    'INTEGRITY'
    """
    return next(code for kind, code in _BY_ERROR if isinstance(error, kind))
