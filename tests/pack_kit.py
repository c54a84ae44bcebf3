"""Evidence packs for tests, taken apart and put together by Python's own zipfile."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from answerable.audit.entries import Entry
from answerable.audit.offline.verify_pack import verify_pack
from answerable.audit.pack import PackedHead, PackFrame, write_pack
from tests.log_kit import LogKit

__all__ = ["checked", "files_of", "layers", "pack_of", "rebuilt", "resealed", "zipped"]

Files = dict[str, bytes]


def pack_of(
    kit: LogKit,
    entries: Sequence[Entry],
    *,
    older: Sequence[str] = (),
    anchors: Sequence[tuple[str, bytes]] = (),
    opened: bool = True,
) -> bytes:
    """The pack of some entries under a checkpoint of now, with every key that still exists."""
    log = kit.log
    note = log.checkpoint()
    size = log.open_checkpoint(note).size
    heads = [
        PackedHead(other, log.consistency(log.open_checkpoint(other).size, size)) for other in older
    ]
    packed = [item if opened else replace(item, keys={}) for item in log.evidence_of(entries, size)]
    file = io.BytesIO()
    write_pack(file, PackFrame(log.vkey, note, heads, anchors, log.key_rotations()), packed)
    return file.getvalue()


def checked(pack: bytes, vkey: str, **trusted: Any) -> dict[str, Any]:
    """What the offline verifier says."""
    return verify_pack(io.BytesIO(pack), vkey, **trusted)


def layers(found: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The layers and entries that were named."""
    return {(item["layer"], item["entry"].partition(" ")[0]) for item in found["findings"]}


def files_of(pack: bytes) -> Files:
    """The files in a pack, read by Python's zipfile."""
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: Sequence[tuple[str, bytes]]) -> bytes:
    """A ZIP in the form of the format, written by Python's zipfile; names in the order given."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_version, info.extract_version, info.create_system = 20, 10, 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, data)
    return out.getvalue()


def resealed(files: Mapping[str, bytes], **manifest: str) -> bytes:
    """A pack of these files with a manifest that fits them: what a forger would hand out."""
    said = json.loads(files["manifest.json"]) | manifest
    rest = {name: data for name, data in files.items() if name != "manifest.json"}
    said["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in rest.items()}
    sealed = json.dumps(said, separators=(",", ":"), sort_keys=True).encode()
    return zipped(sorted({**rest, "manifest.json": sealed}.items()))


def rebuilt(pack: bytes, change: Callable[[Files], None]) -> bytes:
    """The pack after a forger changed its files and mended the manifest."""
    files = files_of(pack)
    change(files)
    return resealed(files)
