"""Backups put back, tails cut, databases and heads exchanged: what the outside head shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.anchors.file_head import FileHead
from answerable.audit.anchors.outside import MemoryHead
from answerable.audit.anchors.standing import GapKind
from answerable.audit.anchors.write_once import WriteOnceFolder
from answerable.audit.entries import Draft
from answerable.audit.errors import EvidenceBroken, NotAllowed, Unavailable
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import Role
from answerable.audit.tree.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from answerable.audit.tree.merkle import Frontier
from tests.attacks.test_rewritten_rows import rewrite
from tests.log_kit import ORIGIN
from tests.outside_kit import OutsideKit


@pytest.fixture
def victim(log_url: str, tmp_path: Path) -> Iterator[OutsideKit]:
    """A log of a few checkpoints whose head lies in a file."""
    made = OutsideKit.guarded(log_url, FileHead(tmp_path / "victim.head"))
    made.grow(3)
    yield made
    made.log.close()


def gap_kind(kit: OutsideKit) -> GapKind | None:
    return None if kit.log.gap is None else kit.log.gap.kind


def cut_tail(kit: OutsideKit, size: int, *, checkpoints: bool) -> None:
    """Remove the last entries and wind the head back, as the owner of the database can."""
    frontier = Frontier().extend([kit.log.entry_at(seq).leaf for seq in range(size)])
    statements = ["DELETE FROM entry WHERE seq >= :size"]
    statements += ["DELETE FROM checkpoint WHERE size > :size"] if checkpoints else []
    for statement in statements:
        rewrite(kit, statement, size=size)
    rewrite(
        kit,
        "UPDATE head SET size = :size, frontier = :frontier WHERE id = 1",
        size=size,
        frontier=frontier.to_bytes(),
    )


def test_a_restored_backup_names_what_is_missing_and_takes_nothing(victim: OutsideKit) -> None:
    copy = victim.backup("old")
    size = victim.log.size()
    victim.grow(2)
    victim.restore(copy)
    assert gap_kind(victim) is GapKind.MISSING
    with pytest.raises(Unavailable, match=f"entries {size} to {size + 1} that were signed are not"):
        victim.log.append(victim.decision("cust-1"))
    assert victim.verify(victim.outside.read()).findings[0].layer == "checkpoint"


def test_a_replica_that_lags_is_promoted_and_takes_nothing(victim: OutsideKit) -> None:
    replica = victim.backup("replica")
    victim.grow(1)
    victim.restore(replica)
    assert gap_kind(victim) is GapKind.MISSING
    with pytest.raises(Unavailable, match="that was signed is not here"):
        victim.log.checkpoint()


@pytest.mark.parametrize("checkpoints", [True, False])
def test_a_tail_that_was_cut_off_is_named(victim: OutsideKit, *, checkpoints: bool) -> None:
    note, size = victim.grow(4), victim.log.size()
    cut_tail(victim, size - 3, checkpoints=checkpoints)
    victim.reopen()
    gap = victim.log.gap
    assert gap is not None
    assert (gap.kind, gap.first) == (GapKind.MISSING, size - 3)
    assert victim.outside.read() == note
    if not checkpoints:
        # The database contradicts itself: a sound backup must be restored before anybody signs.
        with pytest.raises(EvidenceBroken, match="no longer begins"):
            victim.statement(0, 1)


def test_a_whole_database_made_anew_with_the_stolen_keys_is_another_history(
    victim: OutsideKit, tmp_path: Path
) -> None:
    signed = open_checkpoint(victim.outside.read() or "", victim.log.vkey)
    victim.log.close()
    victim.url = f"sqlite:///{tmp_path / 'forged.db'}"
    forged = Log.create(
        victim.url,
        origin=ORIGIN,
        vault=victim.vault,
        clock=victim.clock,
        entropy=victim.entropy,
        outside=MemoryHead(),
    )
    forged.append_many([victim.decision(f"cust-{n}") for n in range(signed.size + 5)])
    forged.checkpoint()
    forged.close()
    victim.reopen()
    gap = victim.log.gap
    assert gap is not None
    assert (gap.kind, gap.first) == (GapKind.OTHER_HISTORY, 0)
    assert f"its first {signed.size} entries are not those signed" in gap.what
    assert not victim.verify(victim.outside.read()).ok
    # It is consistent in itself: without the head outside nothing shows.
    assert victim.verify().ok


def test_rewritten_entries_are_narrowed_down_by_checkpoints_that_were_left(
    victim: OutsideKit,
) -> None:
    first = open_checkpoint(victim.grow(2), victim.log.vkey).size
    second = open_checkpoint(victim.grow(2), victim.log.vkey).size
    victim.grow(2)
    leaves = [victim.log.entry_at(seq).leaf for seq in range(victim.log.size())]
    leaves[first] = b"\x13" * 32
    rewrite(victim, "UPDATE entry SET leaf = :leaf WHERE seq = :seq", leaf=leaves[first], seq=first)
    rewrite(
        victim,
        "UPDATE head SET frontier = :frontier WHERE id = 1",
        frontier=Frontier().extend(leaves).to_bytes(),
    )
    victim.reopen()
    gap = victim.log.gap
    assert gap is not None
    assert gap.kind is GapKind.OTHER_HISTORY
    assert f"differ from an entry between {first} and {second - 1} on" in gap.what


def test_two_copies_that_both_go_on_cannot_both_be_signed(
    victim: OutsideKit, tmp_path: Path
) -> None:
    """A split brain: the same keys, the same head, two databases that grew apart."""
    twin_url = victim.backup("twin")
    twin = Log.open(
        twin_url,
        vault=victim.vault,
        clock=victim.clock,
        entropy=victim.entropy,
        outside=victim.outside,
    )
    try:
        victim.log.append(victim.decision("cust-a"))
        twin.append(victim.decision("cust-b"))
        ours = victim.log.checkpoint()
        with pytest.raises(EvidenceBroken, match="another history"):
            twin.checkpoint()
        assert victim.outside.read() == ours
        assert gap_of(twin) is GapKind.OTHER_HISTORY
        # Had the twin signed without looking, the folder would keep both notes as proof.
        folder = tmp_path / "once"
        folder.mkdir()
        once = WriteOnceFolder(folder)
        once.anchor(ours)
        blind = blind_checkpoint(victim, twin_url)
        with pytest.raises(EvidenceBroken, match="proof of a fork"):
            once.anchor(blind)
        kept = {file.read_text() for file in (folder / "epoch-1").iterdir()}
        assert kept == {ours, blind}
    finally:
        twin.close()


def gap_of(log: Log) -> GapKind | None:
    return None if log.gap is None else log.gap.kind


def blind_checkpoint(kit: OutsideKit, url: str) -> str:
    """A checkpoint of a process that was started without an outside head."""
    log = Log.open(url, vault=kit.vault, clock=kit.clock, entropy=kit.entropy)
    try:
        return log.checkpoint()
    finally:
        log.close()


def test_a_head_put_back_to_an_older_one_alone_changes_nothing(
    victim: OutsideKit, tmp_path: Path
) -> None:
    older = victim.outside.read()
    victim.grow(2)
    (tmp_path / "victim.head").write_text(older or "")
    victim.reopen()
    assert gap_kind(victim) is None
    note = victim.grow(1)
    assert victim.outside.read() == note


def test_a_head_put_back_with_its_database_shows_only_in_another_place(
    victim: OutsideKit, tmp_path: Path
) -> None:
    folder = tmp_path / "once"
    folder.mkdir()
    older, copy = victim.outside.read(), victim.backup("old")
    WriteOnceFolder(folder).anchor(victim.grow(2))
    (tmp_path / "victim.head").write_text(older or "")
    victim.restore(copy)
    assert gap_kind(victim) is None
    found = victim.log.compare_with_note(WriteOnceFolder(folder).newest(), "the folder")
    assert found is not None
    assert found.kind is GapKind.MISSING
    with pytest.raises(Unavailable, match="the folder: the log can only be read"):
        victim.log.append(victim.decision("cust-1"))


@pytest.mark.parametrize("content", ["", "nonsense", "example.org/other\n1\nAAAA\n\n— x AAAAAA=\n"])
def test_a_head_file_that_was_exchanged_is_told(
    victim: OutsideKit, tmp_path: Path, content: str
) -> None:
    (tmp_path / "victim.head").write_text(content)
    victim.reopen()
    assert gap_kind(victim) is GapKind.HEAD_FOREIGN


def test_a_head_file_that_was_removed_is_told(victim: OutsideKit, tmp_path: Path) -> None:
    (tmp_path / "victim.head").unlink()
    victim.reopen()
    assert gap_kind(victim) is GapKind.HEAD_LOST


def test_a_checkpoint_signed_by_another_key_is_no_head(victim: OutsideKit, tmp_path: Path) -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    note = sign_checkpoint(Checkpoint(ORIGIN, 99, bytes([7]) * 32), stranger)
    (tmp_path / "victim.head").write_text(note)
    victim.reopen()
    assert gap_kind(victim) is GapKind.HEAD_FOREIGN


def test_a_forged_recovery_entry_does_not_move_the_head(victim: OutsideKit) -> None:
    """Whoever may append to an old copy cannot thereby make it the log."""
    copy = victim.backup("old")
    victim.grow(2)
    victim.restore(copy)
    said = victim.statement(0)
    forged = Draft(
        kind=EntryKind.LOG_RECOVERED,
        entry_id=victim.entry_id(),
        record=said,
        actor=victim.persons[0].actor,
        role=Role.COMPLIANCE,
    )
    victim.log.close()
    blind = Log.open(copy, vault=victim.vault, clock=victim.clock, entropy=victim.entropy)
    blind.append(forged)
    blind.close()
    victim.reopen()
    with pytest.raises(NotAllowed, match="two persons"):
        victim.settle(said)
    assert gap_kind(victim) is not None
