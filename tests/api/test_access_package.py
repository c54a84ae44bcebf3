"""What is handed to one person: all of theirs, nothing of others, no member of staff."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from answerable.api.flows.append import note_read
from answerable.api.flows.cases import Applicant, DecisionRequest
from answerable.api.flows.decide import record_decision
from answerable.api.flows.explain import letter
from answerable.api.flows.review import ReviewRequest, complete_review, contest
from answerable.api.flows.stored import same_subjects
from answerable.api.flows.subject import (
    AccessPackage,
    PortablePackage,
    access_package,
    erase,
    object_to,
    portability_package,
    rectify,
    restrict,
)
from answerable.audit.entries import Draft
from answerable.audit.errors import InvalidInput, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Automation,
    Component,
    ComponentKind,
    Contest,
    EntryLink,
    Outcome,
    Role,
    SubjectStatement,
)
from answerable.audit.tree.receipts import open_proof
from tests.api.story import FUNCTION, Story
from tests.api.subjects_kit import decided, facts, officer, ref_of, registered

PARTNERS = ("Max Partner", "Partner Works", "cust-4712")
STAFF = re.compile(r"\ba-[0-9a-f]{32}\b")


def package_of(story: Story, subject_id: str, language: str = "en") -> AccessPackage:
    return access_package(
        story.workspace,
        ref_of(story, subject_id),
        facts(story),
        purpose="gdpr-art-15",
        language=language,
        actor=officer(story),
    )


def result_of(package: AccessPackage | PortablePackage) -> Any:
    """What the machine-readable file holds."""
    files = package.files()
    (name,) = [name for name in files if name.endswith(".json")]
    return json.loads(files[name])


def handed_out(package: AccessPackage) -> str:
    return "\n".join(
        data.decode() for name, data in package.files().items() if name.startswith("access.")
    )


def lived(story: Story) -> str:
    """A decision about two people that both contest, state things about, and get letters on."""
    made = decided(story)
    refs = {name: ref_of(story, name) for name in ("cust-4711", "cust-4712")}
    registered(story)
    letter(story.workspace, made.decision_id, purpose="test", actor=officer(story))
    first, second = (
        contest(
            story.workspace,
            made.decision_id,
            grounds=words,
            by=by,
            actor=officer(story),
        ).entry_id
        for words, by in (
            ("Erste Worte von Erika", refs["cust-4711"]),
            ("My divorce from Erika M.", refs["cust-4712"]),
        )
    )
    complete_review(
        story.workspace,
        ReviewRequest(
            decision_id=made.decision_id,
            result="overturned",
            reason_code="new-facts",
            note="Max told us of his illness.",
            contest_id=second,
            new_outcome=Outcome.APPROVE,
            new_outcome_code="approve",
        ),
        actor=story.actors[Role.REVIEWER],
    )
    for ref, words in ((refs["cust-4711"], "Erika says so"), (refs["cust-4712"], "Max says so")):
        for flow in (rectify, object_to, restrict):
            flow(story.workspace, ref, SubjectStatement(statement=words), actor=officer(story))
    assert first != second
    return made.decision_id


def test_a_package_holds_nothing_that_another_person_gave_or_wrote(story: Story) -> None:
    lived(story)
    hers, his = package_of(story, "cust-4711"), package_of(story, "cust-4712")
    for text in (handed_out(hers), json.dumps(hers.to_result())):
        for foreign in (*PARTNERS, "My divorce", "Max says so", "illness"):
            assert foreign not in text
    assert "Erste Worte von Erika" in handed_out(hers)
    assert "Erika says so" in handed_out(hers)
    for foreign in ("Mustermann", "DE8937", "Erste Worte", "Erika says so"):
        assert foreign not in handed_out(his)
    for own in ("Max Partner", "My divorce", "Max says so", "Max told us of his illness."):
        assert own in handed_out(his)


def test_no_member_of_staff_is_named_or_referred_to(story: Story) -> None:
    lived(story)
    ref = ref_of(story)
    actors = {context.actor for context in story.actors.values()}
    names = {f"Test {role.value}" for role in story.actors}
    package = package_of(story, "cust-4711")
    text = handed_out(package)
    assert STAFF.findall(text) == []
    assert not any(name in text for name in names | actors)
    portable = portability_package(
        story.workspace, ref, facts(story), purpose="gdpr-art-20", actor=officer(story)
    )
    assert STAFF.findall(json.dumps(portable.to_result())) == []


def test_a_contest_that_does_not_say_who_of_several_filed_it_is_shown_to_nobody(
    story: Story,
) -> None:
    made = decided(story)
    entry = story.workspace.log.entry(made.decision_id)
    # As the format was written before a contest named the one who filed it.
    story.workspace.log.append(
        Draft(
            kind=EntryKind.CONTEST_FILED,
            entry_id=story.workspace.ids(),
            record=Contest(decision=made.decision_id, grounds="Whose words?", received_at=1),
            actor=officer(story).actor,
            role=Role.OFFICER,
            subjects=same_subjects(entry),
            links=(EntryLink(rel="contests", entry=made.decision_id),),
        )
    )
    for name in ("cust-4711", "cust-4712"):
        package = package_of(story, name)
        assert "Whose words?" not in handed_out(package)
        entries = json.loads(package.files()["access.json"])["entries"]
        filed = next(item for item in entries if item["kind"] == "contest.filed")
        assert filed["withheld"] == ["grounds"]
        assert filed["filed_by"] is None


def test_a_contest_for_somebody_the_decision_is_not_about_is_refused(story: Story) -> None:
    made = decided(story)
    size = story.workspace.log.size()
    with pytest.raises(NotFound, match="not about this person"):
        contest(
            story.workspace,
            made.decision_id,
            grounds="x",
            by="s-" + "0" * 32,
            actor=officer(story),
        )
    assert story.workspace.log.size() == size


def test_who_of_several_people_contests_must_be_said(story: Story) -> None:
    made = decided(story)
    size = story.workspace.log.size()
    with pytest.raises(InvalidInput) as caught:
        contest(story.workspace, made.decision_id, grounds="x", actor=officer(story))
    assert story.workspace.log.size() == size
    for name in ("cust-4711", "cust-4712"):
        assert ref_of(story, name) in str(caught.value)


def test_everything_that_must_be_told_is_told_with_a_profile(story: Story) -> None:
    made = lived(story)
    result = result_of(package_of(story, "cust-4711"))
    assert result["missing"] == []
    (purpose,) = result["purposes"]
    assert (purpose["purpose"], purpose["lawful_basis"]) == ("credit-decision", "gdpr-6-1-b")
    assert made in purpose["entries"]
    assert [item["id"] for item in result["recipients"]] == ["credit-bureau", "hosting"]
    assert [item["third_country"] for item in result["recipients"]] == [False, True]
    assert result["storage"][0]["days"] == 1825
    assert result["complaint_authority"]["name"].startswith("Demo Data Protection")
    assert {item["right"] for item in result["rights"]} >= {"erasure", "human_review", "complaint"}
    assert result["categories_of_data"]["inputs"] == ["debt", "income"]
    assert result["restricted"]
    told = result["automated_decisions"]
    assert told["exists"]
    first = next(item for item in told["decisions"] if item["decision_id"] == made)
    texts = {section["id"]: section for section in first["sections"]}
    assert list(texts) == [
        "action", "automation", "logic", "data", "reasons", "change", "consequences",
    ]  # fmt: skip
    assert texts["reasons"]["items"][0]["text"] == "Your income is low."
    assert texts["change"]["items"]


def test_without_a_profile_what_is_owed_is_listed_and_never_filled_in(story: Story) -> None:
    decided(story)
    result = result_of(package_of(story, "cust-4711"))
    assert {item["item"] for item in result["missing"]} == {
        "controller", "data_protection_officer", "purpose", "recipients", "storage",
    }  # fmt: skip
    assert all(item["article"].startswith("gdpr-art-1") for item in result["missing"])
    assert result["recipients"] is None
    # The settings stand behind a profile that is not there.
    assert result["complaint_authority"] == {"name": "Test Authority, 1 Main Street"}
    assert result["sources"] == [{"name": {"en": "your application"}}]


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "What we hold about you"), ("de", "Was bei uns über Sie gespeichert ist")],
)
def test_the_readable_files_say_the_same_in_each_language(
    story: Story, language: str, words: str
) -> None:
    lived(story)
    files = package_of(story, "cust-4711", language).files()
    page, text = files["access.html"].decode(), files["access.txt"].decode()
    assert words in page
    assert words.upper() in text
    for shown in (page, text):
        assert "Erika Mustermann" in shown
        assert {"en": "Your income is low.", "de": "Ihr Einkommen ist niedrig."}[language] in shown
        assert {"en": "Credit bureau", "de": "Auskunftei"}[language] in shown


def test_who_looked_is_told_by_role_time_and_purpose(story: Story) -> None:
    made = decided(story)
    auditor = story.actors[Role.AUDITOR]
    note_read(
        story.workspace,
        acting=(auditor, Role.AUDITOR),
        purpose="yearly-audit",
        query="decision",
        entries=[made.decision_id],
        subjects=[ref_of(story)],
    )
    reads = result_of(package_of(story, "cust-4711"))["reads"]
    assert ("auditor", "yearly-audit", "decision") in {
        (read["role"], read["purpose"], read["query"]) for read in reads
    }
    assert all(set(read) == {"entry_id", "ts", "role", "purpose", "query"} for read in reads)


def test_every_item_keeps_a_proof_that_holds(story: Story) -> None:
    lived(story)
    package = package_of(story, "cust-4711")
    result, files = result_of(package), package.files()
    entries = result["entries"]
    assert {f"{entry['entry_id']}.tlog-proof" for entry in entries} <= set(files)
    for entry in entries:
        proven = open_proof(entry["proof"], str(result["verification_key"]))
        assert proven.seq == entry["seq"]
        assert entry["entry_id"].encode() in proven.header
    shown = {entry["entry_id"] for entry in entries}
    assert all(set(entry["related"]) <= shown for entry in entries)


def test_a_language_nobody_wrote_is_refused_before_anything_is_recorded(story: Story) -> None:
    decided(story)
    ref, size = ref_of(story), story.workspace.log.size()
    with pytest.raises(InvalidInput, match="language"):
        access_package(
            story.workspace,
            ref,
            facts(story),
            purpose="gdpr-art-15",
            language="fr",
            actor=officer(story),
        )
    assert story.workspace.log.size() == size


def test_after_an_erasure_the_package_says_so_and_holds_no_content(story: Story) -> None:
    decided(story)
    ref = ref_of(story)
    for name in ("cust-4712", "cust-4711"):
        erase(story.workspace, ref_of(story, name), facts(story), actor=officer(story))
    package = access_package(
        story.workspace, ref, facts(story), purpose="gdpr-art-15", actor=officer(story)
    )
    result = result_of(package)
    assert result["erased"]
    assert "Mustermann" not in handed_out(package)
    assert result["automated_decisions"]["decisions"][0]["why_not"] == "erased"
    assert "can no longer be read" in package.files()["access.txt"].decode()


def test_what_is_carried_elsewhere_is_what_the_person_gave_and_nothing_derived(
    story: Story,
) -> None:
    made = lived(story)
    ref = ref_of(story)
    rectify(
        story.workspace,
        ref,
        SubjectStatement(entry=made, fields={"income": 950}),
        actor=officer(story),
    )
    package = portability_package(
        story.workspace, ref, facts(story), purpose="gdpr-art-20", actor=officer(story)
    )
    result = result_of(package)
    given, corrected = result["items"]
    assert given["inputs"] == {"income": 800, "debt": 2100}
    assert given["about_you"]["name"] == "Erika Mustermann"
    assert given["given_together_with"] == 1
    assert corrected["fields"] == {"income": 950}
    assert result["left_out"] == {"repeats-an-earlier-decision": 1}
    text = json.dumps(result)
    for derived in ("score", "outcome", "explanation", "Max", "reasons"):
        assert derived not in text
    for item in result["items"]:
        assert (
            item["entry_id"].encode()
            in open_proof(item["proof"], result["verification_key"]).header
        )


def test_data_on_another_lawful_basis_is_not_carried_elsewhere(story: Story) -> None:
    record_decision(
        story.workspace,
        DecisionRequest(
            function=FUNCTION,
            outcome=Outcome.APPROVE,
            outcome_code="approve",
            automation=Automation.ASSISTED,
            components=(Component(kind=ComponentKind.HUMAN, id="clerk", fired=True),),
            inputs={"income": 1},
            subjects=(Applicant(subject_id="cust-4711"),),
            lawful_basis="gdpr-6-1-c",
        ),
        actor=story.actors[Role.SERVICE],
    )
    package = portability_package(
        story.workspace, ref_of(story), facts(story), purpose="gdpr-art-20", actor=officer(story)
    )
    assert result_of(package)["items"] == []
    assert result_of(package)["left_out"] == {"not-on-consent-or-contract": 1}
