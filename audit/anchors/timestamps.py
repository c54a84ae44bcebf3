"""Timestamps of an authority (RFC 3161): that a checkpoint existed at a time nobody here chose.

A checkpoint holds no time, because nobody could check it. An authority signs the hash of the
note and its own clock's time; the token is kept with the checkpoint. Whoever later has the
signing key and rewrites the log cannot get a token of an earlier time for it.

The network is an argument: a function that takes a request and returns the answer. Random
nonces come from the library. The library needs the authority's root certificate; a certificate
that says nothing about time stamping is refused.

References
----------
RFC 3161, sections 2.4.1, 2.4.2; RFC 5816.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509

from answerable.audit.errors import EngineError, EvidenceBroken, InvalidInput, MissingExtra

if TYPE_CHECKING:
    from rfc3161_client import TimeStampRequest, TimeStampResponse

__all__ = [
    "ProvenTime",
    "TimestampAnchor",
    "TrustedAuthority",
    "verify_timestamp",
]

Post = Callable[[bytes], bytes]
"""Takes a request (DER) to the authority and returns its answer (DER)."""

_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_GRANTED: Final = 0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class TrustedAuthority:
    """Certificates a timestamp is verified against, taken from a source other than the token."""

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()

    @classmethod
    def parse(cls, pem: bytes) -> TrustedAuthority:
        """Read the certificates of an authority.

        Parameters
        ----------
        pem : bytes
            The authority's root, and what lies between it and the certificate that signs
            tokens, in PEM, in any order.

        Returns
        -------
        TrustedAuthority
            Those that issued themselves are the roots.

        Raises
        ------
        InvalidInput
            If it is no PEM, or no root is among them.
        """
        try:
            certificates = x509.load_pem_x509_certificates(pem)
        except ValueError:
            certificates = []
        roots = tuple(item for item in certificates if item.issuer == item.subject)
        if not roots:
            raise InvalidInput(
                "no root certificate of a timestamp authority",
                where="timestamp certificate",
                remedy="Give the authority's root and its intermediates in one PEM file.",
            )
        return cls(roots, tuple(item for item in certificates if item not in roots))


@dataclass(frozen=True, slots=True)
class ProvenTime:
    """When an authority had seen a checkpoint."""

    ts: int
    """Microseconds since 1970 UTC, by the authority's clock."""
    serial: int
    """The token's number at the authority."""


class TimestampAnchor:
    """Asks an authority for a timestamp of each checkpoint it is given.

    Parameters
    ----------
    post : Callable[[bytes], bytes]
        Takes the request to the authority.
    authority : TrustedAuthority
        What its answer is verified against before it is kept.
    where : str
        The authority, without credentials.
    """

    kind: Final = "rfc3161"

    def __init__(self, post: Post, authority: TrustedAuthority, where: str) -> None:
        self._post = post
        self._authority = authority
        self._where = where

    @property
    def where(self) -> str:
        """The authority."""
        return self._where

    def anchor(self, note: str) -> bytes:
        """Return a timestamp of a checkpoint.

        Parameters
        ----------
        note : str
            The signed note.

        Returns
        -------
        bytes
            The authority's whole answer (TimeStampResp, DER).

        Raises
        ------
        EngineError
            If the authority refuses.
        EvidenceBroken
            If its answer does not verify: another note, another request, an untrusted authority.
        Unavailable
            If the authority cannot be reached.
        MissingExtra
            If the library is not installed.
        """
        request = _request(note)
        data = self._post(request.as_bytes())
        response = _parsed(data)
        if response.status != _GRANTED:
            raise EngineError(
                f"the timestamp authority refused (status {response.status})",
                where=self._where,
                remedy="See the authority's own log; the checkpoint is unchanged.",
            )
        if response.tst_info.nonce != request.nonce:
            raise _broken("it answers another request (the nonce is not ours)")
        _verified(response, note, self._authority)
        return data


def verify_timestamp(note: str, data: bytes, authority: TrustedAuthority) -> ProvenTime:
    """Return the time at which an authority had seen a checkpoint.

    Parameters
    ----------
    note : str
        The signed note, byte for byte.
    data : bytes
        What was kept: TimeStampResp in DER.
    authority : TrustedAuthority
        Who is trusted.

    Returns
    -------
    ProvenTime
        The time, and the token's number.

    Raises
    ------
    EvidenceBroken
        If it is no timestamp, of another note, or signed by nobody who is trusted.
    MissingExtra
        If the library is not installed.
    """
    response = _parsed(data)
    if response.status != _GRANTED:
        raise _broken("the authority refused to give one")
    return _verified(response, note, authority)


def _verified(response: TimeStampResponse, note: str, authority: TrustedAuthority) -> ProvenTime:
    from rfc3161_client import VerificationError, VerifierBuilder

    imprint = response.tst_info.message_imprint
    digest = hashlib.sha256(note.encode("utf-8")).digest()
    if imprint.hash_algorithm.dotted_string != _SHA256 or imprint.message != digest:
        raise _broken("it is of another checkpoint (the message imprint differs)")
    builder = VerifierBuilder(
        roots=list(authority.roots), intermediates=list(authority.intermediates)
    )
    try:
        builder.build().verify(response, digest)
    except (VerificationError, ValueError):
        raise _broken("no trusted authority signed it, or not for time stamping") from None
    token = response.tst_info
    return ProvenTime((token.gen_time - _EPOCH) // _MICROSECOND, token.serial_number)


def _request(note: str) -> TimeStampRequest:
    try:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
    except ImportError:
        raise MissingExtra("timestamp", needed_for="timestamps of an authority") from None
    builder = TimestampRequestBuilder().data(note.encode("utf-8"))
    return builder.hash_algorithm(HashAlgorithm.SHA256).cert_request(cert_request=True).build()


def _parsed(data: bytes) -> TimeStampResponse:
    try:
        from rfc3161_client import decode_timestamp_response
    except ImportError:
        raise MissingExtra("timestamp", needed_for="timestamps of an authority") from None
    try:
        return decode_timestamp_response(data)
    except ValueError:
        raise _broken("it is not the answer of a timestamp authority") from None


def _broken(why: str) -> EvidenceBroken:
    return EvidenceBroken(
        f"the timestamp does not hold: {why}",
        where="timestamp",
        remedy="Check the authority's certificate (ANSWERABLE_TIMESTAMP_CERTIFICATE).",
    )
