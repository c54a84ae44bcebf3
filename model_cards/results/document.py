"""What all readers of result documents share: frozen, tolerant of added keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from answerable.audit.errors import InvalidInput

__all__ = ["Ends", "ResultDocument"]

Ends = tuple[float | None, float | None]
"""Both ends of an interval; an end may be unknown."""


class ResultDocument(BaseModel):
    """Base of all readers: frozen, tolerant of added keys."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def read(cls, result: Mapping[str, JsonValue]) -> Self:
        """Read a result document.

        Parameters
        ----------
        result : Mapping[str, JsonValue]
            The parsed JSON.

        Returns
        -------
        ResultDocument
            Its typed view.

        Raises
        ------
        InvalidInput
            If it is not such a result; the message names the fields, never their values.
        """
        try:
            return cls.model_validate(result)
        except ValidationError as error:
            places = [
                f"{'.'.join(str(part) for part in item['loc'])}: {item['type']}"
                for item in error.errors(
                    include_input=False, include_url=False, include_context=False
                )
            ]
            raise InvalidInput(
                f"not a result of this kind: {'; '.join(places[:6])}",
                where=cls.__name__,
                remedy="Give the file that the command wrote with --json.",
            ) from None
