from collections.abc import Callable
from pathlib import Path

import pytest

from answerable.audit.artefacts import ArtefactStore, FolderArtefacts, MemoryArtefacts
from answerable.audit.canonical import sha256_digest
from answerable.audit.errors import InvalidInput, NotFound, RecordTampered, Unavailable

Make = Callable[[], ArtefactStore]


@pytest.fixture(params=["memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtefactStore:
    return MemoryArtefacts() if request.param == "memory" else FolderArtefacts(tmp_path / "a")


@pytest.mark.parametrize("data", [b"", b"model", bytes(100_000)], ids=["empty", "short", "long"])
def test_what_was_put_is_found_by_its_digest(store: ArtefactStore, data: bytes) -> None:
    digest = store.put(data)
    assert digest == sha256_digest(data)
    assert store.has(digest)
    assert store.get(digest) == data


def test_putting_twice_is_one_artefact(store: ArtefactStore) -> None:
    assert store.put(b"x") == store.put(b"x")


def test_an_unknown_digest_is_not_found(store: ArtefactStore) -> None:
    assert not store.has(sha256_digest(b"x"))
    with pytest.raises(NotFound):
        store.get(sha256_digest(b"x"))


@pytest.mark.parametrize("digest", ["", "sha256:..", "../../etc/passwd", "sha256:" + "A" * 64])
def test_what_is_no_digest_is_refused(store: ArtefactStore, digest: str) -> None:
    with pytest.raises(InvalidInput):
        store.get(digest)
    with pytest.raises(InvalidInput):
        store.has(digest)


def place_of(root: Path, digest: str) -> Path:
    name = digest.removeprefix("sha256:")
    return root / name[:2] / name


def test_a_changed_file_is_never_served(tmp_path: Path) -> None:
    digest = FolderArtefacts(tmp_path).put(b"model")
    place = place_of(tmp_path, digest)
    place.chmod(0o600)
    place.write_bytes(b"Model")
    with pytest.raises(RecordTampered, match="does not have the digest"):
        FolderArtefacts(tmp_path).get(digest)


def test_putting_the_right_bytes_again_repairs_a_changed_file(tmp_path: Path) -> None:
    store = FolderArtefacts(tmp_path)
    place = place_of(tmp_path, store.put(b"model"))
    place.chmod(0o600)
    place.write_bytes(b"Model")
    assert store.get(store.put(b"model")) == b"model"


def test_a_stored_file_is_read_only_and_nothing_else_is_left(tmp_path: Path) -> None:
    place = place_of(tmp_path, FolderArtefacts(tmp_path).put(b"model"))
    assert place.stat().st_mode & 0o777 == 0o440
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [place]


def test_a_folder_that_cannot_be_used_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="artefact folder"):
        FolderArtefacts(tmp_path / "file").put(b"x")
    with pytest.raises(Unavailable, match="artefact folder"):
        FolderArtefacts(tmp_path / "file").get(sha256_digest(b"x"))
