"""Keys, sessions and links: secrets are not stored, links work once, errors leak nothing."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from answerable.api.state.credentials import (
    ApiKey,
    LoginLink,
    NewSecret,
    Session,
    new_secret,
    same_text,
    secret_hash,
)
from answerable.api.state.store import StateStore
from answerable.api.state.tables import metadata
from answerable.audit.errors import Conflict, NotFound, Unavailable
from answerable.audit.records import Role

ACTOR = "a-" + "1" * 32


def counting_entropy() -> object:
    state = {"n": 0}

    def entropy(size: int) -> bytes:
        state["n"] += 1
        return state["n"].to_bytes(size, "big")

    return entropy


def key_of(secret: NewSecret, **changes: object) -> ApiKey:
    values: dict[str, object] = {
        "prefix": secret.prefix,
        "hash": secret.hash,
        "actor": ACTOR,
        "roles": frozenset({Role.OFFICER, Role.AUDITOR}),
        "service": False,
        "name": "test",
        "created_at": 5,
    }
    return ApiKey(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> StateStore:
    if request.param == "postgres":
        return StateStore.create(request.getfixturevalue("postgres_url"))
    return StateStore.create(f"sqlite:///{tmp_path}/state.db")


def test_a_key_is_found_by_its_hash_until_it_is_revoked(store: StateStore) -> None:
    secret = new_secret(bytes, kind="ank")
    store.add_key(key_of(secret))
    found = store.key_of(secret_hash(secret.text))
    assert found == key_of(secret)
    assert key_of(secret).usable(10)
    store.revoke_key(secret.prefix, at=20)
    revoked = store.key_of(secret.hash)
    assert revoked is not None
    assert not revoked.usable(21)
    assert store.keys() == [revoked]
    with pytest.raises(NotFound):
        store.revoke_key(secret.prefix, at=30)
    with pytest.raises(Conflict):
        store.add_key(key_of(secret))
    assert store.key_of("0" * 64) is None
    store.close()


def test_an_expired_key_is_not_usable() -> None:
    key = key_of(new_secret(bytes, kind="ank"), expires_at=10)
    assert key.usable(9)
    assert not key.usable(10)


def test_a_session_lives_until_it_expires_or_ends(store: StateStore) -> None:
    session = Session("h" * 64, ACTOR, frozenset({Role.SUBJECT}), "c", 1, 100, scope="x")
    store.add_session(session)
    assert store.session_of("h" * 64, now=99) == session
    assert store.session_of("h" * 64, now=100) is None
    store.end_session("h" * 64)
    assert store.session_of("h" * 64, now=50) is None
    store.close()


def test_a_link_signs_in_once_even_for_two_browsers_at_once(store: StateStore) -> None:
    link = LoginLink("l" * 64, ACTOR, frozenset({Role.ADMIN}), 1, 100)
    store.add_link(link)
    assert store.use_link("l" * 64, now=100) is None
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: store.use_link("l" * 64, now=50), range(4)))
    assert [answer for answer in answers if answer is not None] == [link]
    store.close()


def test_what_expired_is_dropped(store: StateStore) -> None:
    store.add_link(LoginLink("l" * 64, ACTOR, frozenset(), 1, 10))
    store.add_session(Session("h" * 64, ACTOR, frozenset(), "c", 1, 30))
    assert store.drop_expired(now=10) == 1
    assert store.drop_expired(now=10) == 0
    store.close()


def test_facts_are_replaced(store: StateStore) -> None:
    assert store.fact("operator") is None
    store.set_fact("operator", "one")
    store.set_fact("operator", "two")
    assert store.fact("operator") == "two"
    store.close()


def test_the_secret_itself_is_not_in_the_database(tmp_path: Path) -> None:
    secret = new_secret(lambda n: b"\x5a" * n, kind="ank")
    store = StateStore.create(f"sqlite:///{tmp_path}/state.db")
    store.add_key(key_of(secret))
    store.close()
    assert secret.text.encode()[-20:] not in (tmp_path / "state.db").read_bytes()


def test_two_secrets_differ_and_compare_whole() -> None:
    entropy = counting_entropy()
    one, two = (new_secret(entropy, kind="ank") for _ in range(2))  # type: ignore[arg-type]
    assert len({one.text, two.text, one.prefix, two.prefix, one.hash, two.hash}) == 6
    assert same_text(one.text, one.text)
    assert not same_text(one.text, two.text)


def test_the_migrations_give_exactly_the_tables_the_code_uses(tmp_path: Path) -> None:
    StateStore.create(f"sqlite:///{tmp_path}/state.db").close()
    engine = sa.create_engine(f"sqlite:///{tmp_path}/state.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "state_version"})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_missing_locked_or_foreign_database_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="does not exist"):
        StateStore.open(f"sqlite:///{tmp_path}/none.db")
    sqlite3.connect(tmp_path / "empty.db").execute("create table t (x)").connection.close()
    with pytest.raises(Unavailable, match="schema version"):
        StateStore.open(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(Unavailable) as caught:
        StateStore.create("postgresql+psycopg://scott:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in str(caught.value)
    StateStore.create(f"sqlite:///{tmp_path}/state.db").close()
    StateStore.open(f"sqlite:///{tmp_path}/state.db").close()
