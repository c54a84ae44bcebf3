"""pack, receipt, verify --pack: evidence that is taken along."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from answerable.audit.tree.receipts import open_proof
from tests.command_line import Shop, answerable, refused
from tests.pack_kit import files_of
from tests.unit.api.cli.test_audit_commands import vkey_of


@pytest.fixture
def key(shop: Shop, tmp_path: Path) -> Path:
    file = tmp_path / "log.vkey"
    file.write_text(vkey_of(shop) + "\n", encoding="utf-8")
    return file


def test_a_pack_is_checked_without_the_log(shop: Shop, tmp_path: Path, key: Path) -> None:
    kept, pack = tmp_path / "kept", tmp_path / "pack.zip"
    assert shop.run("log", "head", "--out", kept).code == 0
    give = ("--opened", "--recipient", "court")
    made = shop.run("pack", shop.decision, *give, "--checkpoint", kept, "--out", pack)
    assert made.code == 0, made.err
    assert "fingerprint sha256:" in made.out
    assert pack.stat().st_mode & 0o077 == 0
    trusted = ("--pack", pack, "--key", key, "--checkpoint", kept)
    ran = answerable("verify", *trusted, "--json", "-")
    assert (ran.code, ran.json["ok"], ran.json["anchored"]) == (0, True, True)
    kinds = [entry["kind"] for entry in ran.json["entries"]]
    assert kinds == ["decision", "explanation"]
    assert ran.json["parts"]["opened"] > 0
    words = answerable("verify", *trusted)
    assert "the pack verifies" in words.out
    assert "not one from the pack" in words.out
    assert b"Mustermann" in b"".join(files_of(pack.read_bytes()).values())


def test_a_pack_without_keys_tells_nothing_of_the_person(shop: Shop, tmp_path: Path) -> None:
    pack = tmp_path / "pack.zip"
    assert shop.run("pack", shop.decision, "--out", pack).code == 0
    content = b"".join(files_of(pack.read_bytes()).values())
    assert b"Mustermann" not in content
    assert b"part-000.key" not in pack.read_bytes()


def test_the_persons_pack_holds_everything_about_them(
    shop: Shop, tmp_path: Path, key: Path
) -> None:
    assert shop.run("letter", shop.decision).code == 0
    pack = tmp_path / "pack.zip"
    made = shop.run("pack", shop.decision, "--subject-package", "--out", pack)
    assert made.code == 0, made.err
    ran = answerable("verify", "--pack", pack, "--key", key, "--json", "-")
    kinds = {entry["kind"] for entry in ran.json["entries"]}
    assert {"decision", "explanation", "letter.issued", "records.read"} <= kinds
    assert ran.json["ok"] is True


def test_a_changed_pack_gives_code_4_and_names_the_entry(
    shop: Shop, tmp_path: Path, key: Path
) -> None:
    pack = tmp_path / "pack.zip"
    assert shop.run("pack", shop.decision, "--out", pack).code == 0
    pack.write_bytes(pack.read_bytes().replace(b'"outcome":"decline"', b'"outcome":"approve"'))
    target = tmp_path / "found.json"
    ran = answerable("verify", "--pack", pack, "--key", key, "--json", target)
    assert ran.code == 4
    assert "does NOT verify" in ran.out
    found = json.loads(target.read_bytes())["findings"]
    assert {item["layer"] for item in found} == {"manifest", "proof"}
    assert any(shop.decision in item["entry"] for item in found)


def test_a_pack_never_vouches_for_itself(shop: Shop, tmp_path: Path, key: Path) -> None:
    pack = tmp_path / "pack.zip"
    assert shop.run("pack", shop.decision, "--out", pack).code == 0
    refused(answerable("verify", "--pack", pack), 2, "--key", "another source")
    refused(answerable("verify", "--pack", tmp_path / "none.zip", "--key", key), 2, "none.zip")
    refused(answerable("verify", "--pack", tmp_path, "--key", key), 2, "folder")


def test_wrong_use_writes_nothing(shop: Shop, tmp_path: Path) -> None:
    pack = tmp_path / "pack.zip"
    size = shop.size()
    entry = json.loads(shop.run("decisions", "--json", "-").out)[0]["decision_id"]
    other = f"{entry[:-1]}{'0' if entry[-1] != '0' else '1'}"
    both = shop.run("pack", entry, "--opened", "--subject-package", "--out", pack)
    refused(both, 2, "either opened or for the person")
    refused(shop.run("pack", entry, "--opened", "--out", pack), 2, "recipient", "court")
    refused(shop.run("pack", entry, "--recipient", "court", "--out", pack), 2, "opened pack")
    refused(shop.run("pack", other, "--out", pack), 2, "no entry has this id")
    refused(shop.run("pack", entry, "--out", tmp_path / "no" / "pack.zip"), 6, "pack.zip")
    refused(shop.run("receipt", entry, "--language", "fr"), 2, "--language")
    assert not list(tmp_path.glob("*.zip*"))
    assert not list(tmp_path.glob(".*.part"))
    assert shop.size() == size


def test_a_receipt_comes_as_text_and_as_a_page_with_the_key(shop: Shop, tmp_path: Path) -> None:
    page = tmp_path / "check.html"
    ran = shop.run("receipt", shop.decision, "--html", page, "--language", "de")
    assert (ran.code, "fingerprint sha256:" in ran.out) == (0, True)
    printed = shop.run("receipt", shop.decision).out
    written = page.read_text(encoding="utf-8")
    assert '<html lang="de">' in written
    assert printed.strip() in written
    vkey = vkey_of(shop)
    assert f"{vkey}</textarea>" in written
    assert shop.decision.encode() in open_proof(printed, vkey).header
