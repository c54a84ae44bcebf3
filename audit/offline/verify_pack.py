"""Checks an evidence pack with Python 3.11 and the package ``cryptography``, nothing of ours.

    python verify_pack.py PACK --key VKEY [--checkpoint NOTE] [--witness VKEY] [--json]

VKEY is the log's verification key or a file that holds it. Take it from a source other than the
pack: nothing in a pack is trusted for its own sake, every step leads to what that key signed.

1. container    the ZIP has the one form of its files: stored, sorted, known names, nothing else
2. manifest     canonical JSON that names each file with its SHA-256, and the key you gave
3. checkpoint   signed by your key, of that key's log; the one you kept agrees with the pack
4. header       canonical JSON of version 1, of this log, with an entry id and a time
5. proof        SHA-256(0x00 || header) leads from the entry's place to the signed root
6. sequence     no entry id stands twice; no entry is earlier than one before it
7. body         each part has the digest in the header; with a disclosed key it opens to the text
                beside it, and that text to the keyed commitment in the header
8. consistency  each other checkpoint in the pack is signed and is of the same log, grown
9. anchor       cosignatures of the witnesses you named; time stamps, of which digest and time are
                read and the signature is NOT checked (openssl ts -verify does that)

Each fault of the data is a finding with its layer and entry. Limits: 1 GiB, 65,000 files, parts
of 16 MiB, 200 findings; one file is in memory at a time. Exit code 0: nothing found, 2: wrong
use, 4: findings. A pack cannot show what was left out of it. Format: docs/evidence-pack.md.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import re
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["main", "verify_pack"]

_FORMAT, _SHOWN = "answerable.evidence-pack.v1", ("id", "kind", "ts", "outcome", "function")
_LOG_KEY, _WITNESS_KEY, _HASH, _SAFE, _MAX_SIZE = 1, 4, 32, 1 << 53, 1 << 63
_MAX_PACK, _MAX_FILES, _MAX_PART, _MAX_TEXT, _MAX_FINDINGS = 1 << 30, 65_000, 1 << 24, 65_535, 200
_NAME: Final = re.compile(
    r"checkpoint|manifest\.json|anchors/\d{2}\.(?:note|tsr)|consistency/\d{16}\.txt"
    r"|entries/\d{16}/(?:header\.json|receipt\.tlog-proof|part-\d{3}\.(?:json|key|sealed))"
)
_UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HEAD: Final = re.compile(rb"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([^\n]+)\n")
_STAMP: Final = rb"\x02.{2,22}?\x18.(\d{14})[.\d]*Z"  # serial number and time, after the digest
_SIGNATURE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_LOCAL, _CENTRAL = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I")
_END, _STORED, _PLAIN = struct.Struct("<4s4H2IH"), (10, 0, 0, 0, 33), (0, 0, 0, 0, 0o100644 << 16)
_CANONICAL: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class _Key(NamedTuple):
    name: str
    id: bytes
    public: bytes

    def require(self, signature: bytes, text: bytes) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError):
            raise _Fault(f"it has a wrong signature of {self.name}") from None


class _Head(NamedTuple):
    size: int
    root: bytes
    text: bytes
    note: bytes


class _Fault(Exception):
    """Something about the bytes at hand that becomes a finding."""


def verify_pack(
    file: BinaryIO, vkey: str, *, checkpoint: bytes | None = None, witnesses: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what is wrong with a pack and what it proves.

    Returns
    -------
    dict
        ``ok, findings [{layer, entry, what}], log, size, root, key, anchored, entries, parts
        {checked, opened, absent}, anchors [{what, checked}]``; fit for JSON.
    """
    return _Check(file, vkey).run(vkey, checkpoint, witnesses)


class _Check:
    def __init__(self, file: BinaryIO, vkey: str) -> None:
        self._file, self._digests = file, dict[str, object]()
        self._members = dict[str, tuple[int, int, int]]()
        self._heads, self._ids, self._last_ts = list[_Head](), set[str](), 0
        self.result: dict[str, Any] = {
            "ok": False, "findings": [], "log": "", "size": 0, "root": "", "anchored": False,
            "key": f"sha256:{_sha256(vkey.encode()).hex()}", "entries": [], "anchors": [],
            "parts": {"checked": 0, "opened": 0, "absent": 0}}  # fmt: skip

    def run(self, vkey: str, kept: bytes | None, witnesses: Sequence[str]) -> dict[str, Any]:
        """Take the steps in order; without a container or a checkpoint the rest has no ground."""
        with self._layer("container"):
            self._members = dict(_walk(self._file))  # 1
            with self._layer("manifest"):  # 2
                said = _canonical(self._take("manifest.json"), _MAX_PART)
                files = said.pop("files", None)
                self._digests = files if isinstance(files, dict) else {}
                if said != {"format": _FORMAT, "key": self.result["key"]}:
                    raise _Fault(f"it is not of {_FORMAT}, or names another key than you gave")
            with self._layer("checkpoint"):
                key = _read_key(vkey, _LOG_KEY)
                self._heads.append(head := _open_head(self._take("checkpoint"), key))  # 3
                self.result |= {"log": key.name, "size": head.size, "root": head.root.hex()}
                places = {name[8:24] for name in self._members if name[:8] == "entries/"}
                for place in sorted(places):
                    self._entry(int(place), f"entries/{place}/", head, key.name)  # 4 to 7
                self._others(key, [_read_key(text, _WITNESS_KEY) for text in witnesses])  # 8, 9
                if kept is not None:
                    self._kept(_open_head(kept, key))
                for name in sorted(self._members.keys() | self._digests.keys()):
                    self._find("manifest", "", f"{name[:60]!a} is missing, or of no use here")
        return self.result | {"ok": not self.result["findings"]}

    @contextmanager
    def _layer(self, layer: str, entry: str = "", about: str = "") -> Iterator[None]:
        try:
            yield
        except _Fault as fault:  # what ended a step
            self._find(layer, entry, f"{about}{fault}")

    def _find(self, layer: str, entry: str, what: str) -> None:
        if len(self.result["findings"]) < _MAX_FINDINGS:
            self.result["findings"].append({"layer": layer, "entry": entry, "what": what})

    def _take(self, name: str) -> bytes:
        """Return a file's bytes, checked against the manifest; nothing when it is not there."""
        at, size, crc = self._members.pop(name, (0, 0, 0))
        self._file.seek(at)
        data = self._file.read(size)
        named = name == "manifest.json" or self._digests.pop(name, "") == _sha256(data).hex()
        if at and not (named and zlib.crc32(data) == crc):
            entry = name[8:24].lstrip("0") or "0" if name.startswith("entries/") else ""
            self._find("manifest", entry, f"{name} is not what manifest and checksum say")
        return data

    def _entry(self, seq: int, folder: str, head: _Head, log: str) -> None:
        data, name, parts = self._take(f"{folder}header.json"), f"{seq}", list[object]()
        with self._layer("header", name):  # 4
            header = _canonical(data, _MAX_TEXT)
            parts = header["parts"] if isinstance(header.get("parts"), list) else []
            entry_id, ts = str(header.get("id")), header.get("ts", "")
            shown = {key: header[key] for key in _SHOWN if key in header}
            self.result["entries"].append({"seq": seq} | shown)
            if not _UUID7.fullmatch(entry_id) or type(ts) is not int:
                raise _Fault("has no entry id or no time")
            name = f"{seq} ({entry_id})"
            if str(header.get("v")) != "1" or header.get("log") != log:
                self._find("header", name, "is not of version 1, or of another log")
            if entry_id in self._ids or ts < self._last_ts:  # 6
                self._find("sequence", name, "has the id, or a later time, of an entry before it")
            self._ids.add(entry_id)
            self._last_ts = ts
        with self._layer("proof", name, "its receipt "):
            _prove(self._take(f"{folder}receipt.tlog-proof"), data, seq, head)  # 5
        for number, part in enumerate(parts):
            with self._layer("body", name, f"part {number} "):
                said = part if isinstance(part, dict) else {}
                self._part(header, said, f"{folder}part-{number:03}")  # 7

    def _part(self, header: dict[str, Any], part: dict[str, Any], stem: str) -> None:
        clear = part.get("part") == "clear"
        stored = f"{stem}.{'json' if clear else 'sealed'}"
        if stored not in self._members:
            self.result["parts"]["absent"] += 1
            return
        data, disclosed = self._take(stored), not clear and f"{stem}.key" in self._members
        key, beside = (self._take(f"{stem}.{end}") if disclosed else b"" for end in ("key", "json"))
        self.result["parts"]["checked"] += 1
        if _sha256(data).hex() != part.get("digest" if clear else "ct"):
            raise _Fault("does not have the digest in the header")
        if disclosed:
            try:
                ref = header["subjects"][part.get("subject", 0)]["ref"]
                address = f"{header.get('log')}\0{header.get('id')}\0{ref}".encode()
                text = AESGCM(key).decrypt(data[:12], data[12:], address)
            except (InvalidTag, ValueError, LookupError, TypeError):
                raise _Fault("does not open under the key beside it") from None
            commitment = hmac.digest(key, b"pc1\0" + text, "sha256").hex()
            if (commitment, beside) != (part.get("pc"), text):
                raise _Fault("opens to another text than was committed to, or stands beside it")
            self.result["parts"]["opened"] += 1

    def _others(self, key: _Key, witnesses: list[_Key]) -> None:
        names = [name for name in self._members if name[:8] in {"anchors/", "consiste"}]
        for name in sorted(names, reverse=True)[:200]:
            with self._layer("anchor" if name[0] == "a" else "consistency", about=f"{name} "):
                data = self._take(name)
                if name.endswith(".txt"):
                    self._heads.append(_grown(data, int(name[12:28]), self._heads[0], key))
                elif name.endswith(".tsr"):
                    self.result["anchors"].append(_stamped(data, self._heads))
                else:
                    self.result["anchors"] += _seen(data, self._heads, key, witnesses)

    def _kept(self, kept: _Head) -> None:
        roots = [head.root for head in self._heads if head.size == kept.size]
        if kept.root not in roots:
            why = "has another root" if roots else "needs a pack with its consistency proof"
            raise _Fault(f"the checkpoint you kept, of size {kept.size}, {why}")
        self.result["anchored"] = True


def _walk(file: BinaryIO) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Yield name, place, size and checksum of each file of a ZIP that has the one form."""
    total, at, last, count, central = file.seek(0, 2), file.seek(0), "", 0, bytearray()
    while (head := file.read(_LOCAL.size))[:4] == b"PK\3\4" and len(head) == _LOCAL.size:
        _, *form, crc, packed, size, length, extra = _LOCAL.unpack(head)
        raw = file.read(length)
        name, start = raw.decode("ascii", "replace"), at + _LOCAL.size + length
        limit = _MAX_PART + 28 if name.endswith((".json", ".sealed")) else _MAX_TEXT
        if not _NAME.fullmatch(name) or name <= last:
            raise _Fault(f"it holds {name[:60]!a}: not a name in a pack, or twice or out of order")
        if tuple(form) != _STORED or packed != size or extra:
            raise _Fault(f"{name} is not stored in the one form of this format")
        if size > limit or start + size > total or count == _MAX_FILES or total > _MAX_PACK:
            raise _Fault(f"{name} is beyond the end of the file or the limits of this format")
        yield name, (start, size, crc)
        central += (
            _CENTRAL.pack(b"PK\1\2", 788, *_STORED, crc, size, size, length, *_PLAIN, at) + raw
        )
        at, last, count = file.seek(start + size), name, count + 1
    central += _END.pack(b"PK\5\6", 0, 0, count, count, len(central), at, 0)
    if head + file.read(len(central)) != central:
        raise _Fault("what follows its files is not the directory of these files")


def _canonical(data: bytes, limit: int) -> dict[str, Any]:
    """Return a JSON object whose bytes are its RFC 8785 form, with whole numbers only."""
    # Written anew, a key that stood twice stands once, and any other number stands as text.
    read = partial(json.loads, parse_float=str, parse_constant=str)
    try:
        value = read(data, parse_int=lambda n: int(n) if abs(float(n)) < _SAFE else n)
        written = _CANONICAL.encode(value).encode()
    except (ValueError, RecursionError):
        value = written = None
    if not isinstance(value, dict) or written != data or len(data) > limit:
        raise _Fault("it is missing, too long, or not canonical JSON of whole numbers below 2^53")
    return value


def _prove(receipt: bytes, header: bytes, seq: int, head: _Head) -> None:
    front, _, note = receipt.partition(b"\n\n")
    lines = front.split(b"\n")
    if lines[:2] != [b"c2sp.org/tlog-proof@v1", b"index %d" % seq] or note != head.note:
        raise _Fault("is missing, or of another place, form or checkpoint")
    path = [_base64(line, _HASH) for line in lines[2:]]
    if _path_root(_sha256(b"\0" + header), seq, head.size, path) != head.root:
        raise _Fault("does not lead from the header to the signed root")


def _path_root(leaf: bytes, seq: int, size: int, path: list[bytes]) -> bytes | None:
    """Return the root an inclusion proof leads to (RFC 9162, 2.1.3); None if it cannot be one."""
    if not path or not 0 <= seq < size < _MAX_SIZE or size == 1:
        return leaf if (seq, size, path) == (0, 1, []) else None
    half = 1 << ((size - 1).bit_length() - 1)
    right = seq >= half
    below = _path_root(leaf, seq - half * right, size - half if right else half, path[:-1])
    return below and _sha256(b"\1" + (path[-1] + below if right else below + path[-1]))


def _grown(data: bytes, size: int, head: _Head, key: _Key) -> _Head:
    front, _, note = data.partition(b"\n\n")
    other = _open_head(note, key)
    old, new = sorted((head, other))
    path = [_base64(line, _HASH) for line in front.split(b"\n")]
    if other.size != size or _roots(old.size, new.size, path, old.root) != (old.root, new.root):
        raise _Fault("is not of the same log as the checkpoint of the pack")
    return other


def _roots(old: int, new: int, path: list[bytes], known: bytes | None) -> tuple[bytes, ...]:
    """Return the roots a consistency proof leads to (RFC 9162, 2.1.4); () if it is none."""
    if not 0 < old <= new < _MAX_SIZE or len(path) < (old < new or known is None):
        return ()
    if old == new:
        return (known or path[0],) * 2 if len(path) == (known is None) else ()
    half, last = 1 << ((new - 1).bit_length() - 1), path[-1]
    if old <= half:
        left = _roots(old, half, path[:-1], known)
        return left and (left[0], _sha256(b"\1" + left[1] + last))
    right = _roots(old - half, new - half, path[:-1], None)
    return right and tuple(_sha256(b"\1" + last + root) for root in right)


def _read_key(text: str, kind: int) -> _Key:
    """Return the key in a verifier key's text form: name+id+base64(kind || Ed25519 key)."""
    name, key_id, encoded = [*text.split("+", 2), "", ""][:3]
    raw = _base64(encoded.encode("utf-8", "replace"), 1 + _HASH)
    own_id = _sha256(name.encode("utf-8", "replace") + b"\n" + raw)[:4]
    if raw[0] != kind or own_id.hex() != key_id:
        raise _Fault("a key you gave is not the key it says, or of another kind")
    return _Key(name, own_id, raw[1:])


def _open_head(note: bytes, key: _Key) -> _Head:
    text, signatures = _open_note(note, key)
    for signature in signatures:
        key.require(signature, text)
    lines = _HEAD.fullmatch(text)
    if not signatures or lines is None or lines[1] != key.name.encode():
        raise _Fault("it is not a checkpoint that the key you gave has signed")
    return _Head(int(lines[2]), _base64(lines[3], _HASH), text, note)


def _open_note(note: bytes, key: _Key) -> tuple[bytes, list[bytes]]:
    """Return the text of a note, and what stands under the name and id of a key."""
    text, blank, tail = note.rpartition(b"\n\n")
    *lines, end = tail.decode("utf-8", "replace").split("\n")
    found = [line for line in map(_SIGNATURE.fullmatch, lines) if line is not None]
    if not blank or end or not 0 < len(found) == len(lines) <= 100:  # noqa: PLR2004  # C2SP
        raise _Fault("it is not a signed note")
    named = [_base64(line[2].encode()) for line in found if line[1] == key.name]
    return text + b"\n", [data[4:] for data in named if data[:4] == key.id]


def _seen(note: bytes, heads: list[_Head], key: _Key, pinned: list[_Key]) -> list[dict[str, str]]:
    head, said = _open_head(note, key), list[dict[str, str]]()
    if head.text not in [held.text for held in heads]:
        raise _Fault("is of a checkpoint that is not in the pack")
    for witness in pinned:
        for data in _open_note(note, witness)[1]:
            at = int.from_bytes(data[:8], "big")
            witness.require(data[8:], b"cosignature/v1\ntime %d\n" % at + head.text)
            said.append({"what": f"{witness.name} saw size {head.size} at {at}", "checked": "ok"})
    return said or [{"what": "witnesses you did not name saw it", "checked": "not checked"}]


def _stamped(token: bytes, heads: list[_Head]) -> dict[str, str]:
    for head in heads:
        found = re.search(re.escape(_sha256(head.note)) + _STAMP, token, re.DOTALL)
        if found is not None:
            what = f"size {head.size} was stamped at {found[1].decode()} UTC"
            return {"what": what, "checked": "not checked"}
    raise _Fault("is not a time stamp of a checkpoint of the pack")


def _base64(text: bytes, size: int | None = None) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if base64.b64encode(data) != text or size not in {None, len(data)}:
        raise _Fault("holds something else than base64 of the expected size")
    return data


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a pack as the command line says and return the exit code."""
    parser = argparse.ArgumentParser(description="Check an evidence pack.")
    parser.add_argument("pack", type=Path)
    parser.add_argument("--key", required=True, help="the log's verification key, or its file")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint you kept yourself")
    parser.add_argument("--witness", action="append", default=[], help="a witness's key")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        vkey = given.key if "+" in given.key else Path(given.key).read_text("utf-8").strip()
        kept = given.checkpoint.read_bytes() if given.checkpoint else None
        with given.pack.open("rb") as file:
            found = verify_pack(file, vkey, checkpoint=kept, witnesses=given.witness)
    except (OSError, UnicodeDecodeError) as error:
        parser.error(f"a file cannot be read: {error}")
    if given.json:
        sys.stdout.write(json.dumps(found) + "\n")  # allow json-for-hashing: printed
    for key, value in found.items() if not given.json else ():
        for item in value if isinstance(value, list) else [value]:
            more = item.items() if isinstance(item, dict) else [("", item)]
            line = f"{key}: " + ", ".join(f"{k} {v}".strip() for k, v in more)
            sys.stdout.write("".join(c if c.isprintable() else "?" for c in line) + "\n")
    return 0 if found["ok"] else 4


if __name__ == "__main__":
    sys.exit(main())
