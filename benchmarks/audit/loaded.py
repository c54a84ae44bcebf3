"""Logs with many entries, loaded through the product's own writer."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ground import Figures, Ground, Material, new_log

from answerable.audit.log import Log

BATCH = 5000
DATABASES = ("sqlite", "postgresql")


@contextmanager
def loaded(place: Ground, kind: str, entries: int, figures: Figures) -> Iterator[tuple[str, Log]]:
    """Lend the address of a log of many decisions, eight about each person, and the log."""
    material = Material()
    url = place.url(kind)
    log = new_log(url)
    people, begun = max(1, entries // 8), time.perf_counter()
    for first in range(0, entries - 1, BATCH):
        count = min(BATCH, entries - 1 - first)
        log.append_many(material.drafts(first, count, people))
        if first % (20 * BATCH) == 0:
            print(f"  {kind}: {first:,} of {entries:,} loaded", file=sys.stderr, flush=True)
    rate = log.size() / (time.perf_counter() - begun)
    figures.add(f"{kind}: loaded by append_many", rate, "records/s")
    log.checkpoint()
    if kind == "postgresql":
        with log._database._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("VACUUM (ANALYZE)")
    try:
        yield url, log
    finally:
        log.close()
