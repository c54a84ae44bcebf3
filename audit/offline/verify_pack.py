"""Checks an evidence pack with Python 3.11 and the package ``cryptography``, nothing of ours.

    python verify_pack.py PACK --key VKEY [--checkpoint NOTE] [--witness VKEY] [--json]

VKEY is the log's verification key or a file that holds it, from a source other than the pack: every
step leads to what that key signed, or another key of the log where both signed which follows which.

1. container    the ZIP has the one form of its files: stored, sorted, known names, nothing else
2. manifest     canonical JSON that names each file with its SHA-256, and the key you gave
3. checkpoint   signed by a key of the log in its time; the one you kept agrees with the pack
4. header       canonical JSON of version 1, of this log, with an entry id and a time
5. proof        SHA-256(0x00 || header) leads from the entry's place to the signed root
6. sequence     no entry id stands twice; no entry is earlier than one before it
7. body         each part has the header's digest; a disclosed key opens it to what was committed
8. consistency  each other checkpoint in the pack is signed and is of the same log, grown
9. anchor       cosignatures of the witnesses you named; time stamps, their signature NOT checked

Each fault is a finding with its layer and entry. Exit code 0: nothing found, 2: wrong use, 4:
findings. A pack cannot show what was left out of it. Limits and format: docs/evidence-pack.md.
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
from contextlib import contextmanager, suppress
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
    r"checkpoint|manifest\.json|keys/\d{3}\.json|anchors/\d{2}\.(?:note|tsr)|consistency/\d{16}\.txt"
    r"|entries/\d{16}/(?:header\.json|receipt\.tlog-proof|part-\d{3}\.(?:json|key|sealed))"
)
_UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HEAD: Final = re.compile(rb"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([^\n]+)\n")
_VKEY: Final = re.compile(r"[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}")
_STAMP: Final = rb"\x02.{2,22}?\x18.(\d{14})[.\d]*Z"  # serial number and time, after the digest
_SIGNATURE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_LOCAL, _CENTRAL = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I")
_END, _STORED, _PLAIN = struct.Struct("<4s4H2IH"), (10, 0, 0, 0, 33), (0, 0, 0, 0, 0o100644 << 16)
_CANONICAL: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class _Key(NamedTuple):
    name: str
    id: bytes
    public: bytes
    limit: int = _MAX_SIZE

    def require(self, signature: bytes | str, text: bytes) -> None:
        try:
            data = bytes.fromhex(signature) if isinstance(signature, str) else signature
            Ed25519PublicKey.from_public_bytes(self.public).verify(data, text)
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
    """Return what is wrong with a pack and what it proves; docs/evidence-pack.md has the keys."""
    return _Check(file, vkey).run(vkey, checkpoint, witnesses)


class _Check:
    def __init__(self, file: BinaryIO, vkey: str) -> None:
        self._file, self._digests = file, dict[str, object]()
        self._members = dict[str, tuple[int, int, int]]()
        self._heads, self._keys = list[_Head](), list[_Key]()
        self._ids, self._last_ts = set[str](), 0
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
                steps = [self._take(name) for name in [*self._members] if name[:5] == "keys/"]
                self._keys, newest = _follow(steps, vkey)
                if said != {"format": _FORMAT, "key": f"sha256:{_sha256(newest.encode()).hex()}"}:
                    raise _Fault(f"it is not of {_FORMAT}, or names another key than you gave")
            with self._layer("checkpoint"):
                keys = self._keys = self._keys or [_read_key(vkey, _LOG_KEY)]
                self._heads.append(head := _open_head(self._take("checkpoint"), keys))  # 3
                self.result |= {"log": keys[0].name, "size": head.size, "root": head.root.hex()}
                for place in sorted({name[8:24] for name in self._members if name[0] == "e"}):
                    self._entry(int(place), f"entries/{place}/", head)  # 4 to 7
                self._others([_read_key(text, _WITNESS_KEY) for text in witnesses])  # 8, 9
                if kept is not None:
                    mine = _open_head(kept, keys)
                    roots = [head.root for head in self._heads if head.size == mine.size]
                    if mine.root not in roots:
                        lacks = "no consistency proof here: ask for a pack made with --checkpoint"
                        what = "another root" if roots else lacks
                        raise _Fault(f"the checkpoint you kept, of size {mine.size}, has {what}")
                    self.result["anchored"] = True
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

    def _entry(self, seq: int, folder: str, head: _Head) -> None:
        data, name, parts = self._take(f"{folder}header.json"), f"{seq}", list[object]()
        with self._layer("header", name):  # 4
            header = _canonical(data, _MAX_TEXT)
            parts = header["parts"] if isinstance(header.get("parts"), list) else []
            entry_id, ts = str(header.get("id")), header.get("ts", "")
            shown = {k: header[k] for k in _SHOWN if k in header}
            self.result["entries"].append({"seq": seq} | shown)
            if not _UUID7.fullmatch(entry_id) or type(ts) is not int:
                raise _Fault("has no entry id or no time")
            name = f"{seq} ({entry_id})"
            if str(header.get("v")) != "1" or header.get("log") != self._keys[0].name:
                self._find("header", name, "is not of version 1, or of another log")
            if entry_id in self._ids or ts < self._last_ts:  # 6
                self._find("sequence", name, "has the id, or a later time, of an entry before it")
            self._ids.add(entry_id)
            self._last_ts = ts
        with self._layer("proof", name, "its receipt "):
            front, _, note = self._take(f"{folder}receipt.tlog-proof").partition(b"\n\n")  # 5
            lines = front.split(b"\n")
            if lines[:2] != [b"c2sp.org/tlog-proof@v1", b"index %d" % seq] or note != head.note:
                raise _Fault("is missing, or of another place, form or checkpoint")
            path = [_base64(line, _HASH) for line in lines[2:]]
            if _path_root(_sha256(b"\0" + data), seq, head.size, path) != head.root:
                raise _Fault("does not lead from the header to the signed root")
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

    def _others(self, witnesses: list[_Key]) -> None:
        names = [name for name in self._members if name[:8] in {"anchors/", "consiste"}]
        for name in sorted(names, reverse=True)[:200]:
            with self._layer("anchor" if name[0] == "a" else "consistency", about=f"{name} "):
                data = self._take(name)
                if name.endswith(".txt"):
                    self._heads.append(self._grown(data, int(name[12:28])))
                elif name.endswith(".tsr"):
                    self.result["anchors"].append(self._stamped(data))
                else:
                    self.result["anchors"] += self._seen(data, witnesses)

    def _grown(self, data: bytes, size: int) -> _Head:
        front, _, note = data.partition(b"\n\n")
        other = _open_head(note, self._keys)
        old, new = sorted((self._heads[0], other))
        path = [_base64(line, _HASH) for line in front.split(b"\n")]
        if other.size != size or _roots(old.size, new.size, path, old.root) != (old.root, new.root):
            raise _Fault("is not of the same log as the checkpoint of the pack")
        return other

    def _seen(self, note: bytes, pinned: list[_Key]) -> list[Any]:
        head, said = _open_head(note, self._keys), list[dict[str, str]]()
        if head.text not in [held.text for held in self._heads]:
            raise _Fault("is of a checkpoint that is not in the pack")
        for witness in pinned:
            for data in _open_note(note, witness)[1]:
                at = int.from_bytes(data[:8], "big")
                witness.require(data[8:], b"cosignature/v1\ntime %d\n" % at + head.text)
                what = f"{witness.name} saw size {head.size} at {at}"
                said.append({"what": what, "checked": "ok"})
        return said or [{"what": "witnesses you did not name saw it", "checked": "not checked"}]

    def _stamped(self, token: bytes) -> dict[str, str]:
        for head in self._heads:
            if found := re.search(re.escape(_sha256(head.note)) + _STAMP, token, re.DOTALL):
                what = f"size {head.size} was stamped at {found[1].decode()} UTC"
                return {"what": what, "checked": "not checked"}
        raise _Fault("is not a time stamp of a checkpoint of the pack")


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
        beyond = size > limit or start + size > total or count == _MAX_FILES or total > _MAX_PACK
        if tuple(form) != _STORED or packed != size or extra or beyond:
            raise _Fault(f"{name} is not in the form of this format, or beyond a limit or the end")
        yield name, (start, size, crc)
        central += _CENTRAL.pack(b"PK\1\2", 788, *_STORED, crc, size, size, length, *_PLAIN, at)
        central += raw
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


def _path_root(leaf: bytes, seq: int, size: int, path: list[bytes]) -> bytes | None:
    """Return the root an inclusion proof leads to (RFC 9162, 2.1.3); None if it cannot be one."""
    if not path or not 0 <= seq < size < _MAX_SIZE or size == 1:
        return leaf if (seq, size, path) == (0, 1, []) else None
    half = 1 << ((size - 1).bit_length() - 1)
    right = seq >= half
    below = _path_root(leaf, seq - half * right, size - half if right else half, path[:-1])
    return below and _sha256(b"\1" + (path[-1] + below if right else below + path[-1]))


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


def _follow(rotations: list[bytes], vkey: str) -> tuple[list[_Key], str]:
    """Return the log's keys, oldest first, and the newest as text; each vouches for the next."""
    texts, keys = list[str](), list[_Key]()
    for said in (_canonical(data, _MAX_TEXT) for data in rotations):
        told = [str(said.get(key)) for key in ("origin", "old_vkey", "new_vkey", "number", "size")]
        text = "\n".join(("answerable/log-key-rotated1", *told, "")).encode()
        old, new = (_read_key(field, _LOG_KEY) for field in told[1:3])
        old.require(str(said.get("signed_by_old")), text)
        new.require(str(said.get("signed_by_new")), text)
        follows = texts[-1:] in ([], told[1:2]) and {old.name, new.name} == {told[0]}
        if not follows or not re.fullmatch(r"[0-9]{1,16}", told[4]):
            raise _Fault("a rotation of the log's key does not follow the one before")
        texts[-1:], keys[-1:] = told[1:3], (old._replace(limit=int(told[4])), new)
    if vkey not in (texts or [vkey]):
        raise _Fault("the key you gave is none of those this log has had")
    return keys or [_read_key(vkey, _LOG_KEY)], (texts or [vkey])[-1]


def _read_key(text: str, kind: int) -> _Key:
    """Return the key in a verifier key's text form: name+id+base64(kind || Ed25519 key)."""
    name, key_id, encoded = [*text.split("+", 2), "", ""][:3]
    raw = _base64(encoded.encode("utf-8", "replace"), 1 + _HASH)
    own_id = _sha256(name.encode("utf-8", "replace") + b"\n" + raw)[:4]
    if raw[0] != kind or own_id.hex() != key_id:
        raise _Fault("a key you gave is not the key it says, or of another kind")
    return _Key(name, own_id, raw[1:])


def _open_head(note: bytes, keys: list[_Key]) -> _Head:
    opened = [(key, *_open_note(note, key)) for key in keys]
    key, text, signatures = next((one for one in reversed(opened) if one[2]), opened[-1])
    for signature in signatures:
        key.require(signature, text)
    lines = _HEAD.fullmatch(text)
    if not lines or lines[1] != key.name.encode() or not signatures or int(lines[2]) > key.limit:
        raise _Fault("it is not a checkpoint that the key you gave, or one it leads to, has signed")
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


def _base64(text: bytes, size: int | None = None) -> bytes:
    data = b""
    with suppress(ValueError):
        data = base64.b64decode(text, validate=True)
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
    parser.add_argument("--json", action="store_const", dest="indent", const=None, default=2)
    given = parser.parse_args(arguments)
    try:
        vkey = given.key if "+" in given.key else Path(given.key).read_text("utf-8").strip()
        kept = given.checkpoint.read_bytes() if given.checkpoint else None
        if not all(map(_VKEY.fullmatch, [vkey, *given.witness])):
            parser.error("not a key: one reads NAME+<8 hex digits>+<44 of base64>")
        if kept is not None and not _HEAD.match(kept):
            parser.error("not a checkpoint: one begins with the lines log, size, root")
        with given.pack.open("rb") as file:
            found = verify_pack(file, vkey, checkpoint=kept, witnesses=given.witness)
    except (OSError, UnicodeDecodeError) as error:
        parser.error(f"a file cannot be read: {error}")
    sys.stdout.write(json.dumps(found, indent=given.indent) + "\n")  # allow json-for-hashing: text
    return 0 if found["ok"] else 4


if __name__ == "__main__":
    sys.exit(main())
