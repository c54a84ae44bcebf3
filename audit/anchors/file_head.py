"""An outside head in a file: exchanged by renaming, under a lock that processes share.

The file belongs beside the key folder, on another disk or under another account than the
database: whoever restores the database must not restore this file with it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from answerable.audit.anchors.outside import head_moved
from answerable.audit.errors import Unavailable

__all__ = ["FileHead", "sync_folder", "write_new_file"]

_MOST_BYTES: Final = 1 << 16


class FileHead:
    """The newest signed checkpoint in one file.

    Parameters
    ----------
    path : Path
        The file; its folder must exist before the first swap. Beside it lie ``<name>.lock`` and,
        during a swap, ``<name>.new``.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)

    @property
    def where(self) -> str:
        """The path."""
        return str(self._path)

    def read(self) -> str | None:
        """Return the note in the file; what is no text comes back as no valid note.

        Returns
        -------
        str or None
            None when there is no file.

        Raises
        ------
        Unavailable
            If the file cannot be read.
        """
        try:
            with self._path.open("rb") as file:
                data = file.read(_MOST_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(self._path, error) from None
        return data.decode("utf-8", errors="replace")

    def swap(self, old: str | None, new: str) -> None:
        """Put a note in the place of another and wait until it is on the disk.

        Raises
        ------
        Conflict
            If the file does not hold `old`.
        Unavailable
            If the file or its folder cannot be written.
        """
        fresh = self._path.with_name(f"{self._path.name}.new")
        try:
            with self._locked():
                if self.read() != old:
                    raise head_moved(self.where)
                fresh.unlink(missing_ok=True)
                write_new_file(fresh, new.encode("utf-8"), mode=0o600)
                fresh.replace(self._path)
                sync_folder(self._path.parent)
        except OSError as error:
            raise _unusable(self._path, error) from None

    def close(self) -> None:
        """Do nothing: no file stays open."""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._path.with_name(f"{self._path.name}.lock")
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def write_new_file(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file that does not exist and wait until its bytes are on the disk.

    Parameters
    ----------
    path : Path
        The new file.
    data : bytes
        All of it.
    mode : int
        Its permissions.

    Raises
    ------
    OSError
        If it exists or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, mode), "wb", buffering=0) as file:
        file.write(data)
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk.

    Raises
    ------
    OSError
        If the folder cannot be opened.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"the head file cannot be used ({os.strerror(error.errno or 0)})",
        where=str(path),
        remedy="Check its folder, its owner and its permissions (ANSWERABLE_HEAD_FILE).",
    )
