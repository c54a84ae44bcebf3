"""The organisation itself: its profile, and the record of its processing.

Promises: what nobody stated is listed as missing and never filled in; a registered profile wins
over the settings.

References
----------
GDPR Art. 13, 14, 15(1), 24 and 30.
"""

from __future__ import annotations

from answerable.api.flows.organisation.processing import ProcessingRecord, record_of_processing
from answerable.api.flows.organisation.profile import (
    Organisation,
    organisation_of,
    register_organisation,
)

__all__ = [
    "Organisation",
    "ProcessingRecord",
    "organisation_of",
    "record_of_processing",
    "register_organisation",
]
