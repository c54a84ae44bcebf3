"""One decision from the question to the last proof, under the headings of ARCHITECTURE.md.

Everything happens over HTTP with the library's own client, on a log in SQLite and keys in
files; what is proven is proven offline, with the verification key alone. Each step is a
fixture that rests on the step before it; each test looks at one step.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import JsonValue

from answerable.api.client import AnswerableClient
from answerable.api.demo.tampering import tamper_with_copy
from answerable.api.flows.verify import verify_database
from answerable.api.service import create_service
from answerable.api.settings import Settings
from answerable.audit.entries import Header
from answerable.audit.errors import Conflict, Erased, InclusionProofInvalid, InvalidInput, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role
from answerable.audit.stored import stored_log
from answerable.audit.tree.receipts import open_proof
from answerable.audit.verify import VerificationReport, verify_log
from tests.api.story import APPLICANT, FUNCTION, Story, application, build_story, settings_in
from tests.service_client import client_of

Json = dict[str, Any]

PURPOSE: Final = "customer-question"
APPLICATION: Final = "application-0001"


@dataclass(frozen=True)
class House:
    """A bank with a released decision function, and everybody's client."""

    story: Story
    service: AnswerableClient
    officer: AnswerableClient
    reviewer: AnswerableClient
    auditor: AnswerableClient

    @property
    def database(self) -> Path:
        return self.story.folder / "data" / "log.db"

    @property
    def vkey(self) -> str:
        return self.story.workspace.log.vkey

    def kinds_since(self, size: int) -> list[str]:
        log = self.story.workspace.log
        return [log.entry_at(seq).kind.value for seq in range(size, log.size())]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    story = build_story(tmp_path_factory.mktemp("life"))
    app = create_service(story.workspace)
    clients = {
        role.value: client_of(app, story.keys[role])
        for role in (Role.SERVICE, Role.OFFICER, Role.REVIEWER, Role.AUDITOR)
    }
    yield House(story=story, **clients)
    for client in clients.values():
        client.close()
    story.workspace.close()


@pytest.fixture(scope="module")
def asked(house: House) -> Json:
    """Return what the service gets back for an application with two applicants."""
    return house.service.evaluate_application(
        _application(subjects=_both_applicants()), idempotency_key=APPLICATION
    )


@pytest.fixture(scope="module")
def read(house: House, asked: Json) -> Json:
    """Return what somebody who may read decisions sees."""
    return house.reviewer.decision(asked["decision_id"], purpose=PURPOSE)


@pytest.fixture(scope="module")
def receipt(house: House, asked: Json) -> str:
    return house.service.proof(asked["decision_id"])


@pytest.fixture(scope="module")
def letters(house: House, asked: Json) -> dict[str, str]:
    return {
        language: house.officer.letter(asked["decision_id"], purpose=PURPOSE, language=language)
        for language in ("en", "de")
    }


@pytest.fixture(scope="module")
def reviewed(house: House, asked: Json, letters: dict[str, str]) -> Json:
    """Return the review that overturned the decision."""
    ref = str(house.officer.find_subject("cust-4711", purpose=PURPOSE)["ref"])
    contest = house.officer.contest(asked["decision_id"], "A bonus was left out.", by=ref)
    review = {
        "result": "overturned",
        "reason_code": "additional-income-shown",
        "contest_id": contest["contest_id"],
        "new_outcome": "approve",
        "new_outcome_code": "approve",
    }
    return house.reviewer.review(asked["decision_id"], review)


@dataclass(frozen=True)
class Forgotten:
    """What the person got, and what was left afterwards."""

    ref: str
    partner: str
    package: Json
    erasure: Json


@pytest.fixture(scope="module")
def forgotten(house: House, read: Json, receipt: str, reviewed: Json) -> Forgotten:
    request: Json = {"received_at": house.story.clock(), "identity_check": "id-card"}
    found = {
        name: str(house.officer.find_subject(name, purpose="gdpr-art-15")["ref"])
        for name in ("cust-4711", "cust-4712")
    }
    ref, partner = found.values()
    package = house.officer.access_package(ref, {**request, "article": "gdpr-art-15"})
    house.officer.erase(partner, {**request, "article": "gdpr-art-17"})
    erasure = house.officer.erase(ref, {**request, "article": "gdpr-art-17"})
    return Forgotten(ref=ref, partner=partner, package=package, erasure=erasure)


# --------------------------------------------------------------------------- the headings


def test_the_service_asks(house: House, asked: Json) -> None:
    """The service asks."""
    assert asked["outcome"] == "decline"
    assert asked["function_name"] == FUNCTION
    size = house.story.workspace.log.size()
    with pytest.raises(InvalidInput) as refused:
        house.service.evaluate_application({**_application(), "Mustermann": "Erika"})
    assert "Mustermann" not in str(refused.value)
    assert house.story.workspace.log.size() == size


def test_the_function_decides(house: House, asked: Json, read: Json) -> None:
    """The function decides."""
    decision = read["decision"]
    assert [(step["kind"], step["fired"]) for step in decision["components"]] == [
        ("rule", False),
        ("model", True),
    ]
    assert asked["score"] < decision["cut_off"] == 0.5
    assert decision["release"] == asked["release"]
    release = house.story.workspace.log.entry(asked["release"])
    assert release.kind is EntryKind.RELEASE_GRANTED
    knocked_out: Json = house.service.evaluate_application(
        _application("cust-9", inputs={"income": 9000, "debt": 2600})
    )
    assert knocked_out["explanation"]["determined_by"] == "rule"
    assert knocked_out["score"] is None


def test_the_reasons_are_computed_while_the_inputs_are_in_hand(house: House, asked: Json) -> None:
    """The reasons are computed while the inputs are in hand."""
    explanation = asked["explanation"]
    total = explanation["base_value"] + sum(explanation["attributions"].values())
    assert total == pytest.approx(explanation["output"], abs=1e-9)
    assert [reason["code"] for reason in explanation["reasons"]] == ["income", "debt"]
    way_out = explanation["counterfactuals"][0]
    assert way_out["status"] == "valid"
    changed = {change["column"]: change["after"] for change in way_out["changes"]}
    again: Json = house.service.evaluate_application(
        _application("cust-10", inputs={"income": 800, "debt": 2100, **changed})
    )
    assert again["outcome"] == "approve"


def test_it_is_written_once(house: House, asked: Json) -> None:
    """It is written once."""
    log = house.story.workspace.log
    seq = asked["receipt"]["seq"]
    assert house.kinds_since(seq)[:2] == ["decision", "explanation"]
    raw = house.database.read_bytes() + _wal(house.database)
    assert b"Mustermann" not in raw
    assert b"cust-4711" not in raw
    size = log.size()
    again: Json = house.service.evaluate_application(
        _application(subjects=_both_applicants()), idempotency_key=APPLICATION
    )
    assert again["receipt"]["repeated"]
    assert again["explanation"] == asked["explanation"]
    with pytest.raises(Conflict):
        house.service.evaluate_application(
            _application(inputs={"income": 801, "debt": 2100}), idempotency_key=APPLICATION
        )
    assert log.size() == size


def test_the_caller_holds_a_receipt(house: House, asked: Json, receipt: str) -> None:
    """The caller holds a receipt."""
    proven = open_proof(receipt, house.vkey)
    header = Header.from_json(proven.header)
    assert (header.id, proven.seq) == (asked["decision_id"], asked["receipt"]["seq"])
    assert header.function == asked["function"]
    assert header.outcome == "decline"
    forged = proven.header.replace(b'"outcome":"decline"', b'"outcome":"approve"')
    with pytest.raises(InclusionProofInvalid):
        open_proof(receipt, house.vkey, header=forged)


def test_the_person_gets_a_letter(house: House, asked: Json, letters: dict[str, str]) -> None:
    """The person gets a letter."""
    for language, words in (("en", "Your income is low."), ("de", "Ihr Einkommen ist niedrig.")):
        assert words in letters[language]
        assert "Erika Mustermann" in letters[language]
        assert asked["decision_id"] in letters[language]
    stored = house.officer.explanation(asked["decision_id"], purpose=PURPOSE)
    assert stored["explanation"] == asked["explanation"]
    assert stored["matches_decision"]


def test_the_person_contests_somebody_reviews(house: House, asked: Json, reviewed: Json) -> None:
    """The person contests, somebody reviews."""
    log = house.story.workspace.log
    later = log.entry(reviewed["new_decision"]["entry_id"])
    assert later.header.supersedes == asked["decision_id"]
    assert (later.header.outcome, later.header.automation) == ("approve", "manual")
    assert later.header.actor == house.story.actors[Role.REVIEWER].actor
    assert log.entry(asked["decision_id"]).header.outcome == "decline"


def test_the_person_asks_or_wants_to_be_forgotten(
    house: House, asked: Json, forgotten: Forgotten
) -> None:
    """The person asks, or wants to be forgotten."""
    held = {entry["entry_id"]: entry for entry in forgotten.package["entries"]}
    assert asked["decision_id"] in held
    assert "Erika Mustermann" in str(forgotten.package)
    assert "Max Partner" not in str(forgotten.package)
    assert forgotten.erasure["entries"] >= 4
    with pytest.raises(Erased):
        house.officer.decision(asked["decision_id"], purpose=PURPOSE)
    with pytest.raises(Erased):
        house.officer.letter(asked["decision_id"], purpose=PURPOSE)
    with pytest.raises(NotFound):
        house.officer.find_subject("cust-4711", purpose=PURPOSE)


def test_anyone_checks(
    house: House, asked: Json, receipt: str, forgotten: Forgotten, tmp_path: Path
) -> None:
    """Anyone checks."""
    note = house.auditor.checkpoint()
    whole = _verified(house.database, house.vkey, note)
    assert whole.ok, whole.findings
    assert whole.anchored
    assert whole.size == house.auditor.head()["size"]
    # What the applicant was given before the erasure still proves the decision.
    assert open_proof(receipt, house.vkey).seq == asked["receipt"]["seq"]

    altered = tmp_path / "altered.db"
    tamper_with_copy(house.database, altered, asked["decision_id"])
    report = _verified(altered, house.vkey, note)
    assert not report.ok
    named = f"{asked['receipt']['seq']} ({asked['decision_id']})"
    assert ("leaf", named) in [(found.layer, found.entry) for found in report.findings]


# --------------------------------------------------------------------------- what else must hold


def test_an_entry_hidden_from_its_person_is_found(
    house: House, asked: Json, tmp_path: Path
) -> None:
    copied = _copied(house.database, tmp_path / "hidden.db")
    with _intruder(copied) as connection:
        seq = asked["receipt"]["seq"]
        assert connection.execute("DELETE FROM entry_subject WHERE seq = ?", (seq,)).rowcount
    report = verify_database(_settings_of(house, copied), key=house.vkey)
    assert {found.layer for found in report.findings} == {"index"}
    assert asked["decision_id"] in report.findings[0].entry


def test_a_log_cut_off_after_a_checkpoint_is_found(
    house: House, forgotten: Forgotten, tmp_path: Path
) -> None:
    note = house.auditor.checkpoint()
    copied = _copied(house.database, tmp_path / "short.db")
    last = house.story.workspace.log.size() - 1
    with _intruder(copied) as connection:
        connection.execute("DELETE FROM entry WHERE seq = ?", (last,))
    report = _verified(copied, house.vkey, note)
    assert not report.ok
    assert "checkpoint" in {found.layer for found in report.findings}


def test_these_are_the_headings_of_the_architecture(repository: Path) -> None:
    text = (repository / "ARCHITECTURE.md").read_text(encoding="utf-8")
    section = text.split("## Life of a decision")[1].split("\n## ")[0]
    headings = re.findall(r"^\d+\. \*\*(.+?)\*\*", section, flags=re.MULTILINE)
    tests = [
        value.__doc__
        for name, value in vars(sys.modules[__name__]).items()
        if name.startswith("test_") and value.__doc__
    ]
    assert tests == headings


# --------------------------------------------------------------------------- parts


def _both_applicants() -> list[JsonValue]:
    return [
        {"subject_id": "cust-4711", "data": dict(APPLICANT)},
        {"subject_id": "cust-4712", "role": "co_applicant", "data": {"name": "Max Partner"}},
    ]


def _application(subject_id: str = "cust-4711", **changes: JsonValue) -> Json:
    return application(subject_id, **changes)


def _verified(database: Path, vkey: str, note: str) -> VerificationReport:
    """Verify a database with the self-contained verifier alone."""
    stored = stored_log(f"sqlite:///{database}")
    try:
        return verify_log(
            stored.rows(),
            origin=stored.origin,
            vkey=vkey,
            checkpoint=note,
            stored=stored.state,
        )
    finally:
        stored.close()


def _copied(database: Path, copy: Path) -> Path:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


@contextmanager
def _intruder(database: Path) -> Iterator[sqlite3.Connection]:
    """Open a database as somebody who owns its file: the triggers do not stop them."""
    with closing(sqlite3.connect(database)) as connection, connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        yield connection


def _wal(database: Path) -> bytes:
    wal = database.with_name(f"{database.name}-wal")
    return wal.read_bytes() if wal.exists() else b""


def _settings_of(house: House, database: Path) -> Settings:
    return settings_in(house.story.folder, database_url=f"sqlite:///{database}")
