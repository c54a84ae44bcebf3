"""US social security numbers: the layout, and the areas and groups never issued.

There is no check digit. With separators the layout is the evidence; nine bare digits are
evidence only under a header that names them.

References
----------
20 CFR 422.103 and the Social Security Administration's randomisation of 2011: area 000,
666 and 900-999, group 00 and serial 0000 are not issued.
"""

from __future__ import annotations

import re
from typing import Final

from answerable.privacy.recognisers.network import PatternRecogniser

__all__ = ["social_security"]

_NUMBER: Final = re.compile(r"[0-9]{3}(?:-[0-9]{2}-| [0-9]{2} |\.[0-9]{2}\.|[0-9]{2})[0-9]{4}")
_NEVER_ISSUED: Final = frozenset({"000", "666"})
_PRINTED_IN_ADVERTISEMENTS: Final = frozenset({"078051120", "219099999"})


def _is_issued(value: str) -> bool:
    digits = "".join(filter(str.isdigit, value))
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return (
        area not in _NEVER_ISSUED
        and not area.startswith("9")
        and group != "00"
        and serial != "0000"
        and digits not in _PRINTED_IN_ADVERTISEMENTS
    )


def _is_separated(value: str) -> bool:
    return not value.strip().isdigit()


social_security: Final = PatternRecogniser(
    "US_SSN",
    r"\b[0-9]{3}[-. ]?[0-9]{2}[-. ]?[0-9]{4}\b",
    _NUMBER,
    _is_issued,
    _is_separated,
    prior=0.2,
    takes_numbers=True,
)
