"""Questions a supervisor, an auditor or an officer asks the log; each is an entry itself.

Promises: answers come from headers and records without personal data, hold references and never
names, and continue by place, so that pages put together are the whole; the question, its
parameters, who asked and why stand in the log before the answer is handed out.

References
----------
GDPR, Articles 5(2), 17, 22, 30, 33 and 34; AI Act, Articles 12, 14 and 26.
"""

from __future__ import annotations

from answerable.api.flows.query.asking import ASKERS, Answer, Asking, kinds_named
from answerable.api.flows.query.decided import (
    CountsAsked,
    ask_adverse,
    ask_affected,
    ask_counts,
    ask_lineage,
)
from answerable.api.flows.query.overseen import (
    ask_acts,
    ask_irregularities,
    ask_oversight,
    ask_reads,
)
from answerable.api.flows.query.proven import ChangesAsked, ask_changes, ask_sample

__all__ = [
    "ASKERS",
    "Answer",
    "Asking",
    "ChangesAsked",
    "CountsAsked",
    "ask_acts",
    "ask_adverse",
    "ask_affected",
    "ask_changes",
    "ask_counts",
    "ask_irregularities",
    "ask_lineage",
    "ask_oversight",
    "ask_reads",
    "ask_sample",
    "kinds_named",
]
