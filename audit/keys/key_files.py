"""Files that hold secrets: read and written by their owner alone, durable, never half seen.

A destroyed file is overwritten before it is removed. Copy-on-write or flash storage, a snapshot
or a backup may still hold the old bytes; nothing here can reach those.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from answerable.audit.errors import Conflict, NotFound, Unavailable

__all__ = [
    "destroy_file",
    "missing_key",
    "overwrite",
    "read_private",
    "require_private",
    "sync_folder",
    "taken_key",
    "unavailable",
    "write_private",
]

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_CHECK_PATH: Final = "Check the key directory, or restore it from its backup."


def read_private(path: Path, limit: int, *, offset: int = 0) -> bytes | None:
    """Return at most `limit` bytes of a file from `offset`, None when there is no such file.

    Returns
    -------
    bytes or None
        Fewer than `limit` at the end of the file.

    Raises
    ------
    Unavailable
        If other users may read it, it is a link, or it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unavailable(path, error) from None
    try:
        require_private(os.fstat(descriptor), path, "600")
        return os.pread(descriptor, limit, offset)
    except OSError as error:
        raise unavailable(path, error) from None
    finally:
        os.close(descriptor)


def write_private(path: Path, data: bytes) -> None:
    """Write a new file and wait until it and its name are on the disk.

    Raises
    ------
    Conflict
        If it exists.
    Unavailable
        If it cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        raise taken_key("key", str(path)) from None
    except OSError as error:
        raise unavailable(path, error) from None
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            file.write(data)
            os.fsync(descriptor)
    except OSError as error:
        raise unavailable(path, error) from None
    sync_folder(path.parent)


def overwrite(path: Path, pieces: dict[int, bytes]) -> None:
    """Overwrite pieces of a file in place, by offset, and wait until they are on the disk.

    A missing file stays `FileNotFoundError` for the caller to name.

    Raises
    ------
    Unavailable
        If it cannot be written.
    """
    try:
        with path.open("r+b", buffering=0) as file:
            for offset, data in pieces.items():
                os.pwrite(file.fileno(), data, offset)
            os.fsync(file.fileno())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unavailable(path, error) from None


def destroy_file(path: Path) -> None:
    """Overwrite and remove a file; no error when it is gone already.

    Raises
    ------
    Unavailable
        If it cannot be overwritten or removed.
    """
    try:
        overwrite(path, {0: bytes(path.stat().st_size)})
        path.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except OSError as error:
        raise unavailable(path, error) from None
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk.

    Raises
    ------
    Unavailable
        If the folder cannot be opened.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise unavailable(folder, error) from None


def require_private(found: os.stat_result, path: Path, mode: str) -> None:
    """Check that nobody but the owner may use a file or folder.

    Raises
    ------
    Unavailable
        If others may.
    """
    if found.st_mode & _OTHERS:
        raise Unavailable(
            "other users may read or change this key file",
            where=str(path),
            remedy=f"Run chmod {mode} on it; if others had access, treat the keys as disclosed.",
        )


def missing_key(what: str, where: str) -> NotFound:
    """Return the error for a key the vault does not hold."""
    return NotFound(f"the vault does not hold the {what}", where=where, remedy=_CHECK_PATH)


def taken_key(what: str, where: str) -> Conflict:
    """Return the error for a key that would be overwritten."""
    return Conflict(
        f"the vault holds a {what} already", where=where, remedy="A vault belongs to one log."
    )


def unavailable(path: Path, error: OSError) -> Unavailable:
    """Return the error for a key file or folder that cannot be used."""
    return Unavailable(
        f"the key directory cannot be used ({os.strerror(error.errno or 0)})",
        where=str(path),
        remedy="Check its owner, its permissions and the free space.",
    )
