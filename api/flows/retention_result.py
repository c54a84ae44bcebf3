"""What a plan of retention and its state say, as JSON: the one place that names their keys."""

from __future__ import annotations

from typing import cast

from pydantic import JsonValue

from answerable.api.flows.retention import PlannedRetention
from answerable.audit.retention.plan import HeldBack
from answerable.audit.retention.retention import RecordedRun, RetentionStatus

__all__ = ["plan_result", "status_result"]


def plan_result(planned: PlannedRetention) -> dict[str, JsonValue]:
    """Return the JSON form of a plan, the result of ``answerable retention plan --json``.

    Parameters
    ----------
    planned : PlannedRetention
        What would go.

    Returns
    -------
    dict
        ``policy, digest, ranges, rules, held, stops, uncovered``.
    """
    plan = planned.plan
    return {
        "policy": f"{planned.policy.id} {planned.policy.version}",
        "digest": planned.digest,
        "ranges": [
            {"what": item.what, "first": item.first, "end": item.end, "count": item.count}
            for item in (plan.body, plan.entry, plan.tile)
        ],
        "rules": [
            {
                "name": rule.name,
                "law": rule.law.model_dump(mode="json"),
                "approver": rule.approver,
                "bodies": rule.bodies,
                "entries": rule.entries,
            }
            for rule in plan.rules
        ],
        "held": [_held(item) for item in plan.held],
        "stops": [_held(item) for item in plan.stops],
        "uncovered": [kind.value for kind in planned.policy.uncovered()],
    }


def status_result(status: RetentionStatus) -> dict[str, JsonValue]:
    """Return the JSON form of a status, the result of ``answerable retention status --json``.

    Parameters
    ----------
    status : RetentionStatus
        Where the log begins.

    Returns
    -------
    dict
        ``floors, held, runs``.
    """
    limits = status.limits
    return {
        "floors": {"body": limits.body, "entry": limits.entry, "tile": limits.tile},
        "held": list(limits.held),
        "runs": [_run(run) for run in status.runs],
    }


def _run(run: RecordedRun) -> dict[str, JsonValue]:
    record = cast("dict[str, JsonValue]", run.record.model_dump(mode="json"))
    return {"seq": run.seq, "entry": run.entry_id, "ts": run.ts, "actor": run.actor, **record}


def _held(item: HeldBack) -> dict[str, JsonValue]:
    return {"seq": item.seq, "kind": item.kind.value, "why": item.why, "until": item.until}
