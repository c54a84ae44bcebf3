"""The organisation's profile, the record of processing, and telling recipients."""

from __future__ import annotations

import json
from typing import Any

import pytest

from answerable.api.flows.explain import letter
from answerable.api.flows.organisation import (
    organisation_of,
    record_of_processing,
    register_organisation,
)
from answerable.api.flows.subject import (
    Notice,
    access_package,
    erase,
    notices_of,
    notify_recipient,
    rectify,
    restrict,
)
from answerable.audit.errors import Conflict, InvalidInput, NotAllowed, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Calendar, Role, SubjectStatement
from tests.api.story import FUNCTION, Story
from tests.api.subjects_kit import decided, facts, officer, profile, ref_of, registered

STATEMENT = SubjectStatement(statement="My income is 900.")


def record(story: Story, role: Role = Role.OFFICER) -> Any:
    made = record_of_processing(story.workspace, actor=story.actors[role])
    return json.loads(json.dumps(made.to_result()))


def test_a_changed_profile_supersedes_the_one_before_and_the_same_is_not_written_twice(
    story: Story,
) -> None:
    first = register_organisation(story.workspace, profile(), actor=officer(story))
    again = register_organisation(story.workspace, profile(), actor=officer(story))
    assert again.receipt.repeated
    assert again.entry_id == first.entry_id
    changed = profile().model_copy(update={"calendar": Calendar(time_zone="UTC")})
    second = register_organisation(story.workspace, changed, actor=story.actors[Role.COMPLIANCE])
    entry = story.workspace.log.entry(second.entry_id)
    assert entry.kind is EntryKind.ORGANISATION_REGISTERED
    assert entry.header.supersedes == first.entry_id
    assert organisation_of(story.workspace).profile == changed
    # Back to the first: a new entry, because the newest one counts.
    third = register_organisation(story.workspace, profile(), actor=officer(story))
    assert third.entry_id not in {first.entry_id, second.entry_id}


def test_a_profile_is_refused_to_whoever_may_not_and_with_a_zone_nobody_knows(
    story: Story,
) -> None:
    size = story.workspace.log.size()
    for role in (Role.SERVICE, Role.SCIENTIST, Role.AUDITOR, Role.REVIEWER):
        with pytest.raises(NotAllowed):
            register_organisation(story.workspace, profile(), actor=story.actors[role])
    nowhere = profile().model_copy(update={"calendar": Calendar(time_zone="Nowhere/Town")})
    with pytest.raises(InvalidInput, match="time zone"):
        register_organisation(story.workspace, nowhere, actor=officer(story))
    assert story.workspace.log.size() == size


def test_the_profile_wins_over_the_settings_in_letters(story: Story) -> None:
    made = decided(story)

    def written(language: str) -> str:
        issued = letter(
            story.workspace,
            made.decision_id,
            view="art15_access",
            language=language,
            purpose="test",
            actor=officer(story),
        )
        return " ".join(issued.letter.text.split())

    assert "Test Authority" in written("en")
    registered(story)
    assert "Demo Data Protection Authority" in written("en")
    assert "Test Authority" not in written("en")
    assert "The application itself" in written("en")
    assert "Der Antrag selbst" in written("de")


def test_the_record_of_processing_rests_on_entries_and_counts(story: Story) -> None:
    decided(story)
    rectify(story.workspace, ref_of(story), STATEMENT, actor=officer(story))
    registered(story)
    result = record(story, Role.AUDITOR)
    assert result["missing"] == []
    (activity,) = result["activities"]
    assert activity["purpose"] == "credit-decision"
    assert activity["categories_of_subjects"] == "Applicants"
    assert activity["categories_of_data"]["inputs"] == ["debt", "income"]
    assert activity["categories_of_data"]["protected_attributes"] == ["sex"]
    assert [item["id"] for item in activity["transfers"]] == ["hosting"]
    assert activity["time_limits"]["days"] == 1825
    (function,) = activity["functions"]
    assert (function["name"], function["state"]) == (FUNCTION, "released")
    assert (function["decisions"], function["by_outcome"]) == (1, {"decline": 1})
    kinds = {story.workspace.log.entry(item).kind for item in activity["rests_on"]}
    assert kinds == {EntryKind.USE_CASE_REGISTERED, EntryKind.FUNCTION_REGISTERED}
    assert result["profile_entry"] == organisation_of(story.workspace).entry.id  # type: ignore[union-attr]
    assert (result["counts"]["rectifications"], result["counts"]["erasures"]) == (1, 0)


def test_what_nobody_stated_is_missing_from_the_record_and_never_filled(story: Story) -> None:
    result = record(story)
    assert {item["item"] for item in result["missing"]} == {
        "controller", "data_protection_officer", "security_measures", "categories_of_data",
        "recipients", "time_limits",
    }  # fmt: skip
    assert result["organisation"] is None
    assert result["activities"][0]["recipients"] is None
    assert result["activities"][0]["time_limits"] is None


def test_a_transfer_without_a_safeguard_is_listed_as_missing(story: Story) -> None:
    bare = profile()
    recipients = tuple(
        item.model_copy(update={"safeguard": None}) for item in bare.recipients or ()
    )
    register_organisation(
        story.workspace, bare.model_copy(update={"recipients": recipients}), actor=officer(story)
    )
    assert record(story)["missing"] == [
        {"item": "safeguard", "article": "gdpr-art-30-1-e", "of": "hosting"}
    ]


def test_asking_for_the_record_is_an_entry_itself(story: Story) -> None:
    record(story)
    last = story.workspace.log.latest(limit=1)[0]
    assert last.kind is EntryKind.RECORDS_READ
    for role in (Role.SERVICE, Role.SCIENTIST, Role.REVIEWER, Role.ADMIN):
        with pytest.raises(NotAllowed):
            record(story, role)


def test_recipients_are_to_be_told_of_each_act_until_they_were(story: Story) -> None:
    decided(story)
    ref = ref_of(story)
    assert not notices_of(story.workspace, ref, actor=officer(story)).stated
    registered(story)
    rectified = rectify(story.workspace, ref, STATEMENT, actor=officer(story)).entry_id
    limited = restrict(story.workspace, ref, STATEMENT, actor=officer(story)).entry_id
    found = notices_of(story.workspace, ref, actor=officer(story)).lines
    assert [(line.act, line.recipient, line.result) for line in found] == [
        (act, recipient, None)
        for act in (rectified, limited)
        for recipient in ("credit-bureau", "hosting")
    ]
    told = Notice(act=rectified, recipient="credit-bureau", channel="letter")
    notify_recipient(story.workspace, ref, told, actor=officer(story))
    with pytest.raises(Conflict, match="told before"):
        notify_recipient(story.workspace, ref, told, actor=officer(story))
    with pytest.raises(InvalidInput, match="ground"):
        notify_recipient(
            story.workspace,
            ref,
            Notice(act=rectified, recipient="hosting", result="impossible"),
            actor=officer(story),
        )
    for act, recipient in ((rectified, "nobody"), (found[0].recipient, "hosting")):
        with pytest.raises(NotFound):
            notify_recipient(
                story.workspace, ref, Notice(act=act, recipient=recipient), actor=officer(story)
            )
    states = {
        (line.act, line.recipient): line.result
        for line in notices_of(story.workspace, ref, actor=officer(story)).lines
    }
    assert states[rectified, "credit-bureau"] == "told"
    assert states[limited, "credit-bureau"] is None
    package = access_package(
        story.workspace, ref, facts(story), purpose="gdpr-art-15", actor=officer(story)
    )
    assert [item["recipient"] for item in package.to_result()["recipients_told"]] == [  # type: ignore[union-attr,index,call-overload]
        "credit-bureau"
    ]


def test_recipients_are_told_of_an_erasure_after_the_key_is_gone(story: Story) -> None:
    decided(story)
    ref = ref_of(story)
    registered(story)
    done = erase(story.workspace, ref, facts(story), actor=officer(story))
    act = done.receipt.entry_id
    notify_recipient(
        story.workspace, ref, Notice(act=act, recipient="hosting"), actor=officer(story)
    )
    found = notices_of(story.workspace, ref, actor=officer(story)).lines
    assert [(line.recipient, line.result) for line in found] == [
        ("credit-bureau", None),
        ("hosting", "told"),
    ]
