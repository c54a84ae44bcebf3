"""The card as one JSON document: core, overlay, and the digests that bind them.

Anyone can check it without this package: the core's digest is the SHA-256 of its RFC 8785
bytes, and the evidence digest is the one the log's ``card.built`` entry and the sign-offs
rest on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from answerable.audit.canonical import parse_canonical, parse_json
from answerable.audit.errors import InvalidInput, TooLarge
from answerable.model_cards.build import card_evidence
from answerable.model_cards.card import CardCore, CardOverlay

__all__ = ["FORMAT", "CardDocument", "read_card", "write_card"]

FORMAT: Final = "answerable.model-card-document.v1"
_LIMIT: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class CardDocument:
    """A card document as read: nothing in it has been checked but its form."""

    core: CardCore
    core_digest: str
    evidence_digest: str
    overlay: CardOverlay | None


def write_card(core: CardCore, overlay: CardOverlay | None = None) -> bytes:
    """Return the JSON document of a card.

    Parameters
    ----------
    core : CardCore
        The signed part.
    overlay : CardOverlay, optional
        What the log said when it was written.

    Returns
    -------
    bytes
        Indented UTF-8 JSON with sorted keys; equal cards give equal bytes.
    """
    value = {
        "format": FORMAT,
        "core": parse_canonical(core.to_json()),
        "core_digest": core.digest,
        "evidence_digest": card_evidence(core).digest,
        "overlay": None if overlay is None else parse_canonical(overlay.to_json()),
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(value, option=options)


def read_card(data: bytes, *, where: str = "card") -> CardDocument:
    """Read a JSON card document.

    Parameters
    ----------
    data : bytes
        The document.
    where : str
        Name of the file, for error messages.

    Returns
    -------
    CardDocument
        Core, overlay and the digests the document states.

    Raises
    ------
    InvalidInput
        If it is not a card document.
    TooLarge
        If it is larger than five megabytes.
    """
    if len(data) > _LIMIT:
        raise TooLarge(f"the document is larger than {_LIMIT} bytes", where=where)
    value = parse_json(data)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise InvalidInput(
            f"not a card document ({FORMAT})",
            where=where,
            remedy="Give the JSON that 'answerable card build' wrote.",
        )
    overlay = value.get("overlay")
    return CardDocument(
        core=CardCore.parse(value.get("core")),
        core_digest=str(value.get("core_digest")),
        evidence_digest=str(value.get("evidence_digest")),
        overlay=None if overlay is None else CardOverlay.parse(overlay),
    )
