"""A log with an outside head, two persons who sign, and copies of its database to go back to."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.anchors.outside import MemoryHead, OutsideHead
from answerable.audit.directory import Directory
from answerable.audit.entries import Receipt
from answerable.audit.keys.vault import FileVault, KeyVault, MemoryVault
from answerable.audit.log import Log
from answerable.audit.records import Actor, Role
from answerable.audit.recovery import Statement, prepare_statement, settle, sign_statement
from answerable.audit.signing import public_key_hex
from tests.log_kit import ORIGIN, LogKit, OneBucket, SeededEntropy, SteppedClock

_SQLITE = "sqlite:///"


@dataclass
class OutsideKit(LogKit):
    """A log whose newest checkpoint is kept outside, and the people who may record a loss."""

    outside: OutsideHead = field(default_factory=MemoryHead)
    keys: list[Ed25519PrivateKey] = field(default_factory=list)
    persons: list[Actor] = field(default_factory=list)

    @classmethod
    def guarded(
        cls,
        url: str,
        outside: OutsideHead | None = None,
        *,
        keys: Path | None = None,
        one_bucket: bool = False,
    ) -> Self:
        entropy = OneBucket("outside") if one_bucket else SeededEntropy("outside")
        vault: KeyVault = (
            MemoryVault.create(entropy=entropy)
            if keys is None
            else FileVault.create(keys, entropy=entropy)
        )
        head = outside or MemoryHead()
        clock = SteppedClock()
        log = Log.create(
            url, origin=ORIGIN, vault=vault, clock=clock, entropy=entropy, outside=head
        )
        made = cls(url, vault, clock, entropy, log, head)
        made.register(Role.COMPLIANCE)
        made.register(Role.ADMIN)
        return made

    @property
    def directory(self) -> Directory:
        return Directory(self.log, ids=self.entry_id, entropy=self.entropy)

    def register(self, *roles: Role, service: bool = False) -> Actor:
        """Register one more person with a signing key of their own."""
        key = Ed25519PrivateKey.from_private_bytes(self.entropy(32))
        person = self.directory.register(
            "Somebody", roles, public_key=public_key_hex(key), service=service
        )
        self.keys.append(key)
        self.persons.append(person)
        return person

    def reopen(self) -> Log:
        """Close the log and open it again with its outside head."""
        self.log.close()
        self.log = Log.open(
            self.url,
            vault=self.vault,
            clock=self.clock,
            entropy=self.entropy,
            outside=self.outside,
        )
        return self.log

    def grow(self, n: int) -> str:
        """Append decisions, one of them about a person, and return a checkpoint."""
        self.log.append_many([self.decision(f"cust-{self.entry_id()}") for _ in range(n)])
        return self.log.checkpoint()

    def backup(self, name: str) -> str:
        """Copy the database as its own tools do, and return the address of the copy."""
        self.log.close()
        copy = copy_database(self.url, name)
        self.reopen()
        return copy

    def restore(self, copy: str) -> Log:
        """Go on with a copy, as after a restored backup."""
        self.log.close()
        self.url = copy
        return self.reopen()

    def statement(self, *signers: int, reason: str = "backup-restored") -> Statement:
        """The statement this gap calls for, signed by some of the persons."""
        made = prepare_statement(self.log, reason)
        for number in signers:
            made = sign_statement(made, self.keys[number], self.persons[number])
        return made

    def settle(self, statement: Statement) -> Receipt | None:
        return settle(self.log, statement, self.directory.actors(), ids=self.entry_id)


def copy_database(url: str, name: str) -> str:
    """Return the address of a copy: SQLite's backup interface, PostgreSQL's template."""
    if url.startswith(_SQLITE):
        source = Path(url.removeprefix(_SQLITE))
        target = source.with_name(f"{name}.db")
        with (
            contextlib.closing(sqlite3.connect(source)) as old,
            contextlib.closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
        return f"{_SQLITE}{target}"
    address, _, host = url.replace("postgresql+psycopg", "postgresql").partition("?host=")
    base, _, database = address.rpartition("/")
    with psycopg.connect(f"host={host} user=postgres dbname=postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {database}_{name} TEMPLATE {database}".encode())
    return f"{base.replace('postgresql', 'postgresql+psycopg')}/{database}_{name}?host={host}"
