"""Somebody changes bytes of a SQLite file underneath the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from answerable.audit.errors import Unavailable
from answerable.audit.kinds import EntryKind
from answerable.audit.verifying import verify_stored
from tests.log_kit import LogKit

PAGE = 4096


def overwrite(kit: LogKit, table: str, old: bytes, new: bytes) -> None:
    """Change bytes in the page where a table or index of the log begins."""
    path = Path(kit.url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = database.execute(query, (table,)).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    data = bytearray(path.read_bytes())
    at = data.index(old, (page - 1) * size, page * size)
    data[at : at + len(old)] = new
    path.write_bytes(data)


def test_an_index_that_was_damaged_hides_an_entry_and_is_named(sqlite_kit: LogKit) -> None:
    kit = sqlite_kit
    kit.log.append_many([kit.decision("anna", n=n) for n in range(3)])
    contest = kit.log.append(kit.decision("ben"))
    kit.log.place_hold(kit.hold(kit.ref("ben")))
    assert len(kit.log.entries(kinds=(EntryKind.HOLD_PLACED,))) == 1
    kit.log.close()
    overwrite(kit, "entry_kind", b"hold.placed", b"hold.place\x00")
    kit.reopen()
    assert kit.log.entries(kinds=(EntryKind.HOLD_PLACED,)) == []
    assert kit.log.entry(contest.entry_id).seq == contest.seq
    for processes in (1, 2):
        report = verify_stored(kit.log.stored(), vkey=kit.log.vkey, processes=processes)
        assert {item.layer for item in report.findings} == {"database"}
        assert any("entry_kind" in item.what for item in report.findings)


def test_a_page_that_is_no_page_any_more_is_no_clean_result(sqlite_kit: LogKit) -> None:
    kit = sqlite_kit
    kit.log.append_many([kit.decision("anna", n=n) for n in range(3)])
    kit.log.close()
    path = Path(kit.url.removeprefix("sqlite:///"))
    data = bytearray(path.read_bytes())
    data[5 * PAGE :] = bytes(len(data) - 5 * PAGE)
    path.write_bytes(data)

    def verify() -> object:
        kit.reopen()
        return verify_stored(kit.log.stored(), vkey=kit.log.vkey)

    with pytest.raises(Unavailable, match="not a usable SQLite database"):
        verify()
