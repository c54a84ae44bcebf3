"""Frames of the spool as files: their names, what lies in a folder, and overwriting them.

A file's name holds a time, a number and an entry id, so a folder can be listed and put in order
without opening anything.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from answerable.audit.entries import Draft

__all__ = ["FolderIndex", "Frame", "FrameName", "SpoolCount", "frames_in", "overwrite"]

_NAME: Final = re.compile(
    r"(\d{17})-(\d{1,5})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.frame"
)


@dataclass(frozen=True, slots=True, order=True)
class FrameName:
    """What a frame's file name says: it holds no personal data."""

    at: int
    """Time of the decision, microseconds since 1970 UTC."""
    entries: int
    entry_id: str
    """Of the first draft."""

    def __str__(self) -> str:
        """Return the file name."""
        return f"{self.at:017d}-{self.entries}-{self.entry_id}.frame"

    @classmethod
    def parse(cls, name: str) -> FrameName | None:
        """Return what a file name says, None for a file that is no frame."""
        found = _NAME.fullmatch(name)
        return cls(int(found[1]), int(found[2]), found[3]) if found else None


@dataclass(frozen=True, slots=True)
class Frame:
    """Drafts that wait together."""

    name: FrameName
    drafts: tuple[Draft, ...]


@dataclass(frozen=True, slots=True)
class SpoolCount:
    """How much lies in a spool: entries that wait, frames kept aside."""

    waiting: int
    aside: int


class FolderIndex:
    """What lies in a folder, read anew only when another process has changed the folder."""

    def __init__(self, folder: Path) -> None:
        self.names: dict[str, FrameName] = {}
        self.size = 0
        self.entries = 0
        self._folder = folder
        self._changed_at = -1

    def refresh(self) -> None:
        """Read the folder if it changed since."""
        try:
            changed_at = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            changed_at = 0
        if changed_at == self._changed_at:
            return
        found = [
            (name, entry.stat().st_size)
            for entry in (os.scandir(self._folder) if changed_at else ())
            if (name := FrameName.parse(entry.name)) is not None
        ]
        self.names = {name.entry_id: name for name, _ in found}
        self.size = sum(size for _, size in found)
        self.entries = sum(name.entries for name, _ in found)
        self._changed_at = changed_at

    def add(self, name: FrameName, size: int) -> None:
        """Take in a frame that this process wrote."""
        self.names[name.entry_id] = name
        self.size += size
        self.entries += name.entries
        self._changed_at = self._folder.stat().st_mtime_ns


def overwrite(path: Path) -> None:
    """Write zeros over a file and wait until they are on the disk."""
    with path.open("r+b", buffering=0) as file:
        file.write(bytes(path.stat().st_size))
        os.fsync(file.fileno())


def frames_in(folder: Path) -> list[FrameName]:
    """Return the frames of a folder in the order of their decision times; none without it."""
    try:
        found = [FrameName.parse(entry.name) for entry in os.scandir(folder)]
    except FileNotFoundError:
        return []
    return sorted(name for name in found if name is not None)
