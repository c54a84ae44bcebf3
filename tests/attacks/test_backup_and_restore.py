"""The drill of docs/backup.md, with the databases' own tools.

Back up, append more, erase somebody, restore the old backup: the log can be read, names what is
missing, is recovered by two persons and goes on; who was erased stays erased; all of it is told.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from answerable.audit.anchors.file_head import FileHead
from answerable.audit.errors import Unavailable
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import LogRecovered
from tests.log_kit import OneBucket
from tests.outside_kit import OutsideKit
from tests.postgres_server import find_programs


@pytest.fixture
def bank(log_url: str, tmp_path: Path) -> Iterator[OutsideKit]:
    """A log with key files and a head file, as an installation has them."""
    made = OutsideKit.guarded(
        log_url, FileHead(tmp_path / "keys.head"), keys=tmp_path / "keys", one_bucket=True
    )
    made.log.append_many([made.decision("cust-erased", amount=5), made.decision("cust-kept")])
    made.log.checkpoint()
    yield made
    made.log.close()


def postgres_program(name: str, *arguments: str) -> None:
    programs = find_programs()
    assert programs is not None
    subprocess.run(
        [programs / "bin" / name, *arguments],
        check=True, capture_output=True, env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


def connection_of(url: str) -> str:
    address, _, host = url.partition("?host=")
    return f"host={host} user=postgres dbname={address.rpartition('/')[2]}"


def back_up(url: str, file: Path) -> None:
    """Take a backup of the database while it is in use."""
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            database.execute("VACUUM INTO ?", (str(file),))
    else:
        postgres_program("pg_dump", "--dbname", connection_of(url), "--file", str(file))


def restore(url: str, file: Path) -> str:
    """Bring a backup back beside the database that was lost; return its address."""
    if url.startswith("sqlite"):
        return f"sqlite:///{file}"
    address, _, host = url.partition("?host=")
    base, _, name = address.rpartition("/")
    server = connection_of(url).replace(f"dbname={name}", "dbname=postgres")
    postgres_program("psql", "--dbname", server, "--command", f"CREATE DATABASE {name}_restored")
    restored = f"{base}/{name}_restored?host={host}"
    postgres_program(
        "psql", "--dbname", connection_of(restored), "--set", "ON_ERROR_STOP=1",
        "--file", str(file),
    )  # fmt: skip
    return restored


def test_the_drill(bank: OutsideKit, tmp_path: Path) -> None:
    # 1. back up the database, while it is open
    back_up(bank.url, tmp_path / "backup")
    kept = bank.log.size()
    erased, neighbour = bank.ref("cust-erased"), bank.ref("cust-kept")
    decision = bank.log.subject_entries(erased)[0]

    # 2. go on, and erase somebody
    bank.log.append(bank.decision("cust-later"))
    bank.log.erase(erased, bank.erasure())
    lost = bank.log.checkpoint()
    gone = bank.log.size()

    # 3. the database is lost; the backup is restored, the key folder and the head file are not
    bank.restore(restore(bank.url, tmp_path / "backup"))
    gap = bank.log.gap
    assert gap is not None
    assert f"entries {kept} to {gone - 1} that were signed are not here" in gap.what
    with pytest.raises(Unavailable, match="can only be read"):
        bank.log.append(bank.decision("cust-new"))
    assert bank.log.entry(decision.id) == decision

    # The key row is back, the key that opens it is not: nobody can read the data again.
    with pytest.raises(Unavailable, match="vault"):
        bank.log.open_body(decision)

    # 4. two persons record what was lost
    receipt = bank.settle(bank.statement(0, 1))
    assert receipt is not None
    said = bank.log.read_record(receipt.entry_id, LogRecovered)
    assert (said.first_lost, said.lost_size, said.epoch) == (kept, gone, 2)

    # 5. it goes on, also about the person who was erased, as somebody new
    bank.reopen()
    assert bank.log.gap is None
    assert bank.log.is_erased(erased)
    bank.log.append(bank.decision("cust-erased"))
    assert bank.ref("cust-erased") != erased
    assert bank.log.open_body(decision).record is None

    # What else shared the erased person's bucket is lost with it, and the log says so.
    assert bank.log.is_erased(neighbour)

    # 6. verification holds from the new head, and tells the loss to whoever kept the old one
    bank.log.checkpoint()
    assert bank.verify(bank.outside.read()).ok
    assert bank.log.stored().findings_beside(cell_of=bank.log.cell_of) == []
    (told,) = bank.verify(lost).findings  # of all that were lost: new entries stand there now
    assert told.entry == f"{kept} to {gone - 1}"
    assert f"entry {receipt.seq} ({receipt.entry_id}) records the loss" in told.what


def test_a_key_backup_brings_back_who_was_erased_until_it_ages_out(
    bank: OutsideKit, tmp_path: Path
) -> None:
    """The other half of the rule: why key backups are kept short."""
    saved = {file: file.read_bytes() for file in (tmp_path / "keys").rglob("*") if file.is_file()}
    back_up(bank.url, tmp_path / "backup")
    erased = bank.ref("cust-erased")
    decision = bank.log.subject_entries(erased)[0]
    bank.log.erase(erased, bank.erasure())
    bank.log.checkpoint()
    for file, data in saved.items():
        file.unlink(missing_ok=True)
        file.write_bytes(data)
        file.chmod(0o600)
    bank.restore(restore(bank.url, tmp_path / "backup"))
    assert bank.log.gap is not None
    assert bank.log.open_body(decision).record is not None


def test_a_backup_restored_with_no_loss_goes_on_at_once(bank: OutsideKit, tmp_path: Path) -> None:
    back_up(bank.url, tmp_path / "backup")
    bank.restore(restore(bank.url, tmp_path / "backup"))
    assert bank.log.gap is None
    bank.log.append(bank.decision("cust-next"))
    assert open_again(bank).size() == bank.log.size()
    assert len(bank.log.entries(kinds=(EntryKind.LOG_RECOVERED,))) == 0
    assert isinstance(bank.entropy, OneBucket)


def open_again(bank: OutsideKit) -> Log:
    bank.log.checkpoint()
    return bank.reopen()
