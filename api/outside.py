"""The outside head and the anchors that the settings name.

Chosen here, opened by :mod:`.wiring`. A timestamp authority is the only thing this service ever
calls over the network of its own accord, and only when it is configured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from answerable.api.settings import Settings
from answerable.audit.anchored import AnchoredLog
from answerable.audit.anchors.file_head import FileHead
from answerable.audit.anchors.outside import OutsideHead
from answerable.audit.anchors.timestamps import TimestampAnchor, TrustedAuthority
from answerable.audit.anchors.write_once import WriteOnceFolder
from answerable.audit.errors import InvalidInput, NotFound, Unavailable
from answerable.audit.recovery import epoch_of
from answerable.audit.store.outside_head import DatabaseHead

__all__ = [
    "compare_with_folder",
    "outside_head",
    "timestamp_anchor",
    "trusted_authority",
    "write_once_folder",
]

_SECONDS: Final = 10
_QUERY: Final = "application/timestamp-query"
_REPLY: Final = "application/timestamp-reply"
_MOST_BYTES: Final = 1 << 20


def outside_head(settings: Settings, origin: str) -> OutsideHead:
    """Return where the newest checkpoint is kept outside the database.

    Parameters
    ----------
    settings : Settings
        Names a second database or a file.
    origin : str
        Name of the log.

    Returns
    -------
    OutsideHead
        Nothing is read or made yet.

    Raises
    ------
    InvalidInput
        If the address of the second database is malformed.
    """
    if settings.head_url:
        return DatabaseHead(settings.head_url, origin=origin)
    return FileHead(settings.head_path)


def write_once_folder(settings: Settings, epoch: int) -> WriteOnceFolder | None:
    """Return the folder that gets every anchored checkpoint, None when there is none."""
    if not settings.write_once_dir:
        return None
    return WriteOnceFolder(settings.write_once_dir, epoch=epoch)


def compare_with_folder(settings: Settings, log: AnchoredLog) -> None:
    """Look into the write-once folder too: a head can be put back with an old backup.

    Parameters
    ----------
    settings : Settings
        Names the folder.
    log : AnchoredLog
        Can only be read from then on if the newest checkpoint there does not fit.
    """
    folder = write_once_folder(settings, epoch_of(log)) if settings.write_once_dir else None
    note = None if folder is None else folder.newest()
    if folder is not None and note is not None:
        log.compare_with_note(note, folder.where)


def timestamp_anchor(settings: Settings) -> TimestampAnchor | None:
    """Return the timestamp authority, None when there is none.

    Parameters
    ----------
    settings : Settings
        Its address and its certificate.

    Returns
    -------
    TimestampAnchor or None
        Not yet asked.

    Raises
    ------
    InvalidInput
        If its address or certificate cannot be used.
    NotFound
        If the certificate's file is missing.
    """
    if not settings.timestamp_url:
        return None
    address = urlsplit(settings.timestamp_url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise InvalidInput(
            "not the address of a timestamp authority",
            where="timestamp_url",
            remedy="Write http://host/path or https://host/path.",
        )
    return TimestampAnchor(
        lambda request: _post(settings.timestamp_url, address.hostname or "", request),
        trusted_authority(settings),
        address.hostname,
    )


def trusted_authority(settings: Settings) -> TrustedAuthority:
    """Return the certificates that timestamps are verified against.

    Returns
    -------
    TrustedAuthority
        From the file the settings name.

    Raises
    ------
    NotFound
        If the file is missing.
    InvalidInput
        If none is named, or it holds no root certificate.
    """
    if not settings.timestamp_certificate:
        raise InvalidInput(
            "no certificate to verify timestamps against",
            where="timestamp_certificate",
            remedy="Set ANSWERABLE_TIMESTAMP_CERTIFICATE to the authority's root, in PEM.",
        )
    try:
        pem = Path(settings.timestamp_certificate).read_bytes()
    except OSError:
        raise NotFound(
            "the authority's certificate cannot be read",
            where=settings.timestamp_certificate,
            remedy="Check the path and its permissions.",
        ) from None
    return TrustedAuthority.parse(pem)


def _post(url: str, host: str, request: bytes) -> bytes:
    import httpx

    try:
        answer = httpx.post(
            url, content=request, headers={"Content-Type": _QUERY}, timeout=_SECONDS
        )
    except httpx.HTTPError as error:
        raise _unreachable(host, type(error).__name__) from None
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if answer.status_code != httpx.codes.OK or kind != _REPLY:
        raise _unreachable(host, f"status {answer.status_code}")
    return answer.content[:_MOST_BYTES]


def _unreachable(host: str, why: str) -> Unavailable:
    return Unavailable(
        f"the timestamp authority gave no timestamp ({why})",
        where=host,
        remedy="Check ANSWERABLE_TIMESTAMP_URL and the network; the checkpoint is kept.",
    )
