"""The header of a decision says what its record says, or the decision is not appended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Automation, Decision, Role
from tests.attacks.test_rewritten_databases import everything_stored
from tests.log_kit import ACTOR, FUNCTION, LogKit, a_decision

EARLIER = "01a0c5f2-1c00-7000-8000-00000000000a"
RELEASE = "01a0c5f2-1c00-7000-8000-00000000000b"


def drafted(kit: LogKit, record: Decision) -> Draft:
    return Draft.of_decision(
        record,
        entry_id=kit.entry_id(),
        actor=ACTOR,
        role=Role.SERVICE,
        subjects=[DraftSubject(role="applicant", subject_id="anna", data={"name": "Anna"})],
    )


def test_a_decision_drafted_from_its_record_is_found_by_what_the_record_says(kit: LogKit) -> None:
    record = a_decision({"income": 800}).model_copy(
        update={"supersedes": EARLIER, "release": RELEASE}
    )
    kit.log.append(drafted(kit, record))
    (entry,) = kit.log.entries(kinds=(EntryKind.DECISION,), function=FUNCTION)
    said = entry.header
    assert (said.outcome, said.automation) == ("approve", Automation.SOLELY_AUTOMATED)
    assert (said.purpose, said.basis) == ("credit", "contract")
    assert (said.supersedes, said.release) == (EARLIER, RELEASE)


def test_a_decision_without_a_release_says_so(kit: LogKit) -> None:
    kit.log.append(drafted(kit, a_decision({})))
    assert kit.log.latest(limit=1)[0].header.release == "none"


@pytest.mark.parametrize(
    "changed",
    [
        {"function": None},
        {"outcome_code": None},
        {"automation": None},
        {"function": "sha256:" + "cd" * 32},
        {"outcome_code": "decline"},
        {"automation": Automation.MANUAL},
        {"purpose": "hiring"},
        {"lawful_basis": "gdpr-6-1-a"},
        {"release": RELEASE},
        {"supersedes": EARLIER},
    ],
    ids=str,
)
def test_a_decision_whose_header_says_other_than_its_record_is_refused(
    kit: LogKit, changed: dict[str, Any]
) -> None:
    before = everything_stored(kit)
    bad = replace(drafted(kit, a_decision({"income": 800})), **changed)
    with pytest.raises(InvalidInput, match=f"what its record says: {next(iter(changed))}[.]") as no:
        kit.log.append(bad)
    assert "Draft.of_decision" in no.value.remedy
    assert everything_stored(kit) == before


def test_every_field_that_differs_is_named(kit: LogKit) -> None:
    bad = replace(drafted(kit, a_decision({})), function=None, automation=None, purpose="hiring")
    with pytest.raises(InvalidInput, match="says: function, automation, purpose"):
        kit.log.append(bad)


def test_purpose_basis_and_release_may_be_left_out_of_the_header(kit: LogKit) -> None:
    draft = drafted(kit, a_decision({}))
    bare = replace(draft, purpose=None, lawful_basis=None, release=None)
    assert kit.log.append(bare).kind is EntryKind.DECISION
