"""Decision functions: state, gate, assessments, signatures, lineage, card."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import JsonValue

from answerable.api.console.rendering import Page, reply
from answerable.api.console.routes import ConsoleRoute
from answerable.api.console.today import function_lines
from answerable.api.console.visitor import STAFF, Visitor, signed_in, workspace_of
from answerable.api.flows.card import render_card
from answerable.api.flows.evidence import evidence_by_digest
from answerable.api.flows.govern import evaluate_gate
from answerable.api.wiring import Workspace
from answerable.audit.errors import Erased, NotFound
from answerable.audit.kinds import EntryKind
from answerable.governance.gate import GateResult
from answerable.governance.lineage import Lineage, lineage_of
from answerable.model_cards.report import assessment_report, page_policy
from answerable.model_cards.report.charts import ChartText, FlowNode, flow
from answerable.model_cards.report.fairness_charts import anchor, rate_chart
from answerable.model_cards.results import AssessmentResult

__all__ = ["router"]

router = APIRouter(route_class=ConsoleRoute)

FunctionPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}@[A-Za-z0-9_.-]{1,64}$")]
DigestPath = Annotated[str, Path(pattern=r"^sha256:[0-9a-f]{64}$")]
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
        "state": _state_of(workspace, name),
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
    drawn = {"rates": _rate_charts(workspace, gate), "lineage": _flow(lineage, gate)}
    return reply(
        request, Page("function.html.j2", f"Decision function {name}", view, drawn), visitor
    )


@router.get("/console/cards/{name}")
def card(request: Request, name: FunctionPath, visitor: Staff) -> Response:
    """Show the model card, live."""
    del visitor
    html = render_card(workspace_of(request), name, format="html")
    return HTMLResponse(html, headers={"Content-Security-Policy": page_policy()})


@router.get("/console/assessments/{digest}")
def assessment(request: Request, digest: DigestPath, visitor: Staff) -> Response:
    """Show an assessment as its report, small groups without numbers."""
    del visitor
    workspace = workspace_of(request)
    found = evidence_by_digest(workspace, digest)
    html = assessment_report(found.record.result, source=f"evidence {digest[:19]}")
    return HTMLResponse(html, headers={"Content-Security-Policy": page_policy()})


def _gate(workspace: Workspace, name: str) -> GateResult | None:
    try:
        return evaluate_gate(workspace, name)
    except NotFound:
        return None


def _state_of(workspace: Workspace, name: str) -> JsonValue:
    return next(line["state"] for line in function_lines(workspace) if line["name"] == name)


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


def _rate_charts(workspace: Workspace, gate: GateResult | None) -> list[object]:
    if gate is None or gate.assessment is None:
        return []
    try:
        found = evidence_by_digest(workspace, gate.assessment)
    except (Erased, NotFound):
        return []
    result = AssessmentResult.read(found.record.result)
    names = dict.fromkeys(tuple(group.attributes) for group in result.groups)
    return [
        rate_chart(
            [group for group in result.groups if tuple(group.attributes) == attributes],
            "selection_rate",
            chart_id=anchor("rate", *attributes),
            what="Share of favourable decisions on the hold-out, with its interval.",
        )
        for attributes in names
    ]


def _flow(lineage: Lineage, gate: GateResult | None) -> object:
    nodes = [
        FlowNode(f"data-{number}", 0, item.found.record.name if item.found else "data", item.use)
        for number, item in enumerate(lineage.datasets)
    ]
    training = tuple(
        node.id
        for node, item in zip(nodes, lineage.datasets, strict=True)
        if item.use in {"training", "train"}
    )
    assessed = tuple(node.id for node in nodes if node.id not in training)
    nodes.append(FlowNode("model", 1, "model", lineage.models[0].name, needs=training))
    nodes.append(
        FlowNode("function", 2, lineage.function.name, "decision function", needs=("model",))
    )
    nodes.append(
        FlowNode(
            "gate", 3, "gate", gate.state if gate else "no policy", needs=("function", *assessed)
        )
    )
    released = "released" if lineage.releases else "not released"
    nodes.append(FlowNode("release", 4, released, needs=("gate",)))
    text = ChartText(
        id="lineage",
        title="From data to release",
        description="Which data trained the model, which data it was assessed on, what followed.",
    )
    return flow(text, nodes)
