"""What every record shares: frozen, versioned, canonical bytes; tokens and codes.

Unknown fields are refused; a validation error names fields, never their values.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    model_validator,
)

from answerable.audit.canonical import canonical_json, parse_canonical, sha256_digest
from answerable.audit.codes import Automation, ComponentKind, DatasetRole, Outcome, Role
from answerable.audit.errors import InvalidInput

__all__ = [
    "ActorRef",
    "Automation",
    "ComponentKind",
    "Currency",
    "DatasetRole",
    "Digest",
    "EntryId",
    "EntryLink",
    "FrozenModel",
    "Micros",
    "Name",
    "Outcome",
    "Record",
    "Role",
    "SubjectRef",
    "Token",
]


Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""SHA-256 of some bytes, as ``sha256:<hex>``."""

EntryId = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
    ),
]
"""UUIDv7 of an entry, lower case with dashes (RFC 9562, section 5.7)."""

SubjectRef = Annotated[str, StringConstraints(pattern=r"^s-[0-9a-f]{32}$")]
"""Random reference to a data subject (or to a data set that owns a key)."""

ActorRef = Annotated[str, StringConstraints(pattern=r"^a-[0-9a-f]{32}$")]
"""Random reference to a person or service that acts."""

Token = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.@:/+-]{0,127}$")]
"""A code from a registered set: lower-case ASCII, never free text."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""Name of a model, data set, column role ...: not free text."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Micros = Annotated[int, Field(ge=0, lt=2**53)]


class FrozenModel(BaseModel):
    """Base of records and of what they are made of: frozen, no unknown fields, one byte form."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)

    def to_json(self) -> bytes:
        """Return the RFC 8785 bytes of this record; absent fields are left out.

        Raises
        ------
        InvalidInput
            If a value has no canonical form.
        """
        value = self.model_dump(mode="json", exclude_none=True)
        return canonical_json(cast("JsonValue", value))

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Parse canonical bytes.

        Raises
        ------
        InvalidInput
            If the bytes are not canonical or not a record of this type; the message
            names the fields, never their values.
        """
        parse_canonical(data)
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise _invalid(cls.__name__, error) from None

    @classmethod
    def parse(cls, value: object) -> Self:
        """Validate a Python or JSON value (lax about enums and tuples given as text or lists).

        Raises
        ------
        InvalidInput
            If it is not a record of this type; the message names the fields, never
            their values.
        """
        try:
            return cls.model_validate(value, strict=False)
        except ValidationError as error:
            raise _invalid(cls.__name__, error) from None


class Record(FrozenModel):
    """Base of all records: a frozen model that is named by the digest of its bytes."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of :meth:`to_json`, as ``sha256:<hex>``."""
        return sha256_digest(self.to_json())

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """Return a copy; the digest is computed anew, never carried over from the original."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("digest", None)
        return copied


def _invalid(name: str, error: ValidationError) -> InvalidInput:
    places = [
        f"{'.'.join(str(part) for part in item['loc']) or '(whole)'}: {item['type']}"
        for item in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    return InvalidInput(
        f"not a valid {name}: {'; '.join(places[:8])}", remedy="Correct the fields named."
    )


class EntryLink(FrozenModel):
    """A typed link from an entry to another entry or to an artefact.

    Exactly one of `entry` and `digest` is given.
    """

    rel: Token
    entry: EntryId | None = None
    digest: Digest | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.entry is None) == (self.digest is None):
            message = "exactly one of entry and digest"
            raise ValueError(message)
        return self
