"""verify, log head, log proof: an auditor needs a database copy and a key, nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from answerable.api.demo.tampering import tamper_with_copy
from answerable.audit.tree.receipts import open_proof
from tests.command_line import Shop, answerable, refused


def vkey_of(shop: Shop) -> str:
    return next(
        str(word)
        for word in shop.run("answer", shop.decision, "--json", "-").json.values()
        if isinstance(word, str) and word.startswith("test.example/log+")
    )


def test_an_untouched_log_verifies_with_code_0_and_the_promised_keys(shop: Shop) -> None:
    ran = shop.run("verify", "--json", "-")
    assert (ran.code, ran.err.strip()) == (0, "")
    assert {"ok", "size", "root", "findings"} <= ran.json.keys()
    assert ran.json["ok"] is True
    assert ran.json["size"] == shop.size()
    assert ran.json["findings"] == []
    assert ran.json["anchored"]


def test_a_verification_shared_out_says_the_same(shop: Shop) -> None:
    alone, together = (shop.run("verify", "--processes", n, "--json", "-") for n in ("1", "2"))
    assert (together.code, together.json) == (0, alone.json)
    assert shop.run("verify", "--processes", "0").code == 2


def test_a_checkpoint_kept_outside_anchors_the_verification(shop: Shop, tmp_path: Path) -> None:
    outside, printed = tmp_path / "head", tmp_path / "printed"
    assert shop.run("log", "head", "--out", outside).code == 0
    printed.write_text(shop.run("log", "head").out, encoding="utf-8")
    for note in (outside, printed):
        ran = shop.run("verify", "--checkpoint", note, "--json", "-")
        assert (ran.code, ran.json["anchored"]) == (0, True)
    outside.write_text("test.example/log\n1\nAAAA\n\n", encoding="utf-8")
    assert shop.run("verify", "--checkpoint", outside).code == 4


def test_a_tampered_copy_gives_code_4_and_names_the_entry(shop: Shop, tmp_path: Path) -> None:
    copied = tmp_path / "copy.db"
    tamper_with_copy(shop.database, copied, shop.decision)
    key = tmp_path / "log.vkey"
    key.write_text(vkey_of(shop) + "\n", encoding="utf-8")
    target = tmp_path / "report.json"
    ran = answerable("verify", "--db", f"sqlite:///{copied}", "--key", key, "--json", target)
    assert ran.code == 4
    assert "does NOT verify" in ran.out
    findings = json.loads(target.read_bytes())["findings"]
    assert all(finding.keys() == {"layer", "entry", "what"} for finding in findings)
    assert any(shop.decision in f["entry"] for f in findings if f["layer"] == "leaf")


def test_without_any_key_nothing_is_called_verified(shop: Shop, tmp_path: Path) -> None:
    lonely = tmp_path / "lonely"
    lonely.mkdir()
    copied = lonely / "copy.db"
    tamper_with_copy(shop.database, copied, shop.decision)
    (lonely / "answerable.toml").write_text('key_dir = "no-keys"\n', encoding="utf-8")
    ran = answerable("verify", "--db", f"sqlite:///{copied}")
    assert ran.code == 2
    assert "--key" in ran.err
    assert "verifies" not in ran.out


def test_a_proof_is_checked_without_the_log(shop: Shop, tmp_path: Path) -> None:
    target = tmp_path / "decision.tlog-proof"
    assert shop.run("log", "proof", shop.decision, "--out", target).code == 0
    proven = open_proof(target.read_text(encoding="utf-8"), vkey_of(shop))
    assert shop.decision.encode() in proven.header
    printed = shop.run("log", "proof", shop.decision).out
    assert open_proof(printed, vkey_of(shop)).seq == proven.seq


def test_a_receipt_is_checked_by_a_command_with_a_key_and_no_log(
    shop: Shop, tmp_path: Path
) -> None:
    receipt, kept = tmp_path / "decision.tlog-proof", tmp_path / "kept"
    vkey = vkey_of(shop)
    assert shop.run("log", "proof", shop.decision, "--out", receipt).code == 0
    checked = ("verify", "--receipt", receipt, "--key", vkey)
    alone = answerable(*checked, "--json", "-")
    assert (alone.code, alone.json["ok"], alone.json["anchored"]) == (0, True, False)
    assert alone.json["header"]["id"] == shop.decision
    words = answerable(*checked)
    assert f"decision {shop.decision}" in words.out
    assert re.search(r"recorded \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, outcome decline", words.out)

    text = receipt.read_text(encoding="utf-8")
    kept.write_text(text.partition("\n\n")[2], encoding="utf-8")
    same = answerable(*checked, "--checkpoint", kept, "--json", "-")
    assert (same.code, same.json["anchored"], same.json["remarks"]) == (0, True, [])
    shop.run("subject", "find", "--subject-id", "cust-4711", "--purpose", "test")
    assert shop.run("log", "head", "--out", kept).code == 0
    later = answerable(*checked, "--checkpoint", kept, "--json", "-")
    assert (later.code, later.json["anchored"]) == (0, False)
    assert "another size" in later.json["remarks"][0]


@pytest.mark.parametrize(
    ("old", "new", "layer"),
    [
        ("\nindex ", "\nindex 1", "proof"),
        ("c2sp.org/tlog-proof@v1", "Dear Ms Mustermann", "proof"),
        ("\n\ntest.example/log\n", "\n\ntest.example/log\n9", "checkpoint"),
    ],
)
def test_a_changed_receipt_gives_code_4_and_names_the_layer(
    shop: Shop, tmp_path: Path, old: str, new: str, layer: str
) -> None:
    receipt = tmp_path / "decision.tlog-proof"
    text = shop.run("log", "proof", shop.decision).out
    assert old in text
    receipt.write_text(text.replace(old, new, 1), encoding="utf-8")
    ran = answerable("verify", "--receipt", receipt, "--key", vkey_of(shop), "--json", "-")
    assert (ran.code, ran.json["ok"]) == (4, False)
    assert [found["layer"] for found in ran.json["findings"]] == [layer]
    assert "does NOT hold" in answerable("verify", "--receipt", receipt, "--key", vkey_of(shop)).out


def test_what_is_no_key_or_no_checkpoint_is_wrong_use_and_no_finding(
    shop: Shop, tmp_path: Path
) -> None:
    head, key, receipt, pack = (tmp_path / name for name in ("head", "key", "receipt", "pack.zip"))
    assert shop.run("log", "head", "--out", head).code == 0
    assert shop.run("log", "proof", shop.decision, "--out", receipt).code == 0
    assert shop.run("pack", shop.decision, "--out", pack).code == 0
    key.write_text(vkey_of(shop), encoding="utf-8")
    fingerprint = tmp_path / "fingerprint"
    fingerprint.write_text("sha256:" + "0" * 64, encoding="utf-8")
    for what in (("--db", shop.db), ("--receipt", receipt), ("--pack", pack)):
        for wrong in (head, fingerprint, f"{vkey_of(shop)[:-1]}"):
            refused(answerable("verify", *what, "--key", wrong), 2, "--key", "NAME+")
        given = ("verify", *what, "--key", key, "--checkpoint")
        refused(answerable(*given, key), 2, "no checkpoint", "log, size, root")
        assert answerable(*given, head).code in {0, 4}
    refused(answerable("verify", "--receipt", receipt), 2, "--key", "another source")
    both = ("--pack", pack, "--receipt", receipt, "--key", key)
    refused(answerable("verify", *both), 2, "not both")


def test_the_finding_says_which_of_two_checkpoints_the_log_does_not_fit(
    shop: Shop, tmp_path: Path
) -> None:
    head, copied = tmp_path / "head", tmp_path / "copy.db"
    assert shop.run("log", "head", "--out", head).code == 0
    tamper_with_copy(shop.database, copied, shop.decision)
    ran = answerable("verify", "--db", f"sqlite:///{copied}", "--key", vkey_of(shop),
                     "--checkpoint", head, "--json", "-")  # fmt: skip
    assert ran.code == 4
    whats = [found["what"] for found in ran.json["findings"] if found["layer"] == "checkpoint"]
    assert len(set(whats)) == len(whats)
    for source in ("from outside", "kept in the log"):
        assert any(f"the signed checkpoint {source}" in what for what in whats)
