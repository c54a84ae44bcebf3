"""What a key management service promises, and what a vault sealed for one is worth without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from answerable.audit.errors import Conflict, NotFound, RecordTampered, Unavailable
from answerable.audit.keys.folder import FolderSecrets
from answerable.audit.keys.kms import (
    DestroyingService,
    FileKms,
    KeyManagementService,
    MemoryKms,
)
from answerable.audit.keys.kms_vault import DatabaseVault, KmsVault
from answerable.audit.keys.secrets import MemorySecrets, SecretTurn
from answerable.audit.keys.vault import FileVault, KeyVault
from answerable.audit.log import Log
from tests.log_kit import ORIGIN, LogKit, SeededEntropy
from tests.vault_kit import kms_vault

KEY = b"k" * 32
CONTEXT = b"here"
SERVICES = ["memory", "files"]


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> DestroyingService:
    entropy = SeededEntropy("service")
    if request.param == "memory":
        return MemoryKms(entropy=entropy)
    return FileKms.create(tmp_path / "kms", entropy=entropy)


class OnlyWraps:
    """A service of a cloud that destroys nothing at our word."""

    def __init__(self, inner: KeyManagementService) -> None:
        self._inner = inner

    def wrap(self, plaintext: bytes, context: bytes) -> bytes:
        return self._inner.wrap(plaintext, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        return self._inner.unwrap(wrapped, context)


class Interrupted(Exception):
    """Stands for the end of a process."""


class BreaksOff(MemorySecrets):
    """A store whose process ends at one of its changes; each change is durable at once."""

    def __init__(self) -> None:
        super().__init__()
        self.left = -1

    @contextmanager
    def turn(self) -> Iterator[SecretTurn]:
        yield self

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Interrupted

    def add(self, name: str, data: bytes) -> None:
        self._count()
        super().add(name, data)

    def prepare(self, first: Sequence[bytes]) -> None:
        left, self.left = self.left, -1
        super().prepare(first)
        self.left = left

    def replace_all(self, secrets: Mapping[str, bytes]) -> None:
        for number, (name, data) in enumerate(secrets.items()):
            if number % 1024 == 0:
                self._count()
            super().replace_all({name: data})

    def destroy(self, name: str) -> None:
        self._count()
        super().destroy(name)


def test_what_was_wrapped_is_unwrapped_in_its_context_alone(service: DestroyingService) -> None:
    wrapped = service.wrap(KEY, CONTEXT)
    assert KEY not in wrapped
    assert service.wrap(KEY, CONTEXT) != wrapped
    assert service.unwrap(wrapped, CONTEXT) == KEY
    with pytest.raises(Unavailable, match="cannot unwrap"):
        service.unwrap(wrapped, b"there")
    with pytest.raises(Unavailable, match="cannot unwrap"):
        service.unwrap(wrapped[:-1] + bytes([wrapped[-1] ^ 1]), CONTEXT)
    for short in (b"", wrapped[:4], wrapped[:16]):
        with pytest.raises(Unavailable):
            service.unwrap(short, CONTEXT)


def test_another_service_unwraps_nothing(service: DestroyingService) -> None:
    with pytest.raises(Unavailable, match="another service"):
        MemoryKms(entropy=SeededEntropy("other")).unwrap(service.wrap(KEY, CONTEXT), CONTEXT)


def test_older_master_keys_unwrap_until_they_are_destroyed(service: DestroyingService) -> None:
    first = service.wrap(KEY, CONTEXT)
    service.advance()
    second = service.wrap(KEY, CONTEXT)
    assert service.unwrap(first, CONTEXT) == service.unwrap(second, CONTEXT) == KEY
    service.destroy_older()
    service.destroy_older()
    assert service.unwrap(second, CONTEXT) == KEY
    with pytest.raises(Unavailable, match="destroyed"):
        service.unwrap(first, CONTEXT)


def test_master_keys_lie_in_files_of_their_owner_alone(tmp_path: Path) -> None:
    entropy = SeededEntropy("files")
    made = FileKms.create(tmp_path / "kms", entropy=entropy)
    wrapped = made.wrap(KEY, CONTEXT)
    assert FileKms(tmp_path / "kms", entropy=entropy).unwrap(wrapped, CONTEXT) == KEY
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "kms").iterdir())
    old = (tmp_path / "kms" / "master.1").read_bytes()
    made.advance()
    made.destroy_older()
    left = list((tmp_path / "kms").iterdir())
    assert [path.name for path in left] == ["master.2"]
    assert old not in left[0].read_bytes()


def test_a_service_that_others_may_read_or_that_is_not_there_is_refused(tmp_path: Path) -> None:
    entropy = SeededEntropy("files")
    with pytest.raises(NotFound, match="ANSWERABLE_KMS_DIR"):
        FileKms(tmp_path / "kms", entropy=entropy)
    FileKms.create(tmp_path / "kms", entropy=entropy)
    with pytest.raises(Conflict, match="not empty"):
        FileKms.create(tmp_path / "kms", entropy=entropy)
    (tmp_path / "kms" / "master.1").chmod(0o640)
    with pytest.raises(Unavailable, match="chmod 600"):
        FileKms(tmp_path / "kms", entropy=entropy)
    (tmp_path / "kms" / "master.1").chmod(0o600)
    (tmp_path / "kms").chmod(0o750)
    with pytest.raises(Unavailable, match="chmod 700"):
        FileKms(tmp_path / "kms", entropy=entropy)
    (tmp_path / "kms").chmod(0o700)
    (tmp_path / "kms" / "master.1").write_bytes(KEY[:-1])
    with pytest.raises(Unavailable, match="damaged"):
        FileKms(tmp_path / "kms", entropy=entropy)


def test_a_copy_of_a_sealed_vault_holds_no_key(tmp_path: Path) -> None:
    vault = kms_vault(tmp_path)
    vault.add_signing_key(ORIGIN, KEY)
    vault.add_bucket_key(5, 2, KEY)
    held = b"".join(path.read_bytes() for path in (tmp_path / "keys").rglob("*") if path.is_file())
    for secret in (KEY, vault.pepper(), vault.bucket_key(0, 1), vault.bucket_key(4095, 1)):
        assert secret not in held


def test_a_sealed_vault_is_refused_without_its_service(tmp_path: Path) -> None:
    kms_vault(tmp_path)
    with pytest.raises(Unavailable, match="ANSWERABLE_KMS_DIR"):
        FileVault(tmp_path / "keys")
    entropy = SeededEntropy("other")
    other = FileKms.create(tmp_path / "other", entropy=entropy)
    with pytest.raises(Unavailable, match="another service"):
        KmsVault(FolderSecrets(tmp_path / "keys"), service=other, entropy=entropy)


def test_sealed_secrets_cannot_be_swapped(tmp_path: Path) -> None:
    vault = kms_vault(tmp_path)
    vault.add_bucket_key(1, 2, KEY)
    vault.add_bucket_key(2, 2, bytes(32))
    folder = tmp_path / "keys" / "buckets"
    one, two = folder / "001.2", folder / "002.2"
    one.write_bytes(two.read_bytes())
    with pytest.raises(RecordTampered, match=r"buckets/001\.2"):
        vault.bucket_key(1, 2)


def test_a_vault_is_filled_once(tmp_path: Path) -> None:
    kms_vault(tmp_path)
    entropy = SeededEntropy("again")
    with pytest.raises(Conflict, match="not empty"):
        KmsVault.fill(
            FolderSecrets(tmp_path / "keys"),
            service=MemoryKms(entropy=entropy),
            entropy=entropy,
        )


def test_keys_are_never_put_beside_the_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    LogKit.create(url).log.close()
    entropy = SeededEntropy("beside")
    with pytest.raises(Conflict, match="database of their own"):
        DatabaseVault.create(url, service=MemoryKms(entropy=entropy), entropy=entropy)
    with pytest.raises(NotFound, match="no key store"):
        DatabaseVault(url, service=MemoryKms(entropy=entropy), entropy=entropy)


def secrets_of(vault: KeyVault) -> list[bytes]:
    return [
        vault.pepper(),
        vault.signing_key(ORIGIN),
        vault.period_key("2026-11"),
        *(vault.bucket_key(bucket, 1) for bucket in (0, 1, 4095)),
        vault.bucket_key(7, 2),
    ]


def filled(vault: KeyVault) -> list[bytes]:
    vault.add_signing_key(ORIGIN, b"s" * 32)
    vault.add_period_key("2026-11", b"p" * 32)
    vault.add_bucket_key(7, 2, b"b" * 32)
    vault.destroy_bucket_key(7, 1)
    return secrets_of(vault)


def test_a_new_vault_key_ends_every_older_copy(tmp_path: Path) -> None:
    vault = kms_vault(tmp_path)
    before = filled(vault)
    copy = {
        path.relative_to(tmp_path / "keys"): path.read_bytes()
        for path in (tmp_path / "keys").rglob("*")
        if path.is_file()
    }
    assert vault.rotate_vault_key()
    assert secrets_of(vault) == before
    entropy = SeededEntropy("reopened")
    service = FileKms(tmp_path / "kms", entropy=entropy)
    opened = KmsVault(FolderSecrets(tmp_path / "keys"), service=service, entropy=entropy)
    assert secrets_of(opened) == before
    assert opened.first_bucket_key(7) is None
    old = FolderSecrets.create(tmp_path / "old")
    assert old.where
    for name, data in copy.items():
        (tmp_path / "old" / name).write_bytes(data)
        (tmp_path / "old" / name).chmod(0o600)
    with pytest.raises(Unavailable, match="master key was destroyed"):
        KmsVault(FolderSecrets(tmp_path / "old"), service=service, entropy=entropy)


def test_another_process_goes_on_after_the_vault_key_was_rotated(tmp_path: Path) -> None:
    mine = kms_vault(tmp_path)
    filled(mine)
    entropy = SeededEntropy("theirs")
    service = FileKms(tmp_path / "kms", entropy=entropy)
    theirs = KmsVault(FolderSecrets(tmp_path / "keys"), service=service, entropy=entropy)
    theirs.rotate_vault_key()
    mine.add_bucket_key(9, 2, KEY)
    assert theirs.bucket_key(9, 2) == KEY
    assert mine.bucket_key(4000, 1) == theirs.bucket_key(4000, 1)


@pytest.mark.parametrize("at", range(1, 10))
def test_a_rotation_of_the_vault_key_is_finished_after_any_interruption(at: int) -> None:
    store, entropy = BreaksOff(), SeededEntropy("breaks")
    service = MemoryKms(entropy=entropy)
    vault = KmsVault.fill(store, service=service, entropy=entropy)
    before = filled(vault)
    store.left = at
    with suppress(Interrupted):
        vault.rotate_vault_key()
    store.left = -1
    left = KmsVault(store, service=service, entropy=entropy)
    assert secrets_of(left) == before
    assert left.rotate_vault_key()
    assert secrets_of(KmsVault(store, service=service, entropy=entropy)) == before
    assert len(store.names("vault-key-")) == 1


def test_a_service_that_cannot_destroy_is_said_so(tmp_path: Path) -> None:
    entropy = SeededEntropy("only")
    service = OnlyWraps(MemoryKms(entropy=entropy))
    vault = KmsVault.fill(FolderSecrets.create(tmp_path / "k"), service=service, entropy=entropy)
    before = filled(vault)
    assert not vault.rotate_vault_key()
    assert secrets_of(vault) == before


@pytest.mark.parametrize("make", ["folder", "database"])
def test_a_log_lives_on_a_sealed_vault(tmp_path: Path, make: str) -> None:
    entropy = SeededEntropy("life")
    service = FileKms.create(tmp_path / "kms", entropy=entropy)
    keys = f"sqlite:///{tmp_path / 'keys.db'}"

    def opened() -> KeyVault:
        if make == "folder":
            store = FolderSecrets(tmp_path / "keys")
            return KmsVault(store, service=service, entropy=entropy)
        return DatabaseVault(keys, service=service, entropy=entropy)

    created: dict[str, Callable[[], KeyVault]] = {
        "folder": lambda: KmsVault.fill(
            FolderSecrets.create(tmp_path / "keys"), service=service, entropy=entropy
        ),
        "database": lambda: DatabaseVault.create(keys, service=service, entropy=entropy),
    }
    kit = LogKit.create(f"sqlite:///{tmp_path / 'memory.db'}")
    url = f"sqlite:///{tmp_path / 'log.db'}"
    log = Log.create(
        url, origin=ORIGIN, vault=created[make](), clock=kit.clock, entropy=kit.entropy
    )
    drafts = [kit.decision("anna"), kit.decision("ben")]
    log.append_many(drafts)
    log.erase(log.subject_ref("anna") or "", kit.erasure())
    log.close()
    log = Log.open(url, vault=opened(), clock=kit.clock, entropy=kit.entropy)
    assert log.open_body(log.entry(drafts[0].entry_id)).record is None
    assert log.open_body(log.entry(drafts[1].entry_id)).record == drafts[1].record
    log.close()
    kit.log.close()
