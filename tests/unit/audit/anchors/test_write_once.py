"""A folder of checkpoints that is only ever added to."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.anchors.write_once import WriteOnceFolder
from answerable.audit.errors import EvidenceBroken, InvalidInput, Unavailable
from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def note(size: int, root: int = 1) -> str:
    return sign_checkpoint(Checkpoint("example.org/loans", size, bytes([root]) * 32), KEY)


def test_each_size_gets_a_file_of_its_own_that_nobody_may_write(tmp_path: Path) -> None:
    folder = WriteOnceFolder(tmp_path)
    assert folder.newest() is None
    name = folder.anchor(note(10)).decode()
    folder.anchor(note(9))
    file = tmp_path / name
    assert file.read_text() == note(10) == folder.newest()
    assert file.stat().st_mode & 0o777 == 0o440
    assert len(list(file.parent.iterdir())) == 2


def test_the_same_checkpoint_again_changes_nothing(tmp_path: Path) -> None:
    folder = WriteOnceFolder(tmp_path)
    assert folder.anchor(note(10)) == folder.anchor(note(10))
    assert len(list((tmp_path / "epoch-1").iterdir())) == 1


def test_two_checkpoints_of_one_size_are_both_kept_as_proof_and_an_error(tmp_path: Path) -> None:
    folder = WriteOnceFolder(tmp_path)
    folder.anchor(note(10, root=1))
    for _ in range(2):
        with pytest.raises(EvidenceBroken, match="proof of a fork"):
            folder.anchor(note(10, root=2))
    kept = {file.read_text() for file in (tmp_path / "epoch-1").iterdir()}
    assert kept == {note(10, root=1), note(10, root=2)}
    assert folder.newest() == note(10, root=1)


def test_a_file_that_a_power_cut_left_half_written_is_no_fork(tmp_path: Path) -> None:
    folder = WriteOnceFolder(tmp_path)
    file = tmp_path / folder.anchor(note(10)).decode()
    file.chmod(0o640)
    file.write_text(note(10)[:40])
    for _ in range(2):
        assert (tmp_path / folder.anchor(note(10)).decode()).read_text() == note(10)
    assert folder.newest() == note(10)
    with pytest.raises(EvidenceBroken, match="fork"):
        folder.anchor(note(10, root=2))


def test_sizes_are_signed_again_after_a_recorded_loss_in_a_folder_of_their_own(
    tmp_path: Path,
) -> None:
    WriteOnceFolder(tmp_path).anchor(note(10, root=1))
    second = WriteOnceFolder(tmp_path, epoch=2)
    second.anchor(note(10, root=2))
    assert second.newest() == note(10, root=2)
    assert WriteOnceFolder(tmp_path).newest() == note(10, root=1)


@pytest.mark.parametrize("text", ["", "a log", "a log\nten\nroot\n", "a log\n010\nroot\n"])
def test_a_text_that_is_no_checkpoint_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match="no checkpoint"):
        WriteOnceFolder(tmp_path).anchor(text)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="ANSWERABLE_WRITE_ONCE_DIR"):
        WriteOnceFolder(tmp_path / "nowhere").anchor(note(1))
    (tmp_path / "epoch-1").write_text("a file")
    with pytest.raises(Unavailable, match="cannot be used"):
        WriteOnceFolder(tmp_path).newest()
