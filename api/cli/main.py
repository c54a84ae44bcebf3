"""The ``answerable`` command: puts the commands together and turns errors into exit codes."""

from __future__ import annotations

import sys

import typer

from answerable.api.cli import (
    audit_commands,
    card_commands,
    data_commands,
    database_commands,
    decision_commands,
    failure_commands,
    governance_commands,
    key_commands,
    model_commands,
    organisation_commands,
    query_commands,
    register_commands,
    retention_commands,
    service_commands,
    subject_commands,
)
from answerable.api.cli.exits import ExitCode, exit_code_of
from answerable.api.cli.output import complain
from answerable.audit.errors import AnswerableError

__all__ = ["app", "run"]

app = typer.Typer(
    name="answerable",
    help="Automated decisions that someone can answer for.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
for group in (
    data_commands,
    model_commands,
    register_commands,
    governance_commands,
    decision_commands,
    card_commands,
    subject_commands,
    organisation_commands,
    query_commands,
    retention_commands,
    audit_commands,
    key_commands,
    failure_commands,
    service_commands,
    database_commands,
):
    group.attach(app)


def run() -> None:
    """Run the command line and exit with the code of the contract."""
    try:
        app()
    except AnswerableError as error:
        complain(str(error))
        sys.exit(exit_code_of(error))
    except KeyboardInterrupt:
        complain("interrupted; nothing half-written is left behind")
        sys.exit(130)
    except Exception as error:  # allow broad-except: a traceback could print data
        complain(
            f"internal error ({type(error).__name__}). Nothing is known to be wrong with your "
            "input; run with ANSWERABLE_LOG_LEVEL=debug to see where it happened."
        )
        _explain_internal(error)
        sys.exit(ExitCode.INTERNAL)


def _explain_internal(error: Exception) -> None:
    import os
    import traceback

    if os.environ.get("ANSWERABLE_LOG_LEVEL", "").lower() == "debug":
        # Frames only: the message of a foreign exception may quote data.
        for frame in traceback.extract_tb(error.__traceback__):
            complain(f"  {frame.name} ({frame.filename}:{frame.lineno})")
