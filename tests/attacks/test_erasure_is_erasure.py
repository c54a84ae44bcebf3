"""After an erasure nothing that is left opens what was erased: searched byte by byte.

Searched: the database's files, its write-ahead log, a backup made before, and the key folder. What
does remain there of the erased person is ciphertext; every key that is left is tried on it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import sqlite3
import subprocess
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import make_url

from answerable.audit.entries import Draft
from answerable.audit.keys.vault import FileVault
from answerable.audit.store import entry_rows, key_rows
from tests.log_kit import ORIGIN, LogKit, OneBucket
from tests.postgres_server import PostgresServer, find_programs

BUCKET = 0xABC
SECRET = "Erika Mustermann, Heidestrasse 17"


@dataclass(frozen=True)
class Before:
    """What was known of a person just before the erasure."""

    ref: str
    entry_id: str
    row: key_rows.KeyRow
    bucket_key: bytes
    data_key: bytes
    ciphertext: bytes

    def wrapping(self) -> bytes:
        row = self.row
        return (
            f"answerable/wrap1\0{ORIGIN}\0{self.ref}\0{row.lookup.hex()}"
            f"\0{row.bucket}\0{row.version}".encode()
        )

    def part(self) -> bytes:
        return f"{ORIGIN}\0{self.entry_id}\0{self.ref}".encode()

    def record_key(self, data_key: bytes) -> bytes:
        place = uuid.UUID(self.entry_id).bytes + bytes(2)
        return hmac.digest(data_key, b"answerable/rk1\0" + place, hashlib.sha256)


def opens(key: bytes, sealed: bytes, address: bytes) -> bytes | None:
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], address)
    except InvalidTag:
        return None


def told(url: str, keys: Path) -> tuple[LogKit, Draft]:
    kit = LogKit.with_entropy(url, OneBucket(f"erasure of {url}"), keys=keys)
    draft = kit.decision("anna", note=SECRET)
    kit.log.append_many([draft, *(kit.decision(f"person-{number}") for number in range(9))])
    return kit, draft


def before_of(kit: LogKit, draft: Draft) -> Before:
    ref = kit.ref("anna")
    with kit.log._database.read() as connection:
        (row,) = key_rows.keys_by_ref(connection, (ref,))
        ciphertext = entry_rows.body_parts(connection, kit.log.entry(draft.entry_id).seq)[0]
    key = kit.vault.bucket_key(BUCKET, row.version)
    found = Before(ref, draft.entry_id, row, key, b"", ciphertext)
    data_key = opens(key, row.wrapped, found.wrapping())
    assert data_key is not None
    # The search below has teeth: with the keys of before, all of it opens.
    opened = opens(found.record_key(data_key), ciphertext, found.part())
    assert opened is not None
    assert SECRET.encode() in opened
    return Before(ref, draft.entry_id, row, key, data_key, ciphertext)


def forms(secret: bytes) -> tuple[bytes, ...]:
    return (secret, secret.hex().encode(), base64.b64encode(secret)[:-4])


def files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def keys_left(kit: LogKit, folder: Path) -> list[bytes]:
    """Every 32 bytes of the key folder, and the data key of everyone who is left."""
    left = [
        data[at : at + 32] for _, data in files_below(folder) for at in range(0, len(data) - 31, 32)
    ]
    with kit.log._database.read() as connection:
        for row in key_rows.keys_in_bucket(connection, BUCKET):
            address = Before(row.ref, "", row, b"", b"", b"").wrapping()
            data_key = opens(kit.vault.bucket_key(BUCKET, row.version), row.wrapped, address)
            assert data_key is not None
            left.append(data_key)
    return left


def require_nothing_opens(before: Before, left: Iterable[bytes], wrapped: bytes) -> None:
    tried = 0
    for key in left:
        assert opens(key, wrapped, before.wrapping()) is None
        assert opens(before.record_key(key), before.ciphertext, before.part()) is None
        assert opens(key, before.ciphertext, before.part()) is None
        tried += 1
    assert tried > 4096


def require_no_key(before: Before, places: Iterable[tuple[str, bytes]]) -> str:
    """Check that no key of the person is in any place; return where the wrapped key remains."""
    remains = ""
    for name, data in places:
        for secret in (before.data_key, before.bucket_key, before.record_key(before.data_key)):
            for form in forms(secret):
                assert form not in data, name
        assert SECRET.encode() not in data, name
        if any(form in data for form in forms(before.row.wrapped)):
            remains += f"{name} "
    return remains


def test_in_sqlite_no_byte_that_is_left_opens_an_erased_person(tmp_path: Path) -> None:
    folder, keys = tmp_path / "database", tmp_path / "keys"
    folder.mkdir()
    kit, draft = told(f"sqlite:///{folder / 'log.db'}", keys)
    before = before_of(kit, draft)
    with (
        closing(sqlite3.connect(folder / "log.db")) as source,
        closing(sqlite3.connect(folder / "backup-api.db")) as target,
    ):
        source.backup(target)
    for suffix in ("", "-wal"):
        copy = (folder / f"log.db{suffix}").read_bytes()
        (folder / f"copied{suffix}.db").write_bytes(copy)

    kit.log.erase(before.ref, kit.erasure())
    assert {path.name for path in folder.iterdir()} > {"log.db", "log.db-wal"}
    remains = require_no_key(before, files_below(folder))
    # The backup holds the wrapped key still: that is what the destroyed bucket key is for.
    assert "backup-api.db" in remains
    require_no_key(before, files_below(keys))
    require_nothing_opens(before, keys_left(kit, keys), before.row.wrapped)

    kit.vault = FileVault(keys)
    kit.reopen()
    with closing(sqlite3.connect(folder / "log.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    live = [(name, data) for name, data in files_below(folder) if name.startswith("log.db")]
    assert require_no_key(before, live) == ""
    assert kit.verify().ok
    kit.log.close()


@pytest.mark.postgres
def test_in_postgresql_no_byte_that_is_left_opens_an_erased_person(
    postgres_server: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    kit, draft = told(postgres_url, keys)
    before = before_of(kit, draft)
    programs = find_programs()
    assert programs is not None
    database = make_url(postgres_url).database or ""
    dump = subprocess.run(
        [
            programs / "bin" / "pg_dump",
            "--host",
            str(postgres_server.socket_folder),
            "--username",
            "postgres",
            database,
        ],
        env={"PATH": os.defpath},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    assert before.row.wrapped.hex().encode() in dump

    kit.log.erase(before.ref, kit.erasure())
    with psycopg.connect(postgres_server.conninfo(database), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    data = postgres_server.socket_folder / "data"
    remains = require_no_key(before, files_below(data))
    # PostgreSQL keeps the deleted row in its pages and its log: wrapped, and worth nothing.
    assert "pg_wal" in remains
    assert require_no_key(before, [("dump ", dump)]) == "dump  "
    require_no_key(before, files_below(keys))
    require_nothing_opens(before, keys_left(kit, keys), before.row.wrapped)
    assert kit.verify().ok
    kit.log.close()


def test_a_backup_of_the_key_folder_undoes_the_erasure_until_it_expires(tmp_path: Path) -> None:
    """The limit that is stated: the vault's backups are part of the vault."""
    kit, draft = told(f"sqlite:///{tmp_path / 'log.db'}", tmp_path / "keys")
    before = before_of(kit, draft)
    backup = list(files_below(tmp_path / "keys"))
    kit.log.erase(before.ref, kit.erasure())
    kept = [data[at : at + 32] for _, data in backup for at in range(0, len(data) - 31, 32)]
    found = [
        data_key for key in kept if (data_key := opens(key, before.row.wrapped, before.wrapping()))
    ]
    assert found == [before.data_key]
    kit.log.close()
