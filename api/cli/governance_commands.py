"""Commands of a release: waive, sign, gate, release, suspend, lineage."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.api.cli.output import say, table, write_json, write_text
from answerable.api.cli.session import DatabaseOption, JsonOption, open_session
from answerable.audit.codes import Role

if TYPE_CHECKING:
    from answerable.governance.gate import GateResult

__all__ = ["attach", "print_gate"]

FunctionArgument = Annotated[
    str, typer.Argument(metavar="FUNCTION@VERSION", help="A registered decision function.")
]
_MICROS_PER_DAY = 86_400_000_000


class _Finding(Enum):
    FAIL = "FAIL"
    INSUFFICIENT = "INSUFFICIENT"
    UNDEFINED = "UNDEFINED"


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("gate")(gate)
    app.command("waive")(waive)
    app.command("sign")(sign)
    app.command("release")(release)
    app.command("suspend")(suspend)
    app.command("lineage")(lineage)


def gate(
    function: FunctionArgument,
    *,
    db: DatabaseOption = None,
    junit: Annotated[str | None, typer.Option(metavar="FILE", help="Write JUnit XML.")] = None,
    json: JsonOption = None,
) -> None:
    """Say whether a decision function may be released, rule by rule."""
    from answerable.api.flows.govern import evaluate_gate

    with open_session(db) as (workspace, _):
        result = evaluate_gate(workspace, function)
    if junit is not None:
        write_text(junit, result.to_junit())
    if not write_json(json, result.to_result()):
        print_gate(result)
    raise typer.Exit(result.exit_code)


def print_gate(result: GateResult) -> None:
    """Print a gate's verdicts and what is missing.

    Parameters
    ----------
    result : GateResult
    """
    table(
        f"{result.name}: {'may be released' if result.holds else 'may not be released'}",
        ("rule", "attributes", "state", "gate", ""),
        (
            (
                finding.rule,
                " x ".join(finding.attributes),
                finding.state,
                finding.outcome.value,
                finding.what,
            )
            for finding in (*result.demands, *result.verdicts)
        ),
    )
    for missing in result.sign_offs.missing:
        say(f"signatures missing in the role {missing.role.value}: {missing.n}")


def waive(
    function: FunctionArgument,
    *,
    rule: Annotated[str, typer.Option(help="Rule of the policy the waiver answers.")],
    attributes: Annotated[str, typer.Option(help="Its attributes, separated by commas.")],
    finding: Annotated[_Finding, typer.Option(help="What the verdict says.")],
    reason: Annotated[str, typer.Option(help="Why this finding is accepted.")],
    control: Annotated[str, typer.Option(help="What is done about it instead.")],
    days: Annotated[int, typer.Option(min=1, help="Days until the waiver expires.")],
    db: DatabaseOption = None,
) -> None:
    """Record an expiring waiver for one finding."""
    from answerable.api.flows.govern import WaiverRequest
    from answerable.api.flows.govern import waive as record_waiver

    with open_session(db) as (workspace, actor):
        recorded = record_waiver(
            workspace,
            WaiverRequest(
                function=function,
                rule=rule,
                attributes=tuple(name.strip() for name in attributes.split(",")),
                finding=finding.value,
                reason=reason,
                compensating_control=control,
                expires_at=workspace.clock() + days * _MICROS_PER_DAY,
            ),
            actor=actor,
        )
    say(f"waiver recorded as entry {recorded.entry_id}")


def sign(
    function: FunctionArgument,
    *,
    role: Annotated[Role, typer.Option(help="Role in which you sign.")],
    key_file: Annotated[Path, typer.Option(help="Your signing key file.")],
    statement: Annotated[str, typer.Option(help="What you state by signing.")],
    decision: Annotated[str, typer.Option(help="approve or reject.")] = "approve",
    days: Annotated[int, typer.Option(min=1, help="Days the sign-off stays valid.")] = 365,
    db: DatabaseOption = None,
) -> None:
    """Sign off the current evidence of a decision function."""
    from answerable.api.flows.govern import SignOffRequest
    from answerable.api.flows.govern import sign as record_sign_off

    if decision not in {"approve", "reject"}:
        message = "must be approve or reject"
        raise typer.BadParameter(message, param_hint="--decision")
    with open_session(db) as (workspace, actor):
        recorded = record_sign_off(
            workspace,
            SignOffRequest(
                function=function,
                role=role,
                statement=statement,
                decision="approve" if decision == "approve" else "reject",
                valid_days=days,
            ),
            key_file,
            actor=actor,
        )
    say(f"signed as entry {recorded.entry_id}, over bundle {recorded.record.bundle}")


def release(
    function: FunctionArgument,
    *,
    environment: Annotated[str, typer.Option(help="Where it may decide.")] = "production",
    db: DatabaseOption = None,
) -> None:
    """Release a decision function; refused unless its gate holds."""
    from answerable.api.flows.govern import evaluate_gate
    from answerable.api.flows.govern import release as record_release

    with open_session(db) as (workspace, actor):
        result = evaluate_gate(workspace, function)
        if result.exit_code:
            print_gate(result)
            raise typer.Exit(result.exit_code)
        recorded = record_release(workspace, function, environment=environment, actor=actor)
    say(f"released as entry {recorded.entry_id}")


def suspend(
    function: FunctionArgument,
    *,
    reason: Annotated[str, typer.Option(help="A code, for example drift.")],
    note: Annotated[str, typer.Option(help="A sentence for the record.")] = "",
    db: DatabaseOption = None,
) -> None:
    """Suspend the release of a decision function."""
    from answerable.api.flows.govern import suspend as record_suspension

    with open_session(db) as (workspace, actor):
        recorded = record_suspension(workspace, function, reason=reason, note=note, actor=actor)
    say(f"suspended as entry {recorded.entry_id}")


def lineage(
    function: FunctionArgument, *, db: DatabaseOption = None, json: JsonOption = None
) -> None:
    """Show which data, code, policy and people stand behind a decision function."""
    from answerable.api.cli.lineage_text import lineage_lines
    from answerable.governance.lineage import lineage_of

    with open_session(db) as (workspace, _):
        found = lineage_of(workspace.registry(), function)
    if not write_json(json, found.to_result()):
        say(*lineage_lines(found))
