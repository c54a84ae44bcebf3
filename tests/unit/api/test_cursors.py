"""A cursor continues exactly the listing it was made for."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from answerable.api.http.cursors import open_cursor, seal_cursor
from answerable.audit.errors import InvalidInput


def keyed_hash(label: str, data: bytes) -> bytes:
    return hmac.new(b"key", label.encode() + b"\0" + data, hashlib.sha256).digest()


@pytest.mark.parametrize("position", [0, 1, 255, 256, 2**53])
def test_a_cursor_opens_to_its_position(position: int) -> None:
    cursor = seal_cursor(position, listing="a", keyed_hash=keyed_hash)
    assert len(cursor) == 27
    assert open_cursor(cursor, listing="a", keyed_hash=keyed_hash) == position


def test_a_cursor_of_another_listing_or_key_or_a_changed_one_is_refused() -> None:
    cursor = seal_cursor(7, listing="a", keyed_hash=keyed_hash)
    changed = cursor[:3] + ("A" if cursor[3] != "A" else "B") + cursor[4:]
    for wrong, listing in ((cursor, "b"), (changed, "a"), ("", "a"), ("!", "a"), ("ü", "a")):
        with pytest.raises(InvalidInput, match="cursor"):
            open_cursor(wrong, listing=listing, keyed_hash=keyed_hash)
    with pytest.raises(InvalidInput):
        open_cursor(cursor, listing="a", keyed_hash=lambda _label, data: bytes(32) + data)
