"""Payment card numbers: a known issuer prefix of the right length, and Luhn's check.

References
----------
ISO/IEC 7812-1, annex B (Luhn).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from answerable.privacy.chance import NullModel
from answerable.privacy.recognisers.recogniser import (
    Found,
    Span,
    digit_matrix,
    find_with,
    stands_alone,
)

__all__ = ["CardRecogniser", "has_issuer_prefix", "luhn_check"]

_NUMBER: Final = re.compile(
    r"[0-9]{12,19}|[0-9]{4}(?:[ -][0-9]{4}){2}[ -][0-9]{1,7}|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}"
)
# Prefix ranges by number of leading digits, and the lengths issued under them.
_ISSUERS: Final = (
    (1, 1, 1, (15,)),  # air travel cards
    (1, 4, 4, (13, 16, 19)),
    (2, 51, 55, (16,)),
    (4, 2221, 2720, (16,)),
    (2, 34, 34, (15,)),
    (2, 37, 37, (15,)),
    (3, 300, 305, (14, 16)),
    (4, 3095, 3095, (14,)),
    (2, 36, 36, (14, 15, 16)),
    (2, 38, 39, (14, 15, 16)),
    (4, 3528, 3589, (16, 17, 18, 19)),
    (4, 2131, 2131, (15,)),
    (4, 1800, 1800, (15,)),
    (4, 6011, 6011, (16, 17, 18, 19)),
    (3, 644, 649, (16, 17, 18, 19)),
    (2, 65, 65, (16, 17, 18, 19)),
    (2, 62, 62, (16, 17, 18, 19)),
    (2, 50, 50, (12, 13, 14, 15, 16, 17, 18, 19)),
    (2, 56, 58, (12, 13, 14, 15, 16, 17, 18, 19)),
    (2, 67, 67, (12, 13, 14, 15, 16, 17, 18, 19)),
    (3, 637, 638, (16,)),
    (3, 639, 639, (12, 13, 14, 15, 16, 17, 18, 19)),
    (4, 6304, 6304, (12, 13, 14, 15, 16, 17, 18, 19)),
    (4, 8699, 8699, (15,)),  # fuel cards
    (4, 2200, 2204, (16, 17, 18, 19)),
)


def luhn_check(numbers: Sequence[str]) -> NDArray[np.bool_]:
    """Return for each number whether its last digit satisfies Luhn's formula.

    Parameters
    ----------
    numbers : Sequence[str], shape (n,)
        ASCII digits only.

    Returns
    -------
    NDArray[np.bool_], shape (n,)
        False for an empty number.

    Examples
    --------
    >>> luhn_check(["4111111111111111", "4111111111111112"]).tolist()
    [True, False]
    """
    result = np.zeros(len(numbers), dtype=np.bool_)
    by_length: dict[int, list[int]] = defaultdict(list)
    for index, number in enumerate(numbers):
        if number:
            by_length[len(number)].append(index)
    for indices in by_length.values():
        digits = digit_matrix([numbers[i] for i in indices])
        doubled = digits[:, -2::-2] * 2
        total = digits[:, -1::-2].sum(axis=1) + (doubled // 10 + doubled % 10).sum(axis=1)
        result[indices] = total % 10 == 0
    return result


def has_issuer_prefix(number: str) -> bool:
    """Return whether cards of this length are issued under this prefix.

    Returns
    -------
    bool
        False for a length or a prefix in no issuer's range.

    Examples
    --------
    >>> has_issuer_prefix("371449635398431"), has_issuer_prefix("9999999999999995")
    (True, False)
    """
    return any(
        len(number) in lengths and low <= int(number[:size]) <= high
        for size, low, high, lengths in _ISSUERS
    )


class CardRecogniser:
    """Recognises payment card numbers, together or in the usual groups."""

    entity = "CREDIT_CARD"
    engine = "answerable"
    prefilter = r"[0-9]{12}|[0-9]{4}[ -][0-9]{4,6}[ -][0-9]{4}"
    null: NullModel = "checksum"
    prior = 0.5
    context: tuple[str, ...] = ()
    takes_numbers = True

    def is_rare(self, value: str) -> bool:  # noqa: ARG002 - one in ten passes Luhn's formula
        """Return False: the check digit and the prefix are the evidence."""
        return False

    def whole(self, values: Sequence[str]) -> NDArray[np.bool_]:
        """Return for each value whether it is one card number and nothing else."""
        numbers = [
            _digits(value.strip()) if _NUMBER.fullmatch(value.strip()) else "" for value in values
        ]
        prefixed = [bool(number) and has_issuer_prefix(number) for number in numbers]
        return luhn_check(numbers) & np.asarray(prefixed, dtype=np.bool_)

    def spans(self, text: str) -> tuple[Span, ...]:
        """Return where card numbers stand in a text."""
        places = [
            match.span() for match in _NUMBER.finditer(text) if stands_alone(text, *match.span())
        ]
        valid = self.whole([text[start:end] for start, end in places])
        return tuple(place for place, good in zip(places, valid, strict=True) if good)

    def find(self, values: Sequence[str]) -> Found:
        """Return which values are whole, and the spans in the others."""
        return find_with(self.whole, self.spans, values)


def _digits(value: str) -> str:
    return value.replace(" ", "").replace("-", "")
