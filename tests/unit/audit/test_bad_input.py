"""What can be wrong with what a log is given: one error that says it and what to do; nothing is
written, in the database or among the keys, on either database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from answerable.audit.anchors.outside import MemoryHead
from answerable.audit.entries import Draft
from answerable.audit.errors import AnswerableError
from answerable.audit.keys.vault import FileVault
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import EntryLink
from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint
from tests.attacks.test_rewritten_databases import everything_stored, prefix
from tests.log_kit import ORIGIN, SECOND, LogKit


@dataclass
class Given:
    """A log with its key folder, closed and opened again by what is tried on it."""

    kit: LogKit
    keys: Path

    before: object = None

    def append(self, draft: Draft) -> None:
        self.before = self.state()
        self.kit.log.append(draft)

    def open_and_append(self, **changed: object) -> None:
        self.before = self.state()
        self.kit.log.close()
        given = {"vault": FileVault(self.keys), "clock": self.kit.clock} | changed
        log = Log.open(self.kit.url, entropy=self.kit.entropy, **given)  # type: ignore[arg-type]
        try:
            log.append(self.kit.decision("anna"))
        finally:
            log.close()

    def state(self) -> tuple[bytes, list[tuple[str, bytes]]]:
        """Everything in the database and among the keys."""
        files = [(str(path), path.read_bytes()) for path in self.keys.rglob("*") if path.is_file()]
        return everything_stored(self.kit), sorted(files)


@pytest.fixture
def given(log_url: str, tmp_path: Path) -> Iterator[Given]:
    kit = LogKit.create(log_url, keys=tmp_path / "keys")
    kit.log.append(kit.decision("anna"))
    yield Given(kit, tmp_path / "keys")
    kit.log.close()


def oversize_entry(given: Given) -> None:
    links = tuple(EntryLink(rel="about", digest=f"sha256:{number:064x}") for number in range(700))
    given.append(replace(given.kit.decision("ben"), links=links))


def unknown_kind(given: Given) -> None:
    kind = cast("EntryKind", "no.such_kind")
    given.append(replace(given.kit.decision("ben"), kind=kind))


def foreign_key(given: Given) -> None:
    (key,) = given.keys.glob("signing-*")
    key.chmod(0o600)
    key.write_bytes(b"\7" * 32)
    given.open_and_append()


def wrong_pepper(given: Given) -> None:
    (given.keys / "pepper").chmod(0o600)
    (given.keys / "pepper").write_bytes(b"\7" * 32)
    given.open_and_append()


def missing_key_file(given: Given) -> None:
    (given.keys / "pepper").unlink()
    given.open_and_append()


def key_file_others_may_read(given: Given) -> None:
    (given.keys / "pepper").chmod(0o644)
    given.open_and_append()


def clock_back(given: Given) -> None:
    given.kit.clock.now -= 6 * SECOND
    given.append(given.kit.decision("ben"))


def wrong_origin(given: Given) -> None:
    given.open_and_append(origin="example.org/other")


def unknown_signer(given: Given) -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(b"\5" * 32)
    head = MemoryHead()
    head.swap(None, sign_checkpoint(Checkpoint(ORIGIN, 2, bytes(32)), stranger))
    given.open_and_append(outside=head)


def newer_schema(given: Given) -> None:
    with given.kit.log._database.write() as connection:
        newer = f"UPDATE {prefix(given.kit)}.audit_schema SET version_num = 'r9999'"  # noqa: S608
        connection.execute(text(newer))
    given.open_and_append()


@pytest.mark.parametrize(
    ("tried", "fact", "remedy"),
    [
        (oversize_entry, "the limit is 65535", "Split the entry"),
        (unknown_kind, "kind: not one of the values there are", "Correct the fields named"),
        (foreign_key, "signing key is not the one", "ANSWERABLE_KEY_DIR"),
        (wrong_pepper, "pepper is not the one", "ANSWERABLE_KEY_DIR"),
        (missing_key_file, "does not hold the pepper", "restore it from its backup"),
        (key_file_others_may_read, "other users may read", "chmod 600"),
        (clock_back, "6.0 s behind the last entry", "correct this machine's clock"),
        (wrong_origin, "this is the log example.org/loans", "ANSWERABLE_ORIGIN"),
        (unknown_signer, "no checkpoint of this log under its key", "accept-head"),
        (newer_schema, "schema (r9999) is newer", "Install a newer Answerable"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_one_error_says_what_is_wrong_and_what_to_do_and_nothing_is_written(
    given: Given, tried: Callable[[Given], None], fact: str, remedy: str
) -> None:
    with pytest.raises(AnswerableError) as caught:
        tried(given)
    assert fact in caught.value.what
    assert remedy in caught.value.remedy
    assert given.before is not None
    assert given.state() == given.before
