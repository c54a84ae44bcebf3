"""What every vault promises, and what files add."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from answerable.audit.errors import Conflict, NotFound, Unavailable
from answerable.audit.keys.derive import BUCKETS
from answerable.audit.keys.vault import FileVault, KeyVault
from tests.log_kit import SeededEntropy
from tests.vault_kit import PREPARED, VAULTS, make_vault

KEY = b"k" * 32
OTHER = b"o" * 32


@pytest.fixture(params=VAULTS)
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> KeyVault:
    return make_vault(request, tmp_path)


@pytest.fixture(params=PREPARED)
def prepared(request: pytest.FixtureRequest, tmp_path: Path) -> KeyVault:
    return make_vault(request, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    FileVault.create(tmp_path / "keys", entropy=SeededEntropy("vault"))
    return tmp_path / "keys"


def test_what_was_added_is_given_back(vault: KeyVault) -> None:
    vault.add_signing_key("example.org/log", KEY)
    vault.add_bucket_key(0xABC, 2, KEY)
    vault.add_bucket_key(0xABC, 3, OTHER)
    vault.add_period_key("2026-11", OTHER)
    assert vault.signing_key("example.org/log") == KEY
    assert (vault.bucket_key(0xABC, 2), vault.bucket_key(0xABC, 3)) == (KEY, OTHER)
    assert vault.period_key("2026-11") == OTHER
    assert len(vault.pepper()) == 32
    assert vault.bucket_versions()[0xABC][-2:] == (2, 3)


def test_nothing_is_ever_overwritten(vault: KeyVault) -> None:
    vault.add_signing_key("example.org/log", KEY)
    vault.add_bucket_key(1, 2, KEY)
    vault.add_period_key("2026-11", KEY)
    with pytest.raises(Conflict):
        vault.add_signing_key("example.org/log", OTHER)
    with pytest.raises(Conflict):
        vault.add_bucket_key(1, 2, OTHER)
    with pytest.raises(Conflict):
        vault.add_period_key("2026-11", OTHER)
    assert vault.signing_key("example.org/log") == KEY
    assert vault.bucket_key(1, 2) == KEY
    assert vault.period_key("2026-11") == KEY


def test_a_vault_belongs_to_one_log(vault: KeyVault) -> None:
    vault.add_signing_key("example.org/log", KEY)
    with pytest.raises(Conflict, match="one log"):
        vault.add_signing_key("example.org/other", OTHER)
    with pytest.raises(NotFound):
        vault.signing_key("example.org/other")


def test_what_is_not_there_is_named(vault: KeyVault) -> None:
    with pytest.raises(NotFound, match="key 3 of bucket 7"):
        vault.bucket_key(7, 3)
    with pytest.raises(NotFound, match="month 2026-11"):
        vault.period_key("2026-11")
    with pytest.raises(NotFound, match="signing key"):
        vault.signing_key("example.org/log")


def test_a_destroyed_key_is_gone_and_its_neighbours_are_not(vault: KeyVault) -> None:
    for bucket, version in ((1, 2), (1, 3), (2, 2), (1, 12)):
        vault.add_bucket_key(bucket, version, KEY)
    before = vault.bucket_versions()
    vault.bucket_key(1, 2)
    vault.destroy_bucket_key(1, 2)
    vault.destroy_bucket_key(1, 2)
    with pytest.raises(NotFound):
        vault.bucket_key(1, 2)
    without = tuple(version for version in before[1] if version != 2)
    assert vault.bucket_versions() == before | {1: without}


def test_a_prepared_key_is_there_once_and_gone_when_destroyed(prepared: KeyVault) -> None:
    assert prepared.bucket_versions() == dict.fromkeys(range(BUCKETS), (1,))
    keys = [prepared.first_bucket_key(bucket) for bucket in (0, 1, 0xABC, BUCKETS - 1)]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert keys[2] == prepared.bucket_key(0xABC, 1)
    with pytest.raises(Conflict):
        prepared.add_bucket_key(0xABC, 1, KEY)
    prepared.destroy_bucket_key(0xABC, 1)
    prepared.destroy_bucket_key(0xABC, 1)
    assert prepared.first_bucket_key(0xABC) is None
    with pytest.raises(NotFound, match="key 1 of bucket 2748"):
        prepared.bucket_key(0xABC, 1)
    assert 0xABC not in prepared.bucket_versions()
    neighbours = (prepared.first_bucket_key(0xABB), prepared.first_bucket_key(0xABD))
    assert None not in neighbours


def test_a_vault_that_prepared_nothing_has_no_first_key(vault: KeyVault) -> None:
    vault.destroy_bucket_key(7, 1)
    assert vault.first_bucket_key(7) is None
    vault.add_bucket_key(7, 1, KEY)
    assert vault.first_bucket_key(7) == KEY


def test_signing_keys_are_numbered_and_end_one_by_one(vault: KeyVault) -> None:
    vault.add_signing_key("example.org/log", KEY)
    vault.add_signing_key("example.org/log", OTHER, 2)
    with pytest.raises(Conflict):
        vault.add_signing_key("example.org/log", KEY, 2)
    with pytest.raises(Conflict, match="one log"):
        vault.add_signing_key("example.org/other", KEY, 2)
    vault.destroy_signing_key("example.org/log", 1)
    vault.destroy_signing_key("example.org/log", 1)
    with pytest.raises(NotFound, match="signing key"):
        vault.signing_key("example.org/log")
    assert vault.signing_key("example.org/log", 2) == OTHER


def test_versions_are_ordered_as_numbers(vault: KeyVault) -> None:
    for version in (10, 9, 100):
        vault.add_bucket_key(5, version, KEY)
    assert vault.bucket_versions()[5][-3:] == (9, 10, 100)


def test_a_file_vault_is_the_same_after_a_restart(folder: Path) -> None:
    first = FileVault(folder)
    first.add_bucket_key(1, 2, KEY)
    first.add_signing_key("example.org/log", OTHER)
    second = FileVault(folder)
    assert second.pepper() == first.pepper()
    assert second.bucket_key(1, 2) == KEY
    assert second.signing_key("example.org/log") == OTHER


def test_only_the_owner_may_read_any_of_it(folder: Path) -> None:
    vault = FileVault(folder)
    vault.add_bucket_key(1, 2, KEY)
    vault.add_period_key("2026-11", KEY)
    vault.add_signing_key("example.org/log", KEY)
    paths = [folder, *folder.rglob("*")]
    assert len(paths) == 7
    assert all(path.stat().st_mode & 0o077 == 0 for path in paths)


def test_the_bytes_of_a_destroyed_key_are_in_no_file_left(folder: Path) -> None:
    vault = FileVault(folder)
    vault.add_bucket_key(1, 2, KEY)
    kept = os.open(folder / "buckets" / "001.2", os.O_RDONLY)
    vault.destroy_bucket_key(1, 2)
    try:
        assert os.read(kept, 64) == bytes(32)
    finally:
        os.close(kept)
    assert all(KEY not in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_key_destroyed_by_another_process_is_forgotten_with_its_successor(folder: Path) -> None:
    mine, theirs = FileVault(folder), FileVault(folder)
    mine.add_bucket_key(1, 2, KEY)
    assert mine.bucket_key(1, 2) == KEY
    theirs.add_bucket_key(1, 3, OTHER)
    theirs.destroy_bucket_key(1, 2)
    assert mine.bucket_key(1, 3) == OTHER
    with pytest.raises(NotFound):
        mine.bucket_key(1, 2)


@pytest.mark.parametrize("name", ["pepper", "buckets/001.2", "buckets/first", "buckets", "."])
def test_a_key_others_may_read_is_refused(folder: Path, name: str) -> None:
    FileVault(folder).add_bucket_key(1, 2, KEY)
    (folder / name).chmod(0o644 if (folder / name).is_file() else 0o750)
    with pytest.raises(Unavailable, match="chmod"):
        FileVault(folder).bucket_key(1, 1 if name == "buckets/first" else 2)


def test_the_first_keys_lie_in_one_file_of_fixed_slots(folder: Path) -> None:
    file = folder / "buckets" / "first"
    assert (file.stat().st_size, file.stat().st_mode & 0o777) == (131_072, 0o600)
    assert [path.name for path in (folder / "buckets").iterdir()] == ["first"]
    data = file.read_bytes()
    vault = FileVault(folder)
    for bucket in (0, 1, 4095):
        assert vault.bucket_key(bucket, 1) == data[32 * bucket : 32 * bucket + 32]
    vault.destroy_bucket_key(1, 1)
    assert file.read_bytes() == data[:32] + bytes(32) + data[64:]


def test_a_folder_from_before_the_slots_works_as_it_did(folder: Path) -> None:
    (folder / "buckets" / "first").unlink()
    vault = FileVault(folder)
    assert vault.bucket_versions() == {}
    assert vault.first_bucket_key(3) is None
    vault.add_bucket_key(3, 1, KEY)
    assert FileVault(folder).bucket_key(3, 1) == KEY
    assert FileVault(folder).bucket_versions() == {3: (1,)}
    assert (folder / "buckets" / "003.1").read_bytes() == KEY


def test_a_slot_destroyed_by_another_process_is_destroyed_here(folder: Path) -> None:
    mine, theirs = FileVault(folder), FileVault(folder)
    theirs.bucket_key(9, 1)
    theirs.destroy_bucket_key(9, 1)
    assert mine.first_bucket_key(9) is None
    with pytest.raises(NotFound):
        mine.bucket_key(9, 1)


def test_a_damaged_file_of_slots_is_refused(folder: Path) -> None:
    with (folder / "buckets" / "first").open("ab") as file:
        file.write(b"x")
    with pytest.raises(Unavailable, match="damaged"):
        FileVault(folder).bucket_key(1, 1)
    with pytest.raises(Unavailable, match="damaged"):
        FileVault(folder).bucket_versions()


def test_a_damaged_key_is_refused(folder: Path) -> None:
    FileVault(folder).add_bucket_key(1, 2, KEY)
    (folder / "buckets" / "001.2").write_bytes(KEY[:31])
    with pytest.raises(Unavailable, match="damaged"):
        FileVault(folder).bucket_key(1, 2)


def test_a_link_to_a_key_elsewhere_is_refused(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(KEY)
    (folder / "buckets" / "001.2").symlink_to(elsewhere)
    with pytest.raises(Unavailable):
        FileVault(folder).bucket_key(1, 2)


def test_a_folder_without_a_vault_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="ANSWERABLE_KEY_DIR"):
        FileVault(tmp_path)
    with pytest.raises(NotFound, match="no key directory"):
        FileVault(tmp_path / "missing")


def test_a_vault_is_not_made_over_something_else(folder: Path, tmp_path: Path) -> None:
    before = (folder / "pepper").read_bytes()
    with pytest.raises(Conflict, match="not empty"):
        FileVault.create(folder, entropy=SeededEntropy("second"))
    assert (folder / "pepper").read_bytes() == before
    with pytest.raises(Unavailable):
        FileVault.create(tmp_path / "no" / "such" / "parent", entropy=SeededEntropy("third"))
