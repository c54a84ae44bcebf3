"""What a reader trusts and brings along: a verification key, a checkpoint they kept.

Something that is neither was given by mistake and is refused as wrong use, so that one file given
for another never looks like broken evidence. Whether a checkpoint is genuine the verifier says.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from answerable.api.inputs import read_bytes
from answerable.audit.errors import InvalidInput
from answerable.audit.tree.notes import VerifierKey

__all__ = ["kept_checkpoint", "read_text", "trusted_key"]

_HEAD: Final = re.compile(r"[^\n]+\n[0-9]+\n[^\n]+\n")


def trusted_key(given: str | None, what: str) -> str:
    """Return the verification key that `--key` gives, or that stands in the file it names.

    Parameters
    ----------
    given : str or None
        A path, or the text of the key.
    what : str
        What is checked with it, for the error.

    Returns
    -------
    str
        The key's text form.

    Raises
    ------
    InvalidInput
        If none was given: what is checked cannot vouch for itself. If it is no verification key.
    NotFound
        If there is no such file.
    """
    if given is None:
        raise InvalidInput(
            f"a {what} is checked with the log's verification key, which is not taken from it",
            where="--key",
            remedy=f"Give the key, or a file with it, from another source than the {what}.",
        )
    is_text = "+" in given and not Path(given).is_file()
    text = given if is_text else read_text(Path(given), "verification key")
    try:
        return str(VerifierKey.parse(text.strip()))
    except InvalidInput as error:
        raise InvalidInput(
            error.what,
            where="--key",
            remedy="A key reads NAME+<8 hex digits>+<44 characters of base64>, as init and `keys "
            "status` print it; a fingerprint or a checkpoint is none.",
        ) from None


def kept_checkpoint(path: Path | None) -> str | None:
    """Return the checkpoint in a file, unread but for its form.

    Parameters
    ----------
    path : Path or None
        The file, if one was given.

    Returns
    -------
    str or None
        The note.

    Raises
    ------
    InvalidInput
        If it is no checkpoint at all.
    NotFound
        If there is no such file.
    """
    if path is None:
        return None
    note = read_text(path, "checkpoint")
    if not _HEAD.match(note):
        raise InvalidInput(
            "this is no checkpoint",
            where=f"--checkpoint {path}",
            remedy="It begins with three lines: log, size, root. `answerable log head` gives one.",
        )
    return note


def read_text(path: Path, what: str) -> str:
    """Return the text in a file; bytes that are no text become replacement characters.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What it should hold, for the error.

    Returns
    -------
    str
        All of it.

    Raises
    ------
    NotFound
        If there is no such file.
    """
    return read_bytes(path, what=what).decode("utf-8", errors="replace")
