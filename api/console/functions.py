"""Decision functions: state, gate, assessments, signatures, lineage, card."""

from __future__ import annotations

import json
from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import JsonValue

from answerable.api.console.rendering import Page, reply, report_page
from answerable.api.console.routes import ConsoleRoute
from answerable.api.console.today import function_lines
from answerable.api.console.visitor import (
    EVIDENCE_READERS,
    STAFF,
    Visitor,
    signed_in,
    workspace_of,
)
from answerable.api.flows.card import render_card
from answerable.api.flows.evidence import evidence_by_digest
from answerable.api.flows.govern import evaluate_gate, governing_policy
from answerable.api.wiring import Workspace
from answerable.audit.errors import Erased, NotFound
from answerable.audit.kinds import EntryKind
from answerable.governance.assessment import Assessment
from answerable.governance.gate import GateResult
from answerable.governance.lineage import Lineage, lineage_of
from answerable.governance.status import status_of
from answerable.model_cards.report import assessment_report
from answerable.model_cards.report.charts import Chart, ChartText, FlowNode, flow
from answerable.model_cards.report.fairness_charts import anchor, rate_chart
from answerable.model_cards.results import AssessmentResult

__all__ = ["router"]

router = APIRouter(route_class=ConsoleRoute)

FunctionPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}@[A-Za-z0-9_.-]{1,64}$")]
DigestPath = Annotated[str, Path(pattern=r"^sha256:[0-9a-f]{64}$")]
_HELD_OUT: Final = "hold_out"
_CONTENTS: Final = (
    ("lineage", "From data to release"),
    ("gate", "Gate"),
    ("rates", "Approval by group"),
    ("signed", "Signatures and waivers"),
    ("behind", "What stands behind it"),
)
Staff = Annotated[Visitor, Depends(signed_in(*STAFF))]


@router.get("/console/functions")
def functions(request: Request, visitor: Staff) -> Response:
    """List decision functions with their state."""
    lines = cast("list[JsonValue]", function_lines(workspace_of(request)))
    page = Page(
        "functions.html.j2",
        "Decision functions",
        {"functions": lines},
        lead="What decides: models, cut-off, rules, reasons, code and environment together.",
    )
    return reply(request, page, visitor)


@router.get("/console/functions/{name}")
def function(request: Request, name: FunctionPath, visitor: Staff) -> Response:
    """Show everything that stands behind one decision function."""
    workspace = workspace_of(request)
    lineage = lineage_of(workspace.registry(), name)
    gate = _gate(workspace, name)
    view: dict[str, JsonValue] = {
        "name": name,
        "digest": lineage.function.digest,
        "state": status_of(workspace.registry(), name, workspace.clock()).value,
        "gate": gate.to_result() if gate is not None else None,
        "sign_offs": _sign_offs(workspace, lineage),
        "waivers": _waivers(lineage),
        "releases": _releases(lineage),
        "datasets": _datasets(lineage),
        "models": [
            {"name": item.name, "format": item.format, "digest": item.artefact}
            for item in lineage.models
        ],
        "evidence": [
            {
                "kind": item.kind.value,
                "digest": item.digest,
                "ts": item.at.ts,
                "entry": item.at.entry,
            }
            for item in lineage.evidence
        ],
        "code_commit": lineage.code_commit,
        "code_dirty": lineage.code_dirty,
        "environment": lineage.environment,
        "has_card": any(item.kind is EntryKind.CARD_BUILT for item in lineage.evidence),
    }
    drawn = {
        "rates": _rate_charts(workspace, gate, whole=visitor.reads_evidence),
        "lineage": _flow(lineage, gate),
    }
    page = Page(
        "function.html.j2",
        name,
        view,
        drawn,
        lead="A decision function: what decides, what it rests on, and who released it.",
        contents=_CONTENTS,
    )
    return reply(request, page, visitor)


@router.get("/console/cards/{name}")
def card(request: Request, name: FunctionPath, visitor: Staff) -> Response:
    """Show the model card, live."""
    del visitor
    workspace = workspace_of(request)
    html = render_card(workspace, name, format="html")
    return report_page(request, html, json.loads(render_card(workspace, name, format="json")))


@router.get("/console/assessments/{digest}")
def assessment(
    request: Request,
    digest: DigestPath,
    visitor: Annotated[Visitor, Depends(signed_in(*EVIDENCE_READERS))],
) -> Response:
    """Show an assessment as its report."""
    del visitor
    found = evidence_by_digest(workspace_of(request), digest)
    if found.record.kind != EntryKind.FAIRNESS_ASSESSED.value:
        raise NotFound("this evidence is no assessment", where="evidence")
    result = found.record.result
    html = assessment_report(result, source=f"evidence {digest[:19]}")
    return report_page(request, html, result)


def _gate(workspace: Workspace, name: str) -> GateResult | None:
    try:
        return evaluate_gate(workspace, name)
    except NotFound:
        return None


def _sign_offs(workspace: Workspace, lineage: Lineage) -> list[JsonValue]:
    return [
        {
            "role": item.record.role.value,
            "name": workspace.directory.name_of(item.record.signer) or item.record.signer,
            "decision": item.record.decision,
            "bundle": item.record.bundle,
            "ts": item.at.ts,
            "entry": item.at.entry,
            "withdrawn": item.withdrawn,
        }
        for item in lineage.sign_offs
    ]


def _waivers(lineage: Lineage) -> list[JsonValue]:
    return [
        {
            "rule": item.record.rule,
            "attributes": list(item.record.attributes),
            "finding": item.record.finding,
            "reason": item.record.reason,
            "control": item.record.compensating_control,
            "expires_at": item.record.expires_at,
            "entry": item.at.entry,
        }
        for item in lineage.waivers
    ]


def _releases(lineage: Lineage) -> list[JsonValue]:
    return [
        {
            "entry": item.at.entry,
            "ts": item.at.ts,
            "environment": item.record.environment,
            "valid_until": item.record.valid_until,
            "ended": item.ended,
        }
        for item in lineage.releases
    ]


def _datasets(lineage: Lineage) -> list[JsonValue]:
    return [
        {
            "use": item.use,
            "name": item.found.record.name if item.found else "not registered",
            "rows": item.found.record.rows if item.found else None,
            "fingerprint": item.found.record.fingerprint if item.found else None,
            "looks": item.looks,
        }
        for item in lineage.datasets
    ]


def _rate_charts(workspace: Workspace, gate: GateResult | None, *, whole: bool) -> list[Chart]:
    if gate is None or gate.assessment is None:
        return []
    try:
        found = evidence_by_digest(workspace, gate.assessment)
    except (Erased, NotFound):
        return []
    policy = governing_policy(workspace, gate.name)
    shown = Assessment.from_result(found.record.result).to_result(
        suppress_below=0 if whole else policy.publish.suppress_below
    )
    result = AssessmentResult.read(shown)
    names = dict.fromkeys(tuple(group.attributes) for group in result.groups)
    charts = [
        rate_chart(
            [group for group in result.groups if tuple(group.attributes) == attributes],
            "selection_rate",
            chart_id=anchor("rate", *attributes),
            what="Share of favourable decisions on the hold-out, with its interval.",
        )
        for attributes in names
    ]
    return [chart for chart in charts if chart is not None]


def _flow(lineage: Lineage, gate: GateResult | None) -> Chart:
    nodes = [
        FlowNode(
            f"data-{number}",
            0,
            item.use.replace("_", "-"),
            item.found.record.name if item.found else "not registered",
        )
        for number, item in enumerate(lineage.datasets)
    ]
    judged = {
        node.id for node, item in zip(nodes, lineage.datasets, strict=True) if item.use == _HELD_OUT
    }
    fitted = tuple(node.id for node in nodes if node.id not in judged)
    released = any(item.ended is None for item in lineage.releases)
    nodes += [
        FlowNode("model", 1, "model", lineage.models[0].name, needs=fitted),
        FlowNode("function", 2, "function", lineage.function.name, needs=("model",)),
        FlowNode(
            "gate",
            3,
            "gate",
            gate.state if gate else "no policy",
            needs=("function", *sorted(judged)),
        ),
        FlowNode("release", 4, "released" if released else "not released", needs=("gate",)),
    ]
    text = ChartText(
        id="lineage-drawing",
        title="From data to release",
        description="Which data made the model, which data it was assessed on, what followed.",
    )
    return flow(text, nodes)
