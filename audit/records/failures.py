"""What the log says about its own failures, and what callers say they decided."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from answerable.audit.records.base import Digest, EntryId, Micros, Record, Token

__all__ = ["CallerCounted", "LoggingFailed", "LoggingRestored", "SpooledAppend"]

MOST_COUNTED: Final = 1_000_000
"""Numbers in one statement: the report enumerates them."""

_Count = Annotated[int, Field(ge=0, lt=2**53)]


class LoggingFailed(Record):
    """For some time the log could not be written: the gap, appended once it could be again.

    Counts are of the process that appended it; after a restart they are zero.
    """

    type: Literal["answerable.logging-failed.v1"] = "answerable.logging-failed.v1"
    since: Micros
    until: Micros
    cause: Token
    """Code of the first failure."""
    attempts: _Count
    refused: _Count
    """Entries that were recorded nowhere; their callers were told."""
    spooled: _Count
    """Entries that were kept in the spool."""


class LoggingRestored(Record):
    """What waited in the spool was brought into the log."""

    type: Literal["answerable.logging-restored.v1"] = "answerable.logging-restored.v1"
    replayed: _Count
    """Entries appended."""
    refused: _Count
    """Appends that could not be replayed; each has an entry of its own."""
    torn: _Count
    """Files whose writing had broken off; none of them was acknowledged."""
    first_at: Micros
    last_at: Micros
    """Decision times of the first and the last of them."""


class SpooledAppend(Record):
    """What became of an append that waited in the spool and was not simply replayed."""

    type: Literal["answerable.spooled-append.v1"] = "answerable.spooled-append.v1"
    entry: EntryId
    """First entry id of the append."""
    entries: _Count
    at: Micros
    """Time of the decision."""
    cause: Token
    became: Literal["set_aside", "destroyed", "appended"]


class CallerCounted(Record):
    """A service says how many decisions it made in one of its own series.

    It numbers its decisions without gaps; `count` is below the span when it skipped numbers.
    """

    type: Literal["answerable.caller-counted.v1"] = "answerable.caller-counted.v1"
    series: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
    first_number: _Count
    last_number: _Count
    count: _Count
    start: Micros
    end: Micros
    function: Digest | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        span = self.last_number - self.first_number + 1
        if not 1 <= span <= MOST_COUNTED or not 1 <= self.count <= span:
            raise PydanticCustomError("count_span", "count lies between 1 and the span of numbers")
        if self.start > self.end:
            raise PydanticCustomError("count_window", "the window ends before it starts")
        return self
