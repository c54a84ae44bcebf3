"""International bank account numbers: country, length and the mod-97 check.

References
----------
ISO 13616-1 (structure), ISO 7064 (MOD 97-10).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from answerable.privacy.chance import NullModel
from answerable.privacy.recognisers.recogniser import Found, Span, find_with

__all__ = ["IBAN_LENGTHS", "IbanRecogniser", "iban_check"]

IBAN_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27,
    "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28,
    "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22,
    "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
    "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Total length by country code."""

_START: Final = re.compile(r"[A-Za-z]{2}[0-9]{2}")
_COUNTRIES: Final = "|".join(sorted(IBAN_LENGTHS))


def iban_check(compact: Sequence[str]) -> NDArray[np.bool_]:
    """Return for each compact IBAN whether length and check digits hold.

    Parameters
    ----------
    compact : Sequence[str], shape (n,)
        Without separators, upper case.

    Returns
    -------
    NDArray[np.bool_], shape (n,)
        False for an unknown country, a wrong length, other characters or a failed check.

    Examples
    --------
    >>> iban_check(["GB82WEST12345698765432", "GB82WEST12345698765433", "ZZ00"]).tolist()
    [True, False, False]
    """
    result = np.zeros(len(compact), dtype=np.bool_)
    by_length: dict[int, list[int]] = defaultdict(list)
    for index, text in enumerate(compact):
        if IBAN_LENGTHS.get(text[:2]) == len(text) and text.isascii() and text.isalnum():
            by_length[len(text)].append(index)
    for indices in by_length.values():
        turned = "".join(compact[i][4:] + compact[i][:4] for i in indices)
        codes = np.frombuffer(turned.encode("ascii"), dtype=np.uint8)
        result[indices] = _mod_97(codes.reshape(len(indices), -1).astype(np.int64)) == 1
    return result


def _mod_97(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    letter = codes > ord("9")
    values = np.where(letter, codes - ord("A") + 10, codes - ord("0"))
    weights = np.where(letter, 100, 10)
    remainder = np.zeros(len(codes), dtype=np.int64)
    for column in range(codes.shape[1]):
        remainder = (remainder * weights[:, column] + values[:, column]) % 97
    return remainder


def _compact(value: str) -> str:
    bare = value.strip().replace(" ", "").replace("-", "")
    return bare.upper() if bare.islower() else bare


class IbanRecogniser:
    """Recognises IBANs, written together, in groups of four, or all in lower case."""

    entity = "IBAN_CODE"
    engine = "answerable"
    prefilter = rf"(?i:\b(?:{_COUNTRIES})[0-9]{{2}}[ -]?[0-9A-Z])"
    null: NullModel = "checksum"
    prior = 0.5
    context: tuple[str, ...] = ()
    takes_numbers = False

    def is_rare(self, value: str) -> bool:  # noqa: ARG002 - the check decides, not the layout
        """Return False: the check digits are the evidence."""
        return False

    def whole(self, values: Sequence[str]) -> NDArray[np.bool_]:
        """Return for each value whether it is one IBAN and nothing else."""
        return iban_check([_compact(value) for value in values])

    def spans(self, text: str) -> tuple[Span, ...]:
        """Return where IBANs stand in a text."""
        found: list[Span] = []
        for match in _START.finditer(text):
            start = match.start()
            length = IBAN_LENGTHS.get(text[start : start + 2].upper())
            alone = start == 0 or not text[start - 1].isalnum()
            if length is None or not alone or (found and start < found[-1][1]):
                continue
            end = _end_of(text, start, length)
            if end is not None and bool(self.whole([text[start:end]])[0]):
                found.append((start, end))
        return tuple(found)

    def find(self, values: Sequence[str]) -> Found:
        """Return which values are whole, and the spans in the others."""
        return find_with(self.whole, self.spans, values)


def _end_of(text: str, start: int, length: int) -> int | None:
    """Return where `length` letters and digits, with single separators, end."""
    taken, position = 0, start
    while position < len(text) and taken < length:
        character = text[position]
        if character.isascii() and character.isalnum():
            taken += 1
        elif character not in " -" or text[position - 1] in " -":
            return None
        position += 1
    if taken < length or (position < len(text) and text[position].isalnum()):
        return None
    return position
