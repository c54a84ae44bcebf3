"""What every record shares: frozen, versioned, canonical bytes; tokens and codes.

Unknown fields are refused; a validation error names fields, never their values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Final, Self

import orjson
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import (
    ErrorDetails,
    PydanticCustomError,
    PydanticSerializationError,
    to_json,
)

from answerable.audit.canonical import canonical_json, parse_json, sha256_digest
from answerable.audit.codes import Automation, ComponentKind, DatasetRole, Outcome, Role
from answerable.audit.errors import InvalidInput
from answerable.audit.parsed_json import parsed_json

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

_CODE_PATTERN: Final = r"^[a-z0-9][a-z0-9_.@:/+-]{0,127}$"
Token = Annotated[str, StringConstraints(pattern=_CODE_PATTERN)]
"""A code from a registered set: lower-case ASCII, never free text."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""Name of a model, data set, column role ...: not free text."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Micros = Annotated[int, Field(ge=0, lt=2**53)]

_FIELD_NAME: Final = re.compile(r"[a-z][a-z_]{0,31}|[0-9]{1,9}")
_NOT_FINITE: Final = re.compile(rb"NaN|Infinity")
_MAX_PLACES: Final = 8
_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG: Final = b"0" * 20
"""An integer that does not fit 64 bits has at least so many digits."""


class FrozenModel(BaseModel):
    """Base of records and of what they are made of: frozen, no unknown fields, one byte form."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        validate_default=True,
        allow_inf_nan=False,
        ser_json_inf_nan="constants",
        hide_input_in_errors=True,
    )

    def to_json(self) -> bytes:
        """Return the RFC 8785 bytes of this record; absent fields are left out.

        A null inside a dictionary of the caller's values (a decision's inputs) is a value and
        stays.

        Returns
        -------
        bytes
            The one byte form of this record.

        Raises
        ------
        InvalidInput
            If a value has no canonical form.
        """
        # Through bytes: serialiser and parser take a third of what model_dump takes.
        try:
            written = self.__pydantic_serializer__.to_json(self, exclude_none=True)
            # Digits that the parser would take for a fraction are looked at one by one.
            if _LONG in written.translate(_DIGITS):
                return canonical_json(self.model_dump(mode="json", exclude_none=True))
            value = orjson.loads(written)
        except (PydanticSerializationError, orjson.JSONDecodeError, UnicodeError):
            return canonical_json(self.model_dump(mode="json", exclude_none=True))
        return parsed_json(value)

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Parse the bytes of a record; only its one byte form is accepted.

        Parameters
        ----------
        data : bytes
            What :meth:`to_json` gave.

        Returns
        -------
        FrozenModel
            A record whose :meth:`to_json` is `data` again.

        Raises
        ------
        InvalidInput
            If the bytes are not canonical or not a record of this type; the message
            names the fields, never their values.
        """
        value = parse_json(data)
        try:
            record = cls.model_validate(value, strict=False)
        except ValidationError as error:
            raise _invalid(cls.__name__, error) from None
        if record.to_json() != data:
            # Equal bytes are the whole check; validating strictly only names the field.
            cls.parse(value)
            raise InvalidInput(
                f"the bytes are not the canonical form of a {cls.__name__}",
                remedy="Store and pass on the bytes exactly as they were written.",
            )
        return record

    @classmethod
    def parse(cls, value: object) -> Self:
        """Validate a Python or JSON value.

        Types are strict as in JSON: text stands for a code or a date, a list for a tuple, but
        "1", 1.0 and true are not the integer 1.

        Parameters
        ----------
        value : object
            A mapping of JSON values, enumeration members, dates, tuples or records.

        Returns
        -------
        FrozenModel
            The record.

        Raises
        ------
        InvalidInput
            If it is not a record of this type; the message names the fields, never
            their values.
        """
        try:
            data = to_json(value, inf_nan_mode="constants")
        except PydanticSerializationError:
            raise InvalidInput(
                f"not a valid {cls.__name__}: a value that JSON cannot hold",
                remedy="Use text, numbers, booleans, lists and mappings.",
            ) from None
        if _NOT_FINITE.search(data):
            parse_json(data)
        try:
            return cls.model_validate_json(data, strict=True)
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


CODE_FORM: Final = (
    "not a code: at most 128 lower-case letters, digits and - _ . : / @ +, the first a letter or a"
    " digit, for example gdpr-art-15"
)
"""What a :data:`Token` looks like, for whoever gave something else."""
_SAID: Final = {"enum": "not one of the values there are"}


def _invalid(name: str, error: ValidationError) -> InvalidInput:
    places = [
        f"{'.'.join(map(_place, item['loc'])) or '(whole)'}: {_said(item)}"
        for item in error.errors(include_input=False, include_url=False)
    ]
    return InvalidInput(
        f"not a valid {name}: {'; '.join(places[:_MAX_PLACES])}", remedy="Correct the fields named."
    )


def _said(item: ErrorDetails) -> str:
    # Of a context only the pattern is looked at: it is ours, other contexts may hold the value.
    if (
        item["type"] == "string_pattern_mismatch"
        and item.get("ctx", {}).get("pattern") == _CODE_PATTERN
    ):
        return CODE_FORM
    return _SAID.get(item["type"], item["type"])


def _place(part: str | int) -> str:
    # A key is the caller's: one that does not look like a field's name might be personal data.
    text = str(part)
    return text if _FIELD_NAME.fullmatch(text) else "(key)"


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
            raise PydanticCustomError("link_target", "exactly one of entry and digest")
        return self
