"""The ``answerable`` command run in this process, exactly as the installed script runs it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
import sqlite3
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from answerable.api.cli.main import run as run_script
from answerable.api.flows.cases import Applicant, ApplicationRequest
from answerable.api.flows.decide import evaluate_application
from answerable.api.inputs import Table
from answerable.api.wiring import system_clock
from answerable.audit.records import Role
from tests.api.bank import rows
from tests.api.story import APPLICANT, FUNCTION, build_story

__all__ = ["Ran", "Shop", "answerable", "boosted_model", "built_shop", "refused", "write_rows"]

_MINUTE: Final = 60_000_000
_SETTINGS: Final = """
key_dir = "../keys"
artefact_dir = "../artefacts"
spool_dir = "../spool"
origin = "test.example/log"
authority = "Test Authority, 1 Main Street"
data_source = "your application"
"""


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it wrote to stdout, as JSON."""
        return json.loads(self.out)


def answerable(*arguments: str | Path) -> Ran:
    """Run the command line and return its exit code and output."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["answerable", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _code()
    finally:
        sys.argv = before
    return Ran(code, out.getvalue(), err.getvalue())


def _code() -> int:
    try:
        run_script()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@dataclass(frozen=True)
class Shop:
    """A workspace on disk, with one declined application, that ``--db`` alone finds."""

    folder: Path
    decision: str
    """The declined one, about cust-4711."""
    keys: Mapping[Role, str]
    """API keys by role."""

    @property
    def database(self) -> Path:
        return self.folder / "data" / "log.db"

    @property
    def db(self) -> str:
        return f"sqlite:///{self.database}"

    def signer(self, role: Role) -> Path:
        """Return the signing key file of the person in this role."""
        return self.folder / "signers" / f"{role.value}.key"

    def run(self, *arguments: str | Path) -> Ran:
        """Run a command on this log."""
        return answerable(*arguments, "--db", self.db)

    def size(self) -> int:
        """Return the number of entries, read beside the application."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as own:
            return int(own.execute("SELECT count(*) FROM entry").fetchone()[0])

    def copy(self, folder: Path) -> Shop:
        """Return a copy that a test may change."""
        shutil.copytree(self.folder, folder)
        return Shop(folder, self.decision, self.keys)


@cache
def built_shop(base: Path) -> Shop:
    """Build the shop once a process; it begins a minute ago, so that commands can go on."""
    folder = base / "shop"
    story = build_story(folder, start=system_clock() - _MINUTE)
    made = evaluate_application(
        story.workspace,
        ApplicationRequest(
            function=FUNCTION,
            inputs={"income": 800, "debt": 2100},
            subjects=(Applicant(subject_id="cust-4711", data=dict(APPLICANT)),),
            groups={"sex": "female"},
        ),
        actor=story.actors[Role.SERVICE],
    )
    story.workspace.close()
    (folder / "data" / "answerable.toml").write_text(_SETTINGS, encoding="utf-8")
    return Shop(folder, made.decision_id, dict(story.keys))


def write_rows(path: Path, table: Table, **columns: Callable[[int], str]) -> Path:
    """Write rows as CSV, with more columns made from the row's number."""
    records = list(table.records())
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*records[0], *columns])
        for number, record in enumerate(records):
            writer.writerow([*record.values(), *(make(number) for make in columns.values())])
    return path


@cache
def boosted_model() -> bytes:
    """Return a small XGBoost model of income and debt, with its feature names inside."""
    import numpy as np
    from xgboost import XGBClassifier

    records = list(rows(200).records())
    X = np.array([[float(str(row["income"])), float(str(row["debt"]))] for row in records])
    y = [row["approved"] == "yes" for row in records]
    model = XGBClassifier(n_estimators=5, max_depth=2, n_jobs=1, random_state=1).fit(X, y)
    booster = model.get_booster()
    booster.feature_names = ["income", "debt"]
    return bytes(booster.save_raw("json"))


def refused(ran: Ran, code: int, *words: str) -> None:
    """Require one clear error line on stderr, nothing on stdout, and this exit code."""
    assert ran.code == code, ran.err or ran.out
    assert ran.err.startswith("error: ")
    assert ran.out == ""
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err
