"""Exit codes are a contract: every error class has one, and the same one everywhere."""

from __future__ import annotations

import pytest

from answerable.api.cli.exits import ExitCode, exit_code_of
from answerable.audit import errors


def _classes() -> list[type[errors.AnswerableError]]:
    found: list[type[errors.AnswerableError]] = []
    waiting = [errors.AnswerableError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting.extend(kind.__subclasses__())
    return found


def _raised(kind: type[errors.AnswerableError]) -> errors.AnswerableError:
    if kind is errors.MissingExtra:
        return errors.MissingExtra("explain", needed_for="a test")
    return kind("something")


@pytest.mark.parametrize("kind", _classes(), ids=lambda kind: kind.__name__)
def test_every_error_class_has_an_exit_code_that_is_not_success(
    kind: type[errors.AnswerableError],
) -> None:
    assert exit_code_of(_raised(kind)) is not ExitCode.HOLDS


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.InvalidInput, 2),
        (errors.NotFound, 2),
        (errors.Conflict, 2),
        (errors.PolicyViolation, 1),
        (errors.NotReleased, 5),
        (errors.UndefinedMetric, 3),
        (errors.Erased, 3),
        (errors.RecordTampered, 4),
        (errors.AdditivityBroken, 4),
        (errors.Unavailable, 6),
        (errors.MissingExtra, 6),
        (errors.EngineError, 6),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_scripts_can_rely_on_these_codes(kind: type[errors.AnswerableError], code: int) -> None:
    assert int(exit_code_of(_raised(kind))) == code
