"""Commands on model files and catalogues: explain, catalogue check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from answerable.api.cli.exits import ExitCode
from answerable.api.cli.output import progress_bar, say, table, write_json, write_private_text
from answerable.api.cli.session import HtmlOption, JsonOption
from answerable.audit.codes import Outcome

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["attach"]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("explain")(explain)
    group = typer.Typer(help="Check reason catalogues.", no_args_is_help=True)
    group.command("check")(catalogue_check)
    app.add_typer(group, name="catalogue")


def explain(
    model: Annotated[Path, typer.Argument(help="Model file of a safe format.")],
    data: Annotated[str, typer.Argument(metavar="DATA", help="Rows to explain.")],
    *,
    baseline: Annotated[str, typer.Option(metavar="DATA", help="Rows to compare with.")],
    row: Annotated[int, typer.Option(min=0, help="Row to explain, counted from 0.")] = 0,
    every: Annotated[bool, typer.Option("--all", help="Explain every row.")] = False,
    catalogue: Annotated[Path | None, typer.Option(help="Reason catalogue (YAML).")] = None,
    json: JsonOption = None,
    html: HtmlOption = None,
) -> None:
    """Explain rows of a table with a model file; nothing is logged."""
    from answerable.api.flows.explain_file import explain_rows, open_model_file
    from answerable.api.inputs import read_bytes, read_table
    from answerable.explain.catalogue import load_catalogue
    from answerable.model_cards.report import explanation_report

    file = open_model_file(model)
    frame, compared = read_table(data), read_table(baseline)
    reasons = None
    if catalogue is not None:
        reasons = load_catalogue(read_bytes(catalogue, what="catalogue"), where=str(catalogue))
    wanted = range(frame.rows) if every else range(row, row + 1)
    with progress_bar("Explaining", len(wanted)) as advance:
        results = explain_rows(
            file, frame, compared, rows=wanted, catalogue=reasons, progress=advance
        )
    if html is not None:
        write_private_text(html, explanation_report(results))
    if not write_json(json, cast("JsonValue", results if every else results[0])):
        for result in results:
            _print_row(result)


def _print_row(result: dict[str, JsonValue]) -> None:
    values = cast("dict[str, float]", result["attributions"])
    base, output = cast("float", result["base_value"]), cast("float", result["output"])
    strongest = sorted(values.items(), key=lambda item: -abs(item[1]))[:10]
    table(
        f"Row {result['row']}: base value {base:.4f}, output {output:.4f}",
        ("input", "attribution (log-odds)"),
        [(name, f"{value:+.4f}") for name, value in strongest],
    )


def catalogue_check(
    catalogue: Annotated[Path, typer.Argument(help="Reason catalogue (YAML).")],
    *,
    features: Annotated[str, typer.Option(help="The model's features, separated by commas.")] = "",
    languages: Annotated[str, typer.Option(help="Languages letters are written in.")] = "en,de",
) -> None:
    """Say what a catalogue lacks: texts, unmapped features, unused codes."""
    from answerable.api.inputs import read_bytes
    from answerable.audit.records import HardRule
    from answerable.explain.catalogue import catalogue_findings, load_catalogue

    loaded = load_catalogue(read_bytes(catalogue, what="catalogue"), where=str(catalogue))
    names = [name.strip() for name in features.split(",") if name.strip()]
    known = [column for player in loaded.players for column in player.columns]
    # Which rules a function has is not known here, so every rule's code counts as used.
    rules = [
        HardRule(
            id=part.code,
            feature=known[0],
            op=">",
            value=0,
            outcome=Outcome.REFER,
            reason_code=part.code,
        )
        for part in loaded.document.rules
    ]
    findings = catalogue_findings(loaded, names or known, rules, languages.split(","))
    for finding in findings:
        say(finding)
    if not findings:
        say(f"catalogue {loaded.name} version {loaded.version} is complete")
    raise typer.Exit(ExitCode.VIOLATED if findings else ExitCode.HOLDS)
