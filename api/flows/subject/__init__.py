"""Everything about one person: find, access, restrict, object, rectify, hold, erase, requests.

Promises: every read is noted with its purpose before anything is handed out; nothing is
edited, statements are appended; what is erased cannot be opened again while the log and
every proof stay valid; a legal hold wins over an erasure, and the refusal is logged; every request
has a clock, and its answer is linked to it.

References
----------
GDPR Art. 12(3) and 15 to 21.
"""

from __future__ import annotations

from answerable.api.flows.subject.access import AccessPackage, access_package
from answerable.api.flows.subject.answers import RequestClosing, RequestOpening
from answerable.api.flows.subject.erasure import Erasure, erase, lift_hold, place_hold
from answerable.api.flows.subject.find import (
    EntryLine,
    FoundSubject,
    RequestFacts,
    find_subject,
    show_subject,
)
from answerable.api.flows.subject.notices import Notice, Notices, notices_of, notify_recipient
from answerable.api.flows.subject.portability import PortablePackage, portability_package
from answerable.api.flows.subject.requests import (
    RequestQuery,
    close_request,
    extend_request,
    list_requests,
    open_request,
    show_request,
)
from answerable.api.flows.subject.statements import (
    lift_restriction,
    object_to,
    rectify,
    restrict,
)

__all__ = [
    "AccessPackage",
    "EntryLine",
    "Erasure",
    "FoundSubject",
    "Notice",
    "Notices",
    "PortablePackage",
    "RequestClosing",
    "RequestFacts",
    "RequestOpening",
    "RequestQuery",
    "access_package",
    "close_request",
    "erase",
    "extend_request",
    "find_subject",
    "lift_hold",
    "lift_restriction",
    "list_requests",
    "notices_of",
    "notify_recipient",
    "object_to",
    "open_request",
    "place_hold",
    "portability_package",
    "rectify",
    "restrict",
    "show_request",
    "show_subject",
]
