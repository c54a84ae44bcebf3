"""The form of a header as it is written, as one pattern: what matches needs no further parsing.

Part of the second implementation (:mod:`answerable.audit.verify`). A header that matches is by
construction canonical JSON of version 1 with a kind, an entry id and a time: its keys stand in
order, its values hold nothing that would be escaped, its integers lie below 2^53. One that does not
match need not be wrong; it is read the slow way.

References
----------
RFC 8785; RFC 9562, section 5.7.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, cast

__all__ = ["Said", "digests_in", "links_in", "parts_in", "said_by", "subjects_in"]

_HEADER_LIMIT: Final = 65_535
_CODE: Final = "[a-z0-9][a-z0-9_.@:/+-]{0,127}"
_TEXT: Final = f'"{_CODE}"'
_CAUGHT: Final = f'"({_CODE})"'
_HEX: Final = "[0-9a-f]{64}"
_DIGEST: Final = f"sha256:{_HEX}"
_UUID7: Final = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_SAFE: Final = "0|[1-8][0-9]{0,15}|9[0-9]{0,14}"
_PLACE: Final = "[0-9]|[1-5][0-9]|6[0-3]"
_PC: Final = f'"pc":"{_HEX}",'
_PART: Final = (
    rf'\{{(?:"digest":"{_HEX}","part":"clear",|"ct":"{_HEX}","part":(?:"case",{_PC}'
    rf'|"subject",{_PC}"subject":(?:{_PLACE}),|"slot",(?:{_PC})?"subject":(?:{_PLACE}),))'
    rf'"type":{_TEXT}\}}'
)
_LINK: Final = rf'\{{(?:"digest":"{_DIGEST}"|"entry":"{_UUID7}"),"rel":{_TEXT}\}}'
_SUBJECT: Final = rf'\{{"ref":"s-[0-9a-f]{{32}}","role":{_TEXT}\}}'
_KEYS: Final = (
    ("at", f"(?:{_SAFE})"),
    ("automation", _CAUGHT),
    ("basis", _TEXT),
    ("cell", '"([0-9]{4}-[0-9]{2}:[0-9a-f]{8})"'),
    ("function", f'"({_DIGEST})"'),
    ("id", f'"({_UUID7})"'),
    ("kind", r'"([a-z][a-z_]*(?:\.[a-z_]+)?)"'),
    ("links", rf"\[({_LINK}(?:,{_LINK})*)\]"),
    ("log", '"[a-z0-9][a-z0-9./_-]{0,199}"'),
    ("outcome", _CAUGHT),
    ("parts", rf"\[({_PART}(?:,{_PART})*)\]"),
    ("purpose", _TEXT),
    ("ref", f'"({_HEX})"'),
    ("release", f'"(?:{_UUID7}|none)"'),
    ("role", _CAUGHT),
    ("subjects", rf"\[({_SUBJECT}(?:,{_SUBJECT})*)\]"),
    ("supersedes", f'"({_UUID7})"'),
    ("ts", f"({_SAFE})"),
)
_ALWAYS: Final = {"id", "kind", "log", "role", "ts"}
_DIGESTS: Final = re.compile(r'\{"(?:ct|digest)":"([0-9a-f]{64})"')
_PARTS: Final = re.compile(
    r'"part":"([a-z]+)",(?:"pc":"[0-9a-f]{64}",)?(?:"subject":([0-9]+),)?"type"'
)
_LINKS: Final = re.compile(r'\{"(?:digest|entry)":"([^"]*)","rel":"([^"]*)"')
_REF: Final = slice(len('{"ref":"'), len('{"ref":"s-') + 32)
_SUBJECTS: Final = re.compile(r'\{"ref":"(s-[0-9a-f]{32})"')


class Said(NamedTuple):
    """What a header says, key by key, as text; None for a key that is not there."""

    automation: str | None
    cell: str | None
    function: str | None
    id: str
    kind: str
    links: str | None
    outcome: str | None
    parts: str | None
    ref: str | None
    role: str
    subjects: str | None
    supersedes: str | None
    ts: str


def said_by(headers: Sequence[bytes], origin: str | None = None) -> list[Said | None]:
    """Return what headers say.

    Parameters
    ----------
    headers : Sequence[bytes]
        As stored.
    origin : str, optional
        The log they must name; without it, any.

    Returns
    -------
    list of Said or None
        In the order given; None for one that has not the form. Plain tuples in the order of
        :class:`Said`, because making others costs as much as the matching.

    Examples
    --------
    >>> said_by([b'{"actor":"nobody"}'])
    [None]
    """
    match = _form(origin).fullmatch
    # Latin-1 takes any byte; what is not ASCII then has no place in the form.
    found = [match(header.decode("latin-1")) for header in headers]
    if max(map(len, headers), default=0) > _HEADER_LIMIT:
        found = [None for _ in headers]
    return cast("list[Said | None]", [item and item.groups() for item in found])


def digests_in(parts: str | None) -> list[str]:
    """Return the SHA-256 of each stored part, from what a header says of its parts."""
    if not parts:
        return []
    if parts.find("}") == len(parts) - 1:  # one part, which begins with its digest
        start = len('{"ct":"') if parts.startswith('{"ct"') else len('{"digest":"')
        return [parts[start : start + 64]]
    return _DIGESTS.findall(parts)


def parts_in(parts: str | None) -> list[tuple[str, str]]:
    """Return what each part is, and the number of the subject it is about or an empty text."""
    return _PARTS.findall(parts) if parts else []


def links_in(links: str | None) -> list[tuple[str, str]]:
    """Return target and relation of each link."""
    return _LINKS.findall(links) if links else []


def subjects_in(subjects: str | None) -> list[str]:
    """Return the reference of each subject."""
    if not subjects:
        return []
    if subjects.find("}") == len(subjects) - 1:  # one subject, who begins with the reference
        return [subjects[_REF]]
    return _SUBJECTS.findall(subjects)


@lru_cache(maxsize=16)
def _form(origin: str | None) -> re.Pattern[str]:
    known = dict(_KEYS)
    if origin is not None:
        # A name that JSON would escape, or that no log can have, matches no header.
        known["log"] = f'(?={known["log"]})"{re.escape(origin)}"'
    keys = "".join(
        rf'"{key}":{form},' if key in _ALWAYS else rf'(?:"{key}":{form},)?'
        for key, form in known.items()
    )
    return re.compile(rf'\{{"actor":"a-[0-9a-f]{{32}}",{keys}"v":1\}}')
