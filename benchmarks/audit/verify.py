"""What verification of a whole log costs, beside what its hashes alone cost.

The ceiling is hashlib over the very bytes of the log, chunk by chunk in the same run: for each
entry its leaf (0x00 and the header), each stored part, and one node of the tree, all made ready in
memory before. The tree pass reads header, leaf and parts and recomputes leaves, part digests, tiles
and root. ``verify_log`` also checks what each header says and the index columns; the whole of
``answerable verify`` compares the indexes, bodies, keys, holds and counts beside the tree as well.
"""

import argparse
import hashlib
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ground import ORIGIN, Figures, Ground, ground
from loaded import DATABASES, loaded

from answerable.audit.beside import cell_reader
from answerable.audit.log import Log
from answerable.audit.store import raw_rows
from answerable.audit.store.database import Database
from answerable.audit.stored import StoredLog, _one_ahead
from answerable.audit.verify import StoredChunk, verify_log
from answerable.audit.verify_chunks import leaves_of, part_digests
from answerable.audit.verify_tree import VerifiedTree
from answerable.audit.verifying import verify_stored

GOALS = {"sqlite": 75, "postgresql": 60}
CHUNK = 2048
ROUNDS = 2
_LEAVES = "SELECT seq, header, leaf FROM {schema}.entry WHERE seq >= {v} AND seq < {v} ORDER BY seq"


def ceiling(stored: StoredLog) -> float:
    """Return the seconds of hashlib over the bytes of a log, and of nothing else."""
    sha256, taken = hashlib.sha256, 0.0
    for chunk in stored.chunks():
        leaves = [row[2] for row in chunk.entries]
        made = [b"\x00" + row[1] for row in chunk.entries]
        made += [data for _, data in chunk.bodies]
        made += [b"\x01" + leaf + leaf for leaf in leaves]
        begun = time.perf_counter()
        _ = [sha256(data).digest() for data in made]
        taken += time.perf_counter() - begun
    return taken


def chunks_of_leaves(database: Database, first: int, end: int) -> Iterator[StoredChunk]:
    """Return headers, leaves and parts, without the index columns."""

    def chunk(start: int) -> tuple[StoredChunk, int | None]:
        stop = min(start + CHUNK, end)
        with database.read() as connection:
            entries: list[Any] = raw_rows._fetch(connection, _LEAVES, (start, stop))
            bodies = raw_rows.raw_bodies(connection, start, stop)
        return StoredChunk(entries, bodies), None if stop == end else stop

    if database.dialect == "postgresql":
        with ThreadPoolExecutor(max_workers=1) as reader:
            yield from _one_ahead(reader, chunk, first)
        return
    start: int | None = first
    while start is not None:
        found, start = chunk(start)
        yield found


def tree_pass(database: Database, state: Any, first: int, end: int) -> VerifiedTree:
    """Recompute leaves, part digests, tiles and root of the places first..end-1."""

    def find(layer: str, entry: str, what: str) -> None:
        raise SystemExit(f"{layer} {entry}: {what}")

    tree = VerifiedTree(None if first else state.tile, find)
    for chunk in chunks_of_leaves(database, first, end):
        headers = [row[1] for row in chunk.entries]
        leaves = leaves_of(headers)
        if leaves != [row[2] for row in chunk.entries]:
            raise SystemExit("a leaf differs")
        start = chunk.entries[0][0]
        named = [headers[(place >> 8) - start] for place, _ in chunk.bodies]
        digests = part_digests(chunk.bodies)
        held = [digest.encode() in header for digest, header in zip(digests, named, strict=True)]
        if False in held:
            raise SystemExit("a part differs")
        for _ in tree.extend(leaves, ()):
            pass
    return tree


def _one_half(url: str, first: int, end: int) -> float:
    database = Database(url, must_exist=True)
    begun = time.perf_counter()
    tree_pass(database, None, first, end).root()
    taken = time.perf_counter() - begun
    database.close()
    return taken


def in_two_processes(url: str, size: int) -> float:
    """Return the seconds that two processes take for whole tiles of a log, a half each."""
    half = size // 2 // 65_536 * 65_536 or size // 2 // 256 * 256
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        halves = [(url, 1, half), (url, half, size)]
        return max(pool.starmap(_one_half, halves))


def best(work: Callable[[], object]) -> float:
    """Return the seconds of the better of two rounds."""
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def measured(url: str, kind: str, log: Log, figures: Figures) -> None:
    """Measure one log; each figure beside the ceiling."""
    stored = log.stored()
    size, database = stored.state.size, stored.database
    limit = size / min(ceiling(stored) for _ in range(ROUNDS))
    figures.add(f"{kind}: hashlib ceiling", limit, "records/s")

    def add(what: str, seconds: float, more: str = "") -> None:
        share = size / seconds / limit
        beside = f"{share:.0%} of the ceiling{more.format(share / 2)}"
        figures.add(f"{kind}: {what}", size / seconds, "records/s", beside=beside)

    def tree() -> None:
        assert tree_pass(database, stored.state, 0, size).root() == stored.state.root

    add("read alone", best(lambda: [0 for _ in chunks_of_leaves(database, 0, size)]))
    add("tree pass", best(tree), f"; goal {GOALS[kind]} %")
    both = min(in_two_processes(url, size) for _ in range(ROUNDS))
    add("tree pass, 2 processes", both, " of one core, {:.0%} a core")
    for what, work in passes(stored, log).items():
        add(what, best(work))


def passes(stored: StoredLog, log: Log) -> dict[str, Callable[[], None]]:
    """Return what the product does, by name; each stops the benchmark if it finds something."""
    cells = cell_reader(log.period_key)

    def tree_and_headers() -> None:
        report = verify_log(stored.chunks(), origin=ORIGIN, vkey=log.vkey, stored=stored.state)
        assert report.ok, report

    def beside_it() -> None:
        found = stored.findings_beside(cell_of=cells)
        assert not found, found

    def everything(processes: int) -> None:
        told: list[int] = []
        report = verify_stored(
            stored,
            vkey=log.vkey,
            period_key=log.period_key,
            progress=lambda done, _: told.append(done),
            processes=processes,
        )
        assert report.ok, report
        assert told, "no progress was told"

    return {
        "verify_log: tree, headers, index columns": tree_and_headers,
        "beside the tree: indexes, bodies, keys, counts": beside_it,
        "answerable verify, everything": lambda: everything(1),
        "answerable verify, everything, 2 processes": lambda: everything(2),
    }


def one(place: Ground, kind: str, entries: int, figures: Figures) -> None:
    """Load and measure a log of one database."""
    with loaded(place, kind, entries, figures) as (url, log):
        measured(url, kind, log, figures)


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--entries", type=int, default=1_000_000)
    asked.add_argument("--database", choices=DATABASES, action="append")
    given = asked.parse_args()
    figures = Figures("verify")
    with ground() as place:
        for kind in given.database or DATABASES:
            one(place, kind, given.entries, figures)
    figures.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
