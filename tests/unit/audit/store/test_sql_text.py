"""Any name or text is quoted so that it stays one name or one text."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from answerable.audit.store.sql_text import block, identifier, literal
from tests.postgres_server import PostgresServer

TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)


@given(TEXT)
def test_identifiers_are_quoted_as_the_driver_quotes_them(name: str) -> None:
    assert identifier(name) == sql.Identifier(name).as_string(None)


@given(TEXT)
def test_a_block_ends_where_it_should_whatever_is_in_it(body: str) -> None:
    first, _, rest = block(body).removeprefix("DO ").partition("\n")
    assert rest.count(first) == 1
    assert rest.endswith(first)


@pytest.mark.postgres
def test_the_server_reads_back_what_was_quoted(any_postgres: PostgresServer) -> None:
    texts = ["it's", 'a "b" c', "back\\slash\\' OR true --", "100%", "$do$", "ümläut 🙂", ":name:"]
    with psycopg.connect(any_postgres.conninfo("postgres"), autocommit=True) as connection:
        for text in texts:
            row = connection.execute(f"SELECT {literal(text)} AS {identifier(text)}".encode())
            assert row.description is not None
            assert (row.description[0].name, row.fetchone()) == (text, (text,))
            quoted = literal(text)
            connection.execute(
                block(f"IF {quoted} <> {quoted} THEN RAISE EXCEPTION 'no'; END IF;").encode()
            )
