"""What appending costs, beside the raw rate of the driver and beside the naive chain.

The raw rate is the same driver's own batches (``executemany`` on SQLite, binary COPY on PostgreSQL)
of the same rows into the same tables and indexes, 1,000 records a transaction, without our guards,
keys, hashes or headers. The naive chain locks the last hash, inserts one row into the same table of
entries and commits, for each decision; over the same tables it inserts what makes a record of this
log findable as well.
"""

import argparse
import asyncio
import hashlib
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from ground import (
    REFERENCE_SHA_US,
    Figures,
    Ground,
    Material,
    best_seconds,
    ground,
    new_id,
    new_log,
    percentile,
    sha_us,
    sync_ms,
)
from sqlalchemy import Connection, text

from answerable.audit.entries import Draft
from answerable.audit.errors import TooBusy
from answerable.audit.ids import entry_id_bytes
from answerable.audit.log import Log
from answerable.audit.store import bulk
from answerable.audit.store.authorizer import schema_changes
from answerable.audit.store.head_rows import read_head
from answerable.audit.store.tables import body, entry, entry_id, entry_subject
from answerable.audit.writer import _placed

BATCH = 1000
PEOPLE = 1000
ESTABLISHED = 30_000
DATABASES = ("sqlite", "postgresql")


def cpu_of_a_record(material: Material, figures: Figures) -> None:
    """Measure the Python side of an append alone: no row is stored."""
    unit = sha_us()
    figures.add("SHA-256 of 1 KB", unit, "us", beside=f"reference machine {REFERENCE_SHA_US}")
    count = 500
    log = new_log("sqlite://")
    log.append_many(material.drafts(0, PEOPLE))
    for first in range(0, ESTABLISHED, BATCH):  # a log in which every bucket has its key
        log.append_many([material.draft(n, f"known-{n}") for n in range(first, first + BATCH)])
    written = best_seconds(
        lambda: [item.to_json() for item in material.bodies[:count]], rounds=15, cpu=True
    )
    figures.add("canonical bytes of the body", written / count * 1e6, "us")
    known = material.drafts(0, count)
    new = [material.draft(n, f"stranger-{n}") for n in range(count)]
    for name, drafts, goal in (("known", known, 35), ("new", new, 50)):
        taken = best_seconds(lambda given=drafts: _staged(log, given), rounds=15, cpu=True)  # type: ignore[misc]
        whole = taken / count * 1e6
        own = whole - written / count * 1e6
        beside = f"goal {goal}"
        figures.add(f"encryption, header, leaf, counts: {name} subject", own, "us", beside=beside)
        figures.add(f"with the body's canonical bytes: {name} subject", whole, "us")
    log.close()


def _staged(log: Log, drafts: list[Draft]) -> None:
    writer = log._writer
    ticket = writer._ticket(drafts)
    with log._database.read() as connection:
        turn = writer._turn(connection, read_head(connection), free_ids=True)
        _placed(turn, [ticket])
        turn.finish()


def raw_rate(place: Ground, kind: str, material: Material, seconds: float) -> float:
    """Return records per second of the driver alone, rows and indexes only."""
    rows = _rows_of(material)
    log = new_log(place.url(kind))
    with log._database.write() as connection:
        _drop_guards(connection, kind)
    done, taken, first = 0, 0.0, log.size()
    while taken < seconds:
        data = [(table, _renumbered(table, held, first + done)) for table, held in rows.items()]
        begun = time.perf_counter()
        with log._database.write() as connection:
            for table, batch in data:
                _insert_raw(connection, table, batch)
            connection.execute(text(f"UPDATE {_schema(kind)}.head SET turn = turn + 1"))  # noqa: S608
        taken += time.perf_counter() - begun
        done += BATCH
    log.close()
    return done / taken


def _insert_raw(connection: Connection, table: Any, rows: list[tuple[Any, ...]]) -> None:
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        marks = ", ".join("?" for _ in table.columns)
        driver.executemany(f"INSERT INTO main.{table.name} VALUES ({marks})", rows)  # noqa: S608
    else:
        bulk.insert_rows(connection, table, rows)


def _rows_of(material: Material) -> dict[Any, list[tuple[Any, ...]]]:
    log = new_log("sqlite://")
    log.append_many(material.drafts(0, BATCH))
    with log._database.read() as connection:
        rows = {
            table: [tuple(row) for row in connection.execute(table.select())]
            for table in (entry, body, entry_id, entry_subject)
        }
    log.close()
    rows[entry] = [row for row in rows[entry] if row[2] == "decision"]
    rows[body] = [row for row in rows[body] if row[0] >= 256]
    return rows


def _renumbered(table: Any, rows: list[tuple[Any, ...]], first: int) -> list[tuple[Any, ...]]:
    if table is entry:
        return [(first + n, *row[1:]) for n, row in enumerate(rows)]
    if table is body:
        return [((first + n) * 256, row[1]) for n, row in enumerate(rows)]
    if table is entry_id:
        return [(entry_id_bytes(new_id()), first + n) for n in range(len(rows))]
    return [(row[0], first + n) for n, row in enumerate(rows)]


def _schema(kind: str) -> str:
    return "main" if kind == "sqlite" else "audit"


def _drop_guards(connection: Connection, kind: str) -> None:
    if kind == "sqlite":
        found = "SELECT name FROM main.sqlite_master WHERE type = 'trigger'"
        with schema_changes(connection):
            for name in list(connection.exec_driver_sql(found).scalars()):
                connection.exec_driver_sql(f"DROP TRIGGER main.{name}")


def naive_rate(
    place: Ground, kind: str, material: Material, seconds: float, *, whole: bool = False
) -> float:
    """Return records per second of: lock, read the last hash, insert, commit.

    Returns
    -------
    float
        With one row in the table of entries each time; with `whole` with the rows in all tables
        that make a record of this log findable by id and by person, body apart.
    """
    log = new_log(place.url(kind))
    tables = _rows_of(material)
    mark = "?" if kind == "sqlite" else "%s"
    inserts = {
        table: f"INSERT INTO {_schema(kind)}.{table.name} VALUES "  # noqa: S608
        f"({', '.join([mark] * len(table.columns))})"
        for table in (tables if whole else [entry])
    }
    last = f"SELECT leaf FROM {_schema(kind)}.entry ORDER BY seq DESC LIMIT 1"  # noqa: S608
    with log._database.write() as connection:
        _drop_guards(connection, kind)
    first = log.size()
    driver: Any = log._database._engine.raw_connection().driver_connection
    if kind != "sqlite":
        driver.autocommit = True
    done, begun = 0, time.perf_counter()
    while (taken := time.perf_counter() - begun) < seconds:
        data = material.bodies[done % len(material.bodies)].to_json()
        driver.execute("BEGIN IMMEDIATE" if kind == "sqlite" else "BEGIN")
        if kind != "sqlite":
            driver.execute("SELECT size FROM audit.head FOR UPDATE")
        hashed = hashlib.sha256(driver.execute(last).fetchone()[0] + data).digest()
        for table, insert in inserts.items():
            row = _renumbered(table, [tables[table][done % BATCH]], first + done)[0]
            if table is entry:
                row = (*row[:-2], row[-2] if whole else data, hashed)
            driver.execute(insert, row)
        driver.execute("COMMIT")
        done += 1
    driver.close()
    log.close()
    return done / taken


def many_rate(place: Ground, kind: str, material: Material, seconds: float) -> float:
    """Return records per second of ``append_many``, 1,000 at a time."""
    log = _warm(place, kind, material)
    done, taken = 0, 0.0
    while taken < seconds:
        drafts = material.drafts(done, BATCH)
        begun = time.perf_counter()
        log.append_many(drafts)
        taken += time.perf_counter() - begun
        done += BATCH
    log.close()
    return done / taken


def _warm(place: Ground, kind: str, material: Material) -> Log:
    log = new_log(place.url(kind))
    log.append_many(material.drafts(0, PEOPLE))
    return log


def coroutines_rate(
    place: Ground, kind: str, callers: int, *, material: Material, seconds: float
) -> tuple[float, list[float]]:
    """Return records per second and latencies of callers that wait for each receipt."""
    log = _warm(place, kind, material)
    taken: list[float] = []
    numbers = iter(range(10**9))

    async def caller(until: float) -> None:
        while time.perf_counter() < until:
            draft = material.draft(n := next(numbers), f"customer-{n % PEOPLE}")
            begun = time.perf_counter()
            await log.aappend(draft)
            taken.append(time.perf_counter() - begun)

    async def everybody() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(caller(until) for _ in range(callers)))

    begun = time.perf_counter()
    asyncio.run(everybody())
    whole = time.perf_counter() - begun
    log.close()
    return len(taken) / whole, sorted(taken)


def paced_latency(
    place: Ground, kind: str, rate: float, *, material: Material, seconds: float
) -> list[float]:
    """Return latencies when decisions arrive evenly at a rate, however long each takes."""
    log = _warm(place, kind, material)
    taken: list[float] = []

    async def one(number: int) -> None:
        draft = material.draft(number, f"customer-{number % PEOPLE}")
        begun = time.perf_counter()
        try:
            await log.aappend(draft)
        except TooBusy:
            taken.append(seconds)
            return
        taken.append(time.perf_counter() - begun)

    async def arrivals() -> None:
        begun, number, running = time.perf_counter(), 0, set()
        while (now := time.perf_counter() - begun) < seconds:
            while number < now * rate:
                running.add(task := asyncio.create_task(one(number)))
                task.add_done_callback(running.discard)
                number += 1
            await asyncio.sleep(0.0005)
        await asyncio.gather(*running)

    asyncio.run(arrivals())
    log.close()
    return sorted(taken)


def threads_rate(
    place: Ground, kind: str, callers: int, *, material: Material, seconds: float
) -> float:
    """Return records per second of threads that block for each receipt."""
    log = _warm(place, kind, material)
    done = [0] * callers
    until = time.perf_counter() + seconds

    def caller(own: int) -> None:
        for number in _endless(own):
            if time.perf_counter() >= until:
                return
            log.append(material.draft(number, f"customer-{number % PEOPLE}"))
            done[own] += 1

    threads = [threading.Thread(target=caller, args=(own,)) for own in range(callers)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - begun
    log.close()
    return sum(done) / whole


def _endless(first: int) -> Iterator[int]:
    number = first
    while True:
        yield number
        number += 1


def rates(place: Ground, kind: str, material: Material, figures: Figures, seconds: float) -> None:
    """Measure one database, each figure beside the limit of the same run."""
    raw = raw_rate(place, kind, material, seconds)
    figures.add(f"{kind}: raw batched inserts", raw, "records/s")
    many = many_rate(place, kind, material, seconds)
    figures.add(f"{kind}: append_many", many, "records/s", beside=f"{many / raw:.0%}; goal 70 %")
    most, _ = coroutines_rate(place, kind, 512, material=material, seconds=seconds)
    beside = f"{most / raw:.0%} of raw; goal 55 %"
    figures.add(f"{kind}: 512 coroutines", most, "records/s", beside=beside)
    fewer, _ = coroutines_rate(place, kind, 64, material=material, seconds=seconds)
    beside = f"{fewer / most:.0%} of 512; goal 70 %"
    figures.add(f"{kind}: 64 coroutines", fewer, "records/s", beside=beside)
    threads = threads_rate(place, kind, 64, material=material, seconds=seconds)
    figures.add(f"{kind}: 64 threads", threads, "records/s")
    paced = paced_latency(place, kind, most / 4, material=material, seconds=seconds)
    late = percentile(paced, 0.99) * 1e3
    figures.add(f"{kind}: p99 at a quarter of the most", late, "ms", beside="goal 50 ms")
    naive = naive_rate(place, kind, material, seconds)
    figures.add(f"{kind}: naive chain, 1 caller", naive, "records/s")
    one = threads_rate(place, kind, 1, material=material, seconds=seconds)
    whole = naive_rate(place, kind, material, seconds, whole=True)
    figures.add(f"{kind}: naive chain over the same tables", whole, "records/s")
    beside = f"{one / naive:.2f} x naive, {one / whole:.2f} x over the same tables; goal 0.95"
    figures.add(f"{kind}: 1 caller", one, "records/s", beside=beside)


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=4.0, help="how long each figure takes")
    asked.add_argument("--database", choices=DATABASES, action="append")
    given = asked.parse_args()
    figures, material = Figures("append"), Material()
    size = len(material.bodies[0].to_json())
    figures.add("bytes of a body", size, "bytes")
    cpu_of_a_record(material, figures)
    with ground() as place:
        figures.add("write 8 KB and wait for the disk", sync_ms(place.folder), "ms")
        for kind in given.database or DATABASES:
            rates(place, kind, material, figures, given.seconds)
    figures.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
