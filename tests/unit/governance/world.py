"""A small world to govern: actors with keys, data, a function, a policy, and a log of it all.

The log is either the in-memory double or the real one; both take the same drafts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.entries import Draft
from answerable.audit.ids import uuid7
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Actor,
    DatasetRole,
    DatasetVersion,
    DecisionFunction,
    EntryLink,
    Evidence,
    ModelArtefact,
    PolicyVersion,
    Record,
    ReleaseEnded,
    Role,
    SignOff,
    Waiver,
)
from answerable.audit.records.registered import ColumnSchema
from answerable.audit.signing import public_key_hex, sign_record
from answerable.governance.assessment import Assessment, assess
from answerable.governance.bundle import bundle_of
from answerable.governance.cells import CellTable, CountDefinition
from answerable.governance.gate import GateResult, evaluate_gate
from answerable.governance.lifecycle import replay_registry
from answerable.governance.policy import Policy, load_policy
from answerable.governance.registry import Registry
from answerable.governance.release import release_record
from answerable.governance.signoff import looks_shown
from tests.unit.governance.memory_log import START, AppendableLog, MemoryLog

DAY = 86_400_000_000
COUNTED = CountDefinition(prediction="decision", favourable="approve", label="ok", positive="1")

POLICY = """
schema: 1
id: test-policy
version: 1
effective: {from: 2026-01-01}
law:
  - {id: seen-law, cite: "Some act, section 1", source: seen}
  - {id: recalled-law, cite: "Some act, section 2", source: from-memory}
groups: {race: {}, sex: {}}
evidence: {alpha: 0.05, replicates: 400, min_n: 10}
rules:
  - {id: di, metric: selection_rate, compare: ratio, min: 0.8, attributes: [race, sex],
     law: [seen-law, recalled-law]}
  - {id: di-cross, metric: selection_rate, compare: ratio, min: 0.8,
     attributes: [[race, sex]], on_fail: warn, on_insufficient: warn, waivable: true}
unanswered_warnings: block
requires: [privacy.scanned]
sign_off:
  - {role: model_owner, n: 1, not: [trainer]}
  - {role: compliance, n: 1}
valid_days: 100
waiver_max_days: 50
"""


def digest_of(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def cells_of(
    counts: Mapping[tuple[str, str], tuple[int, int]], definition: CountDefinition = COUNTED
) -> CellTable:
    """Return a table over race and sex from (selected, rows); every label is positive."""
    vectors = (
        (group, (selected, 0, rows - selected, 0, 0, 0, 0, 0, 0))
        for group, (selected, rows) in counts.items()
    )
    return CellTable.of(("race", "sex"), definition, vectors)


def four_cells(thin: tuple[int, int], last: tuple[int, int] = (910, 1000)) -> CellTable:
    """Return race a with rate .9, and race b as given for women and men."""
    return cells_of(
        {("a", "f"): (900, 1000), ("a", "m"): (900, 1000), ("b", "f"): thin, ("b", "m"): last}
    )


PASSING = four_cells((890, 1000))
THIN_CROSS = four_cells((5, 6))
FAILING = four_cells((300, 1000), (310, 1000))


_ASSESSED: dict[tuple[str, str, int], Assessment] = {}


def assessed(cells: CellTable, policy: Policy, seed: int) -> Assessment:
    """Return an assessment, computed once: it depends on nothing else."""
    key = (cells.digest, policy.digest, seed)
    if key not in _ASSESSED:
        _ASSESSED[key] = assess(cells, policy, seed=seed)
    return _ASSESSED[key]


@dataclass
class World:
    """The log and what a user would do to it, step by step."""

    log: AppendableLog = field(default_factory=MemoryLog)
    now: int = START
    policy: Policy = field(default_factory=lambda: load_policy(POLICY.encode(), "policy.yaml"))
    count: int = 0
    keys: dict[str, Ed25519PrivateKey] = field(default_factory=dict)

    def tick(self, micros: int = 1_000_000) -> None:
        self.now += micros
        if isinstance(self.log, MemoryLog):
            self.log.now = self.now

    def append(
        self,
        kind: EntryKind,
        record: Record,
        *,
        actor: str = "a-" + "0" * 32,
        role: Role = Role.SCIENTIST,
        function: str | None = None,
        links: tuple[EntryLink, ...] = (),
    ) -> str:
        self.tick()
        self.count += 1
        entry_id = uuid7(self.now, self.count.to_bytes(10, "big"))
        draft = Draft(
            kind=kind,
            entry_id=entry_id,
            record=record,
            actor=actor,
            role=role,
            function=function,
            links=links,
        )
        self.log.append(draft)
        return entry_id

    def registry(self) -> Registry:
        return replay_registry(self.log)

    # ------------------------------------------------------------------ what people do

    def person(self, name: str, *roles: Role, service: bool = False) -> str:
        ref = "a-" + hashlib.sha256(name.encode()).hexdigest()[:32]
        key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"key {name}".encode()).digest())
        self.keys[ref] = key
        record = Actor(actor=ref, roles=roles, service=service, public_key=public_key_hex(key))
        self.append(EntryKind.ACTOR_REGISTERED, record, role=Role.ADMIN)
        return ref

    def dataset(self, role: DatasetRole, *, tombstones: tuple[int, ...] = ()) -> DatasetVersion:
        record = DatasetVersion(
            name=f"loans-{role.value}",
            role=role,
            fingerprint=digest_of(f"rows {role.value}"),
            schema_digest=digest_of("schema"),
            rows=4000,
            columns=(ColumnSchema(name="race", dtype="string", role="protected"),),
            source="test",
            tombstones=tombstones,
        )
        kind = EntryKind.DATASET_ROWS_ERASED if tombstones else EntryKind.DATASET_REGISTERED
        self.append(kind, record)
        return record

    def register_policy(self, policy: Policy | None = None) -> None:
        wanted = policy or self.policy
        record = PolicyVersion(
            id=wanted.id,
            version=wanted.version,
            artefact=wanted.digest,
            effective_from=date(2026, 1, 1),
        )
        self.append(EntryKind.POLICY_REGISTERED, record)

    def function(
        self,
        trained_on: DatasetVersion,
        *,
        trainer: str,
        requester: str,
        version: str = "1",
        parent: str | None = None,
    ) -> DecisionFunction:
        model = ModelArtefact(
            name="model",
            format="scorecard",
            artefact=digest_of(f"model {version}"),
            features=("income",),
            trained_on=(trained_on.digest,),
            trainer=trainer,
        )
        record = DecisionFunction(
            name="loan",
            version=version,
            use_case=digest_of("use case"),
            models=(model,),
            scale="probability",
            cut_off=0.5,
            outcome_codes=("approved", "declined"),
            catalogue=digest_of("catalogue"),
            baselines=(digest_of("baseline"),),
            code_commit="0" * 40,
            code_dirty=False,
            environment=digest_of("lock"),
            parent=parent,
        )
        self.append(EntryKind.FUNCTION_REGISTERED, record, actor=requester)
        return record

    def assess(
        self,
        function: DecisionFunction,
        hold_out: DatasetVersion,
        cells: CellTable = PASSING,
        *,
        policy: Policy | None = None,
        seed: int = 1,
    ) -> Evidence:
        result = assessed(cells, policy or self.policy, seed)
        inputs = {"function": function.digest, "dataset:hold_out": hold_out.digest}
        record = result.evidence(inputs=inputs, code="0.1.0")
        self.append(EntryKind.FAIRNESS_ASSESSED, record, function=function.digest)
        return record

    def card(self, function: DecisionFunction) -> Evidence:
        record = Evidence(
            kind="card.built",
            inputs={"function": function.digest},
            code="0.1.0",
            result_type="answerable.card-core.v1",
            result={"sections": []},
        )
        self.append(EntryKind.CARD_BUILT, record, function=function.digest)
        return record

    def scan(
        self, dataset: DatasetVersion, *, blocking: tuple[str, ...] = (), rows: int = 1
    ) -> Evidence:
        record = Evidence(
            kind="privacy.scanned",
            inputs={"dataset:training": dataset.digest},
            code="0.1.0",
            result_type="answerable.privacy-scan.v1",
            result={"columns": [], "rows": rows, "blocking": list(blocking)},
        )
        self.append(EntryKind.PRIVACY_SCANNED, record)
        return record

    def waive(
        self,
        function: DecisionFunction,
        assessment: Evidence,
        approver: str,
        *,
        days: int = 30,
        rule: str = "di-cross",
        attributes: tuple[str, ...] = ("race", "sex"),
    ) -> str:
        record = Waiver(
            function=function.digest,
            assessment=assessment.digest,
            rule=rule,
            attributes=attributes,
            finding="INSUFFICIENT",
            reason="too few applications to settle it",
            compensating_control="monthly review of the group",
            approver=approver,
            expires_at=self.now + days * DAY,
        )
        return self.append(EntryKind.WAIVER_GRANTED, record, actor=approver, role=Role.COMPLIANCE)

    def prepare(self, function: DecisionFunction, signer: str, role: Role) -> SignOff:
        registry = self.registry()
        bundle = bundle_of(registry, function.digest, self.policy.digest)
        return SignOff(
            function=function.digest,
            bundle=bundle.digest,
            role=role,
            signer=signer,
            decision="approve",
            statement=digest_of("statement"),
            looks=looks_shown(registry, bundle),
            expires_at=self.now + 60 * DAY,
        )

    def sign(self, function: DecisionFunction, signer: str, role: Role) -> str:
        signed = sign_record(self.prepare(function, signer, role), self.keys[signer])
        return self.append(
            EntryKind.SIGN_OFF_GIVEN, signed, actor=signer, role=role, function=function.digest
        )

    def gate(self, function: DecisionFunction) -> GateResult:
        return evaluate_gate(self.registry(), function.digest, self.policy, self.now)

    def release(self, function: DecisionFunction) -> str:
        result = self.gate(function)
        evidence = result.evidence(code="0.1.0")
        self.append(EntryKind.GATE_EVALUATED, evidence, function=function.digest)
        record = release_record(result, self.policy, gate=evidence.digest)
        return self.append(EntryKind.RELEASE_GRANTED, record, function=function.digest)

    def end(self, function: DecisionFunction, release: str, kind: EntryKind) -> None:
        record = ReleaseEnded(function=function.digest, release=release, reason="incident")
        self.append(kind, record, function=function.digest)


@dataclass
class Cast:
    """A world in which everything up to the assessment is in place."""

    world: World
    scientist: str
    requester: str
    owner: str
    officer: str
    training: DatasetVersion
    hold_out: DatasetVersion
    function: DecisionFunction


def cast_in(world: World) -> Cast:
    """Register people, data, policy, a scan and one function."""
    scientist = world.person("scientist", Role.SCIENTIST, Role.COMPLIANCE)
    requester = world.person("requester", Role.MODEL_OWNER, Role.COMPLIANCE)
    owner = world.person("owner", Role.MODEL_OWNER)
    officer = world.person("officer", Role.COMPLIANCE)
    training = world.dataset(DatasetRole.TRAINING)
    hold_out = world.dataset(DatasetRole.HOLD_OUT)
    world.register_policy()
    world.scan(training)
    function = world.function(training, trainer=scientist, requester=requester)
    return Cast(world, scientist, requester, owner, officer, training, hold_out, function)


def sign_both(cast: Cast) -> None:
    cast.world.sign(cast.function, cast.owner, Role.MODEL_OWNER)
    cast.world.sign(cast.function, cast.officer, Role.COMPLIANCE)


def reasons(result: GateResult) -> list[str]:
    return [item.reason.value for item in result.sign_offs.refused]
