"""What the log says about itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from answerable.audit.records.base import Micros, Record

__all__ = ["ClockStepped", "LogOpened"]


class LogOpened(Record):
    """The first entry of a log: its name and the key its checkpoints are signed with."""

    type: Literal["answerable.log-opened.v1"] = "answerable.log-opened.v1"
    origin: str
    vkey: str
    """Verifier key in the text form of C2SP signed-note."""


class ClockStepped(Record):
    """The writer's clock went back by a tolerated amount; entries keep the later time."""

    type: Literal["answerable.clock-stepped.v1"] = "answerable.clock-stepped.v1"
    back_us: Annotated[int, Field(ge=0)]
    kept_at: Micros
