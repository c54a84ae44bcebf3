"""What the bodies of several resources share: strictness, tokens, receipts."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from answerable.audit.entries import Receipt

__all__ = [
    "ID_PATTERN",
    "AutomationText",
    "Body",
    "Code",
    "DecisionId",
    "EntryIdText",
    "FunctionName",
    "Json",
    "Micros",
    "Number",
    "OutcomeText",
    "ReceiptAnswer",
    "Reply",
    "Series",
    "SubjectRefPath",
    "SubjectRefText",
]

ID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.@:/+-]{0,127}$")]
EntryIdText = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Micros = Annotated[int, Field(ge=0, lt=2**53)]
Series = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Number = Annotated[int, Field(ge=0, lt=2**53)]
Json = dict[str, JsonValue]
OutcomeText = Literal["approve", "decline", "refer", "partial", "counter_offer", "other"]
AutomationText = Literal["solely_automated", "assisted", "manual"]

DecisionId = Annotated[str, Path(pattern=ID_PATTERN, description="Id of the decision, a UUIDv7.")]
FunctionName = Annotated[
    str,
    Path(
        pattern=r"^([A-Za-z0-9_.-]{1,64}@[A-Za-z0-9_.-]{1,64}|sha256:[0-9a-f]{64})$",
        description="Decision function as name@version, or its digest.",
    ),
]
SubjectRefText = Annotated[str, StringConstraints(pattern=r"^s-[0-9a-f]{32}$")]
SubjectRefPath = Annotated[
    str,
    Path(pattern=r"^s-[0-9a-f]{32}$", description="Random reference, from the search."),
]


class Body(BaseModel):
    """Base of what callers send: nothing undeclared, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Reply(BaseModel):
    """Base of what callers get."""

    model_config = ConfigDict(extra="forbid")


class ReceiptAnswer(Reply):
    """The promise that an entry stands at this place of this log."""

    log: str
    entry_id: str
    kind: str
    seq: int
    leaf: Annotated[str, Field(description="Leaf hash, hex")]
    ts: Annotated[int, Field(description="Microseconds since 1970, UTC")]
    repeated: Annotated[bool, Field(description="True when it had been appended before")]

    @classmethod
    def of(cls, receipt: Receipt) -> ReceiptAnswer:
        """Return the reply for a receipt."""
        return cls(
            log=receipt.log,
            entry_id=receipt.entry_id,
            kind=receipt.kind.value,
            seq=receipt.seq,
            leaf=receipt.leaf.hex(),
            ts=receipt.ts,
            repeated=receipt.repeated,
        )
