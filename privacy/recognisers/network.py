"""E-mail addresses, web addresses, IP and MAC addresses, UUIDs.

A web address needs a scheme or ``www.``: a bare host name is not personal data by itself,
and reading one inside every e-mail address made whole columns look like web addresses.
Whether a domain exists is not asked: that would take a list or a network call.

References
----------
RFC 5321, section 4.1.2; RFC 3986; RFC 4291; RFC 9562.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from answerable.privacy.chance import NullModel
from answerable.privacy.recognisers.recogniser import Found, Span, find_with, stands_alone

__all__ = ["PatternRecogniser", "email", "ip_address", "mac_address", "url", "uuid"]

_EMAIL: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_URL: Final = re.compile(r"(?i:https?://|www\.)[^\s\"'<>]+")
_IP: Final = re.compile(
    r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:(?:\.[0-9]{1,3}){3})?"
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
)
_MAC: Final = re.compile(
    r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
)
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_LABEL_LIMIT: Final = 63
_LABEL: Final = re.compile(r"[^\W_](?:[\w-]*[^\W_])?")


@dataclass(frozen=True)
class PatternRecogniser:
    """A pattern of its own kind, and a check of each match."""

    entity: str
    prefilter: str
    pattern: re.Pattern[str]
    check: Callable[[str], bool]
    rare: Callable[[str], bool]
    prior: float = 0.5
    null: NullModel = "digits"
    context: tuple[str, ...] = ()
    takes_numbers: bool = False
    engine: str = "answerable"
    trim: str = ""
    """Characters that end a sentence rather than the match."""

    def is_rare(self, value: str) -> bool:
        """Return whether the layout alone is one that ordinary values do not have."""
        return self.rare(value)

    def whole(self, values: Sequence[str]) -> NDArray[np.bool_]:
        """Return for each value whether it is the entity and nothing else."""
        stripped = [value.strip() for value in values]
        return np.fromiter(
            (self.pattern.fullmatch(value) is not None and self.check(value) for value in stripped),
            dtype=np.bool_,
            count=len(stripped),
        )

    def spans(self, text: str) -> tuple[Span, ...]:
        """Return where the entity stands in a text."""
        found = []
        for match in self.pattern.finditer(text):
            value = match.group().rstrip(self.trim) if self.trim else match.group()
            start, end = match.start(), match.start() + len(value)
            goes_on = text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit()
            if value and not goes_on and stands_alone(text, start, end) and self.check(value):
                found.append((start, end))
        return tuple(found)

    def find(self, values: Sequence[str]) -> Found:
        """Return which values are whole, and the spans in the others."""
        return find_with(self.whole, self.spans, values)


def _always(value: str) -> bool:  # noqa: ARG001 - the layout itself is the evidence
    return True


def _is_email(value: str) -> bool:
    local, _, domain = value.rpartition("@")
    labels = domain.split(".")
    return (
        not local.startswith(".")
        and not local.endswith(".")
        and ".." not in local
        and all(len(label) <= _LABEL_LIMIT and _LABEL.fullmatch(label) for label in labels)
        and len(labels[-1]) > 1
        and not labels[-1].isdigit()
    )


def _is_url(value: str) -> bool:
    rest = value.split("://", 1)[-1]
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2].split(":")[0]
    labels = host.removeprefix("www.").split(".")
    return len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)


def _is_ip(value: str) -> bool:
    if value.replace(":", "") == "" and value != "::":
        return False
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _is_ip_v6(value: str) -> bool:
    return ":" in value


def _is_mac(value: str) -> bool:
    bare = value.replace(":", "").replace("-", "").replace(".", "").lower()
    return bare not in {"0" * 12, "f" * 12}


def _is_uuid(value: str) -> bool:
    return value.replace("-", "").strip("0") != ""


email: Final = PatternRecogniser(
    "EMAIL_ADDRESS", r"@[\w-]+\.", _EMAIL, _is_email, _always, trim=".-_'"
)
url: Final = PatternRecogniser(
    "URL", r"(?i:https?://|www\.)", _URL, _is_url, _always, trim=".,;:!?)]}"
)
ip_address: Final = PatternRecogniser(
    "IP_ADDRESS", r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|:[0-9A-Fa-f]{0,4}:", _IP, _is_ip,
    _is_ip_v6, trim=".",
)  # fmt: skip
mac_address: Final = PatternRecogniser(
    "MAC_ADDRESS", r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.",
    _MAC, _is_mac, _always,
)  # fmt: skip
uuid: Final = PatternRecogniser("UUID", r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-", _UUID, _is_uuid, _always)
