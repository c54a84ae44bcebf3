"""Files and folders that hold personal data: their owner alone may read them.

Promises: a file appears whole or not at all, with mode 0600 from its first byte on, also where a
file with another mode stood before; a folder that is made gets 0700. A folder that was there keeps
its mode: it is not ours to close.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from answerable.audit.errors import Unavailable

__all__ = ["not_written", "private_file", "private_folder", "write_private"]


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that only its owner may read; it appears when it is complete.

    Parameters
    ----------
    path : Path
        Where it appears; nothing is left there when an error ends the writing.

    Yields
    ------
    BinaryIO
        For reading and writing.

    Raises
    ------
    Unavailable
        If the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            yield file
        draft.replace(path)
    except OSError as error:
        raise not_written(path, error) from None
    finally:
        draft.unlink(missing_ok=True)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read.

    Parameters
    ----------
    path : Path
        Where it appears.
    data : bytes
        All of it.

    Raises
    ------
    Unavailable
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "letter.html"
    >>> write_private(path, b"Dear ...")
    >>> oct(path.stat().st_mode & 0o777)
    '0o600'
    """
    with private_file(path) as file:
        file.write(data)


def private_folder(path: Path) -> Path:
    """Return a folder, made for its owner alone when it is missing.

    Parameters
    ----------
    path : Path
        The folder; what is missing above it is made too.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    Unavailable
        If it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(path, error) from None
    return path


def not_written(path: Path, error: OSError) -> Unavailable:
    """Return the error that says what could not be written.

    Parameters
    ----------
    path : Path
        The file or folder.
    error : OSError
        Why.

    Returns
    -------
    Unavailable
        To raise.
    """
    return Unavailable(
        f"the file cannot be written ({error.strerror})",
        where=str(path),
        remedy="Check that the folder exists and is writable.",
    )
