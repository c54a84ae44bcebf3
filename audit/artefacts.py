"""The content-addressed store for files that entries name: models, policies, cards.

What is put in is found again by the SHA-256 of its bytes and by nothing else, so an artefact can
never be changed under its digest: reading checks the bytes every time. Putting the same bytes
twice is one artefact. There is no listing and no deletion here: what may go is decided by
retention, not by a store.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Final, NoReturn, Protocol

from answerable.audit.canonical import sha256_digest
from answerable.audit.errors import InvalidInput, NotFound, RecordTampered, Unavailable

__all__ = ["ArtefactStore", "FolderArtefacts", "MemoryArtefacts"]

_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})")
_FILE_MODE: Final = 0o440


class ArtefactStore(Protocol):
    """Bytes by their SHA-256."""

    def put(self, data: bytes) -> str:
        """Store bytes durably; return their digest as ``sha256:<hex>``."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes of a digest.

        Returns
        -------
        bytes
            Bytes whose SHA-256 is the digest.

        Raises
        ------
        NotFound
            If nothing is stored under it.
        RecordTampered
            If what is stored under it has another digest.
        """
        ...

    def has(self, digest: str) -> bool:
        """Return whether something is stored under a digest."""
        ...


class MemoryArtefacts:
    """Artefacts in memory, for tests and notebooks.

    Examples
    --------
    >>> artefacts = MemoryArtefacts()
    >>> artefacts.get(artefacts.put(b"model"))
    b'model'
    """

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        """Store bytes; return their digest."""
        digest = sha256_digest(data)
        self._held[digest] = bytes(data)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes of a digest.

        Returns
        -------
        bytes
            Bytes whose SHA-256 is the digest.

        Raises
        ------
        NotFound
            If nothing is stored under it.
        InvalidInput
            If it is not a digest.
        """
        _hex_of(digest)
        if digest not in self._held:
            _refuse_missing(digest)
        return self._held[digest]

    def has(self, digest: str) -> bool:
        """Return whether something is stored under a digest."""
        _hex_of(digest)
        return digest in self._held


class FolderArtefacts:
    """Artefacts as read-only files below a folder, sharded by the digest's first two digits.

    Each file is written beside its place, flushed to disk, and moved there in one step, so a
    crash leaves either the whole artefact or none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, data: bytes) -> str:
        """Store bytes durably.

        Parameters
        ----------
        data : bytes
            Anything; the same bytes again are the same artefact.

        Returns
        -------
        str
            Their digest.

        Raises
        ------
        Unavailable
            If the folder cannot be written.
        """
        digest = sha256_digest(data)
        place = self._place(digest)
        try:
            if not self._holds(place, data):
                _write_durably(place, data)
        except OSError as error:
            raise self._unavailable("written", error) from None
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes of a digest.

        Parameters
        ----------
        digest : str
            ``sha256:<hex>``.

        Returns
        -------
        bytes
            Bytes whose SHA-256 is the digest.

        Raises
        ------
        NotFound
            If nothing is stored under it.
        RecordTampered
            If the file was changed.
        Unavailable
            If the folder cannot be read.
        InvalidInput
            If it is not a digest.
        """
        place = self._place(digest)
        try:
            data = place.read_bytes()
        except FileNotFoundError:
            _refuse_missing(digest)
        except OSError as error:
            raise self._unavailable("read", error) from None
        if sha256_digest(data) != digest:
            raise RecordTampered(
                "the stored artefact does not have the digest it is filed under",
                where=digest,
                remedy="Restore the file from a backup; it was changed after it was stored.",
            )
        return data

    def has(self, digest: str) -> bool:
        """Return whether something is stored under a digest."""
        return self._place(digest).is_file()

    def _place(self, digest: str) -> Path:
        name = _hex_of(digest)
        return self._path / name[:2] / name

    @staticmethod
    def _holds(place: Path, data: bytes) -> bool:
        # A file that was damaged is replaced: the bytes at hand are the ones its name promises.
        try:
            held = place.read_bytes()
        except FileNotFoundError:
            return False
        return hashlib.sha256(held).digest() == hashlib.sha256(data).digest()

    @staticmethod
    def _unavailable(verb: str, error: OSError) -> Unavailable:
        return Unavailable(
            f"the artefact folder cannot be {verb} ({error.strerror})",
            where="artefact folder",
            remedy="Check that it exists, has space and belongs to the user of this process.",
        )


def _write_durably(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".new-")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(_FILE_MODE)
        fresh.replace(place)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    # The new name itself must survive a power cut, and the shard's folder may be new as well.
    for folder in (place.parent, place.parent.parent):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _hex_of(digest: str) -> str:
    match = _DIGEST.fullmatch(digest)
    if match is None:
        raise InvalidInput(
            "this is not a digest",
            where="artefact",
            remedy="Write it as sha256: and 64 hex digits in lower case.",
        )
    return match[1]


def _refuse_missing(digest: str) -> NoReturn:
    raise NotFound(
        "no such artefact", where=digest, remedy="Register the file it stands for again."
    ) from None
