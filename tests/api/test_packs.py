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
from answerable.audit.errors import EvidenceBroken, InvalidInput, NotAllowed, NotFound, TooLarge
from answerable.audit.kinds import EntryKind
from answerable.audit.records import RecordDisclosed, RecordsRead, Role
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


def asked(
    story: Story,
    *decisions: str,
    contents: PackContents,
    role: Role,
    subject: str | None = None,
) -> bytes:
    file = io.BytesIO()
    recipient = "court" if contents is PackContents.OPENED else None
    request = PackRequest(
        decisions=decisions,
        purpose="court",
        contents=contents,
        recipient=recipient,
        subject=subject,
    )
    evidence_pack(story.workspace, request, file, actor=story.actors[role])
    return file.getvalue()


def test_a_pack_is_sent_as_a_zip_and_noted_before(story: Story) -> None:
    prepared = prepare(story)
    client = TestClient(create_app(story.workspace), raise_server_exceptions=False)
    answer = client.post(
        "/v1/audit/packs",
        headers=headers(story, Role.AUDITOR),
        json={
            "decisions": [prepared.ids["decision_id"]],
            "contents": "opened",
            "recipient": "court",
        },
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
    first, second = (item.ref for item in story.workspace.log.entry(decision).header.subjects)
    pack = asked(story, decision, contents=PackContents.SUBJECT, role=Role.OFFICER, subject=first)
    content = b"".join(files_of(pack).values())
    assert b"Mustermann" in content
    assert b"Max Zwei" not in content
    theirs = asked(
        story, decision, contents=PackContents.SUBJECT, role=Role.OFFICER, subject=second
    )
    content = b"".join(files_of(theirs).values())
    assert b"Mustermann" not in content
    assert b"Max Zwei" in content
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


def disclosed(story: Story, after: int) -> list[tuple[str, int, str, str]]:
    """What the log says was given away since a size: entry, part, recipient, purpose."""
    found = story.workspace.log.entries(
        kinds=(EntryKind.RECORD_DISCLOSED,), after=after - 1, limit=500
    )
    records = [story.workspace.log.read_record(entry.id, RecordDisclosed) for entry in found]
    return [(item.entry, item.part, item.recipient, item.purpose) for item in records]


def keys_in(pack: bytes) -> int:
    return sum(name.endswith(".key") for name in files_of(pack))


def test_each_key_that_an_opened_pack_gives_away_is_an_entry_with_its_recipient(
    story: Story,
) -> None:
    made, size = together(story), story.workspace.log.size()
    pack = asked(story, made, contents=PackContents.OPENED, role=Role.AUDITOR)
    given = disclosed(story, size)
    assert len(given) == keys_in(pack) > 2
    assert (made, 0, "court", "court") in given
    assert len(set(given)) == len(given)
    # Nobody's own data is given away without their reference at the entry.
    people = {item.ref for item in story.workspace.log.entry(made).header.subjects}
    found = story.workspace.log.entries(kinds=(EntryKind.RECORD_DISCLOSED,), limit=500)
    assert {item.ref for entry in found for item in entry.header.subjects} == people


def test_a_sealed_pack_gives_nothing_away_and_holds_no_trace_of_what_was(story: Story) -> None:
    made = together(story)
    asked(story, made, contents=PackContents.OPENED, role=Role.AUDITOR)
    size = story.workspace.log.size()
    pack = asked(story, made, contents=PackContents.SEALED, role=Role.AUDITOR)
    assert disclosed(story, size) == []
    kinds = {entry["kind"] for entry in checked(pack, story.workspace.log.vkey)["entries"]}
    assert kinds == {"decision", "explanation"}


def test_the_persons_own_pack_says_that_the_person_has_the_keys(story: Story) -> None:
    made = together(story)
    ref = story.workspace.log.entry(made).header.subjects[0].ref
    size = story.workspace.log.size()
    pack = asked(story, made, contents=PackContents.SUBJECT, role=Role.OFFICER, subject=ref)
    given = disclosed(story, size)
    assert len(given) == keys_in(pack) > 0
    assert {item[2] for item in given} == {"data-subject"}


@pytest.mark.parametrize(
    ("contents", "recipient"),
    [(PackContents.OPENED, None), (PackContents.SEALED, "court"), (PackContents.OPENED, "A Court")],
)
def test_a_recipient_is_a_code_and_belongs_to_an_opened_pack(
    story: Story, contents: PackContents, recipient: str | None
) -> None:
    made = together(story)
    request = PackRequest(
        decisions=(made,), purpose="court", contents=contents, recipient=recipient
    )
    with pytest.raises(InvalidInput):
        evidence_pack(story.workspace, request, io.BytesIO(), actor=story.actors[Role.AUDITOR])
    assert disclosed(story, 0) == []


def test_whose_pack_it_is_must_be_said_when_several_people_are_concerned(story: Story) -> None:
    made, size = together(story), story.workspace.log.size()
    people = story.workspace.log.entry(made).header.subjects
    with pytest.raises(InvalidInput) as caught:
        asked(story, made, contents=PackContents.SUBJECT, role=Role.OFFICER)
    for person in people:
        assert f"{person.ref} ({person.role})" in str(caught.value)
    with pytest.raises(NotFound, match="about this person"):
        asked(
            story,
            made,
            contents=PackContents.SUBJECT,
            role=Role.OFFICER,
            subject="s-" + "0" * 32,
        )
    assert story.workspace.log.size() == size
