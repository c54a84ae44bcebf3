"""A vault of files: one key a file, in a folder that only its owner may read.

A destroyed key is overwritten before its file is removed. A copy-on-write or flash storage, a
snapshot or a backup of the folder may still hold the old bytes, and undoes erasures for as long
as it is kept.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from answerable.audit.errors import Conflict, NotFound, Unavailable
from answerable.audit.keys.derive import KEY_SIZE, Entropy

__all__ = [
    "PEPPER",
    "FileVault",
    "missing_key",
    "signing_name",
    "taken_key",
    "versions_by_bucket",
]

PEPPER: Final = "pepper"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_BUCKET_FILE: Final = re.compile(r"([0-9a-f]{3})\.([1-9][0-9]{0,9})")
_CHECK_PATH: Final = "Check the key directory, or restore it from its backup."


class FileVault:
    """A vault of files: one key a file, the folder readable by its owner alone.

    Parameters
    ----------
    path : Path
        Folder made by :meth:`create`.

    Raises
    ------
    NotFound
        If there is no vault at `path`.
    Unavailable
        If other users may read it, or a key file is damaged.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._buckets = self._path / "buckets"
        self._newest: dict[int, tuple[int, bytes]] = {}
        if not self._path.is_dir() or not (self._path / PEPPER).exists():
            raise NotFound(
                "no key directory here",
                where=str(self._path),
                remedy="Name the directory that was made with the log (ANSWERABLE_KEY_DIR).",
            )
        for folder in (self._path, self._buckets):
            _require_private(folder.stat(), folder, "700")
        self._pepper = _read_key(self._path / PEPPER)

    @classmethod
    def create(cls, path: Path | str, *, entropy: Entropy) -> Self:
        """Make a vault in a new or empty folder.

        Parameters
        ----------
        path : Path
            The folder; its parent must exist. Keep it apart from the database and from the
            database's backups.
        entropy : Callable[[int], bytes]
            Gives that many random bytes.

        Returns
        -------
        FileVault
            Holding a fresh pepper and nothing else.

        Raises
        ------
        Conflict
            If the folder holds anything.
        Unavailable
            If it cannot be made.
        """
        folder = Path(path)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            if any(folder.iterdir()):
                raise Conflict(
                    "the key directory is not empty",
                    where=str(folder),
                    remedy="Open it instead, or name a new folder.",
                )
            folder.chmod(0o700)
            (folder / "buckets").mkdir(mode=0o700)
        except OSError as error:
            raise _unavailable(folder, error) from None
        _write_key(folder / PEPPER, entropy(KEY_SIZE))
        _sync_folder(folder.parent)
        return cls(folder)

    def pepper(self) -> bytes:
        """Return the secret that keys lookups and references, 32 bytes."""
        return self._pepper

    def signing_key(self, origin: str) -> bytes:
        """Return the seed of the log's signing key, 32 bytes."""
        return self._read(signing_name(origin), "signing key of this log")

    def add_signing_key(self, origin: str, seed: bytes) -> None:
        """Keep the log's signing key.

        Raises
        ------
        Conflict
            If the vault belongs to a log already.
        """
        if any(self._path.glob("signing-*")):
            raise taken_key("signing key", str(self._path))
        _write_key(self._path / signing_name(origin), seed)

    def bucket_key(self, bucket: int, version: int) -> bytes:
        """Return one version of a bucket's key, 32 bytes.

        Only the newest version asked for stays in memory, so that a key destroyed by another
        process is forgotten here as soon as its successor is used.

        Returns
        -------
        bytes
            32 bytes.
        """
        known = self._newest.get(bucket)
        if known is not None and known[0] == version:
            return known[1]
        key = self._read(f"buckets/{bucket:03x}.{version}", f"key {version} of bucket {bucket}")
        if known is None or known[0] < version:
            self._newest[bucket] = (version, key)
        return key

    def add_bucket_key(self, bucket: int, version: int, key: bytes) -> None:
        """Write a new version of a bucket's key and wait until it is on the disk."""
        _write_key(self._buckets / f"{bucket:03x}.{version}", key)

    def destroy_bucket_key(self, bucket: int, version: int) -> None:
        """Overwrite and remove one version of a bucket's key.

        Raises
        ------
        Unavailable
            If the file cannot be removed.
        """
        if self._newest.get(bucket, (0, b""))[0] == version:
            del self._newest[bucket]
        path = self._buckets / f"{bucket:03x}.{version}"
        try:
            with path.open("r+b", buffering=0) as file:
                file.write(bytes(KEY_SIZE))
                os.fsync(file.fileno())
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unavailable(path, error) from None
        _sync_folder(self._buckets)

    def bucket_versions(self) -> dict[int, tuple[int, ...]]:
        """Return the versions held of each bucket, ascending.

        Returns
        -------
        dict
            Of buckets that have any.

        Raises
        ------
        Unavailable
            If the folder cannot be read.
        """
        try:
            names = [entry.name for entry in os.scandir(self._buckets)]
        except OSError as error:
            raise _unavailable(self._buckets, error) from None
        found = [match for name in names if (match := _BUCKET_FILE.fullmatch(name))]
        return versions_by_bucket((int(item[1], 16), int(item[2])) for item in found)

    def period_key(self, period: str) -> bytes:
        """Return the key of one month's group-cell codes, 32 bytes."""
        return self._read(f"period-{period}", f"key of the month {period}")

    def add_period_key(self, period: str, key: bytes) -> None:
        """Keep the key of one month's group-cell codes."""
        _write_key(self._path / f"period-{period}", key)

    def _read(self, name: str, what: str) -> bytes:
        try:
            return _read_key(self._path / name)
        except FileNotFoundError:
            raise missing_key(what, str(self._path)) from None


def signing_name(origin: str) -> str:
    """Return the name a log's signing key is kept under."""
    return f"signing-{hashlib.sha256(origin.encode()).hexdigest()[:32]}"


def versions_by_bucket(keys: Iterable[tuple[int, int]]) -> dict[int, tuple[int, ...]]:
    """Return ascending versions by bucket."""
    versions: dict[int, tuple[int, ...]] = {}
    for bucket, version in sorted(keys):
        versions[bucket] = (*versions.get(bucket, ()), version)
    return versions


def _read_key(path: Path) -> bytes:
    """Read a key file; a missing one stays FileNotFoundError for the caller to name."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unavailable(path, error) from None
    with os.fdopen(descriptor, "rb") as file:
        _require_private(os.fstat(descriptor), path, "600")
        data = file.read(KEY_SIZE + 1)
    if len(data) != KEY_SIZE:
        raise Unavailable("the key file is damaged", where=str(path), remedy=_CHECK_PATH)
    return data


def _write_key(path: Path, key: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        raise taken_key("key", str(path)) from None
    except OSError as error:
        raise _unavailable(path, error) from None
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            file.write(key)
            os.fsync(descriptor)
    except OSError as error:
        raise _unavailable(path, error) from None
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unavailable(folder, error) from None


def _require_private(found: os.stat_result, path: Path, mode: str) -> None:
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


def _unavailable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"the key directory cannot be used ({os.strerror(error.errno or 0)})",
        where=str(path),
        remedy="Check its owner, its permissions and the free space.",
    )
