"""From data to release: what is registered is checked, what is released was signed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from answerable.api.actor import ActorContext
from answerable.api.flows.access import issue_api_key
from answerable.api.flows.assess import assess
from answerable.api.flows.card import build_card, check_card, export_card, render_card
from answerable.api.flows.evidence import evidence_by_digest, record_evidence
from answerable.api.flows.govern import (
    SignOffRequest,
    WaiverRequest,
    evaluate_gate,
    prepare_sign_off,
    record_gate,
    record_sign_off,
    release,
    sign,
    waive,
)
from answerable.api.flows.quality import QualityRequest, assess_quality
from answerable.api.flows.register import (
    DatasetDescription,
    ModelDescription,
    register_actor,
    register_dataset,
    register_function,
    register_policy,
    store_model,
)
from answerable.api.flows.scan import ScanRequest, scan
from answerable.api.inputs import table_of
from answerable.audit.errors import (
    Conflict,
    EvidenceBroken,
    InvalidInput,
    NotAllowed,
    NotFound,
    PolicyViolation,
)
from answerable.audit.records import DatasetRole, Evidence, ModelArtefact, Role
from answerable.audit.signing import load_signer_key, sign_record
from tests.api.bank import POLICY, SCORECARD, rows
from tests.api.story import DAY, FUNCTION, Story, assess_request, decided

SCIENTIST = Role.SCIENTIST


def function_of(story: Story) -> Any:
    return story.workspace.registry().function(FUNCTION).record


def test_registering_the_same_again_gives_the_first_receipt(story: Story) -> None:
    size = story.workspace.log.size()
    again = register_function(story.workspace, function_of(story), actor=story.actors[SCIENTIST])
    policy = register_policy(
        story.workspace, POLICY.encode(), where="p", actor=story.actors[Role.COMPLIANCE]
    )
    assert again.receipt.repeated
    assert policy.receipt.repeated
    assert story.workspace.log.size() == size


def test_a_name_and_version_stand_for_one_content_only(story: Story) -> None:
    changed = function_of(story).model_copy(update={"cut_off": 0.6})
    with pytest.raises(Conflict, match="loan@1"):
        register_function(story.workspace, changed, actor=story.actors[SCIENTIST])
    with pytest.raises(Conflict, match="fairness@1"):
        register_policy(
            story.workspace,
            POLICY.replace("0.5", "0.1").encode(),
            where="p",
            actor=story.actors[Role.COMPLIANCE],
        )


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"use_case": "sha256:" + "1" * 64}, NotFound),
        ({"catalogue": "sha256:" + "1" * 64}, NotFound),
        ({"baselines": ("sha256:" + "1" * 64,)}, NotFound),
        ({"models": ()}, InvalidInput),
    ],
)
def test_a_function_that_could_not_decide_is_not_registered(
    story: Story, changed: dict[str, Any], error: type[Exception]
) -> None:
    broken = function_of(story).model_copy(update={"version": "2", **changed})
    size = story.workspace.log.size()
    with pytest.raises(error):
        register_function(story.workspace, broken, actor=story.actors[SCIENTIST])
    assert story.workspace.log.size() == size


@pytest.mark.parametrize(
    ("data", "features", "says"),
    [
        (b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00", ("income", "debt"), "pickle"),
        (json.dumps(SCORECARD).encode(), ("income", "age"), "feature"),
        (b"{}", ("income", "debt"), ""),
    ],
)
def test_a_model_that_is_unsafe_or_does_not_fit_is_not_stored(
    story: Story, data: bytes, features: tuple[str, ...], says: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        store_model(
            story.workspace,
            data,
            ModelDescription(name="m", format="scorecard", features=features, trained_on=()),
        )
    assert says in str(caught.value).lower()


def test_a_dataset_is_described_truly_or_not_at_all(story: Story) -> None:
    for roles in ({"none": "feature"}, {"income": "target"}):
        with pytest.raises(InvalidInput):
            register_dataset(
                story.workspace,
                rows(5),
                DatasetDescription(
                    name="x", role=DatasetRole.TRAINING, source="s", column_roles=roles
                ),
                actor=story.actors[SCIENTIST],
            )


def test_only_the_registered_rows_can_be_assessed_and_each_look_is_counted(
    story: Story,
) -> None:
    scientist, function = story.actors[SCIENTIST], function_of(story)
    same = decided(rows(200, shift=1000), story.workspace, function)
    other = decided(rows(200, shift=1001), story.workspace, function)
    with pytest.raises(InvalidInput, match="rows that were registered"):
        assess(story.workspace, assess_request("loans-hold-out"), other, actor=scientist)
    looked = assess(story.workspace, assess_request("loans-hold-out"), same, actor=scientist)
    assert looked.looks == 2
    found = evidence_by_digest(story.workspace, looked.digest)
    assert found.record.result == looked.assessment.to_result()


def test_the_counts_behind_an_assessment_are_readable_only_with_the_data_sets_key(
    story: Story,
) -> None:
    registry = story.workspace.registry()
    held = next(item for item in registry.evidence.values() if item.kind == "fairness.assessed")
    entry = story.workspace.log.entry(held.at.entry)
    assert {part.part for part in entry.header.parts} == {"case", "subject"}
    cells = story.workspace.log.open_body(entry).subjects[0]["cells"]
    assert cells["attributes"] == ["sex"]  # type: ignore[call-overload,index]


def test_a_protected_attribute_with_one_group_cannot_be_assessed(story: Story) -> None:
    table = rows(50)
    one = table.with_column("sex", ["female"] * 50).with_column("outcome", ["approve"] * 50)
    description = DatasetDescription(
        name="one", role=DatasetRole.VALIDATION, source="s", column_roles={}
    )
    register_dataset(story.workspace, one, description, actor=story.actors[SCIENTIST])
    size = story.workspace.log.size()
    with pytest.raises(Exception, match="group"):
        assess(story.workspace, assess_request("one"), one, actor=story.actors[SCIENTIST])
    assert story.workspace.log.size() == size


def test_a_scan_and_a_look_at_quality_are_logged_for_their_data_set(story: Story) -> None:
    mails = table_of(
        pa.table({"mail": [f"a{n}@mail.example" for n in range(30)], "x": list(range(30))}),
        source="s",
    )
    registered = register_dataset(
        story.workspace,
        mails,
        DatasetDescription(
            name="mails",
            role=DatasetRole.TRAINING,
            source="s",
            column_roles={"mail": "identifier"},
        ),
        actor=story.actors[SCIENTIST],
    )
    scanned = scan(
        story.workspace,
        ScanRequest(dataset=registered.digest),
        mails,
        actor=story.actors[SCIENTIST],
    )
    column = scanned.report.column("mail")
    assert column is not None
    assert column.type == "EMAIL_ADDRESS"
    quality = assess_quality(
        story.workspace,
        QualityRequest(dataset="mails"),
        mails,
        actor=story.actors[SCIENTIST],
    )
    assert quality.record.result["duplicate_rows"] == 0
    for recorded in (scanned.recorded, quality):
        entry = story.workspace.log.entry(recorded.entry_id)
        assert entry.header.links[0].digest == registered.digest


def test_evidence_that_is_computed_here_cannot_be_typed_in(story: Story) -> None:
    forged = Evidence(
        kind="fairness.assessed",
        inputs={},
        code="x",
        result_type="answerable.fairness-assessment.v1",
        result={},
    )
    with pytest.raises(InvalidInput, match="computed here"):
        record_evidence(story.workspace, forged, actor=story.actors[SCIENTIST])
    hold_out = next(
        digest
        for digest, item in story.workspace.registry().datasets.items()
        if item.record.role is DatasetRole.HOLD_OUT
    )
    mitigated = Evidence(
        kind="fairness.mitigated",
        inputs={"dataset:hold_out": hold_out},
        code="x",
        result_type="answerable.mitigation.v1",
        result={"alternatives": 3},
    )
    recorded = record_evidence(story.workspace, mitigated, actor=story.actors[SCIENTIST])
    assert evidence_by_digest(story.workspace, recorded.digest).record == mitigated
    unknown = mitigated.model_copy(update={"inputs": {"dataset:hold_out": "sha256:" + "1" * 64}})
    with pytest.raises(NotFound):
        record_evidence(story.workspace, unknown, actor=story.actors[SCIENTIST])


def test_a_released_function_holds_and_a_changed_bundle_needs_new_signatures(
    story: Story,
) -> None:
    assert evaluate_gate(story.workspace, FUNCTION).exit_code == 0
    again = decided(rows(200, shift=1000), story.workspace, function_of(story))
    request = replace(assess_request("loans-hold-out"), seed=1)
    assess(story.workspace, request, again, actor=story.actors[SCIENTIST])
    result, _receipt = record_gate(story.workspace, FUNCTION, actor=story.actors[Role.SERVICE])
    assert result.exit_code == 5
    with pytest.raises(PolicyViolation, match="gate does not hold"):
        release(story.workspace, FUNCTION, actor=story.actors[Role.MODEL_OWNER])


def test_who_prepares_signs_and_nobody_signs_for_another(story: Story) -> None:
    owner, compliance = story.actors[Role.MODEL_OWNER], story.actors[Role.COMPLIANCE]
    request = SignOffRequest(function=FUNCTION, role=Role.MODEL_OWNER, statement="Read.")
    with pytest.raises(NotAllowed):
        prepare_sign_off(story.workspace, request, actor=compliance)
    prepared = prepare_sign_off(story.workspace, request, actor=owner)
    foreign = load_signer_key(story.folder / "signers" / "compliance.key")
    forged = sign_record(prepared, foreign)
    both = ActorContext(
        actor=compliance.actor, roles=frozenset({Role.COMPLIANCE, Role.MODEL_OWNER})
    )
    with pytest.raises(NotAllowed, match="its signer"):
        record_sign_off(story.workspace, forged, actor=both)
    with pytest.raises(EvidenceBroken):
        record_sign_off(story.workspace, forged, actor=owner)
    with pytest.raises(NotAllowed, match="already signed"):
        sign(
            story.workspace,
            request,
            story.folder / "signers" / "model_owner.key",
            actor=story.operator,
        )


def test_a_finding_that_is_not_there_cannot_be_waived(story: Story) -> None:
    request = WaiverRequest(
        function=FUNCTION,
        rule="selection-ratio",
        attributes=("sex",),
        finding="FAIL",
        reason="r",
        compensating_control="c",
        expires_at=story.clock() + 30 * DAY,
    )
    with pytest.raises(PolicyViolation, match="no_such_finding"):
        waive(story.workspace, request, actor=story.actors[Role.COMPLIANCE])
    with pytest.raises(NotAllowed):
        waive(story.workspace, request, actor=story.actors[Role.MODEL_OWNER])


def test_a_card_agrees_with_its_evidence_and_is_written_in_every_format(story: Story) -> None:
    built = build_card(story.workspace, FUNCTION, actor=story.actors[SCIENTIST])
    checked = check_card(story.workspace, FUNCTION)
    assert checked.ok, checked.findings
    paths = export_card(story.workspace, FUNCTION, story.folder / "cards")
    assert [path.suffix for path in paths] == [".html", ".md", ".json"]
    assert built.core.digest in paths[2].read_text()
    assert b"loan" in render_card(story.workspace, FUNCTION, format="md")
    with pytest.raises(NotFound):
        check_card(story.workspace, "none@1")


def test_only_an_administrator_registers_people_and_makes_keys(story: Story) -> None:
    admin, officer = story.actors[Role.ADMIN], story.actors[Role.OFFICER]
    with pytest.raises(NotAllowed):
        register_actor(story.workspace, name="x", roles=[Role.OFFICER], actor=officer)
    for roles in ([], [Role.SERVICE, Role.OFFICER]):
        with pytest.raises(InvalidInput):
            register_actor(story.workspace, name="x", roles=roles, actor=admin)
    with pytest.raises(InvalidInput, match="does not hold"):
        issue_api_key(
            story.workspace,
            name="x",
            roles=[Role.ADMIN],
            actor=admin,
            for_actor=officer.actor,
        )
    with pytest.raises(InvalidInput, match="link"):
        issue_api_key(story.workspace, name="x", roles=[Role.SUBJECT], actor=admin)


def test_an_artefact_that_was_changed_is_noticed(story: Story) -> None:
    item: ModelArtefact = function_of(story).models[0]
    digest = item.artefact.removeprefix("sha256:")
    path = next((story.folder / "artefacts").rglob(f"*{digest[2:]}*"))
    path.chmod(0o600)
    path.write_bytes(b"{}")
    broken = function_of(story).model_copy(update={"version": "2"})
    with pytest.raises(EvidenceBroken):
        register_function(story.workspace, broken, actor=story.actors[SCIENTIST])
