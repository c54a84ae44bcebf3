"""Telephone numbers, checked against the numbering plans that `phonenumbers` carries.

The plans are regular expressions per region. They are compiled once and applied to bare
digits, which is what makes a column of a million numbers feasible; parsing each value
with `phonenumbers` itself takes about a hundred times as long and serves as the oracle in
the tests.

A number without a country code is tried in a fixed list of regions. Nearly every ten
digits are a number somewhere in that list, so such numbers count only as far as they pass
more often than random ones.

References
----------
ITU-T E.164; `phonenumbers` (Apache-2.0), a port of libphonenumber's metadata.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from answerable.audit.errors import EngineError
from answerable.privacy.chance import NullModel
from answerable.privacy.recognisers.recogniser import Found, Span, find_with, stands_alone

__all__ = ["NATIONAL_REGIONS", "PhoneRecogniser"]

NATIONAL_REGIONS: Final = (
    "US", "GB", "DE", "AT", "CH", "FR", "ES", "IT", "NL", "BE", "PL", "SE", "IN", "BR", "IL",
)  # fmt: skip
"""Where a number without a country code may be from."""

_NUMBER: Final = re.compile(
    r"(?P<number>\+?\(?[0-9](?:[ ()./-]{0,3}[0-9]){6,16})(?P<extension> ?(?:x|ext\.?) ?[0-9]{1,6})?"
)
_MARKED: Final = re.compile(r"\(?\+|\([0-9]{2,5}\) ?[0-9]|[0-9]{3}[-. ][0-9]{3}[-. ][0-9]{4}")
_KINDS: Final = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "personal_number",
    "pager", "uan", "voicemail",
)  # fmt: skip
_COUNTRY_CODE_LENGTHS: Final = (1, 2, 3)


@dataclass(frozen=True)
class _Plan:
    """One region's numbering plan."""

    trunk_prefix: str
    general: re.Pattern[str]
    kinds: tuple[tuple[re.Pattern[str], frozenset[int]], ...]

    def allows(self, national: str) -> bool:
        """Return whether the national significant number is one of the plan's."""
        return self.general.fullmatch(national) is not None and any(
            pattern.fullmatch(national) is not None and (not lengths or len(national) in lengths)
            for pattern, lengths in self.kinds
        )


@cache
def _plan(region: str) -> _Plan:
    from phonenumbers import PhoneMetadata

    data = PhoneMetadata.metadata_for_region(region)
    if data is None or data.general_desc is None:
        raise EngineError("phonenumbers has no numbering plan", where=f"region {region}")
    kinds = []
    for kind in _KINDS:
        described = getattr(data, kind)
        if described is not None and described.national_number_pattern:
            lengths = frozenset(described.possible_length or data.general_desc.possible_length)
            kinds.append((re.compile(described.national_number_pattern), lengths - {-1}))
    general = re.compile(data.general_desc.national_number_pattern or "")
    return _Plan(data.national_prefix or "", general, tuple(kinds))


@cache
def _regions_by_code() -> dict[str, tuple[str, ...]]:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return {
        str(code): tuple(region for region in regions if region != "001")
        for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()
    }


def _is_international(digits: str) -> bool:
    return any(
        _plan(region).allows(digits[size:])
        for size in _COUNTRY_CODE_LENGTHS
        for region in _regions_by_code().get(digits[:size], ())
    )


def _is_national(digits: str) -> bool:
    for region in NATIONAL_REGIONS:
        plan = _plan(region)
        if plan.allows(digits):
            return True
        prefix = plan.trunk_prefix
        if prefix and digits.startswith(prefix) and plan.allows(digits.removeprefix(prefix)):
            return True
    return False


def _is_phone(number: str) -> bool:
    international = number.startswith(("+", "(+", "00"))
    bare = number.replace("(0)", "") if international else number
    digits = "".join(character for character in bare if character.isdigit())
    if international:
        return _is_international(digits.removeprefix("00"))
    return _is_national(digits)


class PhoneRecogniser:
    """Recognises telephone numbers, with or without a country code."""

    entity = "PHONE_NUMBER"
    engine = "phonenumbers"
    prefilter = r"[0-9](?:[ ()./-]{0,3}[0-9]){6}"
    null: NullModel = "digits"
    prior = 0.5
    context: tuple[str, ...] = ()
    takes_numbers = True

    def is_rare(self, value: str) -> bool:
        """Return whether a plus, an area code in brackets or three groups mark a number."""
        return _MARKED.match(value.strip()) is not None

    def whole(self, values: Sequence[str]) -> NDArray[np.bool_]:
        """Return for each value whether it is one phone number and nothing else."""
        matches = (_NUMBER.fullmatch(value.strip()) for value in values)
        return np.fromiter(
            (match is not None and _is_phone(match["number"]) for match in matches),
            dtype=np.bool_,
            count=len(values),
        )

    def spans(self, text: str) -> tuple[Span, ...]:
        """Return where phone numbers stand in a text."""
        return tuple(
            match.span()
            for match in _NUMBER.finditer(text)
            if stands_alone(text, *match.span()) and _is_phone(match["number"])
        )

    def find(self, values: Sequence[str]) -> Found:
        """Return which values are whole, and the spans in the others."""
        return find_with(self.whole, self.spans, values)
