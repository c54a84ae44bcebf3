"""Measures what a decision costs and prints the figures with the machine they were measured on.

Run as ``make bench``. Each figure is the median of several rounds; nothing here is a promise or a
test: another machine gives other figures.
"""

import hashlib
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from answerable.api.demo.loan.applications import FEATURES, LoanTables, load_applications
from answerable.api.demo.loan.train import feature_matrix, train_boosted
from answerable.api.flows.verify import verify
from answerable.api.settings import load_settings
from answerable.api.wiring import Workspace, create_workspace
from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.records import Automation, Decision, Outcome, Role
from answerable.explain.attribution import attribute
from answerable.explain.baseline import BaselineRows, make_baseline
from answerable.explain.models import load_model
from answerable.governance.assessment import assess
from answerable.governance.counts import count_cells
from answerable.privacy.backend import TableBackend
from answerable.privacy.scan import scan_table

ROUNDS = 5
MANY = 500
SEED = 11
FUNCTION = "sha256:" + "0f" * 32
ACTOR = "a-" + "1" * 32

Figure = tuple[str, float, str]


def median_seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median duration of some rounds, the first one not counted."""
    durations = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        work()
        durations.append(time.perf_counter() - begun)
    return statistics.median(durations[1:])


def decision_draft(workspace: Workspace, subject_id: str) -> Draft:
    """Return a decision about one person with ten inputs."""
    record = Decision(
        function=FUNCTION,
        outcome=Outcome.APPROVE,
        outcome_code="approve",
        automation=Automation.SOLELY_AUTOMATED,
        components=(),
        inputs={f"input_{number}": number for number in range(10)},
        purpose="credit",
        lawful_basis="contract",
    )
    return Draft.of_decision(
        record,
        entry_id=workspace.ids(),
        actor=ACTOR,
        role=Role.SERVICE,
        subjects=(
            DraftSubject(role="applicant", subject_id=subject_id, data={"name": subject_id}),
        ),
    )


def log_figures(folder: Path) -> Iterator[Figure]:
    """Yield what appending, proving and verifying take on a SQLite file."""
    settings = load_settings(
        database_url=f"sqlite:///{folder / 'log.db'}",
        key_dir=folder / "keys",
        artefact_dir=folder / "artefacts",
    )
    numbers = iter(range(1_000_000))
    with create_workspace(settings) as workspace:

        def drafts(count: int) -> list[Draft]:
            return [decision_draft(workspace, f"person-{next(numbers)}") for _ in range(count)]

        one = median_seconds(lambda: workspace.log.append(drafts(1)[0]), rounds=200)
        yield "append one decision, committed to disk", one * 1e3, "ms"
        many = median_seconds(lambda: workspace.log.append_many(drafts(MANY)))
        yield f"append {MANY} decisions at once", MANY / many, "decisions/s"
        last = workspace.log.append(drafts(1)[0])
        workspace.log.checkpoint()
        proof = median_seconds(lambda: workspace.log.proof(last.entry_id))
        yield f"proof of an entry among {workspace.log.size():,}", proof * 1e3, "ms"
        checked = median_seconds(lambda: verify(workspace), rounds=3)
        yield "verify the whole log", workspace.log.size() / checked, "entries/s"


def explanation_figures(tables: LoanTables) -> Iterator[Figure]:
    """Yield what attributing one decision of the loan example takes."""
    candidate = train_boosted(tables.training)
    digest = "sha256:" + hashlib.sha256(candidate.data).hexdigest()
    model = load_model(
        candidate.data, format=candidate.format, features=FEATURES, artefact_digest=digest
    )
    matrix = np.asarray(feature_matrix(tables.training), dtype=np.float64)
    rows = BaselineRows(matrix, [str(number) for number in range(len(matrix))], digest)
    baseline = make_baseline(model, rows, name="all", kind="all_applicants")
    one = median_seconds(lambda: attribute(model, matrix[0], baseline), rounds=200)
    yield f"attributions of one decision, {len(FEATURES)} features", one * 1e3, "ms"


def table_figures(tables: LoanTables) -> Iterator[Figure]:
    """Yield what counting and scanning take."""
    draw = np.random.default_rng(SEED)
    size = 1_000_000
    frame = pl.DataFrame(
        {
            "race": draw.choice(["a", "b", "c", "d"], size),
            "sex": draw.choice(["f", "m"], size),
            "decision": draw.choice(["approve", "decline"], size),
        }
    )

    def counted() -> object:
        return count_cells(
            frame, protected=["race", "sex"], prediction="decision", favourable="approve"
        )

    yield "count a million decisions by race and sex", median_seconds(counted) * 1e3, "ms"
    cells = count_cells(
        frame, protected=["race", "sex"], prediction="decision", favourable="approve"
    )
    judged = median_seconds(lambda: assess(cells))
    yield "assess them, with simultaneous intervals", judged * 1e3, "ms"
    backend = TableBackend(tables.training)
    scanned = median_seconds(lambda: scan_table(backend, seed=SEED), rounds=3)
    width = len(tables.training.columns)
    yield f"scan {len(tables.training):,} rows x {width} columns", scanned, "s"


def machine() -> str:
    """Return what the figures were measured on."""
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} CPUs"
    )


def main() -> int:
    """Measure everything and print one table."""
    table = Table(title=machine(), title_justify="left")
    for heading in ("what", "median", ""):
        table.add_column(heading, justify="right" if heading == "median" else "left")
    tables = load_applications()
    with tempfile.TemporaryDirectory(prefix="answerable-bench-") as folder:
        for figures in (
            log_figures(Path(folder)),
            explanation_figures(tables),
            table_figures(tables),
        ):
            for what, value, unit in figures:
                table.add_row(what, f"{value:,.1f}", unit)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
