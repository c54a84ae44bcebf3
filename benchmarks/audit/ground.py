"""What every benchmark of the log stands on: records, databases, a clock, a table of figures.

A figure counts beside another of the same run only: each file here measures its peer or its
physical limit itself, and says on which machine.
"""

import hashlib
import importlib.util
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from answerable.api.wiring import system_clock, system_entropy
from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.ids import uuid7
from answerable.audit.keys.vault import MemoryVault
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import (
    Automation,
    Component,
    ComponentKind,
    Decision,
    Outcome,
    Role,
)

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "benchmarks" / "audit"
ORIGIN = "example.org/benchmark"
ACTOR = "a-" + "1" * 32
FUNCTION = "sha256:" + "0f" * 32
BODIES = 2000
REFERENCE_SHA_US = 3.7
"""What SHA-256 of 1 KB took on the machine the goals were written on."""


def new_id() -> str:
    """Return a fresh entry id."""
    return uuid7(system_clock(), system_entropy(10))


def _body(number: int) -> Decision:
    """Return a decision of about 1.1 KB: 28 inputs, one model, a score."""
    return Decision(
        function=FUNCTION,
        outcome=Outcome.DECLINE,
        outcome_code="decline",
        automation=Automation.SOLELY_AUTOMATED,
        components=(
            Component(
                kind=ComponentKind.MODEL,
                id="scorecard",
                digest="sha256:" + "ab" * 32,
                output=0.4321,
                fired=True,
            ),
        ),
        inputs={
            f"feature_{k}": (number * 31 + k * 7919) % 100_000
            if k % 2
            else round((number * 17 + k * 101) % 9973 / 7, 3)
            for k in range(28)
        },
        score=round(number % 997 / 997, 6),
        scale="probability",
        cut_off=0.5,
        purpose="credit-decision",
        lawful_basis="gdpr-6-1-b",
        explanation="sha256:" + "cd" * 32,
    )


@dataclass
class Material:
    """Bodies to append, made once."""

    bodies: list[Decision] = field(default_factory=lambda: [_body(n) for n in range(BODIES)])

    def draft(self, number: int, subject_id: str, *, own_data: bool = False) -> Draft:
        """Return a decision about one person."""
        data = {"name": "A. Example", "city": "Example"} if own_data else None
        return Draft(
            kind=EntryKind.DECISION,
            entry_id=new_id(),
            record=self.bodies[number % BODIES],
            actor=ACTOR,
            role=Role.SERVICE,
            subjects=(
                DraftSubject(role="applicant", subject_id=subject_id, data=cast("Any", data)),
            ),
            function=FUNCTION,
            outcome_code="decline",
            automation=Automation.SOLELY_AUTOMATED,
            purpose="credit-decision",
            lawful_basis="gdpr-6-1-b",
            cell=number % 7,
        )

    def drafts(self, first: int, count: int, people: int = 1000) -> list[Draft]:
        """Return decisions about people who come again."""
        return [self.draft(n, f"customer-{n % people}") for n in range(first, first + count)]


def new_log(url: str) -> Log:
    """Return a fresh log with its keys in memory."""
    vault = MemoryVault.create(entropy=system_entropy)
    return Log.create(url, origin=ORIGIN, vault=vault, clock=system_clock, entropy=system_entropy)


@dataclass
class Ground:
    """Databases to write to, each as it stands on a server: synchronous, with its own caches."""

    folder: Path
    server: Any
    _count: int = 0

    def url(self, kind: str) -> str:
        """Return the address of an empty database."""
        self._count += 1
        if kind == "sqlite":
            return f"sqlite:///{self.folder / f'log-{self._count}.db'}"
        import psycopg

        name = f"bench_{self._count}"
        with psycopg.connect(self.server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(cast("Any", f"CREATE DATABASE {name}"))
            connection.execute("CHECKPOINT")
        return str(self.server.url(name))


@contextmanager
def ground() -> Iterator[Ground]:
    """Lend a folder and a PostgreSQL server that waits for its disk; remove both at the end."""
    folder = Path(tempfile.mkdtemp(prefix="answerable-bench-"))
    postgres = _postgres_module()
    settings = (
        "listen_addresses=''",
        "shared_buffers=1GB",
        "max_wal_size=8GB",
        "checkpoint_timeout=30min",
        "max_connections=60",
    )
    try:
        with postgres.running_server(postgres.find_programs(), settings=settings) as server:
            yield Ground(folder, server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_module() -> ModuleType:
    # By its path: the repository's root must not be on the search path.
    path = ROOT / "tests" / "postgres_server.py"
    spec = importlib.util.spec_from_file_location("postgres_server", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules["postgres_server"] = module
    spec.loader.exec_module(module)
    return module


def best_seconds(work: Callable[[], object], rounds: int = 7, *, cpu: bool = False) -> float:
    """Return the shortest of some rounds: what the work takes when nothing disturbs it."""
    read = time.process_time if cpu else time.perf_counter
    found = []
    for _ in range(rounds):
        begun = read()
        work()
        found.append(read() - begun)
    return min(found)


def timed_ms(work: Callable[[], object]) -> float:
    """Return the milliseconds of one call, and rest a little after it."""
    # Under a real-time priority (chrt) Linux stops for 50 ms whoever takes more than 95 % of a
    # processor, which would be measured as a slow call.
    begun = time.perf_counter()
    work()
    taken = time.perf_counter() - begun
    time.sleep(taken * 0.2)  # noqa: TID251 - a benchmark, not the product
    return taken * 1e3


def sha_us() -> float:
    """Return the microseconds of SHA-256 over 1 KB: the unit of this machine."""
    data = bytes(1024)
    count = 20_000
    taken = best_seconds(lambda: [hashlib.sha256(data).digest() for _ in range(count)])
    return taken / count * 1e6


def sync_ms(folder: Path) -> float:
    """Return the median milliseconds of writing 8 KB and waiting for the disk."""
    taken = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(200):
            begun = time.perf_counter()
            os.pwrite(file.fileno(), bytes(8192), 0)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1e3


def machine() -> str:
    """Return what the figures were measured on."""
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"
    )


@dataclass
class Figures:
    """Figures of one run, printed as a table and saved."""

    name: str
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)

    def add(self, what: str, value: float, unit: str, *, beside: str = "") -> None:
        """Add a figure, and say it on the way; `beside` is its ratio or its goal."""
        shown = f"{value:,.0f}" if value >= 1000 else f"{value:,.2f}"
        self.rows.append((what, shown, unit, beside))
        self.values[what] = value
        print(f"  {what}: {shown} {unit} {beside}", file=sys.stderr, flush=True)

    def finish(self) -> None:
        """Print the table and write it to ``build/benchmarks/audit``."""
        table = Table(title=f"{self.name}: {machine()}", title_justify="left")
        for heading in ("what", "figure", "", "beside"):
            table.add_column(heading, justify="right" if heading == "figure" else "left")
        for row in self.rows:
            table.add_row(*row)
        Console().print(table)
        RESULTS.mkdir(parents=True, exist_ok=True)
        path = RESULTS / f"{self.name}.json"
        result = {"machine": machine(), "figures": self.values}
        text = json.dumps(result, indent=2)  # allow json-for-hashing: figures, nothing is hashed
        path.write_text(text + "\n")


def percentile(sorted_values: Sequence[float], share: float) -> float:
    """Return the value below which a share of sorted values lies."""
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]
