"""What a command writes about a person is for whoever ran it alone, whatever the umask says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from answerable.api.private_files import private_file, private_folder, write_private
from answerable.audit.errors import Unavailable
from tests.command_line import Shop, refused

_OTHERS = 0o077


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_nothing_written_about_a_person_can_be_read_by_others(shop: Shop, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ("subject", "find", "--subject-id", "cust-4711", "--purpose", "test")
    ref = str(shop.run(*asked, "--json", "-").json["ref"])
    checked = ("--identity-check", "id-card", "--out")
    for arguments in (
        ("subject", "access", ref, *checked, out / "access"),
        ("subject", "portability", ref, *checked, out / "deep" / "portability"),
        (*asked, "--json", out / "found.json"),
        ("letter", shop.decision, "--html", out / "letter.html"),
        ("answer", shop.decision, "--json", out / "answer.json"),
        ("receipt", shop.decision, "--html", out / "receipt.html"),
        ("pack", shop.decision, "--subject-package", "--out", out / "pack.zip"),
    ):
        assert shop.run(*arguments).code == 0, arguments
    written = list(out.rglob("*"))
    assert {path.name for path in written} >= {
        "access", "access.json", "portability", "found.json", "letter.html", "answer.json",
        "receipt.html", "pack.zip",
    }  # fmt: skip
    shared = [path for path in written if path.stat().st_mode & _OTHERS]
    assert [path.name for path in shared] in ([], ["deep"])  # what lies above is only made


def test_a_file_that_others_could_read_is_closed_when_it_is_written_anew(tmp_path: Path) -> None:
    old = tmp_path / "letter.html"
    old.write_bytes(b"before")
    assert old.stat().st_mode & _OTHERS
    write_private(old, b"after")
    assert (old.read_bytes(), old.stat().st_mode & 0o777) == (b"after", 0o600)


def test_a_folder_that_was_there_keeps_its_mode_and_a_new_one_is_closed(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    assert private_folder(there).stat().st_mode & 0o777 == 0o755
    assert private_folder(there / "new").stat().st_mode & 0o777 == 0o700


def test_what_cannot_be_written_is_a_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    write_private(tmp_path / "file", b"")
    with pytest.raises(Unavailable, match="folder exists"):
        private_folder(tmp_path / "file" / "below")
    with pytest.raises(RuntimeError, match="in the middle"):
        _write_half(tmp_path / "half")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def _write_half(path: Path) -> None:
    with private_file(path) as file:
        file.write(b"half")
        raise RuntimeError("in the middle")


def test_a_pack_is_never_written_over_another_file(shop: Shop, tmp_path: Path) -> None:
    pack = tmp_path / "pack.zip"
    pack.write_bytes(b"kept")
    size = shop.size()
    refused(shop.run("pack", shop.decision, "--out", pack), 2, "exists")
    assert pack.read_bytes() == b"kept"
    assert shop.size() == size
