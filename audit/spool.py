"""A durable waiting room for what the log cannot take now: one sealed file per append.

A *frame* holds the drafts of one append, which go into the log together. Promises: what
:meth:`Spool.put` returned from survives a crash and a power cut (the file is synced, then named,
then its folder is synced); a file that was not finished was never acknowledged and is removed and
counted; a file that does not open is named and kept aside, never dropped; frames come back in the
order of their decision times; several processes may share one folder.

Frames hold personal data, so each is AES-256-GCM ciphertext, bound to the log and to the frame's
own name, under a key derived from the vault's pepper and a random seal that lies in the folder. The
seal is overwritten when the last frame leaves, so what the disk still holds of frames stays closed.
Until then no single person can be erased from the folder: it must be emptied soon, and a backup of
it undoes erasures.

References
----------
NIST SP 800-38D (AES-GCM). POSIX fsync, rename, flock.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from answerable.audit.draft_json import drafts_from_json, drafts_to_json
from answerable.audit.entries import Draft
from answerable.audit.errors import Conflict, NotFound, Unavailable
from answerable.audit.frames import FolderIndex, Frame, FrameName, SpoolCount, frames_in, overwrite
from answerable.audit.keys.derive import (
    KEY_SIZE,
    NONCE_SIZE,
    Entropy,
    keyed_hash,
    open_sealed,
    seal,
)

__all__ = ["Spool", "SpoolStep", "spool_key"]

_LABEL: Final = "answerable/spool1"
_NAME: Final = re.compile(
    r"(\d{17})-(\d{1,5})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.frame"
)
_SEALING_BYTES: Final = 28


class SpoolStep(StrEnum):
    """The points between the steps of spooling and replaying, where a crash can fall."""

    WRITTEN = "written"
    NAMED = "named"
    APPENDED = "appended"
    REMOVED = "removed"


Reached = Callable[[SpoolStep], None]
"""Told of each step when it is done; tests end the process there."""


def _nothing(_step: SpoolStep) -> None:
    """Take no notice of the steps."""


def spool_key(pepper: bytes, origin: str) -> bytes:
    """Return the key of a log's spool, 32 bytes."""
    return keyed_hash(pepper, _LABEL, origin.encode())


class Spool:
    """A folder of frames.

    Parameters
    ----------
    folder : Path
        Made with the first frame, readable by its owner alone.
    key : bytes
        From :func:`spool_key`.
    origin : str
        The log the frames are for.
    entropy : Callable[[int], bytes]
        Gives nonces.
    limit_bytes : int
        How much may wait; more is refused.
    reached : Callable[[SpoolStep], None]
        Told of each step; crash tests end the process there.
    """

    def __init__(
        self,
        folder: Path,
        *,
        key: bytes,
        origin: str,
        entropy: Entropy,
        limit_bytes: int,
        reached: Reached = _nothing,
    ) -> None:
        self.folder = folder
        self.reached = reached
        self._aside = folder / "aside"
        self._outage = folder / "outage"
        self._seal = folder / "seal"
        self._key = key
        self._origin = origin
        self._entropy = entropy
        self._limit = limit_bytes
        self._index = FolderIndex(folder)
        self._kept = FolderIndex(self._aside)

    def put(self, drafts: Sequence[Draft], at: int) -> Frame:
        """Keep drafts until the log can take them; durable when this returns.

        A draft without a claimed time claims `at`: the time of the decision, not of the replay.

        Parameters
        ----------
        drafts : Sequence[Draft]
            What belongs together, at least one.
        at : int
            Microseconds since 1970 UTC.

        Returns
        -------
        Frame
            As it waits; the one that waits already when the same drafts were put before.

        Raises
        ------
        Conflict
            If the first entry id waits with other content.
        Unavailable
            If the spool is full or its folder cannot be written; nothing was kept.
        """
        with self._locked():
            held = self._held(drafts[0].entry_id)
            if held is not None:
                return _require_same(held, drafts)
            stamped = tuple(
                draft if draft.claimed_at is not None else replace(draft, claimed_at=at)
                for draft in drafts
            )
            name = FrameName(at, len(stamped), stamped[0].entry_id)
            data = drafts_to_json(stamped)
            self._require_room(len(data) + _SEALING_BYTES)
            if not self._seal.exists():
                self._write(self._seal, self._entropy(KEY_SIZE))
            key, nonce = self._frame_key(), self._entropy(NONCE_SIZE)
            sealed = seal(key, data, address=self._address(name), nonce=nonce)
            self._write(self.folder / str(name), sealed)
            self._index.add(name, len(sealed))
            return Frame(name, stamped)

    def find(self, entry_id: str) -> Frame | None:
        """Return the waiting frame whose first draft has this entry id.

        Returns
        -------
        Frame or None
            None when none waits.

        Raises
        ------
        RecordTampered
            If its file does not open.
        """
        if not self.folder.is_dir():
            return None
        with self._locked():
            return self._held(entry_id)

    def waiting(self) -> list[FrameName]:
        """Return the frames that wait, in the order of their decision times."""
        return frames_in(self.folder)

    def aside(self) -> list[FrameName]:
        """Return the frames that somebody must settle."""
        return frames_in(self._aside)

    def count(self) -> SpoolCount:
        """Return how much lies here; an unusable folder counts as empty."""
        if not self.folder.is_dir():
            return SpoolCount(0, 0)
        with self._locked():
            self._index.refresh()
            self._kept.refresh()
            return SpoolCount(self._index.entries, len(self._kept.names))

    def read(self, name: FrameName, *, aside: bool = False) -> Frame:
        """Open a frame.

        Parameters
        ----------
        name : FrameName
            From :meth:`waiting` or :meth:`aside`.
        aside : bool
            Whether it was set aside.

        Returns
        -------
        Frame
            Its drafts.

        Raises
        ------
        RecordTampered
            If the bytes, the name, the log or the key are not those of its writing.
        NotFound
            If it is gone.
        """
        path = (self._aside if aside else self.folder) / str(name)
        try:
            sealed = path.read_bytes()
        except FileNotFoundError:
            raise NotFound("no such frame", where=f"spool frame {name}") from None
        except OSError as error:
            raise self._unavailable(error) from None
        key, where = self._frame_key(), f"spool frame {name}"
        data = open_sealed(key, sealed, address=self._address(name), where=where)
        return Frame(name, drafts_from_json(data))

    def remove(self, names: Sequence[FrameName]) -> None:
        """Remove frames that stand in the log; those that are gone already are no error."""
        with self._locked():
            for name in names:
                (self.folder / str(name)).unlink(missing_ok=True)
                self.reached(SpoolStep.REMOVED)
            self._sync(self.folder)
            self._break_seal()

    def destroy(self, name: FrameName, *, aside: bool = False) -> None:
        """Overwrite and remove a frame that nobody may read again."""
        path = (self._aside if aside else self.folder) / str(name)
        gone = path.with_suffix(".gone")
        with self._locked():
            if path.exists():
                # Under its own name an overwritten frame would read as a damaged one.
                path.rename(gone)
                self._sync(path.parent)
                overwrite(gone)
                gone.unlink()
            self._break_seal()

    def set_aside(self, name: FrameName) -> None:
        """Move a frame to where replays no longer meet it."""
        with self._locked():
            self._aside.mkdir(mode=0o700, exist_ok=True)
            if (self.folder / str(name)).exists():
                (self.folder / str(name)).rename(self._aside / str(name))
            self._sync(self._aside)
            self._sync(self.folder)

    def clear_torn(self) -> int:
        """Remove files whose writing or removing broke off.

        Returns
        -------
        int
            How many frames were not finished: none of them was acknowledged.
        """
        if not self.folder.is_dir():
            return 0
        with self._locked():
            torn = [
                path
                for path in self.folder.glob("*.part")
                if FrameName.parse(f"{path.stem}.frame") is not None
            ]
            for path in [*self.folder.glob("*.part"), *self.folder.rglob("*.gone")]:
                overwrite(path)
                path.unlink()
            self._break_seal()
            return len(torn)

    def note_outage(self, since: int, cause: str) -> None:
        """Remember, beyond this process, that the log could not be changed; the first one stays."""
        with self._locked():
            if not self._outage.exists():
                self._write(self._outage, f"{since} {cause}\n".encode())

    def noted_outage(self) -> tuple[int, str] | None:
        """Return since when and why the log could not be changed, as remembered."""
        try:
            since, _, cause = self._outage.read_text(encoding="ascii").strip().partition(" ")
            return (int(since), cause) if re.fullmatch(r"[a-z-]{1,40}", cause) else None
        except (OSError, ValueError):
            return None

    def forget_outage(self) -> None:
        """Forget the outage: its entry stands in the log."""
        if self._outage.exists():
            with self._locked():
                self._outage.unlink(missing_ok=True)
                self._sync(self.folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the folder alone, among threads and processes."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.folder.stat().st_mode & 0o077:
                self.folder.chmod(0o700)
            descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unavailable(error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise self._unavailable(error) from None
        finally:
            os.close(descriptor)

    def _frame_key(self) -> bytes:
        try:
            return keyed_hash(self._key, _LABEL, self._seal.read_bytes())
        except FileNotFoundError:
            return self._key

    def _break_seal(self) -> None:
        """Destroy the key of the frames once there are none."""
        self._index.refresh()
        self._kept.refresh()
        if self._seal.exists() and not self._index.names and not self._kept.names:
            overwrite(self._seal)
            self._seal.unlink()
            self._sync(self.folder)

    def _held(self, entry_id: str) -> Frame | None:
        self._index.refresh()
        name = self._index.names.get(entry_id)
        return None if name is None else self.read(name)

    def _require_room(self, size: int) -> None:
        self._kept.refresh()
        held = self._index.size + self._kept.size
        if held + size > self._limit:
            raise Unavailable(
                f"the spool holds {held} bytes and may hold {self._limit}",
                where="spool",
                remedy="Bring the log's database back; nothing more is kept until then.",
            )

    def _write(self, path: Path, data: bytes) -> None:
        part = path.with_suffix(".part")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(part, flags, 0o600)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                if file.write(data) != len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
            self.reached(SpoolStep.WRITTEN)
            part.rename(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self._sync(path.parent)
        self.reached(SpoolStep.NAMED)

    def _sync(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _address(self, name: FrameName) -> bytes:
        return f"{_LABEL}\0{self._origin}\0{name}".encode()

    def _unavailable(self, error: OSError) -> Unavailable:
        return Unavailable(
            f"the spool cannot be used ({os.strerror(error.errno or 0)})",
            where="spool",
            remedy="Check the owner, the permissions and the free space of ANSWERABLE_SPOOL_DIR.",
        )


def _require_same(held: Frame, drafts: Sequence[Draft]) -> Frame:
    """Check that drafts are those that wait, where a left-out claimed time stands for any."""
    said = [
        draft if draft.claimed_at is not None else replace(draft, claimed_at=kept.claimed_at)
        for draft, kept in zip(drafts, held.drafts, strict=False)
    ]
    if len(drafts) > len(held.drafts) or drafts_to_json(said) != drafts_to_json(
        held.drafts[: len(said)]
    ):
        raise Conflict(
            "this entry id waits in the spool with other content",
            where=f"entry {drafts[0].entry_id}",
            remedy="Append it under a new id; what waits is unchanged.",
        )
    return held
