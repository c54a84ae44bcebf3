"""Questions that GDPR and supervisors ask, over one log. Who asked is recorded by the caller.

- :mod:`.subjects`   everything about one person
- :mod:`.decisions`  adverse decisions made by machine alone; who was affected
- :mod:`.oversight`  contests, reviews, overrides
- :mod:`.acts`       erasures, refusals, holds, retention runs; who read what
- :mod:`.irregular`  decisions without a release, incidents, steps of the clock
- :mod:`.counts`     counts by day, function and outcome, and the recount that proves them
- :mod:`.changes`    what was appended since a checkpoint
- :mod:`.sampling`   a sample that nobody can pick

References
----------
GDPR, Articles 5(2), 15, 17, 20, 22, 30, 33 and 34; AI Act, Articles 12, 14, 26 and 86.
"""

from __future__ import annotations

from answerable.audit.queries.acts import (
    ClearRecord,
    ReadCount,
    acts_on_data,
    count_by_ground,
    reads,
    reads_by_purpose,
)
from answerable.audit.queries.changes import (
    Growth,
    changes_since,
    count_changes,
    growth_since,
    require_extends,
)
from answerable.audit.queries.counts import (
    CountDifference,
    Days,
    count_differences,
    outcome_counts,
    recount,
)
from answerable.audit.queries.decisions import (
    Affected,
    adverse_codes,
    adverse_decisions,
    affected_persons,
    count_affected,
)
from answerable.audit.queries.irregular import (
    Irregularity,
    count_irregularities,
    irregularities,
)
from answerable.audit.queries.oversight import (
    OversightLine,
    OversightSummary,
    oversight,
    oversight_summary,
)
from answerable.audit.queries.sampling import (
    Draw,
    DrawnEntry,
    Sample,
    draw_sample,
    verify_sample,
)
from answerable.audit.queries.scope import Page, Scope, stream
from answerable.audit.queries.subjects import (
    SubjectFile,
    SubjectItem,
    decisions_of,
    everything_about,
    reviews_of,
)

__all__ = [
    "Affected",
    "ClearRecord",
    "CountDifference",
    "Days",
    "Draw",
    "DrawnEntry",
    "Growth",
    "Irregularity",
    "OversightLine",
    "OversightSummary",
    "Page",
    "ReadCount",
    "Sample",
    "Scope",
    "SubjectFile",
    "SubjectItem",
    "acts_on_data",
    "adverse_codes",
    "adverse_decisions",
    "affected_persons",
    "changes_since",
    "count_affected",
    "count_by_ground",
    "count_changes",
    "count_differences",
    "count_irregularities",
    "decisions_of",
    "draw_sample",
    "everything_about",
    "growth_since",
    "irregularities",
    "outcome_counts",
    "oversight",
    "oversight_summary",
    "reads",
    "reads_by_purpose",
    "recount",
    "require_extends",
    "reviews_of",
    "stream",
    "verify_sample",
]
