"""Rows go below a floor and with a recorded run only: what both databases refuse, and the rest."""

# ruff: noqa: S608 - names come from this file

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from tests.attacks.test_append_only_tables import REFUSED, run
from tests.attacks.test_rewritten_rows import rewrite
from tests.log_kit import LogKit
from tests.retention_kit import RetainedLog

FLOOR = "a floor moves with the entry of a retention run"
GUARDED = ("entry", "entry_id", "body", "entry_subject", "link", "tile")


@pytest.fixture
def pruned(kit: LogKit) -> RetainedLog:
    """A log whose first 256 entries are gone, and whose bodies are gone up to 302."""
    log = RetainedLog.over(kit)
    log.fill(3, 300)
    log.days(401)
    kit.log.append(kit.decision("person-0"))
    log.run()
    assert log.findings() == []
    assert log.kit.log.retention.status().limits.entry == 256
    return log


def prefix(log: RetainedLog) -> str:
    return "main" if log.kit.url.startswith("sqlite") else "audit"


def test_outside_a_run_nothing_goes_below_the_floor_either(pruned: RetainedLog) -> None:
    schema = prefix(pruned)
    for table in ("entry", "entry_id"):
        with pytest.raises(DBAPIError, match=REFUSED):
            run(pruned.kit, f"DELETE FROM {schema}.{table} WHERE seq = 1")
    with pytest.raises(DBAPIError, match=REFUSED):
        run(pruned.kit, f"DELETE FROM {schema}.body WHERE place < 512")
    assert pruned.findings() == []


def test_a_floor_moves_only_with_a_run_that_the_head_does_not_name_yet(pruned: RetainedLog) -> None:
    schema, size = prefix(pruned), pruned.kit.log.size()
    last_run = pruned.kit.log.retention.status().runs[-1].seq
    for change in (
        f"UPDATE {schema}.floor SET seq = seq + 1",
        f"UPDATE {schema}.floor SET seq = seq + 1, run = {last_run}",
        f"UPDATE {schema}.floor SET seq = seq + 1, run = {size}",
        f"UPDATE {schema}.floor SET seq = seq - 1",
        f"INSERT INTO {schema}.floor (what, seq, run) VALUES ('tile', 65536, {last_run})",
        f"DELETE FROM {schema}.floor",
    ):
        with pytest.raises(DBAPIError, match=f"{FLOOR}|stays removed|{REFUSED}"):
            run(pruned.kit, change)
    assert pruned.findings() == []


def test_above_the_floor_nothing_goes_in_a_run_either(pruned: RetainedLog) -> None:
    schema, size = prefix(pruned), pruned.kit.log.size()
    forged = (
        f"INSERT INTO {schema}.entry (seq, ts, kind, header, leaf) "
        f"SELECT {size}, ts, 'retention.run', header, leaf FROM {schema}.entry WHERE seq = 0"
    )
    token = f"UPDATE {schema}.floor SET run = {size} WHERE what IN ('body', 'entry')"
    with pytest.raises(DBAPIError, match=REFUSED):
        run(pruned.kit, forged, token, f"DELETE FROM {schema}.entry WHERE seq = 256")
    assert pruned.findings() == []


def test_a_writer_that_forges_a_run_is_found(pruned: RetainedLog) -> None:
    """Whoever may only write rows can get past the guards with an entry; the log then says so."""
    schema, size = prefix(pruned), pruned.kit.log.size()
    note = pruned.kit.log.checkpoint()
    run(
        pruned.kit,
        f"INSERT INTO {schema}.entry (seq, ts, kind, header, leaf) "
        f"SELECT {size}, ts, 'retention.run', header, leaf FROM {schema}.entry WHERE seq = 0",
        f"UPDATE {schema}.floor SET seq = 300, run = {size} WHERE what = 'entry'",
        f"DELETE FROM {schema}.entry WHERE seq BETWEEN 256 AND 299 AND seq > 1",
    )
    found = {(item.layer, item.entry.split(" (")[0]) for item in pruned.kit.verify(note).findings}
    assert ("retention", "256 to 299") in found
    assert {"root", "checkpoint"} <= {layer for layer, _ in found}


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("DELETE FROM entry WHERE seq = 1", ("retention", "0 to 255")),
        ("DELETE FROM entry WHERE seq = 290", ("sequence", "290")),
        ("UPDATE floor SET seq = 290 WHERE what = 'entry'", ("retention", "256 to 289")),
        ("UPDATE floor SET seq = 200 WHERE what = 'entry'", ("retention", "200 to 255")),
        ("UPDATE floor SET seq = 303 WHERE what = 'body'", ("retention", "302")),
        ("DELETE FROM floor WHERE what = 'body'", ("retention", "0 to 301")),
        ("DELETE FROM tile", ("tile", "0 to 255")),
        ("DELETE FROM body WHERE place = 0", ("body", "0")),
        ("DELETE FROM body WHERE place = 302 * 256", ("body", "302")),
        ("DELETE FROM subject_key WHERE ref IN (SELECT ref FROM subject_key WHERE ref LIKE 's-%')",
         ("keys", "257")),
        ("UPDATE rollup SET n = n + 1 WHERE day < '2026-12-31'", ("counts", "")),
    ],
)  # fmt: skip
def test_the_owner_who_removes_more_under_the_cover_of_retention_is_found(
    pruned: RetainedLog, statement: str, finding: tuple[str, str]
) -> None:
    rewrite(pruned.kit, statement)
    report = pruned.kit.verify()
    beside = pruned.kit.log.stored().findings_beside(cell_of=pruned.kit.log.cell_of)
    found = {(item.layer, item.entry.split(" (")[0]) for item in (*report.findings, *beside)}
    assert finding in found


@pytest.mark.postgres
def test_partitions_below_the_floor_that_hold_nothing_are_dropped(postgres_kit: LogKit) -> None:
    log = RetainedLog.over(postgres_kit)
    kit = log.kit
    rewrite(
        kit,
        "UPDATE floor SET seq = 1048576; DELETE FROM floor; ALTER TABLE floor DISABLE TRIGGER ALL; "
        "INSERT INTO floor (what, seq, run) VALUES ('body', 2097152, -1), ('entry', 1048576, -1)",
    )
    names = "SELECT relname FROM pg_class WHERE relname ~ '^(entry|body|link)_[0-9]+$' ORDER BY 1"
    with kit.log._database.read() as connection:
        before = list(connection.exec_driver_sql(names).scalars())
    assert before == ["body_0", "body_1", "entry_0", "entry_1", "link_0", "link_1"]
    assert kit.log.retention.drop_emptied() == 3
    with kit.log._database.read() as connection:
        after = list(connection.exec_driver_sql(names).scalars())
    # What holds a row stays: the log's opening and its body; link_0 and entry_subject_0 are gone.
    assert after == ["body_0", "entry_0", "entry_1", "link_1"]
