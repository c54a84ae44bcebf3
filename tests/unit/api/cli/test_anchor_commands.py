"""The outside head, anchors, and recording a loss, from the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from answerable.audit.records import Role
from tests.command_line import Shop, refused


@pytest.fixture
def cut(shop: Shop) -> Shop:
    """The shop after its database was restored from before the last entries."""
    assert shop.run("log", "head").code == 0
    saved = shop.database.with_name("saved")
    shutil.copy(shop.database, saved)
    shop.run("register", "actor", "Somebody New", "--role", "auditor")
    assert shop.run("log", "head").code == 0
    for beside in shop.database.parent.glob("log.db-*"):
        beside.unlink()
    shutil.copy(saved, shop.database)
    return shop


def keys(shop: Shop) -> tuple[Path, Path]:
    return shop.signer(Role.COMPLIANCE), shop.signer(Role.OFFICER)


def test_the_head_goes_outside_and_is_shown(shop: Shop) -> None:
    note = shop.run("log", "head").out
    assert shop.run("log", "head", "--outside").out == note
    assert (shop.folder / "keys.head").read_text() == note


def test_verify_takes_the_outside_head_and_a_given_checkpoint_wins(
    shop: Shop, tmp_path: Path
) -> None:
    shop.run("log", "head")
    assert shop.run("verify", "--json", "-").json["anchored"]
    (tmp_path / "bad").write_text("test.example/log\n1\nAAAA\n\n")
    given = shop.run("verify", "--checkpoint", tmp_path / "bad", "--json", "-")
    assert (given.code, given.json["anchored"]) == (4, False)


def test_an_older_database_is_read_and_not_written(cut: Shop) -> None:
    size = cut.size()
    assert cut.run("answer", cut.decision, "--json", "-").code == 6
    refused(
        cut.run("register", "actor", "X", "--role", "auditor"), 6, "can only be read", "recover"
    )
    key = cut.folder / "late.key"
    late = cut.run("register", "actor", "X", "--role", "officer", "--key-file", key)
    refused(late, 6, "can only be read")
    assert not key.exists()
    refused(cut.run("log", "head"), 6, f"entry {size} that was signed is not here")
    assert cut.run("log", "head", "--outside").code == 0
    doctor = cut.run("doctor", "--json", "-").json
    state = {check["name"]: check["state"] for check in doctor["checks"]}
    assert state["outside head"] == "bad"
    assert cut.run("verify", "--json", "-").code == 4
    assert cut.size() == size


GO_ON = [
    "db check", "log head --outside", "log proof DECISION", "receipt DECISION",
    "decisions --function loan@1", "lineage loan@1", "gate loan@1", "subject requests",
    "retention status", "spool list", "keys list",
]  # fmt: skip
WAIT = [
    "answer DECISION", "letter DECISION", "replay DECISION", "pack DECISION --out PACK",
    "record-of-processing", "query acts", "query counts",
    "subject find --subject-id PERSON --purpose gdpr-art-15",
]  # fmt: skip


def test_what_is_recorded_when_it_is_read_waits_and_says_why(cut: Shop, tmp_path: Path) -> None:
    given = {"DECISION": cut.decision, "PACK": str(tmp_path / "p.zip"), "PERSON": "cust-4711"}
    for line in GO_ON:
        ran = cut.run(*[given.get(word, word) for word in line.split()])
        assert ran.code == 0, f"{line}: {ran.err}"
    for line in WAIT:
        waits = cut.run(*[given.get(word, word) for word in line.split()])
        refused(waits, 6, "reading personal data", "recorded first", "can only be read")


def test_two_persons_recover_one_after_the_other(cut: Shop, tmp_path: Path) -> None:
    first, second = keys(cut)
    statement = tmp_path / "statement.json"
    options = ("--reason", "backup-restored", "--statement", statement)
    asked = cut.run("log", "recover", *options, "--key-file", first)
    assert (asked.code, "one more person" in asked.out) == (0, True)
    refused(cut.run("log", "recover", *options, "--key-file", first), 2, "signed the statement")
    done = cut.run("log", "recover", *options, "--key-file", second)
    assert (done.code, "can be written" in done.out) == (0, True)
    assert cut.run("register", "actor", "X", "--role", "auditor").code == 0
    assert cut.run("verify").code == 0
    refused(cut.run("log", "recover", *options, "--key-file", second), 2, "nothing is missing")


def test_two_persons_at_one_table_accept_a_new_head(shop: Shop) -> None:
    first, second = keys(shop)
    (shop.folder / "keys.head").unlink()
    refused(shop.run("log", "head"), 6, "accept-head")
    both = ("--reason", "disk-lost", "--key-file", first, "--key-file", second)
    refused(shop.run("log", "recover", *both), 2, "another kind of gap", "accept-head")
    assert shop.run("log", "accept-head", *both).code == 0
    assert (shop.folder / "keys.head").read_text() == shop.run("log", "head").out


def test_who_may_not_sign_changes_nothing(cut: Shop, tmp_path: Path) -> None:
    size = cut.size()
    scientist = cut.signer(Role.SCIENTIST)
    ran = cut.run("log", "recover", "--reason", "x", "--key-file", scientist)
    refused(ran, 5 if ran.code == 5 else ran.code, "person in one of the roles")
    assert ran.code != 0
    refused(
        cut.run("log", "recover", "--reason", "not a code", "--key-file", scientist), 2, "reason"
    )
    (tmp_path / "junk").write_text("{}")
    junk = cut.run(
        "log", "recover", "--reason", "x", "--key-file", scientist, "--statement", tmp_path / "junk"
    )
    refused(junk, 2, "unknown type")
    assert cut.size() == size


def test_a_checkpoint_is_shown_to_the_folder_and_a_rolled_back_head_is_seen_by_it(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no anchor is configured" in shop.run("log", "anchor").out
    folder = tmp_path / "once"
    folder.mkdir()
    monkeypatch.setenv("ANSWERABLE_WRITE_ONCE_DIR", str(folder))
    saved = [shop.database, shop.folder / "keys.head"]
    for file in saved:
        shutil.copy(file, f"{file}.saved")
    shop.run("register", "actor", "Somebody New", "--role", "auditor")
    assert "write-once" in shop.run("log", "anchor").out
    assert len(list((folder / "epoch-1").iterdir())) == 1
    for beside in shop.database.parent.glob("log.db-*"):
        beside.unlink()
    for file in saved:
        shutil.copy(f"{file}.saved", file)
    refused(shop.run("log", "head"), 6, "not here", "epoch-1")
    first, second = keys(shop)
    both = ("--reason", "restored", "--key-file", first, "--key-file", second)
    assert shop.run("log", "recover", *both).code == 0
    assert shop.run("log", "anchor").code == 0
    assert len(list((folder / "epoch-2").iterdir())) == 1


def test_an_anchor_that_cannot_be_used_is_one_clear_error(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERABLE_WRITE_ONCE_DIR", str(tmp_path / "nowhere"))
    ran = shop.run("log", "anchor")
    assert ran.code == 6
    assert "folder of checkpoints cannot be used" in ran.err
    monkeypatch.delenv("ANSWERABLE_WRITE_ONCE_DIR")
    monkeypatch.setenv("ANSWERABLE_TIMESTAMP_URL", "ftp://x")
    refused(shop.run("log", "anchor"), 2, "not the address of a timestamp authority")
    monkeypatch.setenv("ANSWERABLE_TIMESTAMP_URL", "http://127.0.0.1:9/tsa")
    refused(shop.run("log", "anchor"), 2, "ANSWERABLE_TIMESTAMP_CERTIFICATE")
    monkeypatch.setenv("ANSWERABLE_TIMESTAMP_CERTIFICATE", str(tmp_path / "none.pem"))
    refused(shop.run("log", "anchor"), 2, "certificate cannot be read")


def test_a_head_in_the_databases_folder_or_database_is_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERABLE_HEAD_FILE", str(shop.database.with_name("head")))
    refused(shop.run("log", "head"), 2, "head_file must not be in the folder of the database")
    monkeypatch.delenv("ANSWERABLE_HEAD_FILE")
    monkeypatch.setenv("ANSWERABLE_HEAD_URL", shop.db)
    refused(shop.run("log", "head"), 2, "head_url must be another database")
