"""Keyset cursors: opaque, signed, good for one listing only.

A page is continued after the last sequence number seen, so a listing stays correct while
entries are appended, and no page costs more than another.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from typing import Final

from answerable.audit.errors import InvalidInput

__all__ = ["open_cursor", "seal_cursor"]

_NUMBER_BYTES: Final = 8
_TAG_BYTES: Final = 12

KeyedHash = Callable[[str, bytes], bytes]


def seal_cursor(position: int, *, listing: str, keyed_hash: KeyedHash) -> str:
    """Return the cursor that continues a listing after a position.

    Parameters
    ----------
    position : int
        Last sequence number on the page, below 2**63.
    listing : str
        Which listing, with its filters: a cursor of another one is refused.
    keyed_hash : Callable[[str, bytes], bytes]
        Keyed hash of the workspace.

    Returns
    -------
    str
        27 base64url characters.
    """
    number = position.to_bytes(_NUMBER_BYTES, "big")
    tag = keyed_hash("cursor", number + listing.encode())[:_TAG_BYTES]
    return base64.urlsafe_b64encode(number + tag).rstrip(b"=").decode("ascii")


def open_cursor(cursor: str, *, listing: str, keyed_hash: KeyedHash) -> int:
    """Return the position a cursor continues after.

    Parameters
    ----------
    cursor : str
        As :func:`seal_cursor` made it.
    listing : str
        The same text as then.
    keyed_hash : Callable[[str, bytes], bytes]
        Keyed hash of the workspace.

    Returns
    -------
    int
        Sequence number.

    Raises
    ------
    InvalidInput
        If this cursor was not made here for this listing.
    """
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    position = int.from_bytes(data[:_NUMBER_BYTES], "big")
    expected = seal_cursor(position, listing=listing, keyed_hash=keyed_hash)
    if not hmac.compare_digest(expected.encode(), cursor.encode("utf-8", "surrogatepass")):
        raise InvalidInput(
            "the cursor does not belong to this listing",
            remedy="Follow the 'next' of a page with unchanged filters.",
        )
    return position
