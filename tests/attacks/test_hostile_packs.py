"""Evidence packs made by a liar: each is found, and the layer and the entry are named.

The forger here rebuilds the ZIP and a fitting manifest after every change: what holds is what the
signed checkpoint holds. What a pack cannot show is asserted as such at the end.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint
from answerable.audit.tree.merkle import leaf_hash
from answerable.audit.tree.notes import verifier_key
from tests.attacks.packs import (
    CASE,
    CLEAR,
    FIRST,
    FORGER,
    GONE,
    SECOND,
    WITNESS,
    cosigned,
    in_entry,
    stamped,
    witness_vkey,
    written,
)  # fmt: skip
from tests.log_kit import ORIGIN, LogKit
from tests.pack_kit import Files, checked, files_of, layers, rebuilt, resealed, zipped


def test_the_good_pack_verifies_and_says_what_it_proves() -> None:
    trusted = {
        "checkpoint": CASE.older.encode(),
        "witnesses": [witness_vkey(WITNESS, "witness.example")],
    }
    found = CASE.found(CASE.pack, **trusted)
    assert found["findings"] == []
    assert (found["ok"], found["log"], found["size"], found["anchored"]) == (True, ORIGIN, 6, True)
    assert [entry["seq"] for entry in found["entries"]] == [FIRST, SECOND, CLEAR, GONE]
    assert found["parts"] == {"checked": 9, "opened": 5, "absent": 0}
    assert [anchor["checked"] for anchor in found["anchors"]] == ["not checked", "ok"]


def test_a_fitting_manifest_is_what_the_forger_makes() -> None:
    assert rebuilt(CASE.pack, lambda _files: None) == CASE.pack


def swap(files: Files, one: str, other: str) -> None:
    files[one], files[other] = files[other], files[one]


def test_swapped_parts_are_named() -> None:
    one, other = in_entry(FIRST, "part-000.sealed"), in_entry(SECOND, "part-000.sealed")
    assert CASE.faults(lambda files: swap(files, one, other)) == {("body", "1"), ("body", "2")}


def test_keys_and_texts_of_another_part_are_named() -> None:
    for end in ("key", "json"):
        one, other = in_entry(FIRST, f"part-000.{end}"), in_entry(FIRST, f"part-001.{end}")
        assert CASE.faults(partial(swap, one=one, other=other)) == {("body", "1")}


def test_another_text_under_a_second_key_breaks_the_commitment() -> None:
    """A forger who owns the header could find a ciphertext that opens under two keys."""

    def change(files: Files) -> None:
        header = json.loads(files[in_entry(SECOND, "header.json")])
        address = f"{ORIGIN}\0{header['id']}\0{header['subjects'][0]['ref']}".encode()
        sealed = bytes(12) + AESGCM(b"k" * 32).encrypt(bytes(12), b"{}", address)
        files[in_entry(SECOND, "part-000.sealed")] = sealed
        files[in_entry(SECOND, "part-000.key")] = b"k" * 32
        files[in_entry(SECOND, "part-000.json")] = b"{}"
        header["parts"][0]["ct"] = hashlib.sha256(sealed).hexdigest()
        files[in_entry(SECOND, "header.json")] = written(header)

    found = CASE.found(rebuilt(CASE.pack, change))
    assert layers(found) == {("proof", "2"), ("body", "2")}
    assert any("committed to" in item["what"] for item in found["findings"])


def test_the_receipt_of_another_entry_is_named() -> None:
    one = in_entry(FIRST, "receipt.tlog-proof")
    other = in_entry(SECOND, "receipt.tlog-proof")
    assert CASE.faults(lambda files: swap(files, one, other)) == {("proof", "1"), ("proof", "2")}


def test_a_header_under_the_receipt_of_another_is_named() -> None:
    def change(files: Files) -> None:
        header = json.loads(files[in_entry(FIRST, "header.json")])
        header["outcome"] = "decline"
        files[in_entry(FIRST, "header.json")] = written(header)

    assert CASE.faults(change) == {("proof", "1")}


def test_an_entry_moved_to_another_place_is_named() -> None:
    def change(files: Files) -> None:
        for name in [name for name in files if name.startswith(in_entry(SECOND, ""))]:
            moved = in_entry(0, name.rpartition("/")[2])
            files[moved] = files.pop(name)

    assert ("proof", "0") in CASE.faults(change)


def test_an_entry_given_twice_is_named() -> None:
    def change(files: Files) -> None:
        for name in [name for name in files if name.startswith(in_entry(GONE, ""))]:
            files[in_entry(5, name.rpartition("/")[2])] = files[name]

    assert CASE.faults(change) == {("sequence", "5"), ("proof", "5")}


def test_a_later_time_before_an_earlier_one_is_named() -> None:
    def change(files: Files) -> None:
        header = json.loads(files[in_entry(FIRST, "header.json")])
        header["ts"] += 10_000_000
        files[in_entry(FIRST, "header.json")] = written(header)

    assert CASE.faults(change) == {("proof", "1"), ("sequence", "2")}


def forged_checkpoint(files: Files, origin: str, key: Ed25519PrivateKey) -> None:
    """The forger's own log of one entry, consistent in itself."""
    for name in [name for name in files if name != "manifest.json"]:
        if not name.startswith(in_entry(SECOND, "")):
            del files[name]
    for name in list(files):
        if name.startswith("entries/"):
            files[in_entry(0, name.rpartition("/")[2])] = files.pop(name)
    header = json.loads(files[in_entry(0, "header.json")]) | {"log": origin}
    files[in_entry(0, "header.json")] = written(header)
    root = leaf_hash(written(header))
    note = sign_checkpoint(Checkpoint(origin, 1, root), key)
    files["checkpoint"] = note.encode()
    receipt = f"c2sp.org/tlog-proof@v1\nindex 0\n\n{note}"
    files[in_entry(0, "receipt.tlog-proof")] = receipt.encode()
    for end in ("key", "json", "sealed"):
        for number in range(2):
            del files[in_entry(0, f"part-{number:03}.{end}")]


@pytest.mark.parametrize("origin", [ORIGIN, "example.org/another"])
def test_the_checkpoint_of_another_log_or_key_gives_no_ground(origin: str) -> None:
    found = CASE.found(rebuilt(CASE.pack, lambda files: forged_checkpoint(files, origin, FORGER)))
    assert layers(found) == {("checkpoint", "")}
    assert found["entries"] == []


def test_a_key_swapped_inside_the_pack_is_named_and_never_taken() -> None:
    forger = verifier_key(ORIGIN, FORGER)
    files = files_of(CASE.pack)
    forged_checkpoint(files, ORIGIN, FORGER)
    pack = resealed(files, key=forger.fingerprint)
    assert layers(CASE.found(pack)) == {("manifest", ""), ("checkpoint", "")}
    assert checked(pack, str(forger))["ok"], "whoever pins the forger's key believes the forger"


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "junk",
        "a+b+c",
        "example.org/loans+00000000+AAAA",
        witness_vkey(WITNESS, ORIGIN),
        "\ud800",
    ],
)
def test_what_is_no_verification_key_opens_nothing(vkey: str) -> None:
    found = checked(CASE.pack, vkey.encode("utf-8", "replace").decode())
    assert ("checkpoint", "") in layers(found)
    assert found["entries"] == []


def test_a_checkpoint_of_the_log_with_a_bad_signature_is_named() -> None:
    def change(files: Files) -> None:
        files["checkpoint"] = files["checkpoint"].replace(b"\n6\n", b"\n7\n")

    assert CASE.faults(change) == {("checkpoint", "")}


def test_an_older_checkpoint_that_is_not_of_this_history_is_named() -> None:
    def change(files: Files) -> None:
        name = f"consistency/{2:016}.txt"
        front, _, note = files[name].partition(b"\n\n")
        first = front.split(b"\n")[0]
        files[name] = front.replace(first, base64.b64encode(bytes(32)), 1) + b"\n\n" + note

    assert CASE.faults(change) == {("consistency", "")}


def test_the_consistency_file_under_another_size_is_named() -> None:
    def change(files: Files) -> None:
        files[f"consistency/{3:016}.txt"] = files.pop(f"consistency/{2:016}.txt")

    assert CASE.faults(change) == {("consistency", "")}


def test_a_kept_checkpoint_of_another_history_is_named() -> None:
    kit = LogKit.create("sqlite://")  # the same seed: the same signing key, another second entry
    kit.log.append(kit.decision("emil", income=9))
    fork = kit.log.checkpoint()
    kit.log.close()
    found = CASE.found(CASE.pack, checkpoint=fork.encode())
    assert layers(found) == {("checkpoint", "")}
    assert "another root" in found["findings"][0]["what"]
    assert not found["anchored"]


def test_a_kept_checkpoint_that_the_pack_cannot_be_compared_with_is_said() -> None:
    def change(files: Files) -> None:
        del files[f"consistency/{2:016}.txt"]

    pack = rebuilt(CASE.pack, change)
    found = CASE.found(pack, checkpoint=CASE.older.encode())
    assert "consistency proof" in found["findings"][0]["what"]
    assert not CASE.found(CASE.pack)["anchored"]


def test_a_cosignature_somebody_else_made_is_named() -> None:
    def change(files: Files) -> None:
        files["anchors/00.note"] = cosigned(files["checkpoint"].decode(), FORGER)

    pack = rebuilt(CASE.pack, change)
    trusted = [witness_vkey(WITNESS, "witness.example")]
    assert layers(CASE.found(pack, witnesses=trusted)) == {("anchor", "")}
    assert CASE.found(pack)["anchors"][-1]["checked"] == "not checked"


def test_anchors_of_something_else_are_named() -> None:
    def of_another_note(files: Files) -> None:
        files["anchors/01.tsr"] = stamped(b"another note")

    def of_another_checkpoint(files: Files) -> None:
        del files[f"consistency/{2:016}.txt"]
        files["anchors/00.note"] = CASE.older.encode()

    for change in (of_another_note, of_another_checkpoint):
        assert CASE.faults(change) == {("anchor", "")}


@pytest.mark.parametrize(
    "header",
    [
        lambda data: data.replace(b'"v":1', b'"v": 1'),
        lambda data: data.replace(b'"v":1', b'"v":1.0'),
        lambda data: data.replace(b'"v":1', b'"v":2,"v":1'),
        lambda data: data.replace(b'"v":1', b'"v":true'),
        lambda data: data.replace(b'"v":1', b'"v":9007199254740993'),
        lambda data: data.replace(b'"v":1', b'"v":NaN'),
        lambda data: data + b"\n",
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"approve", b"appr\xff"),
        lambda data: b"[" * 30_000 + b"]" * 30_000,
        lambda data: b'{"a":"' + b"x" * 70_000 + b'"}',
        lambda data: b"null",
        lambda data: b"",
    ],
)
def test_a_header_that_is_not_canonical_is_named(header: Callable[[bytes], bytes]) -> None:
    name = in_entry(FIRST, "header.json")

    def change(files: Files) -> None:
        files[name] = header(files[name])

    assert {("header", "1"), ("proof", "1")} <= CASE.faults(change)


def test_missing_and_extra_files_are_named() -> None:
    def extra_part(files: Files) -> None:
        files[in_entry(FIRST, "part-007.sealed")] = b"?"

    def text_without_key(files: Files) -> None:
        del files[in_entry(FIRST, "part-000.key")]

    def no_receipt(files: Files) -> None:
        del files[in_entry(FIRST, "receipt.tlog-proof")]

    assert CASE.faults(extra_part) == {("manifest", "")}
    assert CASE.faults(text_without_key) == {("manifest", "")}
    assert CASE.faults(no_receipt) == {("proof", "1")}


def test_a_manifest_that_does_not_fit_is_named() -> None:
    files = files_of(CASE.pack)
    said = json.loads(files["manifest.json"])
    changes: tuple[dict[str, Any], ...] = (
        {"format": "answerable.evidence-pack.v2"},
        {"note": "approved"},
        {"files": []},
        {"files": said["files"] | {"entries/nowhere": "00"}},
        {"files": said["files"] | {in_entry(FIRST, "header.json"): "00" * 32}},
        {"files": {name: said["files"][name] for name in list(said["files"])[1:]}},
    )
    for change in changes:
        pack = zipped(sorted({**files, "manifest.json": written(said | change)}.items()))
        found = CASE.found(pack)
        assert {layer for layer, _entry in layers(found)} == {"manifest"}, change


def test_what_was_left_out_cannot_be_seen() -> None:
    def change(files: Files) -> None:
        for name in [name for name in files if name.startswith(in_entry(SECOND, ""))]:
            del files[name]

    found = CASE.found(rebuilt(CASE.pack, change))
    assert found["ok"]
    assert [entry["seq"] for entry in found["entries"]] == [FIRST, CLEAR, GONE]


def test_a_part_that_is_left_out_is_counted_as_absent() -> None:
    def change(files: Files) -> None:
        for end in ("key", "json", "sealed"):
            del files[in_entry(SECOND, f"part-000.{end}")]

    found = CASE.found(rebuilt(CASE.pack, change))
    assert (found["ok"], found["parts"]["absent"]) == (True, 1)
