"""A disk of a few megabytes that can really be full: a file system in memory.

It is mounted in a namespace of its own, which ends with the process that holds it: nothing stays
mounted, and no user of the machine sees it. Root mounts it as root; anybody else as root of a user
namespace, where the kernel lets them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["NoSmallDisk", "SmallDisk", "small_disk"]

_AS_ROOT: Final = os.geteuid() == 0
# Who holds the disk is the user the database server runs as: root's processes are closed to it.
_HOLDER: Final = "setpriv --reuid=nobody --clear-groups cat" if _AS_ROOT else "cat"
_MOUNT: Final = 'mount -t tmpfs -o "size=$1,mode=1777" none "$2" && echo ready && exec ' + _HOLDER
_NAMESPACES: Final = ("--mount",) if _AS_ROOT else ("--user", "--map-root-user", "--mount")


class NoSmallDisk(OSError):
    """This machine lets nobody mount anything."""


@dataclass(frozen=True)
class SmallDisk:
    """Where the disk lies, for this process and for those inside its namespace."""

    inside: Path
    holder: int

    @property
    def path(self) -> Path:
        """The disk as seen from outside. SQLite resolves the link in it and must run inside."""
        return Path(f"/proc/{self.holder}/root{self.inside}")

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs a program inside."""
        namespaces = ("--mount",) if _AS_ROOT else ("--user", "--mount", "--preserve-credentials")
        return ["nsenter", "--target", str(self.holder), *namespaces, *arguments]


@contextmanager
def small_disk(mebibytes: int) -> Iterator[SmallDisk]:
    """Mount an empty disk of a size; it is gone at the end.

    Raises
    ------
    NoSmallDisk
        If this machine does not allow it.
    """
    folder = Path(tempfile.mkdtemp(prefix="answerable-disk-"))
    folder.chmod(0o755)
    command = ["unshare", *_NAMESPACES, "sh", "-c", _MOUNT, "sh", f"{mebibytes}m", str(folder)]
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as holder:
            assert holder.stdout is not None
            if holder.stdout.readline() != "ready\n":
                raise NoSmallDisk(holder.communicate()[1].strip())
            yield SmallDisk(folder, holder.pid)
            holder.communicate()
    finally:
        shutil.rmtree(folder)
