"""Many rows in one statement arrive as they would have one by one."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text

from answerable.audit.store import sqlite_rows
from answerable.audit.store.sqlite_rows import insert_in_one
from answerable.audit.store.tables import Row

_TABLE = Table(
    "kept",
    MetaData(),
    Column("seq", BigInteger),
    Column("code", BigInteger),
    Column("name", Text),
    Column("data", LargeBinary),
)
_MADE = "CREATE TABLE kept (seq INTEGER, code INTEGER, name TEXT, data BLOB) STRICT"
_numbers = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(0, 3))
_texts = st.one_of(
    st.none(), st.sampled_from(["", "=", "decline", "ä\0", "\U0001d4b3"]), st.text(max_size=4)
)
_bytes = st.one_of(st.none(), st.sampled_from([b"", b"=", bytes(3)]), st.binary(max_size=4))


def a_database() -> sqlite3.Connection:
    driver = sqlite3.connect(":memory:", isolation_level=None)
    driver.execute(_MADE)
    return driver


def stored(driver: sqlite3.Connection) -> list[Row]:
    return driver.execute("SELECT * FROM kept ORDER BY rowid").fetchall()


def same(rows: list[Row]) -> None:
    driver, other = a_database(), a_database()
    assert insert_in_one(driver, _TABLE, rows) == len(rows)
    other.executemany("INSERT INTO kept VALUES (?, ?, ?, ?)", rows)
    assert stored(driver) == stored(other) == rows


@given(st.lists(st.tuples(_numbers, _numbers, _texts, _bytes), min_size=1, max_size=12))
def test_every_value_arrives_as_it_was_given(rows: list[Row]) -> None:
    same(rows)


@given(st.integers(0, 2**40), st.integers(1, 300), st.lists(st.binary(max_size=9), min_size=2))
def test_numbers_in_even_steps_arrive(first: int, step: int, held: list[bytes]) -> None:
    same([(first + n * step, 7, "alike", data) for n, data in enumerate(held)])


def test_bytes_of_one_length_arrive() -> None:
    same([(n * n, -n, f"{n:03d}", bytes([n]) * 32) for n in range(200)])


def test_long_values_go_in_several_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_rows, "MOST_BYTES", 100)
    statements: list[str] = []
    driver = a_database()
    driver.set_trace_callback(statements.append)
    rows: list[Row] = [(n, n, "x", bytes([n]) * 30) for n in range(20)]
    assert insert_in_one(driver, _TABLE, rows) == 20
    assert stored(driver) == rows
    assert len([text for text in statements if text.startswith("INSERT")]) > 4


def test_a_swallowed_row_is_not_counted() -> None:
    driver = a_database()
    driver.execute(
        "CREATE TRIGGER greedy BEFORE INSERT ON kept WHEN NEW.seq = 3 "
        "BEGIN SELECT RAISE(IGNORE); END"
    )
    assert insert_in_one(driver, _TABLE, [(n, 0, None, b"x") for n in range(5)]) == 4


def test_a_row_that_exists_stops_all() -> None:
    driver = a_database()
    driver.execute("CREATE UNIQUE INDEX once ON kept (seq)")
    driver.execute("INSERT INTO kept (seq) VALUES (4)")
    with pytest.raises(sqlite3.IntegrityError):
        insert_in_one(driver, _TABLE, [(n, 0, None, b"x") for n in range(9)])
    assert len(stored(driver)) == 1
