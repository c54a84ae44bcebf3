"""Secrets in a folder that only its owner may read: one a file, first bucket keys in one file.

A log of a bank meets most of its 4,096 buckets in its first days. So that not each of those
persons waits for a new file and two synchronisations, version 1 of every bucket's key is written
when the folder is made: `buckets/first`, 4,096 slots of one length. Destroying such a key
overwrites its slot with zeros, and an all-zero slot is no key. Folders made before that file
existed work as before.

Slots are overwritten in place. A slot of 32 or 64 bytes never crosses a sector of 512, so a power
cut leaves the old or the new bytes.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from answerable.audit.errors import Conflict, NotFound, Unavailable
from answerable.audit.keys.derive import BUCKETS
from answerable.audit.keys.key_files import (
    destroy_file,
    overwrite,
    read_private,
    require_private,
    sync_folder,
    taken_key,
    unavailable,
    write_private,
)
from answerable.audit.keys.secrets import BUCKET_PREFIX, SecretTurn, bucket_name

__all__ = ["FolderSecrets", "private_folder"]

_SLOTS: Final = f"{BUCKET_PREFIX}first"
_FIRST: Final = re.compile(rf"{BUCKET_PREFIX}([0-9a-f]{{3}})\.1")
_SECRET: Final = re.compile(r"[a-z]+(-[0-9a-z-]+)?(\.[1-9][0-9]{0,9})?")
_BUCKET_FILE: Final = re.compile(r"[0-9a-f]{3}\.[1-9][0-9]{0,9}")
_MAX_SECRET: Final = 4096


class FolderSecrets:
    """Secrets in files of a private folder.

    Parameters
    ----------
    path : Path
        A folder made by :meth:`create`.

    Raises
    ------
    NotFound
        If there is no such folder.
    Unavailable
        If other users may read it.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._buckets = self._path / BUCKET_PREFIX
        if not self._buckets.is_dir():
            raise NotFound(
                "no key directory here",
                where=str(self._path.absolute()),
                remedy="Name the one that was made with the log: ANSWERABLE_KEY_DIR, or key_dir in "
                "answerable.toml (here, or beside the database). For a new log: answerable init",
            )
        for folder in (self._path, self._buckets):
            require_private(folder.stat(), folder, "700")

    @classmethod
    def create(cls, path: Path | str) -> FolderSecrets:
        """Make a new or empty folder ready.

        Returns
        -------
        FolderSecrets
            Empty.

        Raises
        ------
        Conflict
            If the folder holds anything.
        Unavailable
            If it cannot be made.
        """
        folder = private_folder(Path(path))
        try:
            (folder / BUCKET_PREFIX).mkdir(mode=0o700)
        except OSError as error:
            raise unavailable(folder, error) from None
        sync_folder(folder.parent)
        return cls(folder)

    @property
    def where(self) -> str:
        """The folder."""
        return str(self._path)

    @contextmanager
    def turn(self) -> Iterator[SecretTurn]:
        """Begin a change; other processes wait.

        Yields
        ------
        SecretTurn
            This folder.

        Raises
        ------
        Unavailable
            If the folder cannot be locked.
        """
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise unavailable(self._path, error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield self
        finally:
            os.close(descriptor)

    def read(self, name: str) -> bytes | None:
        """Return a secret's bytes, None when it is not there or was destroyed."""
        slot = self._slot(name)
        if slot is not None and any(slot):
            return slot
        return read_private(self._path / name, _MAX_SECRET)

    def names(self, prefix: str) -> list[str]:
        """Return the names held that begin with a prefix.

        Returns
        -------
        list of str
            In no particular order.

        Raises
        ------
        Unavailable
            If the folder cannot be read.
        """
        in_buckets = prefix.startswith(BUCKET_PREFIX)
        folder, shape = (self._buckets, _BUCKET_FILE) if in_buckets else (self._path, _SECRET)
        try:
            found = [
                entry.name
                for entry in os.scandir(folder)
                if shape.fullmatch(entry.name) and not entry.is_dir(follow_symlinks=False)
            ]
        except OSError as error:
            raise unavailable(folder, error) from None
        if in_buckets:
            found = [f"{BUCKET_PREFIX}{name}" for name in found] + self._living_slots()
        elif not prefix:
            found += self.names(BUCKET_PREFIX)
        return [name for name in found if name.startswith(prefix)]

    def add(self, name: str, data: bytes) -> None:
        """Write a new secret and wait until it is on the disk.

        Raises
        ------
        Conflict
            If the name is taken.
        """
        slot = self._slot(name)
        if slot is not None and any(slot):
            raise taken_key("key", f"{self._path / name}")
        write_private(self._path / name, data)

    def prepare(self, first: Sequence[bytes]) -> None:
        """Write version 1 of every bucket's key into one file.

        Raises
        ------
        Conflict
            If the file exists.
        """
        if len(first) != BUCKETS or (self._path / _SLOTS).exists():
            raise taken_key("first key of every bucket", self.where)
        unfinished = self._path / f"{_SLOTS}.new"
        unfinished.unlink(missing_ok=True)
        write_private(unfinished, b"".join(first))
        try:
            unfinished.rename(self._path / _SLOTS)
        except OSError as error:
            raise unavailable(self._buckets, error) from None
        sync_folder(self._buckets)

    def replace_all(self, secrets: Mapping[str, bytes]) -> None:
        """Overwrite secrets in place."""
        slots: dict[int, bytes] = {}
        for name, data in secrets.items():
            slot = self._slot(name)
            if slot is not None and any(slot):
                slots[self._offset(name, len(slot))] = data
            else:
                self._overwrite(name, {0: data})
        if slots:
            self._overwrite(_SLOTS, slots)

    def destroy(self, name: str) -> None:
        """Overwrite a secret, and remove its file unless it has a slot.

        Raises
        ------
        Unavailable
            If it cannot be overwritten or removed.
        """
        slot = self._slot(name)
        if slot is not None and any(slot):
            self._overwrite(_SLOTS, {self._offset(name, len(slot)): bytes(len(slot))})
        destroy_file(self._path / name)

    def _slot(self, name: str) -> bytes | None:
        """Return the slot of a bucket's first key; None without a slot."""
        if _FIRST.fullmatch(name) is None:
            return None
        size = self._slot_size()
        if size == 0:
            return None
        return read_private(self._path / _SLOTS, size, offset=self._offset(name, size))

    def _slot_size(self) -> int:
        try:
            size = (self._path / _SLOTS).stat().st_size
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise unavailable(self._path / _SLOTS, error) from None
        if size == 0 or size % BUCKETS:
            raise _damaged(self._path / _SLOTS)
        return size // BUCKETS

    def _living_slots(self) -> list[str]:
        size = self._slot_size()
        if size == 0:
            return []
        data = read_private(self._path / _SLOTS, size * BUCKETS) or b""
        empty = bytes(size)
        return [
            bucket_name(bucket, 1)
            for bucket in range(BUCKETS)
            if data[bucket * size : (bucket + 1) * size] != empty
        ]

    def _offset(self, name: str, size: int) -> int:
        return int(name.removeprefix(BUCKET_PREFIX)[:3], 16) * size

    def _overwrite(self, name: str, pieces: dict[int, bytes]) -> None:
        try:
            overwrite(self._path / name, pieces)
        except FileNotFoundError as error:
            raise unavailable(self._path / name, error) from None


def private_folder(folder: Path) -> Path:
    """Make a folder for its owner alone, or take an empty one.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    Conflict
        If it holds anything.
    Unavailable
        If it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if any(folder.iterdir()):
            raise Conflict(
                "the key directory is not empty",
                where=str(folder),
                remedy="Open it instead, or name a new folder.",
            )
        folder.chmod(0o700)
    except OSError as error:
        raise unavailable(folder, error) from None
    return folder


def _damaged(path: Path) -> Unavailable:
    return Unavailable(
        "the key file is damaged",
        where=str(path),
        remedy="Check the key directory, or restore it from its backup.",
    )
