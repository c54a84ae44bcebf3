"""One example of every record, header shape, note and receipt, from fixed values.

Every optional field is set in at least one example, so that a change of its name or form shows.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.entries import Header, HeaderSubject, Part
from answerable.audit.key_chain import hand_over
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Actor,
    Amount,
    Automation,
    BaselineVersion,
    CatalogueVersion,
    ClockStepped,
    ColumnSchema,
    Component,
    ComponentKind,
    Contest,
    DatasetRole,
    DatasetVersion,
    Decision,
    DecisionFunction,
    EntryLink,
    Evidence,
    HardRule,
    LegalHold,
    LogHeadAccepted,
    LogOpened,
    LogRecovered,
    ModelArtefact,
    Outcome,
    PersonSignature,
    PolicyVersion,
    QueryAsked,
    Record,
    RecordDisclosed,
    RecordsRead,
    Release,
    ReleaseEnded,
    Review,
    Role,
    SignOff,
    SubjectAliasAdded,
    SubjectErased,
    SubjectRequest,
    SubjectStatement,
    UseCase,
    Waiver,
)
from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint
from answerable.audit.tree.merkle import Frontier, leaf_hash
from answerable.audit.tree.notes import VerifierKey, verifier_key
from answerable.audit.tree.proofs import inclusion_proof
from answerable.audit.tree.receipts import write_proof
from answerable.audit.tree.tiles import MemoryTiles
from tests.golden.failure_examples import ABOUT_FAILURES
from tests.golden.fixed import (
    ACTOR,
    CO_APPLICANT,
    NOON,
    OTHER_ACTOR,
    SUBJECT,
    digest,
    entry_id,
)
from tests.golden.retention_examples import ABOUT_RETENTION
from tests.golden.subject_examples import ABOUT_SUBJECTS

ORIGIN: Final = "example.org/lending/2026"
SIGNER: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NEXT_SIGNER: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEY: Final[VerifierKey] = verifier_key(ORIGIN, SIGNER)
RECORDS: Final[tuple[Record, ...]] = (
    Actor(actor=ACTOR, roles=(Role.REVIEWER, Role.COMPLIANCE), service=False, public_key="ab" * 32),
    UseCase(
        name="mortgage",
        title={"en": "Mortgage loans", "de": "Baudarlehen für Häuser"},
        purpose="creditworthiness",
        lawful_basis="gdpr-6-1-b",
        risk_class="ai-act:annex-iii-5b",
        controller="Example Bank",
        contact="privacy@example.org",
        legal_regimes=("gdpr", "reg-b"),
        affected_persons="Applicants and co-applicants",
        intended_purpose="Decide on applications",
        out_of_scope=("Commercial loans",),
        oversight="Referred cases are decided by a person",
        retention_days=3650,
        group_levels={"race": ("black", "white"), "sex": ("female", "male")},
    ),
    DatasetVersion(
        name="loans",
        role=DatasetRole.HOLD_OUT,
        fingerprint=digest(1),
        schema_digest=digest(2),
        rows=1989,
        columns=(ColumnSchema(name="obrat", dtype="float64", role="feature"),),
        source="https://example.org/loans",
        licence="CC-BY-4.0",
        derived_from=(digest(3),),
        query="SELECT 1",
        synthetic_columns=("name",),
        label_meaning="the lender's decision",
        tombstones=(4, 17),
    ),
    DecisionFunction(
        name="mortgage",
        version="2.1.0",
        use_case=digest(4),
        models=(
            ModelArtefact(
                name="scorer",
                format="xgboost-json",
                artefact=digest(5),
                features=("obrat", "loanprc"),
                trained_on=(digest(6),),
                trainer=ACTOR,
                parameters={"max_depth": 3, "eta": 0.1, "monotone": None},
                library_versions={"xgboost": "3.1.0"},
                seed=7,
            ),
        ),
        scale="raw_margin",
        cut_off=-0.25,
        refer_margin=0.05,
        rules=(
            HardRule(
                id="knock_out",
                feature="obrat",
                op=">",
                value=60,
                outcome=Outcome.DECLINE,
                reason_code="obligations",
            ),
        ),
        outcome_codes=("approve", "decline", "refer"),
        preprocessing={"impute": "median"},
        catalogue=digest(7),
        baselines=(digest(8),),
        explainer=digest(9),
        code_commit="c0ffee" * 6 + "c0ff",
        code_dirty=False,
        environment=digest(10),
        parent=digest(11),
    ),
    CatalogueVersion(name="mortgage", version=3, artefact=digest(12), languages=("en", "de")),
    BaselineVersion(
        name="just-approved",
        kind="just_approved",
        dataset=digest(13),
        rows=100,
        row_ids=digest(14),
        means={"obrat": 33.5},
        expected_output=0.75,
    ),
    PolicyVersion(
        id="lending",
        version=2,
        artefact=digest(15),
        effective_from=date(2026, 1, 1),
        effective_to=date(2027, 1, 1),
    ),
    Evidence(
        kind="fairness.assessed",
        inputs={"function": digest(16), "dataset:hold_out": digest(17)},
        parameters={"protected": ["race", "sex"]},
        seed=11,
        engines={"narwhals": "2.15.0"},
        code="0.1.0",
        result_type="answerable.fairness-assessment.v1",
        result={"groups": [{"rate": 0.8125, "n": 32}], "undefined": [], "value": None},
    ),
    Waiver(
        function=digest(18),
        assessment=digest(19),
        rule="four_fifths",
        attributes=("race", "sex"),
        finding="INSUFFICIENT",
        reason="Eleven people in one group",
        compensating_control="Monthly review",
        approver=ACTOR,
        expires_at=NOON,
    ),
    SignOff(
        function=digest(20),
        bundle=digest(21),
        role=Role.COMPLIANCE,
        signer=ACTOR,
        decision="approve",
        statement=digest(22),
        looks=2,
        expires_at=NOON,
        signature="5c" * 64,
    ),
    Release(
        function=digest(23),
        bundle=digest(24),
        policy=digest(25),
        gate=digest(26),
        sign_offs=(entry_id(1), entry_id(2)),
        waivers=(entry_id(3),),
        environment="production",
        valid_until=NOON,
    ),
    ReleaseEnded(function=digest(27), release=entry_id(4), reason="drift", note="Rates moved"),
    Decision(
        function=digest(28),
        outcome=Outcome.COUNTER_OFFER,
        outcome_code="smaller_loan",
        automation=Automation.ASSISTED,
        components=(
            Component(kind=ComponentKind.RULE, id="knock_out", output="passed", fired=False),
            Component(
                kind=ComponentKind.MODEL, id="scorer", digest=digest(29), output=-0.5, fired=True
            ),
            Component(kind=ComponentKind.HUMAN, id="clerk", fired=False),
        ),
        inputs={"obrat": 41.5, "term": None, "purpose": "Küche", "codes": [1, True, None]},
        score=-0.5,
        scale="raw_margin",
        cut_off=-0.25,
        amounts=(Amount(name="granted", minor_units=12_500_000, currency="EUR"),),
        purpose="creditworthiness",
        lawful_basis="gdpr-6-1-b",
        supersedes=entry_id(5),
        explanation=digest(30),
        release=entry_id(6),
    ),
    Contest(decision=entry_id(7), grounds="My income was wrong", received_at=NOON),
    Review(
        decision=entry_id(8),
        contest=entry_id(9),
        reviewer=OTHER_ACTOR,
        result="overturned",
        reason_code="income_corrected",
        note="Payslip seen",
        new_decision=entry_id(10),
    ),
    LegalHold(subject=SUBJECT, ground="litigation", reference="case-17", until=NOON),
    SubjectRequest(
        request="access",
        article="gdpr-15",
        received_at=NOON,
        identity_check="in_person",
        outcome="fulfilled",
        ground="none",
    ),
    SubjectStatement(entry=entry_id(11), fields={"income": 4200}, statement="It was 4200"),
    SubjectErased(ground="gdpr-17-1-b", entries=3, key_destroyed=True),
    RecordsRead(purpose="gdpr-15", query="subject", entries=(entry_id(12),), count=1),
    QueryAsked(
        purpose="supervision",
        query="sample",
        parameters={"by_outcome": True, "n": 20, "nonce": "0f" * 16, "outcomes": ("decline",)},
        size=17,
        count=3,
    ),
    LogOpened(origin=ORIGIN, vkey=str(KEY)),
    ClockStepped(back_us=1500, kept_at=NOON),
    LogRecovered(
        reason="backup-restored",
        size=1200,
        root=digest(0xA0),
        signatures=(
            PersonSignature(actor="a-" + "a1" * 16, role=Role.COMPLIANCE, signature="0a" * 64),
            PersonSignature(actor="a-" + "b2" * 16, role=Role.ADMIN, signature="0b" * 64),
        ),
        epoch=2,
        lost_size=1251,
        lost_root=digest(0xA1),
        lost_note=digest(0xA2),
        first_lost=1200,
    ),
    LogHeadAccepted(reason="disk-lost", size=1200, root=digest(0xA0), found=digest(0xA3)),
    hand_over(ORIGIN, SIGNER, NEXT_SIGNER, number=2, size=7),
    RecordDisclosed(entry=entry_id(13), part=0, recipient="court-vienna", purpose="order-of-court"),
    SubjectAliasAdded(subject=SUBJECT, source="crm"),
    *ABOUT_FAILURES,
    *ABOUT_SUBJECTS,
    *ABOUT_RETENTION,
)

HEADERS: Final[dict[str, Header]] = {
    "smallest": Header(
        log=ORIGIN, kind=EntryKind.LOG_OPENED, id=entry_id(0), ts=NOON, actor=ACTOR, role=Role.ADMIN
    ),
    "evidence": Header(
        log=ORIGIN,
        kind=EntryKind.FAIRNESS_ASSESSED,
        id=entry_id(1),
        ts=NOON,
        actor=ACTOR,
        role=Role.SCIENTIST,
        links=(
            EntryLink(rel="function", digest=digest(1)),
            EntryLink(rel="use", entry=entry_id(0)),
        ),
        parts=(Part(part="clear", type="answerable.evidence.v1", digest="c1" * 32),),
    ),
    "decision_with_two_subjects": Header(
        log=ORIGIN,
        kind=EntryKind.DECISION,
        id=entry_id(2),
        ts=NOON,
        at=NOON - 1,
        ref="4e" * 32,
        actor=ACTOR,
        role=Role.SERVICE,
        links=(EntryLink(rel="explanation", digest=digest(2)),),
        function=digest(3),
        outcome="decline",
        automation=Automation.SOLELY_AUTOMATED,
        subjects=(
            HeaderSubject(ref=SUBJECT, role="applicant"),
            HeaderSubject(ref=CO_APPLICANT, role="co_applicant"),
        ),
        supersedes=entry_id(1),
        purpose="creditworthiness",
        basis="gdpr-6-1-b",
        release=entry_id(1),
        cell="2026-09:0badcafe",
        parts=(
            Part(part="case", type="answerable.decision.v1", ct="d0" * 32, pc="d1" * 32),
            Part(part="subject", type="subject", subject=0, ct="d2" * 32, pc="d3" * 32),
            Part(part="subject", type="subject", subject=1, ct="d4" * 32, pc="d5" * 32),
            Part(part="slot", type="case-key", subject=1, ct="d6" * 32),
        ),
    ),
    "decision_without_release": Header(
        log=ORIGIN,
        kind=EntryKind.DECISION,
        id=entry_id(3),
        ts=NOON + 1,
        actor=ACTOR,
        role=Role.SERVICE,
        function=digest(3),
        outcome="approve",
        automation=Automation.MANUAL,
        subjects=(HeaderSubject(ref=SUBJECT, role="applicant"),),
        purpose="creditworthiness",
        basis="gdpr-6-1-b",
        release="none",
        parts=(Part(part="case", type="answerable.decision.v1", ct="e0" * 32, pc="e1" * 32),),
    ),
    "subject_erased": Header(
        log=ORIGIN,
        kind=EntryKind.SUBJECT_ERASED,
        id=entry_id(4),
        ts=NOON + 2,
        actor=OTHER_ACTOR,
        role=Role.OFFICER,
        subjects=(HeaderSubject(ref=SUBJECT, role="applicant"),),
        parts=(Part(part="clear", type="answerable.subject-erased.v1", digest="f0" * 32),),
    ),
}


def frozen_files() -> dict[str, bytes]:
    """Return every golden file's name and bytes, built from the values above."""
    headers = {name: header.to_json() for name, header in HEADERS.items()}
    leaves = [leaf_hash(data) for data in headers.values()]
    frontier = Frontier().extend(leaves)
    tiles = MemoryTiles()
    tiles.append(leaves)
    note = sign_checkpoint(Checkpoint(ORIGIN, frontier.size, frontier.root()), SIGNER)
    proof = inclusion_proof(2, frontier.size, tiles)
    chosen = headers["decision_with_two_subjects"]
    files = {
        f"records/{record.model_dump()['type'].removeprefix('answerable.')}.json": record.to_json()
        for record in RECORDS
    }
    files |= {f"headers/{name}.json": data for name, data in headers.items()}
    files["tree/frontier.bin"] = frontier.to_bytes()
    files["tree/checkpoint.note"] = note.encode("utf-8")
    files["tree/verifier-key.txt"] = f"{KEY}\n".encode()
    files["tree/entry-2.tlog-proof"] = write_proof(2, proof, note, header=chosen).encode("utf-8")
    return files
