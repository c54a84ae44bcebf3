"""A good evidence pack with everything in it, and what a forger needs to change it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.log_kit import LogKit
from tests.pack_kit import Files, checked, layers, pack_of, rebuilt

__all__ = [
    "CASE", "CLEAR", "FIRST", "FORGER", "GONE", "SECOND", "WITNESS", "Case", "cosigned",
    "in_entry", "stamped", "witness_vkey", "written",
]  # fmt: skip

FIRST, SECOND, CLEAR, GONE = 1, 2, 3, 4
"""Places: a decision on two persons, one on one, an entry stored clear, one that was erased."""
WITNESS: Final = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
FORGER: Final = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
SECONDS: Final = 1_795_000_000


@dataclass(frozen=True)
class Case:
    """A good pack and what its reader trusts."""

    pack: bytes
    vkey: str
    older: str
    """A checkpoint the reader kept from before."""

    def found(self, pack: bytes, **trusted: Any) -> dict[str, Any]:
        return checked(pack, self.vkey, **trusted)

    def faults(self, change: Callable[[Files], None]) -> set[tuple[str, str]]:
        found = self.found(rebuilt(self.pack, change))
        assert not found["ok"]
        return layers(found)


def in_entry(seq: int, name: str) -> str:
    return f"entries/{seq:016}/{name}"


def witness_vkey(key: Ed25519PrivateKey, name: str) -> str:
    raw = b"\x04" + key.public_key().public_bytes_raw()
    key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(raw).decode()}"


def cosigned(note: str, key: Ed25519PrivateKey = WITNESS) -> bytes:
    text = note.partition("\n\n")[0] + "\n"
    key_id = bytes.fromhex(witness_vkey(WITNESS, "witness.example").split("+")[1])
    signature = key.sign(f"cosignature/v1\ntime {SECONDS}\n{text}".encode())
    line = base64.b64encode(key_id + SECONDS.to_bytes(8, "big") + signature).decode()
    return f"{note}— witness.example {line}\n".encode()


def stamped(data: bytes) -> bytes:
    """What matters here of a time stamp: the digest, a serial number, a time."""
    return b"\x04\x20" + hashlib.sha256(data).digest() + b"\x02\x01\x07\x18\x0f20261120010203Z"


def built() -> Case:
    kit = LogKit.create("sqlite://")
    log = kit.log
    log.append(kit.decision("anna", "bert", income=1))
    older = log.checkpoint()
    log.append(kit.decision("carl", income=2))
    log.place_hold(kit.hold(kit.ref("anna")))
    log.append(kit.decision("dora", income=3))
    log.erase(kit.ref("dora"), kit.erasure())
    note = log.checkpoint()
    anchors = [("cosigned", cosigned(note)), ("rfc3161", stamped(note.encode()))]
    entries = [log.entry_at(seq) for seq in (FIRST, SECOND, CLEAR, GONE)]
    pack = pack_of(kit, entries, older=[older], anchors=anchors)
    vkey = log.vkey
    log.close()
    return Case(pack, vkey, older)


CASE: Final = built()


def written(value: Any) -> bytes:
    """JSON in the canonical form, as far as these tests need it."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
