"""What the console shows of people: only after a purpose, logged, and escaped."""

from __future__ import annotations

import io
import json
import zipfile
from html import escape

import pytest

from answerable.api.flows.decide import Applicant, ApplicationRequest, evaluate_application
from answerable.api.flows.review import contest
from answerable.audit.entries import Entry
from answerable.audit.kinds import EntryKind
from answerable.audit.records import RecordsRead, Role
from tests.api.cases import Prepared, prepare
from tests.api.console_kit import sign_in, sign_in_subject
from tests.api.story import APPLICANT, CANARIES, FUNCTION, Story

HOSTILE = "<script>alert(1)</script><img src=x onerror='x'>\"\u202e"


def reads(story: Story) -> list[Entry]:
    return story.workspace.log.latest(kinds=(EntryKind.RECORDS_READ,), limit=50)


def purposes(story: Story) -> list[str]:
    log = story.workspace.log
    return [log.read_record(entry.id, RecordsRead).purpose for entry in reads(story)]


@pytest.fixture
def prepared(story: Story) -> Prepared:
    return prepare(story)


def test_no_page_shows_a_person_before_a_purpose(story: Story, prepared: Prepared) -> None:
    ids = prepared.ids
    size = story.workspace.log.size()
    shown = [
        sign_in(story, role).get(path + twin).text
        for role, path in (
            (Role.OFFICER, "/console/"),
            (Role.OFFICER, "/console/decisions"),
            (Role.OFFICER, f"/console/decisions/{ids['decision_id']}"),
            (Role.OFFICER, f"/console/entries/{ids['entry_id']}"),
            (Role.REVIEWER, "/console/reviews"),
            (Role.REVIEWER, f"/console/reviews/{ids['contest_id']}"),
            (Role.AUDITOR, "/console/entries"),
        )
        for twin in ("", "?format=json")
    ]
    assert not [word for word in (*CANARIES, "Too harsh") for text in shown if word in text]
    assert story.workspace.log.size() == size


def test_a_file_opens_with_a_purpose_that_stands_in_the_log(
    story: Story, prepared: Prepared
) -> None:
    path = f"/console/decisions/{prepared.ids['decision_id']}"
    answer = sign_in(story, Role.AUDITOR).send(path, purpose="oversight")
    assert answer.status_code == 200
    assert all(value in answer.text for value in APPLICANT.values())
    assert set(purposes(story)) == {"oversight"}
    assert {entry.header.actor for entry in reads(story)} == {story.actors[Role.AUDITOR].actor}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("purpose", ["", "Because I want to", HOSTILE])
def test_without_a_purpose_nothing_opens(story: Story, prepared: Prepared, purpose: str) -> None:
    size = story.workspace.log.size()
    path = f"/console/decisions/{prepared.ids['decision_id']}"
    answer = sign_in(story, Role.OFFICER).send(path, purpose=purpose)
    assert answer.status_code == 422
    assert not [word for word in CANARIES if word in answer.text]
    assert not purpose or purpose not in answer.text
    assert story.workspace.log.size() == size


def test_a_letter_is_written_in_the_language_asked_for_and_logged(
    story: Story, prepared: Prepared
) -> None:
    decision_id = prepared.ids["decision_id"]
    letters = sign_in(story, Role.OFFICER)
    answer = letters.send(
        f"/console/decisions/{decision_id}/letter", purpose="complaint", language="de"
    )
    assert 'lang="de"' in answer.text
    assert "Ihr Einkommen ist niedrig." in answer.text
    kinds = [entry.kind for entry in story.workspace.log.related(decision_id)]
    assert EntryKind.LETTER_ISSUED in kinds


def test_hostile_names_are_shown_as_text(story: Story) -> None:
    made = evaluate_application(
        story.workspace,
        ApplicationRequest(
            function=FUNCTION,
            inputs={"income": 800, "debt": 2100},
            subjects=(Applicant(subject_id="customer-18", data={"name": HOSTILE, HOSTILE: "x"}),),
        ),
        actor=story.actors[Role.SERVICE],
    )
    filed = contest(
        story.workspace, made.decision_id, grounds=HOSTILE, actor=story.actors[Role.OFFICER]
    )
    opened = sign_in(story, Role.OFFICER).send(
        f"/console/decisions/{made.decision_id}", purpose="audit"
    )
    case = sign_in(story, Role.REVIEWER).send(f"/console/reviews/{filed.entry_id}")
    for text in (opened.text, case.text):
        assert "<script" not in text
        assert "<img" not in text
        assert "\u202e" not in text
        assert escape("<script>alert(1)</script>") in text


def test_a_person_is_found_by_a_form_and_never_named_in_an_address(
    story: Story, prepared: Prepared
) -> None:
    officer = sign_in(story, Role.OFFICER)
    found = officer.send("/console/subjects", subject_id="customer-17", purpose="gdpr-art-15")
    assert f"/console/subjects/{prepared.ids['ref']}/access" in found.text
    assert "customer-17" not in found.text
    assert purposes(story) == ["gdpr-art-15"]


def test_an_unknown_person_is_not_repeated(story: Story) -> None:
    officer = sign_in(story, Role.OFFICER)
    answer = officer.send("/console/subjects", subject_id="Mustermann", purpose="complaint")
    assert answer.status_code == 404
    assert "Mustermann" not in answer.text


def test_the_access_package_holds_the_data_and_the_proofs(story: Story, prepared: Prepared) -> None:
    answer = sign_in(story, Role.OFFICER).send(
        f"/console/subjects/{prepared.ids['ref']}/access", identity_check="id-card"
    )
    assert answer.headers["content-disposition"] == 'attachment; filename="access-package.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        assert f"{prepared.ids['decision_id']}.tlog-proof" in package.namelist()
        assert "Mustermann" in json.dumps(json.loads(package.read("access.json")))


def test_erasing_needs_the_confirmation(story: Story, prepared: Prepared) -> None:
    officer, ref = sign_in(story, Role.OFFICER), prepared.ids["ref"]
    path = f"/console/subjects/{ref}/erase"
    assert officer.send(path, identity_check="id-card").status_code == 422
    assert not story.workspace.log.is_erased(ref)
    assert officer.send(path, identity_check="id-card", confirm="yes").status_code == 303
    assert story.workspace.log.is_erased(ref)
    assert "This person was erased" in officer.get(f"/console/subjects/{ref}").text


def test_the_file_of_an_erased_person_says_so(story: Story, prepared: Prepared) -> None:
    officer, ref = sign_in(story, Role.OFFICER), prepared.ids["ref"]
    officer.send(f"/console/subjects/{ref}/erase", identity_check="id-card", confirm="yes")
    path = f"/console/decisions/{prepared.ids['decision_id']}"
    assert officer.get(path).status_code == 200
    opened = officer.send(path, purpose="audit")
    assert opened.status_code == 410
    assert "This was erased" in opened.text
    assert not [word for word in CANARIES if word in opened.text]


def test_a_reviewer_sees_the_case_first_and_may_overturn(story: Story, prepared: Prepared) -> None:
    reviewer, ids = sign_in(story, Role.REVIEWER), prepared.ids
    path = f"/console/reviews/{ids['contest_id']}"
    case = reviewer.send(path).text
    assert "Too harsh." in case
    assert case.index("Too harsh.") < case.index("<details>") < case.index("Principal reasons")
    missing = reviewer.send(f"{path}/result", result="overturned", reason_code="income-shown")
    assert missing.status_code == 422
    done = reviewer.send(
        f"{path}/result",
        result="overturned",
        new_outcome_code="approve",
        reason_code="income-shown",
        note="Statements of a second account.",
    )
    assert done.headers["location"] == f"/console/decisions/{ids['decision_id']}"
    newest = reviewer.client.get("/console/decisions?format=json").json()["rows"][0]
    assert (newest["outcome"], newest["supersedes"]) == ("approve", ids["decision_id"])


def test_an_applicant_reads_the_letter_and_contests(story: Story, prepared: Prepared) -> None:
    decision_id = prepared.ids["decision_id"]
    applicant = sign_in_subject(story, decision_id)
    assert "Your income is low." in applicant.get(f"/my/{decision_id}/letter").text
    assert purposes(story) == ["own-data"]
    sent = applicant.send(f"/my/{decision_id}/contest", grounds="Too harsh.", lang="de")
    assert "Ihr Widerspruch ist eingegangen" in applicant.get(sent.headers["location"]).text
    assert applicant.get(f"/my/{decision_id}/receipt").text.startswith("c2sp.org/tlog-proof")
