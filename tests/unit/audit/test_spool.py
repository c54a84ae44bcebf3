"""The folder of frames: names, order, sharing, and what is not a frame."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import pytest

from answerable.audit.draft_json import drafts_from_json
from answerable.audit.errors import InvalidInput, NotFound, RecordTampered, Unavailable
from answerable.audit.frames import FrameName, frames_in
from answerable.audit.spool import Spool, spool_key
from tests.log_kit import ORIGIN, LogKit, SeededEntropy

KEY = spool_key(bytes(32), ORIGIN)


def spool(folder: Path, *, key: bytes = KEY, origin: str = ORIGIN) -> Spool:
    return Spool(
        folder, key=key, origin=origin, entropy=SeededEntropy("spool"), limit_bytes=100_000
    )


def test_frames_come_back_in_the_order_of_their_times(tmp_path: Path, memory_kit: LogKit) -> None:
    kept = spool(tmp_path / "spool")
    drafts = [memory_kit.decision("p") for _ in range(3)]
    for at, draft in zip((30, 10, 20), drafts, strict=True):
        kept.put((draft,), at)
    assert [name.at for name in kept.waiting()] == [10, 20, 30]
    assert kept.read(kept.waiting()[0]).drafts[0].entry_id == drafts[1].entry_id
    assert kept.count().waiting == 3


def test_two_openers_of_one_folder_see_each_other(tmp_path: Path, memory_kit: LogKit) -> None:
    first, second = spool(tmp_path / "spool"), spool(tmp_path / "spool")
    draft = memory_kit.decision("p")
    name = first.put((draft,), 5).name
    assert second.find(draft.entry_id) == first.read(name)
    assert second.put((draft,), 6).name == name
    second.remove((name,))
    first.remove((name,))
    assert first.find(draft.entry_id) is None
    with pytest.raises(NotFound):
        first.read(name)


@pytest.mark.parametrize("other", ["key", "origin"])
def test_a_frame_opens_for_its_own_log_alone(
    tmp_path: Path, memory_kit: LogKit, other: str
) -> None:
    name = spool(tmp_path / "spool").put((memory_kit.decision("p"),), 5).name
    foreign = (
        spool(tmp_path / "spool", key=spool_key(bytes(31) + b"x", ORIGIN))
        if other == "key"
        else spool(tmp_path / "spool", origin="example.org/other")
    )
    with pytest.raises(RecordTampered, match="spool frame"):
        foreign.read(name)


def test_a_folder_that_was_never_used_is_empty(tmp_path: Path) -> None:
    kept = spool(tmp_path / "spool")
    assert (kept.waiting(), kept.aside(), kept.clear_torn()) == ([], [], 0)
    assert (kept.count().waiting, kept.find("x"), kept.noted_outage()) == (0, None, None)
    kept.forget_outage()
    assert not (tmp_path / "spool").exists()


def test_the_first_outage_is_the_one_that_is_remembered(tmp_path: Path) -> None:
    kept = spool(tmp_path / "spool")
    kept.note_outage(7, "unavailable")
    kept.note_outage(9, "clock")
    assert spool(tmp_path / "spool").noted_outage() == (7, "unavailable")
    (tmp_path / "spool" / "outage").write_text("seven", encoding="ascii")
    assert kept.noted_outage() is None
    kept.forget_outage()
    assert kept.noted_outage() is None


def test_a_removal_cut_short_is_finished_and_is_no_damaged_frame(
    tmp_path: Path, memory_kit: LogKit
) -> None:
    kept = spool(tmp_path / "spool")
    name = kept.put((memory_kit.decision("p"),), 5).name
    path = tmp_path / "spool" / str(name)
    path.rename(path.with_suffix(".gone"))
    assert kept.waiting() == []
    assert kept.clear_torn() == 0
    assert list((tmp_path / "spool").glob("*.gone")) == []


def test_the_seal_ends_with_the_last_frame(tmp_path: Path, memory_kit: LogKit) -> None:
    kept = spool(tmp_path / "spool")
    names = [kept.put((memory_kit.decision("p"),), at).name for at in (1, 2, 3)]
    copied = (tmp_path / "spool" / str(names[0])).read_bytes()
    seal = (tmp_path / "spool" / "seal").read_bytes()
    kept.set_aside(names[2])
    kept.remove(names[:2])
    assert (tmp_path / "spool" / "seal").read_bytes() == seal
    kept.destroy(names[2], aside=True)
    assert not (tmp_path / "spool" / "seal").exists()
    # A frame that the disk still holds opens for nobody, whatever the vault holds.
    (tmp_path / "spool" / str(names[0])).write_bytes(copied)
    with pytest.raises(RecordTampered):
        kept.read(names[0])
    kept.put((memory_kit.decision("p"),), 4)
    assert (tmp_path / "spool" / "seal").read_bytes() != seal


def test_a_disk_that_takes_only_a_part_of_a_frame_took_none(
    tmp_path: Path, memory_kit: LogKit
) -> None:
    kept = spool(tmp_path / "spool")
    kept.put((memory_kit.decision("p"),), 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(Unavailable, match="spool cannot be used"):
            kept.put((memory_kit.decision("p"),), 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert [name.at for name in kept.waiting()] == [1]
    assert kept.clear_torn() == 0


@pytest.mark.parametrize("name", ["lock", "x.frame", "1-1-x.frame", f"{1:017d}-1-{'0' * 36}.frame"])
def test_what_is_named_otherwise_is_no_frame(tmp_path: Path, name: str) -> None:
    assert FrameName.parse(name) is None
    (tmp_path / name).touch()
    assert frames_in(tmp_path) == []


@pytest.mark.parametrize("data", [b"{}", b"[1]", b'[{"kind":"decision"}]', b"null", b"["])
def test_bytes_that_are_not_drafts_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        drafts_from_json(data)
