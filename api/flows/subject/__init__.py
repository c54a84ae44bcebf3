"""Everything about one person: find, access, restrict, object, rectify, hold, erase.

Promises: every read is noted with its purpose before anything is handed out; nothing is
edited, statements are appended; what is erased cannot be opened again while the log and
every proof stay valid; a legal hold wins over an erasure, and the refusal is logged.

References
----------
GDPR Art. 15 to 18, 20 and 21.
"""

from __future__ import annotations

from answerable.api.flows.subject.access import AccessPackage, access_package
from answerable.api.flows.subject.erasure import Erasure, erase, lift_hold, place_hold
from answerable.api.flows.subject.find import (
    EntryLine,
    FoundSubject,
    RequestFacts,
    find_subject,
    show_subject,
)
from answerable.api.flows.subject.statements import object_to, rectify, restrict

__all__ = [
    "AccessPackage",
    "EntryLine",
    "Erasure",
    "FoundSubject",
    "RequestFacts",
    "access_package",
    "erase",
    "find_subject",
    "lift_hold",
    "object_to",
    "place_hold",
    "rectify",
    "restrict",
    "show_subject",
]
