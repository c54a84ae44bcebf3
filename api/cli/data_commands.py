"""Commands on data files: scan for personal data, assess fairness, check a catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.api.cli.output import say, status, table, write_json, write_text
from answerable.api.cli.session import DatabaseOption, HtmlOption, JsonOption, open_session

if TYPE_CHECKING:
    from answerable.api.flows.assess import AssessRequest
    from answerable.api.flows.scan import ScanRequest
    from answerable.governance.assessment import Assessment
    from answerable.governance.findings import GroupRates
    from answerable.privacy.report import ScanReport

__all__ = ["attach"]

DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA", help="CSV, Parquet or JSON Lines file, or a database URL with #table."
    ),
]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("scan")(scan)
    app.command("assess")(assess)
    app.command("profile")(profile)


def scan(
    data: DataArgument,
    *,
    policy: Annotated[Path | None, typer.Option(help="Scan policy (YAML).")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="Examine this many rows only.")] = None,
    ner: Annotated[str, typer.Option(help="Name detector; none examines no names.")] = "none",
    json: JsonOption = None,
    html: HtmlOption = None,
    sarif: Annotated[str | None, typer.Option(metavar="FILE", help="Write SARIF 2.1.0.")] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Record the scan for this registered data set.")
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Scan a table for personal data, column by column. No network call is made."""
    from answerable.api.flows.scan import ScanRequest
    from answerable.api.inputs import read_bytes
    from answerable.model_cards.report import scan_report
    from answerable.privacy.policy import load_scan_policy
    from answerable.privacy.scan import exit_code

    rules = None
    if policy is not None:
        rules = load_scan_policy(read_bytes(policy, what="scan policy"), where=str(policy))
    with status(f"Scanning {data}"):
        request = ScanRequest(dataset=dataset, policy=rules, ner=ner, sample=sample)
        report = _scanned(data, request, db)
    result = report.to_result()
    if html is not None:
        write_text(html, scan_report(result))
    if sarif is not None:
        from answerable.privacy.sarif import sarif_json

        write_text(sarif, sarif_json(report, artefact=data).decode("utf-8"))
    if not write_json(json, result):
        print_scan(report)
    raise typer.Exit(exit_code(report))


def _scanned(data: str, request: ScanRequest, db: str | None) -> ScanReport:
    from answerable.api.flows import scan as flow
    from answerable.api.inputs import read_table

    frame = read_table(data)
    if request.dataset is None:
        return flow.scan_table_of(frame, request)
    with open_session(db) as (workspace, actor):
        return flow.scan(workspace, request, frame, actor=actor).report


def profile(
    data: DataArgument,
    *,
    function: Annotated[str, typer.Option(help="Explain what this NAME@VERSION does.")],
    dataset: Annotated[str, typer.Option(help="Name or digest of the registered data set.")],
    db: DatabaseOption = None,
) -> None:
    """Explain every row of a registered data set and record what mattered on average."""
    from answerable.api.flows.profile import profile as record_profile
    from answerable.api.inputs import read_table

    frame = read_table(data)
    with open_session(db) as (workspace, actor), status(f"Explaining {data}"):
        recorded = record_profile(workspace, function, dataset, frame, actor=actor)
    say(f"profile recorded as entry {recorded.entry_id}")


def print_scan(report: ScanReport) -> None:
    """Print a scan, one line a column.

    Parameters
    ----------
    report : ScanReport
    """
    rows = []
    for column in report.columns:
        contains = ", ".join(f"{found.entity} {found.rows}" for found in column.contains)
        unseen = ", ".join(column.not_examined)
        rows.append(
            (
                column.name,
                column.type,
                column.role,
                contains or "-",
                f"not examined: {unseen}" if unseen else "",
            )
        )
    table(
        f"{report.rows} rows, {len(report.columns)} columns",
        ("column", "type", "role", "rows that contain", ""),
        rows,
    )
    say("Detectors: " + ", ".join(f"{name} {version}" for name, version in report.engines.items()))


def assess(
    data: DataArgument,
    *,
    prediction: Annotated[str, typer.Option(help="Column with the decision.")],
    favourable: Annotated[str, typer.Option(help="Value of the favourable decision.")],
    protected: Annotated[str, typer.Option(help="Protected attributes, separated by commas.")],
    label: Annotated[str | None, typer.Option(help="Column with the true outcome.")] = None,
    positive: Annotated[str | None, typer.Option(help="Positive value of the label.")] = None,
    intersect: Annotated[
        bool, typer.Option("--intersect", help="Also assess intersectional groups.")
    ] = False,
    policy: Annotated[Path | None, typer.Option(help="Fairness policy (YAML).")] = None,
    function: Annotated[
        str | None, typer.Option(help="Record the assessment for this NAME@VERSION.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Name or digest of the registered data set.")
    ] = None,
    db: DatabaseOption = None,
    json: JsonOption = None,
    html: HtmlOption = None,
) -> None:
    """Assess decisions by protected attribute, with intervals and verdicts."""
    from answerable.api.flows.assess import AssessRequest
    from answerable.model_cards.report import assessment_report

    request = AssessRequest(
        dataset=dataset or "",
        prediction=prediction,
        favourable=favourable,
        protected=tuple(name.strip() for name in protected.split(",") if name.strip()),
        function=function,
        label=label,
        positive=positive,
        intersect=intersect,
    )
    with status(f"Assessing {data}"):
        assessment = _assessed(data, request, policy, db)
    result = assessment.to_result()
    if html is not None:
        write_text(html, assessment_report(result))
    if not write_json(json, result):
        print_assessment(assessment)
    raise typer.Exit(assessment.exit_code)


def _assessed(data: str, request: AssessRequest, policy: Path | None, db: str | None) -> Assessment:
    from answerable.api.flows import assess as flow
    from answerable.api.inputs import read_bytes, read_table
    from answerable.governance.policy import load_policy

    table_read = read_table(data)
    if request.function is not None:
        with open_session(db) as (workspace, actor):
            return flow.assess(workspace, request, table_read, actor=actor).assessment
    rules = None
    if policy is not None:
        rules = load_policy(read_bytes(policy, what="policy"), where=str(policy))
    return flow.assess_table(table_read, request, rules)


def print_assessment(assessment: Assessment) -> None:
    """Print groups, disparities and verdicts.

    Parameters
    ----------
    assessment : Assessment
    """
    table(
        "Selection rate by group",
        ("group", "n", "rate", "interval"),
        map(_group_row, assessment.groups),
    )
    if assessment.verdicts:
        table(
            "Verdicts",
            ("rule", "attributes", "state", "policy", "n needed"),
            (
                (
                    verdict.rule,
                    " x ".join(verdict.attributes),
                    verdict.state,
                    verdict.action,
                    "-" if verdict.needed_n is None else str(verdict.needed_n),
                )
                for verdict in assessment.verdicts
            ),
        )
    if assessment.undefined:
        say(f"{len(assessment.undefined)} rates are undefined; --json names them")


def _group_row(group: GroupRates) -> tuple[str, ...]:
    rate = group.rates["selection_rate"]
    return (
        ", ".join(f"{name} {level}" for name, level in group.group.items()),
        "-" if group.n is None else str(group.n),
        "undefined" if rate.value is None else f"{rate.value:.3f}",
        "-" if rate.interval is None else f"{rate.interval[0]:.3f} to {rate.interval[1]:.3f}",
    )
