"""Fixed values that the golden examples are made of."""

from typing import Final

NOON: Final = 1_790_000_000_000_000

ACTOR: Final = "a-" + "a1" * 16
OTHER_ACTOR: Final = "a-" + "a2" * 16
SUBJECT: Final = "s-" + "51" * 16
CO_APPLICANT: Final = "s-" + "52" * 16


def digest(number: int) -> str:
    """A digest that is easy to recognise."""
    return f"sha256:{number:02x}" + "0" * 62


def entry_id(number: int) -> str:
    """An entry id that is easy to recognise."""
    return f"01a0c5f2-1c00-7000-8000-{number:012x}"
