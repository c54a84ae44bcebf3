"""Evidence packs as written: one form, only what was chosen, nothing beyond the limits."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.errors import (
    CheckpointSignatureInvalid,
    InvalidInput,
    RecordTampered,
    TooLarge,
)
from answerable.audit.key_chain import hand_over
from answerable.audit.offline import verify_pack as verifier
from answerable.audit.pack import PackedEntry, PackedHead, PackFrame, write_pack
from answerable.audit.records import LogKeyRotated, Role
from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint
from answerable.audit.tree.merkle import leaf_hash
from answerable.audit.tree.notes import VerifierKey, verifier_key
from answerable.audit.tree.receipts import write_proof
from tests.log_kit import ACTOR, ORIGIN, LogKit
from tests.pack_kit import checked, files_of, layers, pack_of, resealed


def packed(kit: LogKit, seq: int) -> PackedEntry:
    return kit.log.evidence_of([kit.log.entry_at(seq)], kit.log.size())[0]


def test_a_pack_on_each_database_verifies_with_the_key_alone(kit: LogKit) -> None:
    kit.log.append_many([kit.decision("anna", "bert", income=1), kit.decision("carl", income=2)])
    older = kit.log.checkpoint()
    kit.log.append(kit.decision("dora", income=3))
    pack = pack_of(kit, kit.log.entries(after=0), older=[older])
    found = checked(pack, kit.log.vkey, checkpoint=older.encode())
    assert (found["ok"], found["anchored"], len(found["entries"])) == (True, True, 3)
    # Two decisions on one person: case and own data; one on two persons: a slot besides.
    assert found["parts"] == {"checked": 8, "opened": 7, "absent": 0}


def test_the_same_content_gives_the_same_bytes_which_any_tool_opens(memory_kit: LogKit) -> None:
    memory_kit.log.append(memory_kit.decision("anna", income=1))
    entries = memory_kit.log.entries()
    pack = pack_of(memory_kit, entries)
    assert pack == pack_of(memory_kit, entries) == resealed(files_of(pack))
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names == sorted(names)
        case = json.loads(archive.read("entries/0000000000000001/part-000.json"))
    assert case["inputs"] == {"income": 1}


def test_a_sealed_pack_holds_no_key_and_no_text(memory_kit: LogKit) -> None:
    memory_kit.log.append(memory_kit.decision("anna", income=1))
    files = files_of(pack_of(memory_kit, memory_kit.log.entries(after=0), opened=False))
    assert sorted(name.rpartition("/")[2] for name in files if name.startswith("entries/")) == [
        "header.json", "part-000.sealed", "part-001.sealed", "receipt.tlog-proof",
    ]  # fmt: skip
    assert b"anna" not in b"".join(files.values())


def test_after_an_erasure_the_keys_are_gone_and_the_proof_stays(memory_kit: LogKit) -> None:
    kit = memory_kit
    kit.log.append(kit.decision("anna", "bert", income=1))
    kit.log.erase(kit.ref("anna"), kit.erasure())
    kept = packed(kit, 1)
    # The case opens through the slot of the person who is left; anna's own data does not.
    assert set(kept.keys) == {0, 2}
    kit.log.erase(kit.ref("bert"), kit.erasure())
    found = checked(pack_of(kit, [kit.log.entry_at(1)]), kit.log.vkey)
    assert (found["ok"], found["parts"]["opened"]) == (True, 0)


def test_one_record_key_opens_its_part_and_no_other(memory_kit: LogKit) -> None:
    kit = memory_kit
    kit.log.append_many([kit.decision("anna", income=1), kit.decision("anna", income=2)])
    first, second = packed(kit, 1), packed(kit, 2)
    assert len({*first.keys.values(), *second.keys.values()}) == 4
    wrong = replace(second, keys=first.keys)
    frame = PackFrame(kit.log.vkey, kit.log.checkpoint())
    with pytest.raises(RecordTampered, match="entry 2"):
        write_pack(io.BytesIO(), frame, [wrong])


def test_entries_out_of_order_or_beyond_the_checkpoint_are_refused(memory_kit: LogKit) -> None:
    kit = memory_kit
    kit.log.append_many([kit.decision("anna", income=1), kit.decision("bert", income=2)])
    frame = PackFrame(kit.log.vkey, kit.log.checkpoint())
    first, second = packed(kit, 1), packed(kit, 2)
    for wrong in ([second, first], [first, first]):
        with pytest.raises(InvalidInput, match="ascending"):
            write_pack(io.BytesIO(), frame, wrong)
    kit.log.append(kit.decision("carl", income=3))
    with pytest.raises(InvalidInput, match="under its checkpoint"):
        write_pack(io.BytesIO(), frame, [packed(kit, 3)])


def test_checkpoints_that_do_not_belong_together_are_refused(memory_kit: LogKit) -> None:
    kit = memory_kit
    kit.log.append(kit.decision("anna", income=1))
    note = kit.log.checkpoint()
    with pytest.raises(InvalidInput, match="different sizes"):
        write_pack(io.BytesIO(), PackFrame(kit.log.vkey, note, [PackedHead(note, [])]), [])
    other = str(VerifierKey("example.org/loans", bytes(32)))
    with pytest.raises(CheckpointSignatureInvalid):
        write_pack(io.BytesIO(), PackFrame(other, note), [])


def test_a_pack_over_its_limit_is_refused(memory_kit: LogKit) -> None:
    kit = memory_kit
    kit.log.append(kit.decision("anna", income=1))
    frame = PackFrame(kit.log.vkey, kit.log.checkpoint())
    with pytest.raises(TooLarge, match="2000 bytes"):
        write_pack(io.BytesIO(), frame, [packed(kit, 1)], limit=2000)
    many = PackFrame(frame.vkey, frame.checkpoint, (), [("cosigned", b"")] * 101)
    with pytest.raises(TooLarge, match="anchors"):
        write_pack(io.BytesIO(), many, [])


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier alone: a copy of the one file, no project on the path."""
    copied = folder / "verify_pack.py"
    copied.write_bytes(Path(verifier.__file__).read_bytes())
    program = (
        "import runpy, sys; sys.argv[0] = 'verify_pack.py'\n"
        "try: runpy.run_path('verify_pack.py', run_name='__main__')\n"
        "finally: assert not [name for name in sys.modules if name.startswith('answerable')]\n"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_verifier_runs_alone_as_one_short_file(memory_kit: LogKit, tmp_path: Path) -> None:
    kit = memory_kit
    kit.log.append(kit.decision("anna", income=1))
    note = kit.log.checkpoint()
    pack = pack_of(kit, kit.log.entries())
    (tmp_path / "pack.zip").write_bytes(pack)
    (tmp_path / "log.vkey").write_text(kit.log.vkey + "\n", encoding="utf-8")
    (tmp_path / "kept").write_text(note, encoding="utf-8")
    source = Path(verifier.__file__).read_text(encoding="utf-8")
    assert source.count("\n") <= 400
    assert "import answerable" not in source
    assert "from answerable" not in source

    good = run(tmp_path, "pack.zip", "--key", "log.vkey", "--checkpoint", "kept", "--json")
    assert (good.returncode, json.loads(good.stdout)["anchored"]) == (0, True), good.stderr
    words = run(tmp_path, "pack.zip", "--key", kit.log.vkey).stdout
    assert '"ok": true' in words
    assert '"anchored": false' in words

    (tmp_path / "pack.zip").write_bytes(pack[:-1])
    bad = run(tmp_path, "pack.zip", "--key", kit.log.vkey)
    assert bad.returncode == 4
    assert '"layer": "container"' in bad.stdout

    for wrong in (("pack.zip",), ("nothing.zip", "--key", "log.vkey"), ("pack.zip", "--key", "no")):
        refused = run(tmp_path, *wrong)
        assert refused.returncode == 2
        assert "Traceback" not in refused.stderr


def test_what_is_no_key_or_no_checkpoint_is_wrong_use_and_no_finding(
    memory_kit: LogKit, tmp_path: Path
) -> None:
    kit = memory_kit
    (tmp_path / "pack.zip").write_bytes(pack_of(kit, kit.log.entries()))
    (tmp_path / "kept").write_text(kit.log.checkpoint(), encoding="utf-8")
    (tmp_path / "print").write_text("sha256:" + "0" * 64, encoding="utf-8")
    for wrong in (
        ("--key", "kept"),
        ("--key", "print"),
        ("--key", kit.log.vkey, "--witness", "remora"),
        ("--key", kit.log.vkey, "--checkpoint", "print"),
        ("--key", kit.log.vkey, "--checkpoint", "pack.zip"),
    ):
        refused = run(tmp_path, "pack.zip", *wrong)
        assert (refused.returncode, refused.stdout) == (2, ""), wrong
        assert "not a checkpoint" in refused.stderr or "NAME+<8 hex digits>" in refused.stderr


def test_a_checkpoint_the_pack_was_not_made_with_is_told_how_it_would_be(
    memory_kit: LogKit,
) -> None:
    kit = memory_kit
    kept = kit.log.checkpoint()
    kit.log.append(kit.decision("anna", income=1))
    found = checked(pack_of(kit, kit.log.entries()), kit.log.vkey, checkpoint=kept.encode())
    (finding,) = found["findings"]
    assert "ask for a pack made with --checkpoint" in finding["what"]


def test_control_characters_of_a_pack_do_not_reach_the_terminal(
    memory_kit: LogKit, tmp_path: Path
) -> None:
    kit = memory_kit
    kit.log.append(kit.decision("anna", income=1))
    files = files_of(pack_of(kit, kit.log.entries(after=0)))
    header = json.loads(files["entries/0000000000000001/header.json"])
    header["outcome"] = "\x1b[2Japprove"
    files["entries/0000000000000001/header.json"] = json.dumps(
        header, separators=(",", ":"), sort_keys=True
    ).encode()
    (tmp_path / "pack.zip").write_bytes(resealed(files))
    ran = run(tmp_path, "pack.zip", "--key", kit.log.vkey)
    assert ran.returncode == 4
    assert "\x1b" not in ran.stdout


def rotate(kit: LogKit) -> str:
    """Rotate the log's signing key and return the new one."""
    kit.log.rotate_signing_key(ACTOR, Role.ADMIN)
    return kit.log.vkey


def test_packs_from_before_and_after_a_rotation_verify_with_the_key_a_reader_has(
    kit: LogKit,
) -> None:
    first = kit.log.vkey
    kit.log.append(kit.decision("anna", income=1))
    kept = kit.log.checkpoint()
    before = pack_of(kit, kit.log.entries(after=0))
    second = rotate(kit)
    kit.log.append(kit.decision("bert", income=2))
    third = rotate(kit)
    after = pack_of(kit, kit.log.entries(after=0), older=[kept])
    assert len({first, second, third}) == 3
    assert checked(before, first)["ok"]
    for trusted in (first, second, third):
        found = checked(after, trusted, checkpoint=kept.encode())
        assert (found["ok"], found["anchored"], found["findings"]) == (True, True, [])
        assert found["key"] == VerifierKey.parse(trusted).fingerprint
    assert sorted(name for name in files_of(after) if name.startswith("keys/")) == [
        "keys/000.json",
        "keys/001.json",
    ]


def test_a_pack_made_after_the_old_seed_was_destroyed_still_verifies_with_the_old_key(
    kit: LogKit,
) -> None:
    first = kit.log.vkey
    kit.log.append(kit.decision("anna", income=1))
    rotate(kit)
    kit.log.destroy_old_signing_keys()
    assert checked(pack_of(kit, kit.log.entries(after=0)), first)["ok"]


def test_rotations_that_do_not_lead_to_the_key_of_the_log_are_refused(memory_kit: LogKit) -> None:
    kit = memory_kit
    first = kit.log.vkey
    rotate(kit)
    rotate(kit)
    rotations = kit.log.key_rotations()
    for wrong in (rotations[1:], rotations[::-1]):
        frame = PackFrame(first, kit.log.checkpoint(), (), (), wrong)
        with pytest.raises(CheckpointSignatureInvalid):
            write_pack(io.BytesIO(), frame, [])


def handed_over(keys: Sequence[Ed25519PrivateKey], **changes: object) -> list[LogKeyRotated]:
    """Rotations through some keys; `changes` is what every one of them is made to say."""
    return [
        hand_over(ORIGIN, old, new, number=number, size=1).model_copy(update=changes)
        for number, (old, new) in enumerate(pairwise(keys), start=2)
    ]


def test_more_rotations_than_have_a_name_are_refused(memory_kit: LogKit) -> None:
    keys = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2)]
    rotations = handed_over([keys[n % 2] for n in range(1002)])
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, bytes(32)), keys[1])
    frame = PackFrame(rotations[0].old_vkey, note, (), (), rotations)
    with pytest.raises(TooLarge, match="rotations"):
        write_pack(io.BytesIO(), frame, [])


def forged(kit: LogKit, rotations: Sequence[LogKeyRotated], key: Ed25519PrivateKey) -> bytes:
    """A pack of a log of the forger's own, under the rotations that lead to their key."""
    header = kit.log.entry_at(1).header_bytes
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, leaf_hash(header)), key)
    files = {
        "checkpoint": note.encode(),
        "entries/0000000000000000/header.json": header,
        "entries/0000000000000000/receipt.tlog-proof": write_proof(0, [], note).encode(),
        **{f"keys/{n:03}.json": item.to_json() for n, item in enumerate(rotations)},
        "manifest.json": b'{"format":"answerable.evidence-pack.v1"}',
    }
    return resealed(files, key=VerifierKey.parse(rotations[-1].new_vkey).fingerprint)


FORGER = Ed25519PrivateKey.from_private_bytes(b"f" * 32)


@pytest.mark.parametrize(
    "changes",
    [
        {"signed_by_old": "00" * 64},
        {"signed_by_old": "no hex"},
        {"signed_by_new": "00" * 64},
        {"origin": "example.org/other"},
        {"new_vkey": str(verifier_key("example.org/other", FORGER))},
        {"old_vkey": "nonsense"},
    ],
)
def test_a_key_that_nobody_handed_over_to_is_not_believed(
    memory_kit: LogKit, changes: dict[str, object]
) -> None:
    kit = memory_kit
    kit.log.append(kit.decision("anna", income=1))
    own = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
    trusted = str(verifier_key(ORIGIN, own))
    good = forged(kit, handed_over([own, FORGER]), FORGER)
    assert checked(good, trusted)["ok"], "who holds the old key can hand over"
    found = checked(forged(kit, handed_over([own, FORGER], **changes), FORGER), trusted)
    assert ("manifest", "") in layers(found)


@pytest.mark.parametrize("size", ["many", "9" * 5000])
def test_a_rotation_that_both_keys_signed_and_that_says_no_size_is_named(
    memory_kit: LogKit, size: str
) -> None:
    kit = memory_kit
    kit.log.append(kit.decision("anna", income=1))
    own = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
    (rotation,) = handed_over([own, FORGER])
    files = files_of(forged(kit, [rotation], FORGER))
    statement = rotation.statement().decode().replace("\n1\n", f"\n{size}\n").encode()
    said = json.loads(files["keys/000.json"]) | {
        "size": size,
        "signed_by_old": own.sign(statement).hex(),
        "signed_by_new": FORGER.sign(statement).hex(),
    }
    files["keys/000.json"] = json.dumps(said, separators=(",", ":"), sort_keys=True).encode()
    found = checked(resealed(files), rotation.old_vkey)
    assert ("manifest", "") in layers(found)
    assert "does not follow" in str(found["findings"])


def test_keys_that_do_not_lead_to_the_one_a_reader_trusts_are_named(memory_kit: LogKit) -> None:
    kit = memory_kit
    kit.log.append(kit.decision("anna", income=1))
    other = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
    pack = forged(kit, handed_over([other, FORGER]), FORGER)
    found = checked(pack, kit.log.vkey)
    assert ("manifest", "") in layers(found)
    assert "none of those this log has had" in str(found["findings"])


def test_an_old_key_vouches_for_nothing_beyond_its_end(memory_kit: LogKit) -> None:
    kit = memory_kit
    kit.log.append(kit.decision("anna", income=1))
    old = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
    rotations = [hand_over(ORIGIN, old, FORGER, number=2, size=0)]
    found = checked(forged(kit, rotations, old), str(verifier_key(ORIGIN, FORGER)))
    assert ("checkpoint", "") in layers(found)
