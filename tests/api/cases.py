"""One line per operation of the interface: who may use it, and what a valid call looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from answerable.api.flows.cases import Applicant, ApplicationRequest
from answerable.api.flows.decide import evaluate_application
from answerable.api.flows.govern import SignOffRequest, prepare_sign_off
from answerable.api.flows.organisation import register_organisation
from answerable.api.flows.review import contest
from answerable.api.flows.subject import (
    RequestOpening,
    open_request,
    place_hold,
    rectify,
    restrict,
)
from answerable.audit.canonical import sha256_digest
from answerable.audit.kinds import EntryKind
from answerable.audit.records import OrganisationProfile, RetentionApproval, Role, SubjectStatement
from answerable.audit.signing import load_signer_key, sign_record
from tests.api.story import APPLICANT, DAY, FUNCTION, Story

__all__ = ["CASES", "Case", "Prepared", "prepare"]

ALL = tuple(role for role in Role if role is not Role.SUBJECT)
PROFILE = OrganisationProfile.parse(
    {
        "controller": {"name": "Test Bank"},
        "recipients": [
            {
                "id": "credit-bureau",
                "name": {"en": "Credit bureau"},
                "role": "controller",
                "country": "DE",
            }
        ],
    }
)
RETENTION = """
retention:
  id: test
  version: 1
  rules:
    - name: all
      bodies_days: 200
      entries_days: 400
      law: {act: a law, article: "1", source: from memory}
"""
PERSONS = tuple(role for role in ALL if role is not Role.SERVICE)


@dataclass(frozen=True)
class Prepared:
    """A story in which one application was declined and contested."""

    story: Story
    ids: Mapping[str, str]
    """Values for the parameters of paths."""


def prepare(story: Story) -> Prepared:
    workspace = story.workspace
    made = evaluate_application(
        workspace,
        ApplicationRequest(
            function=FUNCTION,
            inputs={"income": 800, "debt": 2100},
            subjects=(Applicant(subject_id="customer-17", data=dict(APPLICANT)),),
        ),
        actor=story.actors[Role.SERVICE],
    )
    filed = contest(
        workspace, made.decision_id, grounds="Too harsh.", actor=story.actors[Role.OFFICER]
    )
    evidence = workspace.registry().evidence_of(made.decision.function, EntryKind.FAIRNESS_ASSESSED)
    entry = workspace.log.entry(made.decision_id)
    ref = entry.header.subjects[0].ref
    asked = open_request(
        workspace,
        ref,
        RequestOpening(
            request="objection", received_at=workspace.clock(), identity_check="id-card"
        ),
        actor=story.actors[Role.OFFICER],
    )
    register_organisation(workspace, PROFILE, actor=story.actors[Role.OFFICER])
    ids = {
        "request_id": asked.entry_id,
        "decision_id": made.decision_id,
        "contest_id": filed.entry_id,
        "entry_id": made.decision_id,
        "ref": ref,
        "function": FUNCTION,
        "digest": evidence[0].digest,
    }
    return Prepared(story, ids)


def _nothing(_prepared: Prepared) -> dict[str, object] | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One operation."""

    method: str
    path: str
    roles: tuple[Role, ...]
    status: int = 200
    query: str = ""
    used: Role | None = None
    body: Callable[[Prepared], dict[str, object] | None] = _nothing
    """Where the documented example needs an id of the story, the body to send instead."""
    has_example: bool = True
    """False where the body is empty, or holds a signature (of a person, of a checkpoint) that
    nobody can write down before."""

    @property
    def id(self) -> str:
        return f"{self.method} {self.path}"

    def url(self, prepared: Prepared) -> str:
        return self.path.format_map(dict(prepared.ids)) + self.query


def _signed(prepared: Prepared) -> dict[str, object]:
    story = prepared.story
    request = SignOffRequest(
        function=FUNCTION, role=Role.AUDITOR, statement="As an auditor.", valid_days=5
    )
    unsigned = prepare_sign_off(story.workspace, request, actor=story.actors[Role.AUDITOR])
    key = load_signer_key(story.folder / "signers" / "auditor.key")
    signed = sign_record(unsigned, key)
    return {"sign_off": signed.model_dump(mode="json", exclude_none=True)}


def _held(prepared: Prepared) -> dict[str, object]:
    ref = prepared.ids["ref"]
    if prepared.story.workspace.log.holds(ref):
        return {"ground": "litigation", "reference": "case-7"}
    place_hold(
        prepared.story.workspace,
        ref,
        ground="litigation",
        reference="case-7",
        actor=prepared.story.actors[Role.OFFICER],
    )
    return {"ground": "litigation", "reference": "case-7"}


def _packed(prepared: Prepared) -> dict[str, object]:
    return {
        "decisions": [prepared.ids["decision_id"]],
        "contents": "opened",
        "recipient": "court",
    }


def _approved(prepared: Prepared) -> dict[str, object]:
    """An approval by the compliance officer under which nothing is left to remove."""
    story = prepared.story
    unsigned = RetentionApproval(
        log=story.workspace.log.origin,
        policy=sha256_digest(RETENTION.encode()),
        body_end=0,
        entry_end=0,
        tile_end=0,
        approver=story.actors[Role.COMPLIANCE].actor,
        roles=(Role.COMPLIANCE,),
        expires_at=story.workspace.clock() + DAY,
    )
    key = load_signer_key(story.folder / "signers" / "compliance.key")
    approval = sign_record(unsigned, key).model_dump(mode="json", exclude_none=True)
    return {"policy": RETENTION, "approval": approval}


def _lifted(prepared: Prepared) -> dict[str, object]:
    workspace, officer = prepared.story.workspace, prepared.story.actors[Role.OFFICER]
    wanted = SubjectStatement(statement="Do not use it.")
    restrict(workspace, prepared.ids["ref"], wanted, actor=officer)
    return {"ground": "accuracy-verified", "told_at": workspace.clock()}


def _noticed(prepared: Prepared) -> dict[str, object]:
    workspace, officer = prepared.story.workspace, prepared.story.actors[Role.OFFICER]
    wanted = SubjectStatement(statement="My income is 900.")
    act = rectify(workspace, prepared.ids["ref"], wanted, actor=officer).entry_id
    return {"act": act, "recipient": "credit-bureau"}


def _since_checkpoint(prepared: Prepared) -> dict[str, object]:
    return {"checkpoint": prepared.story.workspace.log.checkpoint()}


def _drawn(prepared: Prepared) -> dict[str, object]:
    return {**_since_checkpoint(prepared), "n": 2, "nonce": "0f" * 16}


_SERVICE = (Role.SERVICE,)
_OFFICER = (Role.OFFICER,)
_PLANNERS = (Role.COMPLIANCE, Role.OFFICER, Role.AUDITOR, Role.ADMIN)
_REGISTER = (Role.OFFICER, Role.AUDITOR)
_READERS = (Role.OFFICER, Role.REVIEWER, Role.AUDITOR)
_GOVERN = (Role.MODEL_OWNER, Role.COMPLIANCE, Role.ADMIN)
_EVIDENCE = (Role.SCIENTIST, Role.MODEL_OWNER, Role.COMPLIANCE, Role.OFFICER, Role.AUDITOR)
_ASKERS = (Role.OFFICER, Role.AUDITOR, Role.COMPLIANCE)
_AUDIT = (Role.AUDITOR, Role.OFFICER, Role.ADMIN)
_D = "/v1/decisions/{decision_id}"
_F = "/v1/functions/{function}"
_S = "/v1/subjects/{ref}"
_Q = "/v1/queries/"

CASES = (
    Case(method="POST", path="/v1/decisions", roles=_SERVICE, status=201),
    Case(method="POST", path="/v1/decisions:evaluate", roles=_SERVICE, status=201),
    Case(method="POST", path="/v1/decisions:search", roles=ALL),
    Case(method="POST", path="/v1/counts", roles=_SERVICE, status=201),
    Case(method="GET", path="/v1/completeness", roles=(*_AUDIT, Role.COMPLIANCE, Role.SERVICE)),
    Case(method="GET", path="/v1/health", roles=(*_AUDIT, Role.COMPLIANCE)),
    Case(method="GET", path="/v1/metrics", roles=(*_AUDIT, Role.COMPLIANCE)),
    Case(method="GET", path=_D, roles=_READERS),
    Case(method="GET", path=_D + "/answer", roles=_READERS),
    Case(method="GET", path=_D + "/explanation", roles=(*_READERS, Role.SERVICE)),
    Case(
        method="POST",
        path=_D + "/explanation:replay",
        roles=(Role.OFFICER, Role.AUDITOR),
        has_example=False,
    ),
    Case(
        method="POST",
        path=_D + "/contests",
        roles=(Role.OFFICER, Role.REVIEWER, Role.SERVICE),
        status=201,
    ),
    Case(method="POST", path=_D + "/reviews", roles=(Role.REVIEWER, Role.OFFICER), status=201),
    Case(method="GET", path="/v1/contests", roles=_READERS),
    Case(method="GET", path="/v1/contests/{contest_id}", roles=_READERS),
    Case(method="GET", path="/v1/functions", roles=ALL),
    Case(method="GET", path=_F, roles=ALL),
    Case(method="GET", path=_F + "/lineage", roles=ALL),
    Case(method="GET", path=_F + "/gate", roles=ALL),
    # The story's assessment passes, so there is no finding to waive.
    Case(method="POST", path=_F + "/waivers", roles=(Role.COMPLIANCE,), status=409),
    Case(
        method="POST",
        path=_F + "/sign-offs:prepare",
        roles=PERSONS,
        used=Role.MODEL_OWNER,
    ),
    # A genuine signature in a role the policy does not ask for.
    Case(
        method="POST",
        path=_F + "/sign-offs",
        roles=PERSONS,
        used=Role.AUDITOR,
        status=409,
        body=_signed,
        has_example=False,
    ),
    Case(method="POST", path=_F + "/releases", roles=_GOVERN, status=201),
    Case(method="POST", path=_F + "/releases:suspend", roles=(*_GOVERN, Role.OFFICER)),
    Case(method="GET", path="/v1/cards/{function}", roles=ALL),
    Case(method="GET", path="/v1/cards/{function}/check", roles=PERSONS),
    Case(method="GET", path="/v1/evidence/{digest}", roles=_EVIDENCE),
    Case(method="POST", path="/v1/subjects:search", roles=_OFFICER),
    Case(method="POST", path=_S + "/access-package", roles=_OFFICER),
    Case(method="POST", path=_S + "/portability", roles=_OFFICER),
    Case(method="POST", path=_S + ":restrict", roles=_OFFICER, status=201),
    Case(
        method="POST",
        path=_S + ":lift-restriction",
        roles=_OFFICER,
        status=201,
        body=_lifted,
    ),
    Case(method="GET", path=_S + "/notices", roles=_REGISTER),
    Case(method="POST", path=_S + "/notices", roles=_OFFICER, status=201, body=_noticed),
    Case(method="POST", path=_S + "/requests", roles=_OFFICER, status=201),
    Case(method="GET", path="/v1/requests", roles=_REGISTER, query="?state=open&limit=2"),
    Case(method="GET", path="/v1/requests/{request_id}", roles=_REGISTER),
    Case(method="POST", path="/v1/requests/{request_id}:extend", roles=_OFFICER, status=201),
    Case(method="POST", path="/v1/requests/{request_id}:close", roles=_OFFICER, status=201),
    Case(method="GET", path="/v1/retention", roles=_PLANNERS),
    Case(method="POST", path="/v1/retention:plan", roles=_PLANNERS),
    # The story is of today: nothing in it may go yet.
    Case(method="POST", path="/v1/retention/approvals:prepare", roles=_PLANNERS, status=409),
    Case(
        method="POST",
        path="/v1/retention/runs",
        roles=(Role.ADMIN, Role.OFFICER, Role.COMPLIANCE),
        body=_approved,
        has_example=False,
    ),
    Case(method="GET", path="/v1/organisation", roles=ALL),
    Case(
        method="POST",
        path="/v1/organisation",
        roles=(Role.COMPLIANCE, Role.OFFICER, Role.ADMIN),
        status=201,
    ),
    Case(method="GET", path="/v1/record-of-processing", roles=_REGISTER),
    Case(method="POST", path=_S + ":object", roles=_OFFICER, status=201),
    Case(method="POST", path=_S + ":rectify", roles=_OFFICER, status=201),
    Case(method="POST", path=_S + "/holds", roles=_OFFICER, status=201),
    Case(method="POST", path=_S + "/holds:lift", roles=_OFFICER, body=_held),
    Case(method="POST", path=_S + ":erase", roles=_OFFICER),
    Case(method="POST", path="/v1/subjects:add-identifier", roles=_OFFICER, status=201),
    # The story's entry is a decision, and that records no erasure.
    Case(
        method="GET",
        path="/v1/erasures/{entry_id}",
        roles=(Role.OFFICER, Role.AUDITOR),
        status=422,
    ),
    Case(method="POST", path="/v1/entries/{entry_id}:disclose", roles=_OFFICER),
    Case(method="GET", path="/v1/audit/head", roles=ALL),
    Case(method="GET", path="/v1/audit/checkpoint", roles=ALL),
    Case(method="GET", path="/v1/audit/entries", roles=_AUDIT),
    Case(method="GET", path="/v1/audit/entries/{entry_id}", roles=_AUDIT),
    Case(method="GET", path="/v1/audit/entries/{entry_id}/proof", roles=ALL),
    Case(method="GET", path="/v1/audit/consistency", roles=ALL, query="?old=3&new=9"),
    Case(method="POST", path="/v1/audit/packs", roles=(Role.OFFICER, Role.AUDITOR), body=_packed),
    Case(method="GET", path="/v1/whoami", roles=ALL),
    Case(method="POST", path=_Q + "adverse", roles=_ASKERS),
    Case(method="POST", path=_Q + "affected", roles=_ASKERS),
    Case(method="POST", path=_Q + "oversight", roles=_ASKERS),
    Case(method="POST", path=_Q + "acts", roles=_ASKERS),
    Case(method="POST", path=_Q + "reads", roles=_ASKERS),
    Case(method="POST", path=_Q + "irregularities", roles=_ASKERS),
    Case(method="POST", path=_Q + "counts", roles=_ASKERS),
    Case(method="POST", path=_Q + "lineage", roles=_ASKERS),
    Case(
        method="POST",
        path=_Q + "changes",
        roles=_ASKERS,
        body=_since_checkpoint,
        has_example=False,
    ),
    Case(method="POST", path=_Q + "sample", roles=_ASKERS, body=_drawn, has_example=False),
)
