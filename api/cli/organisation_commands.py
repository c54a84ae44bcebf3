"""Commands about the organisation: its record of processing."""

from __future__ import annotations

from typing import Annotated

import typer

from answerable.api.cli.output import say, write_json, write_text
from answerable.api.cli.session import (
    DatabaseOption,
    HtmlOption,
    JsonOption,
    PurposeOption,
    open_session,
)

__all__ = ["attach"]


def attach(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    app.command("record-of-processing")(record_of_processing)


def record_of_processing(
    *,
    json: JsonOption = None,
    html: HtmlOption = None,
    md: Annotated[
        str | None, typer.Option("--md", metavar="FILE", help="Write it as Markdown.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of what people read: en or de.")] = "en",
    purpose: PurposeOption = "gdpr-art-30",
    db: DatabaseOption = None,
) -> None:
    """Generate the record of processing activities (GDPR Art. 30) from the log."""
    from answerable.api.flows.organisation import record_of_processing as generate
    from answerable.model_cards.papers import (
        paper_markdown,
        paper_page,
        paper_text,
        processing_paper,
    )

    with open_session(db) as (workspace, actor):
        record = generate(workspace, purpose=purpose, actor=actor)
    paper = processing_paper(record.to_result(), language=language)
    write_text(html, paper_page(paper))
    write_text(md, paper_markdown(paper))
    if not write_json(json, record.to_result()):
        say(*paper_text(paper).splitlines())
