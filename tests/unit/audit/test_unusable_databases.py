"""A database or vault that cannot be used: one clear error, and nothing is changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from answerable.audit.entries import Draft, Receipt
from answerable.audit.errors import Conflict, InvalidInput, NotFound, Unavailable
from answerable.audit.keys.vault import FileVault, MemoryVault
from answerable.audit.log import Log, stored_log, upgrade_log
from answerable.audit.store.authorizer import schema_changes
from tests.log_kit import ORIGIN, LogKit, SeededEntropy


@contextmanager
def foreign(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program's connection to the file, closed at the end."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def open_again(kit: LogKit, url: str | None = None, **changed: object) -> Log:
    given = {"vault": kit.vault, "clock": kit.clock, "entropy": kit.entropy} | changed
    return Log.open(url or kit.url, **given)  # type: ignore[arg-type]


def appended_until_refused(kit: LogKit, drafts: list[Draft], why: str) -> Iterator[Receipt]:
    """Receipts of the drafts that were appended before the database refused one."""
    for draft in drafts:
        try:
            yield kit.log.append(draft)
        except Unavailable as error:
            assert why in error.what  # noqa: PT017 - the receipts before it are what matters
            return


def test_a_missing_file_is_named_and_not_made(memory_kit: LogKit, tmp_path: Path) -> None:
    missing = tmp_path / "missing.db"
    with pytest.raises(NotFound, match=r"missing\.db"):
        open_again(memory_kit, f"sqlite:///{missing}")
    with pytest.raises(NotFound, match=r"missing\.db"):
        stored_log(f"sqlite:///{missing}")
    assert not missing.exists()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        LogKit.create(f"sqlite:///{tmp_path / 'no' / 'log.db'}")


@pytest.mark.parametrize("url", ["mysql://localhost/log", "log.db", "", "sqlite+pysqlcipher:///x"])
def test_an_address_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="database URL") as caught:
        LogKit.create(url)
    assert "sqlite:///" in caught.value.remedy


@pytest.mark.parametrize("origin", ["", "Loans", "example.org/lo ans", "/x", "x" * 201])
def test_a_malformed_name_leaves_no_database(tmp_path: Path, origin: str) -> None:
    entropy = SeededEntropy("x")
    with pytest.raises(InvalidInput, match="origin"):
        Log.create(
            f"sqlite:///{tmp_path / 'log.db'}",
            origin=origin,
            vault=MemoryVault.create(entropy=entropy),
            clock=lambda: 1,
            entropy=entropy,
        )
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_something_else_is_no_log(kit: LogKit, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with foreign(path) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER)")
    with pytest.raises(NotFound, match="holds no log"):
        open_again(kit, f"sqlite:///{path}")


@pytest.mark.postgres
def test_an_empty_postgresql_database_is_no_log(memory_kit: LogKit, postgres_url: str) -> None:
    with pytest.raises(NotFound, match="holds no log"):
        open_again(memory_kit, postgres_url)


@pytest.mark.postgres
def test_a_server_or_database_that_is_not_there_is_named(
    memory_kit: LogKit, postgres_url: str, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        open_again(memory_kit, postgres_url.replace("/test_", "/absent_"))
    with pytest.raises(Unavailable, match="cannot be opened"):
        open_again(memory_kit, f"postgresql://postgres@/x?host={tmp_path}")


def test_a_file_that_is_no_database_is_named(memory_kit: LogKit, tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("not a database at all, only text that is long enough" * 20)
    with pytest.raises(Unavailable, match="not a usable SQLite database"):
        open_again(memory_kit, f"sqlite:///{path}")


def test_a_log_is_not_made_over_another(kit: LogKit) -> None:
    entropy = SeededEntropy("second")
    with pytest.raises(Conflict, match="holds a log already"):
        Log.create(
            kit.url,
            origin=ORIGIN,
            vault=MemoryVault.create(entropy=entropy),
            clock=kit.clock,
            entropy=entropy,
        )
    assert kit.log.size() == 1
    assert kit.verify().ok


def test_a_vault_of_another_log_is_refused(kit: LogKit, tmp_path: Path) -> None:
    other = LogKit.create(f"sqlite:///{tmp_path / 'other.db'}", seed="other")
    fresh = MemoryVault.create(entropy=SeededEntropy("fresh"))
    pepper = MemoryVault.create(entropy=SeededEntropy("pepper"))
    pepper.add_signing_key(ORIGIN, kit.vault.signing_key(ORIGIN))
    for vault, why in (
        (fresh, "no signing key"),
        (other.vault, "signing key is not the one"),
        (pepper, "pepper is not the one"),
    ):
        with pytest.raises(Unavailable, match=why):
            open_again(kit, vault=vault)
    other.log.close()


def test_a_key_file_that_others_may_read_stops_the_append(tmp_path: Path) -> None:
    kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}", keys=tmp_path / "keys")
    kit.log.append(kit.decision("anna"))
    slots = tmp_path / "keys" / "buckets" / "first"
    slots.chmod(0o640)
    kit.vault = FileVault(tmp_path / "keys")
    with pytest.raises(Unavailable, match="chmod 600"):
        kit.reopen()
    slots.chmod(0o600)
    log = kit.reopen()
    slots.chmod(0o640)
    with pytest.raises(Unavailable, match="chmod 600"):
        log.append(kit.decision("ben"))
    assert log.size() == 2
    log.close()


def test_another_log_than_expected_is_refused(kit: LogKit) -> None:
    with pytest.raises(Conflict, match="ANSWERABLE_ORIGIN"):
        open_again(kit, origin="example.org/other")
    open_again(kit, origin=ORIGIN).close()


def test_a_newer_schema_is_left_alone(kit: LogKit) -> None:
    schema = "main" if kit.url.startswith("sqlite") else "audit"
    with kit.log._database.write() as connection:
        connection.execute(text(f"UPDATE {schema}.audit_schema SET version_num = 'r9999'"))  # noqa: S608
    with pytest.raises(Unavailable, match=r"newer.*Install a newer Answerable"):
        open_again(kit)
    with pytest.raises(Unavailable, match="newer"):
        upgrade_log(kit.url)


def test_a_locked_sqlite_file_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    kit = LogKit.create(f"sqlite:///{path}?timeout=0.05")
    with foreign(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked by another process"):
            kit.log.append(kit.decision("anna"))
        assert kit.log.size() == 1
        other.execute("ROLLBACK")
    assert kit.log.append(kit.decision("anna")).seq == 1
    assert kit.verify().ok
    kit.log.close()


@pytest.mark.postgres
def test_a_locked_head_is_named_and_nothing_is_written(postgres_url: str) -> None:
    kit = LogKit.create(f"{postgres_url}&options=-c lock_timeout=50ms")
    with kit.log._database._engine.connect() as other:
        other.exec_driver_sql("SELECT 1 FROM audit.head FOR UPDATE")
        with pytest.raises(Unavailable, match="locked by another process"):
            kit.log.append(kit.decision("anna"))
        other.rollback()
    assert kit.log.append(kit.decision("anna")).seq == 1
    kit.log.close()


def limit_pages(kit: LogKit, pages: int) -> None:
    """Set the size of the file for both connections of an idle log."""
    database = kit.log._database
    with database.compared() as kept, database.read() as pooled:
        for connection in (kept, pooled):
            with schema_changes(connection):
                connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def test_a_full_database_loses_nothing_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}")
    drafts = [kit.decision("anna", note="x" * 3000, n=n) for n in range(60)]
    with kit.log._database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0
    limit_pages(kit, pages + 40)
    acknowledged = list(appended_until_refused(kit, drafts, "full"))
    assert 0 < len(acknowledged) < 60
    with pytest.raises(Unavailable, match="full"):
        kit.log.append_many(drafts[len(acknowledged) :])
    assert kit.log.size() == 1 + len(acknowledged)
    assert kit.verify().ok
    limit_pages(kit, 1_000_000)
    receipts = kit.log.append_many(drafts)
    assert [receipt.seq for receipt in receipts] == list(range(1, 61))
    assert [receipt.repeated for receipt in receipts].count(True) == len(acknowledged)
    assert kit.verify().ok
    kit.log.close()


def test_a_database_that_can_only_be_read_can_be_read(tmp_path: Path) -> None:
    kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}")
    draft = kit.decision("anna")
    kit.log.append(draft)
    database = kit.log._database
    with database.compared() as kept, database.read() as pooled:
        for connection in (kept, pooled):
            with schema_changes(connection):
                connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(Unavailable, match="only be read"):
        kit.log.append(kit.decision("anna"))
    assert kit.log.open_body(kit.log.entry(draft.entry_id)).record == draft.record
    kit.log.close()


@pytest.mark.postgres
def test_a_read_only_server_is_named(postgres_url: str) -> None:
    kit = LogKit.create(postgres_url)
    kit.log.close()
    kit.url = f"{postgres_url}&options=-c default_transaction_read_only=on"
    with pytest.raises(Unavailable, match="only be read"):
        kit.reopen().append(kit.decision("anna"))
    kit.log.close()


@pytest.mark.postgres
def test_an_append_survives_the_loss_of_its_connection(postgres_url: str) -> None:
    kit = LogKit.create(postgres_url)
    kit.log.append(kit.decision("anna"))
    killed = 0

    class Treacherous(SeededEntropy):
        """Ends this log's own connection in the middle of an append, once."""

        def __call__(self, size: int) -> bytes:
            nonlocal killed
            if size == 12 and killed == 0:
                killed += 1
                with kit.log._database._engine.connect() as other:
                    other.exec_driver_sql(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE pid <> pg_backend_pid() AND datname = current_database() "
                        "AND state = 'idle in transaction'"
                    )
                    other.commit()
            return super().__call__(size)

    kit.entropy = Treacherous("treacherous")
    kit.reopen()
    draft = kit.decision("ben")
    receipt = kit.log.append(draft)
    assert (killed, receipt.seq, kit.log.size()) == (1, 2, 3)
    assert kit.log.open_body(kit.log.entry(draft.entry_id)).record == draft.record
    assert kit.verify().ok
    kit.log.close()


def test_a_vault_of_an_older_time_says_which_key_it_lacks(tmp_path: Path) -> None:
    kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}", keys=tmp_path / "keys")
    draft = kit.decision("anna")
    kit.log.append(draft)
    (tmp_path / "keys" / "buckets" / "first").unlink()
    kit.vault = FileVault(tmp_path / "keys")
    kit.reopen()
    with pytest.raises(Unavailable, match="the vault lacks key 1 of bucket"):
        kit.log.open_body(kit.log.entry(draft.entry_id))
    with pytest.raises(Unavailable, match="older backup"):
        kit.log.append(kit.decision("anna"))
    assert kit.log.size() == 2
    assert kit.verify().ok
    kit.log.close()
