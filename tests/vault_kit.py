"""Every kind of vault, so that one set of tests holds all of them to their promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from answerable.audit.keys.folder import FolderSecrets
from answerable.audit.keys.kms import FileKms, MemoryKms
from answerable.audit.keys.kms_vault import DatabaseVault, KmsVault
from answerable.audit.keys.secrets import MemorySecrets
from answerable.audit.keys.vault import FileVault, KeyVault, MemoryVault
from tests.log_kit import SeededEntropy

PREPARED = [
    "files",
    "kms-memory",
    "kms-files",
    "database-sqlite",
    pytest.param("database-postgresql", marks=pytest.mark.postgres),
]
VAULTS = ["memory", "files-before-slots", *PREPARED]


def make_vault(request: pytest.FixtureRequest, folder: Path) -> KeyVault:
    """A new vault of the kind a fixture's parameter names."""
    entropy = SeededEntropy("vault")
    kind = str(request.param)
    if kind == "memory":
        return MemoryVault.create(entropy=entropy)
    if kind == "files":
        return FileVault.create(folder / "keys", entropy=entropy)
    if kind == "files-before-slots":
        vault = FileVault.create(folder / "keys", entropy=entropy)
        (folder / "keys" / "buckets" / "first").unlink()
        return vault
    if kind == "kms-memory":
        service = MemoryKms(entropy=entropy)
        return KmsVault.fill(MemorySecrets(), service=service, entropy=entropy)
    if kind == "kms-files":
        return kms_vault(folder)
    url = f"sqlite:///{folder / 'keys.db'}"
    if kind == "database-postgresql":
        url = str(request.getfixturevalue("postgres_url"))
    made = DatabaseVault.create(
        url, service=FileKms.create(folder / "kms", entropy=entropy), entropy=entropy
    )
    request.addfinalizer(made.close)
    return made


def kms_vault(folder: Path) -> KmsVault:
    """A new vault in a folder, sealed for a service in another."""
    entropy = SeededEntropy("kms")
    service = FileKms.create(folder / "kms", entropy=entropy)
    store = FolderSecrets.create(folder / "keys")
    return KmsVault.fill(store, service=service, entropy=entropy)
