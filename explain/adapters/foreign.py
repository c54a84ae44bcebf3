"""Refuse, by their first bytes, files that run code when read or that hide what they hold.

A pickle is a program. joblib files are pickles, usually compressed. Renaming such a file to
``.json`` changes nothing here: only the bytes are looked at.
"""

from __future__ import annotations

import re
from typing import Final

from answerable.audit.errors import InvalidInput, TooLarge

__all__ = ["MODEL_LIMIT_BYTES", "is_pickle", "refuse_foreign"]

MODEL_LIMIT_BYTES: Final = 256 * 1024 * 1024

SAFE_FORMATS: Final = (
    "Save the model as XGBoost JSON (booster.save_raw('json')), LightGBM text, "
    "skops or a scorecard."
)
_COMPRESSED: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"]\x00\x00": "lzma",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x78\x01": "zlib",
    b"\x78\x5e": "zlib",
    b"\x78\x9c": "zlib",
    b"\x78\xda": "zlib",
    b"ZF": "joblib's old zlib container",
}
# Protocols 2 to 5 begin with the PROTO opcode and their number.
_PROTO: Final = b"\x80"
_PROTOCOLS: Final = frozenset({b"\x02", b"\x03", b"\x04", b"\x05"})
# Protocols 0 and 1 are text: a GLOBAL opcode with its two lines, or the start of an
# object, mark, dictionary, list or tuple as the pickler writes them.
_TEXT_PICKLE: Final = re.compile(
    rb"\A(?:c[A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n|\((?:dp|lp|tp|c[A-Za-z_]|i[A-Za-z_])|[}\])]q)"
)


def is_pickle(data: bytes) -> bool:
    """Return True when `data` begins like a pickle of any protocol.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_pickle(bytes([128, 4, 149])), is_pickle(b"{}")
    (True, False)
    """
    binary = data[:1] == _PROTO and data[1:2] in _PROTOCOLS
    return binary or _TEXT_PICKLE.match(data) is not None


def refuse_foreign(data: bytes, *, archive_expected: bool) -> None:
    """Refuse pickles, compressed files, unexpected archives, empty and oversized files.

    Parameters
    ----------
    data : bytes
        The whole model file.
    archive_expected : bool
        True for formats that are zip archives (skops).

    Raises
    ------
    InvalidInput
        Naming what the bytes are.
    TooLarge
        If there are more than 256 MiB.

    Examples
    --------
    >>> refuse_foreign(b'{"learner": {}}', archive_expected=False)
    """
    if not data:
        raise InvalidInput("the model file is empty", where="model")
    if len(data) > MODEL_LIMIT_BYTES:
        raise TooLarge(
            f"the model file has {len(data)} bytes, the limit is {MODEL_LIMIT_BYTES}",
            where="model",
            remedy="Train a smaller model.",
        )
    if is_pickle(data):
        raise InvalidInput(
            "the model file is a pickle (or joblib) file, which runs code when it is read",
            where="model",
            remedy=SAFE_FORMATS,
        )
    for magic, name in _COMPRESSED.items():
        if data.startswith(magic):
            raise InvalidInput(
                f"the model file is compressed ({name}); compressed joblib files look like this "
                "and are pickles inside",
                where="model",
                remedy=SAFE_FORMATS,
            )
    if data.startswith(b"PK\x03\x04") and not archive_expected:
        raise InvalidInput(
            "the model file is a zip archive, not a file of the registered format",
            where="model",
            remedy=SAFE_FORMATS,
        )
