"""Evidence packs over HTTP and from the flow: who may, what is logged, what is inside."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from answerable.api.flows.cases import Applicant, ApplicationRequest
from answerable.api.flows.decide import evaluate_application
from answerable.api.flows.pack import PackContents, PackRequest, evidence_pack
from answerable.api.http.app import create_app
from answerable.audit.errors import EvidenceBroken, InvalidInput, NotAllowed, TooLarge
from answerable.audit.kinds import EntryKind
from answerable.audit.records import RecordsRead, Role
from tests.api.cases import prepare
from tests.api.story import APPLICANT, FUNCTION, Story, copy_story, headers
from tests.pack_kit import checked, files_of


def together(story: Story) -> str:
    """A decision about two applicants, each with a name."""
    made = evaluate_application(
        story.workspace,
        ApplicationRequest(
            function=FUNCTION,
            inputs={"income": 800, "debt": 2100},
            subjects=(
                Applicant(subject_id="customer-31", data=dict(APPLICANT)),
                Applicant(subject_id="customer-32", role="co_applicant", data={"name": "Max Zwei"}),
            ),
        ),
        actor=story.actors[Role.SERVICE],
    )
    return made.decision_id


def asked(story: Story, *decisions: str, contents: PackContents, role: Role) -> bytes:
    file = io.BytesIO()
    request = PackRequest(decisions=decisions, purpose="court", contents=contents)
    evidence_pack(story.workspace, request, file, actor=story.actors[role])
    return file.getvalue()


def test_a_pack_is_sent_as_a_zip_and_noted_before(story: Story) -> None:
    prepared = prepare(story)
    client = TestClient(create_app(story.workspace), raise_server_exceptions=False)
    answer = client.post(
        "/v1/audit/packs",
        headers=headers(story, Role.AUDITOR),
        json={"decisions": [prepared.ids["decision_id"]], "contents": "opened"},
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    found = checked(answer.content, story.workspace.log.vkey)
    assert found["ok"]
    assert [entry["kind"] for entry in found["entries"]] == [
        "decision", "explanation", "contest.filed",
    ]  # fmt: skip
    noted = story.workspace.log.latest(kinds=(EntryKind.RECORDS_READ,), limit=1)[0]
    record = story.workspace.log.read_record(noted.id, RecordsRead)
    assert record.query == "evidence-pack:opened"
    assert len(record.entries) == 3


def test_the_persons_pack_opens_their_own_data_and_nobody_elses(story: Story) -> None:
    decision = together(story)
    pack = asked(story, decision, contents=PackContents.SUBJECT, role=Role.OFFICER)
    content = b"".join(files_of(pack).values())
    assert b"Mustermann" in content
    assert b"Max Zwei" not in content
    opened = asked(story, decision, contents=PackContents.OPENED, role=Role.AUDITOR)
    assert b"Max Zwei" in b"".join(files_of(opened).values())
    for made in (pack, opened):
        assert checked(made, story.workspace.log.vkey)["ok"]


def test_only_an_officer_makes_the_persons_pack(story: Story) -> None:
    decision = together(story)
    size = story.workspace.log.size()
    with pytest.raises(NotAllowed):
        asked(story, decision, contents=PackContents.SUBJECT, role=Role.AUDITOR)
    for contents in PackContents:
        with pytest.raises(NotAllowed):
            asked(story, decision, contents=contents, role=Role.SCIENTIST)
    assert story.workspace.log.size() == size


def test_a_persons_pack_of_two_persons_is_refused(story: Story) -> None:
    first, second = prepare(story).ids["decision_id"], together(story)
    with pytest.raises(InvalidInput, match="one person"):
        asked(story, first, second, contents=PackContents.SUBJECT, role=Role.OFFICER)
    with pytest.raises(InvalidInput, match="1 to 1000"):
        asked(story, contents=PackContents.SEALED, role=Role.OFFICER)


def test_a_pack_that_would_be_too_large_is_refused(story: Story) -> None:
    request = PackRequest(decisions=[together(story)], purpose="court")
    with pytest.raises(TooLarge):
        evidence_pack(
            story.workspace, request, io.BytesIO(), actor=story.actors[Role.AUDITOR], limit=3000
        )


def test_a_checkpoint_of_another_log_is_refused_over_http(story: Story) -> None:
    client = TestClient(create_app(story.workspace), raise_server_exceptions=False)
    answer = client.post(
        "/v1/audit/packs",
        headers=headers(story, Role.AUDITOR),
        json={"decisions": [together(story)], "checkpoint": "another\n1\nAAAA\n\n"},
    )
    assert answer.status_code == 422
    assert "the checkpoint you keep" in answer.text


def test_a_kept_checkpoint_beyond_the_log_shows_that_entries_were_removed(
    told: Story, tmp_path: Path
) -> None:
    older, newer = (copy_story(told, tmp_path / name, seed=name) for name in ("older", "newer"))
    decision = together(older)
    for _ in range(3):
        together(newer)
    request = PackRequest(
        decisions=[decision], purpose="court", checkpoint=newer.workspace.log.checkpoint()
    )
    with pytest.raises(EvidenceBroken, match="the checkpoint you keep covers"):
        evidence_pack(older.workspace, request, io.BytesIO(), actor=older.actors[Role.AUDITOR])
    for made in (older, newer):
        made.workspace.close()


def test_a_pack_made_after_a_rotation_is_tied_to_a_checkpoint_of_the_old_key(story: Story) -> None:
    made = together(story)
    log = story.workspace.log
    old, kept = log.vkey, log.checkpoint()
    log.rotate_signing_key(story.actors[Role.ADMIN].actor, Role.ADMIN)
    log.destroy_old_signing_keys()
    file = io.BytesIO()
    request = PackRequest(decisions=(made,), purpose="court", checkpoint=kept)
    evidence_pack(story.workspace, request, file, actor=story.actors[Role.AUDITOR])
    for trusted in (old, log.vkey):
        found = checked(file.getvalue(), trusted, checkpoint=kept.encode())
        assert (found["ok"], found["anchored"]) == (True, True)
