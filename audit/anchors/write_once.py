"""A folder of checkpoints that is only ever added to: one file a size, never written again.

Point it at storage that refuses to change files (object lock, a write-once share), or at a
folder of another account. The files are read-only for everybody (0440). Two different notes of
one size are proof that somebody signed two histories: both stay, and that is an error.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Final

from answerable.audit.anchors.file_head import sync_folder, write_new_file
from answerable.audit.errors import EvidenceBroken, InvalidInput, Unavailable
from answerable.audit.tree.checkpoints import decimal

__all__ = ["WriteOnceFolder"]

_MODE: Final = 0o440
_NAME: Final = re.compile(r"[0-9]{19}\.checkpoint(-whole)?")
_MOST_BYTES: Final = 1 << 16


class WriteOnceFolder:
    """Checkpoints of one log in files named by epoch and size.

    Parameters
    ----------
    path : Path
        An existing folder.
    epoch : int
        The log's epoch, from 1: after a recorded loss sizes are signed again, in a new folder
        ``epoch-2`` and so on, and the old one stays.
    """

    kind: Final = "write-once"

    def __init__(self, path: Path | str, *, epoch: int = 1) -> None:
        self._root = Path(path)
        self._folder = self._root / f"epoch-{epoch}"

    @property
    def where(self) -> str:
        """The folder."""
        return str(self._folder)

    def anchor(self, note: str) -> bytes:
        """Keep a checkpoint for ever.

        Parameters
        ----------
        note : str
            The signed note.

        Returns
        -------
        bytes
            Name of the file within the folder that was named.

        Raises
        ------
        EvidenceBroken
            If another note of this size is kept: both are then in the folder.
        InvalidInput
            If the text is no checkpoint.
        Unavailable
            If the folder cannot be written.
        """
        path = self._folder / f"{_size_of(note):019}.checkpoint"
        data = note.encode("utf-8")
        try:
            self._make_folder()
            if not self._kept(path, data):
                # A power cut may have left the beginning of this very note.
                torn = data.startswith(path.read_bytes())
                path = path.with_suffix(".checkpoint-whole") if torn else path
            if self._kept(path, data):
                return str(path.relative_to(self._root)).encode("utf-8")
            second = path.with_suffix(f".fork-{hashlib.sha256(data).hexdigest()[:16]}")
            self._kept(second, data)
        except OSError as error:
            raise _unusable(self._root, error) from None
        raise EvidenceBroken(
            "two different checkpoints of one size were signed: this is proof of a fork",
            where=str(path),
            remedy=f"Keep both files ({path.name}, {second.name}) and find out who signed twice.",
        )

    def newest(self) -> str | None:
        """Return the kept checkpoint of the greatest size.

        Returns
        -------
        str or None
            None while the folder is empty.

        Raises
        ------
        Unavailable
            If the folder cannot be read.
        """
        try:
            files = sorted(p for p in self._folder.iterdir() if _NAME.fullmatch(p.name))
            data = files[-1].read_bytes()[:_MOST_BYTES] if files else None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(self._root, error) from None
        return None if data is None else data.decode("utf-8", errors="replace")

    def _make_folder(self) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(exist_ok=True)
            sync_folder(self._root)

    def _kept(self, path: Path, data: bytes) -> bool:
        """Write the file unless it exists; return whether it holds just this."""
        try:
            write_new_file(path, data, mode=_MODE)
        except FileExistsError:
            return path.read_bytes() == data
        sync_folder(path.parent)
        return True


def _size_of(note: str) -> int:
    lines = note.split("\n", 2)
    size = decimal(lines[1]) if len(lines) > 1 else None
    if size is None:
        raise InvalidInput("this is no checkpoint: its second line is no size", where="checkpoint")
    return size


def _unusable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"the folder of checkpoints cannot be used ({os.strerror(error.errno or 0)})",
        where=str(path),
        remedy="Make the folder, or check its permissions (ANSWERABLE_WRITE_ONCE_DIR).",
    )
