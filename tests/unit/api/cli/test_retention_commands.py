"""retention: from a template to rows that are gone, with a second person in between."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from answerable.api.settings import load_settings
from answerable.api.wiring import create_workspace, open_workspace, system_clock
from answerable.audit.records import RetentionApproval, Role
from answerable.audit.signing import create_signer_key, public_key_hex
from tests.command_line import Ran, answerable
from tests.log_kit import LogKit, SeededEntropy, SteppedClock

DAY = 86_400_000_000


@dataclass
class Old:
    """A log of two years ago, its policy, and the key of who approves."""

    url: str
    policy: Path
    key: Path
    folder: Path

    def run(self, *arguments: str | Path) -> Ran:
        return answerable("retention", *arguments, "--db", self.url)

    def approve(self, name: str = "approval", key: Path | None = None) -> Ran:
        return self.run("approve", self.policy, "--key-file", key or self.key,
                        "--out", self.folder / name, "--yes")  # fmt: skip


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Old:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    for name, value in {
        "DATABASE_URL": url,
        "KEY_DIR": str(tmp_path / "keys"),
        "ARTEFACT_DIR": str(tmp_path / "artefacts"),
        "SPOOL_DIR": str(tmp_path / "spool"),
        "STATE_URL": f"sqlite:///{tmp_path / 'state.db'}",
        "ORIGIN": "example.org/loans",
    }.items():
        monkeypatch.setenv(f"ANSWERABLE_{name}", value)
    clock, entropy = SteppedClock(system_clock() - 800 * DAY), SeededEntropy("cli")
    workspace = create_workspace(load_settings(), clock=clock, entropy=entropy)
    key = tmp_path / "ada.key"
    public = public_key_hex(create_signer_key(key, entropy=entropy))
    workspace.directory.register("Ada", [Role.COMPLIANCE], public_key=public)
    kit = LogKit(url, workspace.log._scribe.vault, clock, entropy, workspace.log)
    workspace.log.append_many([kit.decision("anna") for _ in range(20)])
    workspace.log.checkpoint()
    workspace.close()
    policy = tmp_path / "retention.yaml"
    assert answerable("retention", "template", "ai-act", "--out", policy).code == 0
    return Old(url, policy, key, tmp_path)


def test_templates_are_listed_printed_and_checked(tmp_path: Path) -> None:
    names = answerable("retention", "template").out.split()
    assert names == ["ai-act", "ecoa-reg-b", "gdpr-storage-limitation", "marisk"]
    for name in names:
        (tmp_path / name).write_text(answerable("retention", "template", name).out)
        ran = answerable("retention", "check", tmp_path / name)
        assert ran.code == 0
        assert "not covered" not in ran.out
    assert answerable("retention", "template", "none").code == 2


def test_a_policy_below_the_floor_is_refused_by_line(old: Old) -> None:
    old.policy.write_text(old.policy.read_text().replace("184", "90"))
    for ran in (answerable("retention", "check", old.policy), old.run("plan", old.policy)):
        assert ran.code == 2
        assert "retention.yaml:7" in ran.err
        assert "below the floor of 183" in ran.err


def test_the_schema_is_json(tmp_path: Path) -> None:
    assert answerable("retention", "schema").json["title"] == "RetentionPolicy"
    assert answerable("retention", "schema", "--out", tmp_path / "schema").code == 0
    assert json.loads((tmp_path / "schema").read_text())["type"] == "object"


def test_a_plan_names_what_would_go_and_changes_nothing(old: Old) -> None:
    before = (old.folder / "log.db").read_bytes()
    ran = old.run("plan", old.policy)
    assert ran.code == 0
    assert "20" in ran.out
    planned = old.run("plan", old.policy, "--json", "-").json
    body = planned["ranges"][0]
    assert (body["what"], body["first"], body["count"]) == ("body", 0, 20)
    assert planned["rules"][0]["law"]["article"] == "26"
    assert (old.folder / "log.db").read_bytes() == before


def test_a_run_needs_another_persons_approval_and_then_removes(old: Old) -> None:
    assert old.run("run", old.policy, "--approve", old.folder / "none").code == 2
    assert old.approve().code == 0
    ran = old.run("run", old.policy, "--approve", old.folder / "approval")
    assert ran.code == 0, ran.err
    assert "removed: 40 body parts, 0 entries, 0 tiles; 1 data keys destroyed" in ran.out
    status = old.run("status", "--json", "-").json
    assert status["floors"]["body"] >= 22
    assert [len(run["removals"]) for run in status["runs"]] == [1, 0]
    assert "40 body" in old.run("status").out
    assert answerable("verify", "--db", old.url).code == 0
    again = old.run("run", old.policy, "--approve", old.folder / "approval")
    assert again.code == 0
    assert "removed: 0 body parts" in again.out
    assert old.approve("second").code == 1


def test_an_approval_for_another_policy_or_by_nobody_is_refused(old: Old) -> None:
    assert old.approve().code == 0
    old.policy.write_text(old.policy.read_text().replace("version: 1", "version: 2"))
    ran = old.run("run", old.policy, "--approve", old.folder / "approval")
    assert ran.code == 1
    assert "another policy file" in ran.err
    create_signer_key(old.folder / "stranger.key", entropy=SeededEntropy("stranger"))
    ran = old.approve("third", old.folder / "stranger.key")
    assert ran.code == 2
    assert "nobody who may approve" in ran.err


def test_a_tampered_approval_is_broken_evidence(old: Old) -> None:
    assert old.approve().code == 0
    approval = RetentionApproval.from_json((old.folder / "approval").read_bytes())
    stretched = approval.model_copy(update={"entry_end": 1 << 40})
    (old.folder / "approval").write_bytes(stretched.to_json())
    ran = old.run("run", old.policy, "--approve", old.folder / "approval")
    assert ran.code == 4
    assert old.run("status", "--json", "-").json["runs"] == []


def test_who_approved_does_not_run(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    assert old.approve().code == 0
    with open_workspace(load_settings()) as workspace:
        ada = next(actor for actor in workspace.directory.actors() if actor.public_key)
    monkeypatch.setenv("ANSWERABLE_ACTOR", ada.actor)
    ran = old.run("run", old.policy, "--approve", old.folder / "approval")
    assert ran.code == 2
    assert "does not run it" in ran.err
