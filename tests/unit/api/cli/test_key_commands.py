"""keys status/rotate, disclose, further identifiers, receipts of erasures, other key stores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from answerable.audit.tree.receipts import open_proof
from tests.command_line import Shop, answerable


def head_keys(shop: Shop) -> list[str]:
    return list(shop.run("keys", "status", "--json", "-").json["verification_keys"])


def test_status_names_every_key_and_shows_none(shop: Shop) -> None:
    ran = shop.run("keys", "status", "--json", "-")
    assert ran.code == 0
    assert ran.json["sealed"] is False
    assert ran.json["buckets_used"] > 0
    assert ran.json["signing_seeds_held"] == [1]
    pepper = (shop.folder / "keys" / "pepper").read_bytes()
    assert pepper.hex() not in ran.out
    assert "not stated" in shop.run("keys", "status").out


def test_buckets_are_rotated_all_or_one(shop: Shop) -> None:
    used = shop.run("keys", "status", "--json", "-").json["buckets_used"]
    assert f"{used} buckets have new keys" in shop.run("keys", "rotate").out
    assert shop.run("keys", "status", "--json", "-").json["rotated_most"] == 2
    assert shop.run("keys", "rotate", "--bucket", "4096").code == 2
    assert shop.run("answer", shop.decision).code == 0
    assert shop.run("verify").code == 0


def test_a_new_signing_key_and_the_log_verifies_with_either(shop: Shop, tmp_path: Path) -> None:
    (first,) = head_keys(shop)
    old_head = tmp_path / "old-head"
    assert shop.run("log", "head", "--out", old_head).code == 0
    assert shop.run("keys", "rotate-signing", "--destroy-old").code == 0
    assert head_keys(shop)[0] == first
    assert shop.run("keys", "status", "--json", "-").json["signing_seeds_held"] == [2]
    new_head = tmp_path / "new-head"
    assert shop.run("log", "head", "--out", new_head).code == 0
    for number, vkey in enumerate(head_keys(shop)):
        file = tmp_path / f"{number}.vkey"
        file.write_text(vkey, encoding="utf-8")
        for head in (old_head, new_head):
            ran = shop.run("verify", "--key", file, "--checkpoint", head, "--json", "-")
            assert (ran.code, ran.json["anchored"]) == (0, True), ran.json["findings"]
    assert shop.run("verify").code == 0


def test_a_plain_vault_has_no_key_of_its_own_to_rotate(shop: Shop) -> None:
    ran = shop.run("keys", "rotate-kek")
    assert (ran.code, "not sealed" in ran.err) == (2, True)


def test_one_part_is_disclosed_and_opened_without_the_log(shop: Shop, tmp_path: Path) -> None:
    given, key = tmp_path / "given.json", tmp_path / "log.vkey"
    key.write_text(head_keys(shop)[0], encoding="utf-8")
    codes = ("--recipient", "court-vienna", "--purpose", "order-of-court")
    size = shop.size()
    assert shop.run("disclose", shop.decision, *codes, "--out", given).code == 0
    assert shop.size() == size + 1
    assert given.stat().st_mode & 0o077 == 0
    again = shop.run("disclose", shop.decision, *codes, "--out", given)
    assert (again.code, shop.size()) == (2, size + 1)
    opened = answerable("open-disclosure", given, "--key", key)
    assert opened.code == 0
    assert opened.json["content"]["inputs"]["income"] == 800
    own_key = json.loads(given.read_bytes())["key"]
    given.write_bytes(given.read_bytes().replace(own_key.encode(), b"00" * 32))
    assert answerable("open-disclosure", given, "--key", key).code == 4


def test_a_further_identifier_leads_to_the_same_person(shop: Shop) -> None:
    ids = ("--subject-id", "cust-4711", "--further-id", "crm-90210")
    ran = shop.run("subject", "add-identifier", *ids, "--source", "crm")
    assert ran.code == 0
    assert "crm-90210" not in ran.out
    find = ("subject", "find", "--purpose", "test", "--json", "-", "--subject-id")
    found = [shop.run(*find, name).json["ref"] for name in ("cust-4711", "crm-90210")]
    assert found[0] == found[1]
    assert found[0] in ran.out
    assert shop.run("subject", "add-identifier", *ids, "--source", "crm").code == 2
    unknown = ("--subject-id", "nobody", "--further-id", "crm-1", "--source", "crm")
    assert shop.run("subject", "add-identifier", *unknown).code == 2
    dataset = ("--subject-id", "cust-4711", "--further-id", "dataset:x", "--source", "crm")
    assert shop.run("subject", "add-identifier", *dataset).code == 2


def test_an_erasure_has_a_receipt_that_states_the_backup_window(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shop.run(
        "subject", "find", "--subject-id", "cust-4711", "--purpose", "test", "--json", "-"
    )
    erased = shop.run("subject", "erase", found.json["ref"], "--identity-check", "id-card", "--yes")
    assert erased.code == 0
    entry = erased.out.split("erased by entry ")[1].split()[0]
    monkeypatch.setenv("ANSWERABLE_KEY_BACKUP_DAYS", "14")
    receipt = shop.run("subject", "erasure-receipt", entry, "--json", "-").json
    assert (receipt["ref"], receipt["key_backup_days"]) == (found.json["ref"], 14)
    assert receipt["final_at"] - receipt["erased_at"] == 14 * 86_400_000_000
    text = shop.run("subject", "erasure-receipt", entry).out
    assert "14 days" in text
    assert open_proof(text[text.index("c2sp.org/tlog-proof@v1") :], head_keys(shop)[0]).seq > 0
    assert "cust-4711" not in text
    assert shop.run("subject", "erasure-receipt", shop.decision).code == 2


@pytest.mark.parametrize("where", ["folder", "database"])
def test_a_log_lives_on_a_sealed_key_store_named_by_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("ANSWERABLE_ARTEFACT_DIR", str(tmp_path / "artefacts"))
    monkeypatch.setenv("ANSWERABLE_KEY_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("ANSWERABLE_KMS_DIR", str(tmp_path / "kms"))
    monkeypatch.setenv("ANSWERABLE_KEY_BACKUP_DAYS", "7")
    if where == "database":
        monkeypatch.setenv("ANSWERABLE_KEY_URL", f"sqlite:///{tmp_path}/keys.db")
    db = ("--db", f"sqlite:///{tmp_path}/data/log.db")
    assert answerable("init", *db).code == 0
    assert answerable("verify", *db).code == 0
    assert (tmp_path / "keys").exists() == (where == "folder")
    status = answerable("keys", "status", "--json", "-", *db).json
    assert (status["store"], status["sealed"]) == (where, True)
    ran = answerable("keys", "rotate-kek", *db)
    assert (ran.code, "worth nothing now" in ran.out) == (0, True)
    assert (tmp_path / "kms" / "master.2").exists()
    checks = {
        c["name"]: c["state"] for c in answerable("doctor", "--json", "-", *db).json["checks"]
    }
    assert (checks["keys at rest"], checks["backups of the keys"]) == ("good", "good")
    monkeypatch.delenv("ANSWERABLE_KMS_DIR")
    size = (tmp_path / "data" / "log.db").stat().st_size
    assert answerable("verify", *db).code in {2, 6}
    assert (tmp_path / "data" / "log.db").stat().st_size == size


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"KEY_URL": "sqlite:///keys.db"}, "kms_dir"),
        ({"KEY_URL": "sqlite:///log.db", "KMS_DIR": "kms"}, "another database"),
        ({"KMS_DIR": "keys"}, "kms_dir"),
        ({"KEY_BACKUP_DAYS": "-1"}, "key_backup_days"),
    ],
    ids=["unsealed", "same-database", "same-folder", "negative"],
)
def test_a_key_store_in_the_wrong_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANSWERABLE_KEY_DIR", "keys")
    for name, value in settings.items():
        monkeypatch.setenv(f"ANSWERABLE_{name}", value)
    ran = answerable("init", "--db", "sqlite:///log.db")
    assert (ran.code, words in ran.err) == (2, True), ran.err
    assert list(tmp_path.iterdir()) == []
