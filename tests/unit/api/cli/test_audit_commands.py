"""verify, log head, log proof: an auditor needs a database copy and a key, nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from answerable.api.demo.tampering import tamper_with_copy
from answerable.audit.tree.receipts import open_proof
from tests.command_line import Shop, answerable


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
