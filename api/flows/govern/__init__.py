"""From assessment to release: waivers, signatures, the gate, releases and their end.

Promises: what would not count is refused before it is appended; the gate is evaluated
anew for each release and logged with it; a release rests on the bundle the signatures
name, so any later change voids them.
"""

from __future__ import annotations

from answerable.api.flows.govern.ground import governing_policy
from answerable.api.flows.govern.releasing import evaluate_gate, record_gate, release, suspend
from answerable.api.flows.govern.signing import (
    SignOffRequest,
    prepare_sign_off,
    record_sign_off,
    sign,
)
from answerable.api.flows.govern.waiving import WaiverRequest, waive

__all__ = [
    "SignOffRequest",
    "WaiverRequest",
    "evaluate_gate",
    "governing_policy",
    "prepare_sign_off",
    "record_gate",
    "record_sign_off",
    "release",
    "sign",
    "suspend",
    "waive",
]
