"""Commands of retention: template, check, schema, plan, approve, run, status."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.api.cli.output import say, table, write_json, write_text
from answerable.api.cli.session import DatabaseOption, JsonOption, open_session

if TYPE_CHECKING:
    from answerable.api.flows.retention import PlannedRetention
    from answerable.audit.retention.plan import HeldBack

__all__ = ["attach"]

PolicyArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The retention policy.")]
OutOption = Annotated[str | None, typer.Option(metavar="FILE", help="Write it to a file.")]
_MICROS: int = 1_000_000
_SHOWN: int = 20


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    group = typer.Typer(
        help="How long what is kept: policy, plan, approval, removal.", no_args_is_help=True
    )
    for command in (template, check, schema, plan, approve, run, status):
        group.command(command.__name__)(command)
    app.add_typer(group, name="retention")


def template(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Lists them when left out.")] = "",
    *,
    out: OutOption = None,
) -> None:
    """Print a policy to start from; each period names its law and whether that was read."""
    from answerable.audit.retention.legal import template_names, template_text

    if not name:
        say(*template_names())
        return
    text = template_text(name)
    if out is not None:
        write_text(out, text)
    else:
        say(text.rstrip("\n"))


def check(file: PolicyArgument) -> None:
    """Check a policy against its form and the legal floors, without a log."""
    from answerable.audit.retention.policy import load_retention_policy

    policy = load_retention_policy(_bytes(file), file.name)
    table(
        f"{policy.id}, version {policy.version}",
        ("rule", "bodies", "entries", "after", "law", "source", "approver"),
        (
            (
                rule.name,
                f"{rule.bodies_days} days",
                f"{rule.entries_days} days",
                rule.after,
                f"{rule.law.act}, {rule.law.article} {rule.law.paragraph}".rstrip(),
                rule.law.source,
                rule.approver,
            )
            for rule in policy.rules
        ),
    )
    for kind in policy.uncovered():
        say(f"not covered in every case: {kind.value}; such entries stay and can stop a run")


def schema(*, out: OutOption = None) -> None:
    """Print the JSON schema of a retention policy."""
    from answerable.audit.retention.policy import retention_schema

    write_json(out or "-", retention_schema())


def plan(file: PolicyArgument, *, db: DatabaseOption = None, json: JsonOption = None) -> None:
    """Say what would go now, by which rule, and what stands in the way; changes nothing."""
    from answerable.api.flows.retention import plan_retention
    from answerable.api.flows.retention_result import plan_result

    with open_session(db) as (workspace, actor):
        planned = plan_retention(workspace, _bytes(file), file.name, actor=actor)
    if not write_json(json, plan_result(planned)):
        _print_plan(planned)


def approve(
    file: PolicyArgument,
    *,
    key_file: Annotated[Path, typer.Option(help="Your signing key file.")],
    out: Annotated[str, typer.Option(metavar="FILE", help="Where the approval goes.")],
    days: Annotated[int, typer.Option(min=1, max=90, help="Days it may be used.")] = 7,
    confirm: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    db: DatabaseOption = None,
) -> None:
    """Sign, as the second person, that what is planned now may be removed."""
    from answerable.api.flows.retention import approve_retention, plan_retention
    from answerable.audit.signing import load_signer_key

    load_signer_key(key_file)  # before anything is asked
    with open_session(db) as (workspace, actor):
        workspace.log.checkpoint()
        planned = plan_retention(workspace, _bytes(file), file.name, actor=actor)
        _print_plan(planned)
        if not confirm and not typer.confirm("This cannot be undone. Approve?"):
            raise typer.Abort
        approval = approve_retention(workspace, planned, key_file, valid_days=days, actor=actor)
    write_text(out, approval.to_json().decode("utf-8"))
    say(f"approved by {approval.approver} until {_day(approval.expires_at)}")


def run(
    file: PolicyArgument,
    *,
    approval: Annotated[
        Path, typer.Option("--approve", metavar="FILE", help="Another person's approval.")
    ],
    db: DatabaseOption = None,
) -> None:
    """Remove what was approved and may still go; each slice is an entry of the log."""
    from answerable.api.flows.retention import run_retention

    with open_session(db) as (workspace, actor):
        done = run_retention(
            workspace, _bytes(file), file.name, _bytes(approval), actor=actor,
            slice_done=lambda slice_: say(
                *(
                    f"{item.what}: places {item.first} to {item.end - 1}, {item.removed} rows"
                    for item in slice_.removals
                )
            ),
        )  # fmt: skip
    say(
        f"removed: {done.removed('body')} body parts, {done.removed('entry')} entries, "
        f"{done.removed('tile')} tiles; {done.keys} data keys destroyed"
    )
    if done.partitions is None:
        say("emptied partitions remain: the database did not let this role drop them")


def status(*, db: DatabaseOption = None, json: JsonOption = None) -> None:
    """Say where bodies, entries and tiles begin, what is held back, and what ran."""
    from answerable.api.flows.retention import retention_status
    from answerable.api.flows.retention_result import status_result

    with open_session(db) as (workspace, actor):
        found = retention_status(workspace, actor=actor)
    if write_json(json, status_result(found)):
        return
    limits = found.limits
    say(f"bodies from {limits.body}, entries from {limits.entry}, tiles from {limits.tile}")
    say(f"bodies held back below: {len(limits.held)}")
    table(
        "Runs",
        ("seq", "day", "removed", "approved by", "keys"),
        (
            (
                str(item.seq),
                _day(item.ts),
                ", ".join(f"{gone.removed} {gone.what}" for gone in item.record.removals),
                item.record.approval.approver,
                str(item.record.keys),
            )
            for item in found.runs
        ),
    )


def _print_plan(planned: PlannedRetention) -> None:
    found = planned.plan
    table(
        f"{planned.policy.id}, version {planned.policy.version}",
        ("what", "places", "entries"),
        (
            (item.what, f"{item.first} to {item.end - 1}" if item.end > item.first else "none",
             str(item.count))
            for item in (found.body, found.entry, found.tile)
        ),
    )  # fmt: skip
    table(
        "By rule",
        ("rule", "bodies", "entries", "law"),
        (
            (rule.name, str(rule.bodies), str(rule.entries), f"{rule.law.act}, {rule.law.article}")
            for rule in found.rules
        ),
    )
    for title, items in (("Held back", found.held), ("Stopped by", found.stops)):
        if items:
            table(
                f"{title}: {len(items)}",
                ("entry", "kind", "why", "until"),
                map(_line, items[:_SHOWN]),
            )
    if found.is_empty:
        say("nothing may go now")


def _line(item: HeldBack) -> tuple[str, str, str, str]:
    return str(item.seq), item.kind.value, item.why, _day(item.until) if item.until else ""


def _day(micros: int) -> str:
    return datetime.fromtimestamp(micros / _MICROS, tz=UTC).date().isoformat()


def _bytes(path: Path) -> bytes:
    from answerable.api.inputs import read_bytes

    return read_bytes(path, what="file")
