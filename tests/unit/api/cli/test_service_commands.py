"""init, serve, keys, doctor, demo: running and looking after the service."""

from __future__ import annotations

import gc
import os
import re
import socket
from contextlib import closing
from pathlib import Path

import pytest

from tests.command_line import Shop, answerable


def test_a_new_log_is_made_once_and_never_over_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERABLE_KEY_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("ANSWERABLE_ARTEFACT_DIR", str(tmp_path / "artefacts"))
    db = f"sqlite:///{tmp_path}/new/log.db"
    made = answerable("init", "--db", db)
    assert made.code == 0
    assert "verification key" in made.out
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0
    assert answerable("verify", "--db", db).code == 0
    again = answerable("init", "--db", db)
    assert again.code == 2
    assert "holds a log already" in again.err


def test_keys_are_shown_once_listed_by_prefix_and_revoked(shop: Shop) -> None:
    issued = shop.run("keys", "issue", "dashboard", "--role", "auditor")
    assert issued.code == 0
    secret = issued.out.strip()
    prefix = "_".join(secret.split("_")[:2])
    listed = shop.run("keys", "list").out
    assert prefix in listed
    assert secret not in listed
    assert shop.run("keys", "revoke", prefix).code == 0
    line = next(line for line in shop.run("keys", "list").out.splitlines() if prefix in line)
    assert "revoked" in line
    assert shop.run("keys", "revoke", "ank_000000000000").code == 2


def test_a_sign_in_link_is_printed_for_the_operator_or_a_registered_person(shop: Shop) -> None:
    link = shop.run("keys", "sign-in")
    assert link.code == 0
    assert link.out.startswith("http://127.0.0.1:8000/console/login?link=")
    assert shop.run("keys", "sign-in", "--actor", "a-" + "0" * 32).code == 2


def test_a_sign_in_link_leads_where_the_service_is_reached(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERABLE_PORT", "8123")
    assert shop.run("keys", "sign-in").out.startswith("http://127.0.0.1:8123/console/login?link=")
    monkeypatch.setenv("ANSWERABLE_PUBLIC_URL", "https://bank.example")
    assert shop.run("keys", "sign-in").out.startswith("https://bank.example/console/login?link=")


def test_a_service_says_on_stderr_where_it_listens(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uvicorn.run", lambda app, **given: None)
    monkeypatch.setattr("gc.freeze", lambda: None)
    ran = shop.run("serve", "--port", "0")
    assert (ran.code, ran.out) == (0, "")
    assert re.search(r"serving http://127\.0\.0\.1:[1-9]\d+;", ran.err)


def test_a_service_over_a_log_that_can_only_be_read_says_why(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uvicorn.run", lambda app, **given: None)
    monkeypatch.setattr("gc.freeze", lambda: None)
    heads = [*shop.folder.rglob("*.head"), *shop.folder.rglob("head")]
    assert heads
    for head in heads:
        head.unlink()
    ran = shop.run("serve", "--port", "0")
    assert "warning: " in ran.err
    assert "the log can only be read" in ran.err


def test_what_a_service_was_started_with_is_not_collected_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[int] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **given: frozen.append(gc.get_freeze_count()))
    before = gc.get_freeze_count()
    try:
        assert shop.run("serve", "--port", "0").code == 0
    finally:
        gc.unfreeze()
    assert frozen[0] > before + 10_000


def test_before_there_is_a_log_the_whole_key_folder_is_named_and_the_command_that_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("ANSWERABLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANSWERABLE_KEY_DIR", "keys")
    ran = answerable("doctor", "--json", "-")
    assert ran.code == 6
    advice = " ".join(check["advice"] for check in ran.json["checks"])
    assert str(tmp_path / "keys") in advice
    assert "answerable init" in advice


def test_doctor_names_every_check_and_its_advice(shop: Shop) -> None:
    ran = shop.run("doctor", "--json", "-")
    assert ran.code == 0
    assert ran.json["ok"] is True
    assert all({"name", "state", "advice"} <= check.keys() for check in ran.json["checks"])
    assert "key folder" in shop.run("doctor").out


def test_doctor_calls_keys_that_others_may_read_bad(shop: Shop) -> None:
    (shop.folder / "keys").chmod(0o755)
    ran = shop.run("doctor", "--json", "-")
    assert ran.code == 6
    bad = [check for check in ran.json["checks"] if check["state"] == "bad"]
    assert any("chmod" in check["advice"] for check in bad)


def test_a_taken_port_is_refused_at_once(shop: Shop) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ran = shop.run("serve", "--port", str(port))
    assert ran.code == 6
    assert "--port" in ran.err


def test_a_demonstration_never_empties_a_folder_it_did_not_make(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("three years of work", encoding="utf-8")
    ran = answerable("demo", "--folder", mine, "--no-serve", "--port", "0")
    assert ran.code == 2
    assert "--folder" in ran.err
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    assert not (tmp_path / "mine-keys").exists()
