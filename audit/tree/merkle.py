"""The RFC 6962 Merkle tree: leaf and node hashes, the append frontier, the root.

Leaves and nodes are hashed under different prefixes, so an inner node can never be passed off
as an entry. A tree whose size is not a power of two is split at the largest power of two below
its size; no leaf is ever duplicated. Nothing here keeps the leaves: the frontier holds one hash
per one-bit of the size, which is all that appending needs.

References
----------
RFC 6962, section 2.1; RFC 9162, section 2.1.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from answerable.audit.errors import InvalidInput, RecordTampered

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "Frontier",
    "leaf_hash",
    "node_hash",
    "root_of",
]

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root of the tree without leaves: SHA-256 of nothing (RFC 9162, section 2.1.1)."""

_SIZE_BYTES: Final = 8
_sha256 = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256(0x00 || data).

    Parameters
    ----------
    data : bytes
        The entry's header bytes as stored.

    Returns
    -------
    bytes
        32 bytes.

    References
    ----------
    RFC 9162, section 2.1.1.

    Examples
    --------
    >>> leaf_hash(b"").hex()[:16]
    '6e340b9cffb37a98'
    """
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    r"""Return the hash of an inner node: SHA-256(0x01 || left || right).

    Parameters
    ----------
    left, right : bytes
        Hashes of the two subtrees, 32 bytes each.

    Returns
    -------
    bytes
        32 bytes.

    References
    ----------
    RFC 9162, section 2.1.1.

    Examples
    --------
    >>> node_hash(leaf_hash(b""), leaf_hash(b"\x00")).hex()[:16]
    'fac54203e7cc696c'
    """
    return _sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The roots of the full subtrees of a tree, from the left: all that appending needs.

    A tree of `size` leaves has one full subtree for each one-bit of `size`, largest first.

    Examples
    --------
    >>> frontier = Frontier().push(leaf_hash(b"a")).push(leaf_hash(b"b"))
    >>> frontier.root() == node_hash(leaf_hash(b"a"), leaf_hash(b"b"))
    True
    >>> Frontier.from_bytes(frontier.to_bytes()) == frontier
    True
    """

    size: int = 0
    subtrees: tuple[bytes, ...] = ()

    def push(self, leaf: bytes) -> Frontier:
        """Return the frontier after one more leaf.

        Parameters
        ----------
        leaf : bytes
            A leaf hash, 32 bytes.

        Returns
        -------
        Frontier
            Of size + 1; this one is left as it is.

        Raises
        ------
        InvalidInput
            If `leaf` is not 32 bytes long.
        """
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """Return the frontier after more leaves, in order.

        Parameters
        ----------
        leaves : Iterable[bytes]
            Leaf hashes, 32 bytes each.

        Returns
        -------
        Frontier
            This one is left as it is.

        Raises
        ------
        InvalidInput
            If a leaf is not 32 bytes long.
        """
        size = self.size
        stack = list(self.subtrees)
        for leaf in leaves:
            if len(leaf) != HASH_SIZE:
                raise InvalidInput(
                    f"a leaf hash of {len(leaf)} bytes",
                    where=f"leaf {size}",
                    remedy="Pass leaf_hash(header), 32 bytes.",
                )
            node = leaf
            carry = size
            while carry & 1:
                node = _sha256(b"\x01" + stack.pop() + node).digest()
                carry >>= 1
            stack.append(node)
            size += 1
        return Frontier(size, tuple(stack))

    def root(self) -> bytes:
        """Return the root of the tree so far (:data:`EMPTY_ROOT` when it has no leaf)."""
        if not self.subtrees:
            return EMPTY_ROOT
        node = self.subtrees[-1]
        for subtree in reversed(self.subtrees[:-1]):
            node = node_hash(subtree, node)
        return node

    def to_bytes(self) -> bytes:
        """Return the stored form: size as 8 bytes big-endian, then the subtree roots."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.subtrees)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the stored form.

        Parameters
        ----------
        data : bytes
            What :meth:`to_bytes` gave.

        Returns
        -------
        Frontier
            The same frontier.

        Raises
        ------
        RecordTampered
            If the length does not fit the size named in the first 8 bytes.
        """
        size = int.from_bytes(data[:_SIZE_BYTES], "big")
        hashes = data[_SIZE_BYTES:]
        if len(data) < _SIZE_BYTES or len(hashes) != HASH_SIZE * size.bit_count():
            raise RecordTampered(
                "the stored frontier does not have the length its size asks for",
                where="log head",
                remedy="Verify the log and rebuild the head from its entries.",
            )
        return cls(size, _split(hashes))


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes.

    Parameters
    ----------
    leaves : Iterable[bytes]
        Leaf hashes in order, 32 bytes each.

    Returns
    -------
    bytes
        32 bytes; :data:`EMPTY_ROOT` without leaves.

    References
    ----------
    RFC 9162, section 2.1.1.

    Examples
    --------
    >>> root_of([]) == EMPTY_ROOT
    True
    >>> root_of([leaf_hash(b"a")]) == leaf_hash(b"a")
    True
    """
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        # An odd last node is carried up unhashed: that is RFC 6962's split, level by level.
        paired = [
            _sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


def _split(hashes: bytes) -> tuple[bytes, ...]:
    return tuple(hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE))
