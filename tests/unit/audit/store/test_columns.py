"""On PostgreSQL too, what travels as a few long values is put together as it was given."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text

from answerable.audit.store.columns import POSTGRES, bytes_of, sent
from answerable.audit.store.tables import Row
from tests.postgres_server import PostgresServer

pytestmark = pytest.mark.postgres

_TABLE = Table(
    "kept",
    MetaData(),
    Column("seq", BigInteger),
    Column("code", Integer),
    Column("name", Text),
    Column("data", LargeBinary),
)
_wide = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(0, 3))
_narrow = st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1), st.integers(0, 3))
_letters = st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])
_texts = st.one_of(
    st.none(), st.sampled_from(["", "=", "decline", "ä", "%"]), st.text(_letters, max_size=4)
)
_bytes = st.one_of(st.none(), st.sampled_from([b"", b"=", bytes(3)]), st.binary(max_size=4))


@pytest.fixture(scope="module")
def driver(postgres_server: PostgresServer) -> Iterator[psycopg.Connection]:
    """A connection to any database: nothing is stored."""
    with (
        postgres_server.fresh_database() as database,
        psycopg.connect(postgres_server.conninfo(database), autocommit=True) as connection,
    ):
        yield connection


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(_wide, _narrow, _texts, _bytes), min_size=1, max_size=12))
@example([(n * 7, n, "alike", bytes([n]) * 32) for n in range(40)])
@example([(2**40 + n, n * n, f"{n:03d}", b"x" * n) for n in range(40)])
def test_every_value_arrives_as_it_was_given(driver: psycopg.Connection, rows: list[Row]) -> None:
    values: dict[str, object] = {"last": len(rows) - 1}
    written = []
    for item in sent(POSTGRES, _TABLE, rows):
        expression = item.expression
        for number, value in enumerate(item.parameters):
            expression = expression.replace(f"@{number}", f"%(v{len(values)})b")
            values[f"v{len(values)}"] = value
        written.append(expression)
    series = "generate_series(0, %(last)b::int4) AS held(i)"
    query = f"SELECT {', '.join(written)} FROM {series}"  # noqa: S608 - made here
    assert driver.execute(query.encode(), values).fetchall() == rows


def test_only_what_can_be_long_is_counted() -> None:
    assert bytes_of([(1, 2, "name", b"abc"), (1, 2, None, None), (1, 2, "x", b"de")]) == 5
