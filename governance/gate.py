"""The release gate: whether a decision function may decide, now, under a policy.

Promises: the answer is a pure function of the registry, the policy and the time; each
finding is answered by a waiver or stands; nothing the evidence cannot show counts as shown.

The procedure, in order:

1. the policy is in force, and was registered before the assessment it judges;
2. an assessment of this function on a hold-out under exactly this policy exists and is not
   older than the policy allows;
3. every kind of evidence the policy requires exists, and none of it says ``blocking``;
4. every verdict passes, only warns, or is answered by a valid waiver;
5. the signatures the policy asks for stand on the current bundle.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Literal, cast

from pydantic import JsonValue

from answerable.audit.kinds import EntryKind
from answerable.audit.records import Digest, EntryId, Evidence, FrozenModel, Name
from answerable.governance.bundle import bundle_of
from answerable.governance.findings import State
from answerable.governance.junit import JunitCase, junit_xml
from answerable.governance.policy import Policy
from answerable.governance.registry import EvidenceEntry, Registry
from answerable.governance.signoff import (
    Refusal,
    SignOffState,
    check_sign_offs,
    looks_shown,
)
from answerable.governance.waivers import WaiverCheck, check_waivers

__all__ = [
    "RESULT_TYPE",
    "GateFinding",
    "GateResult",
    "LawLine",
    "evaluate_gate",
]

RESULT_TYPE: Final = "answerable.gate-result.v1"
_DAY: Final = 86_400_000_000


class ExitCode:
    """Exit codes of a gate."""

    HOLDS: Final = 0
    VIOLATED: Final = 1
    NOT_ENOUGH: Final = 3
    INTEGRITY: Final = 4
    SIGN_OFF: Final = 5


class FindingState(StrEnum):
    """What the gate makes of one finding."""

    HOLDS = "holds"
    WARNS = "warns"
    WAIVED = "waived"
    BLOCKS = "blocks"


class GateFinding(FrozenModel):
    """One rule over one attribute set, or one demand of the policy."""

    rule: str
    attributes: tuple[str, ...] = ()
    state: State
    outcome: FindingState
    needed_n: int | None = None
    waiver: EntryId | None = None
    what: str = ""


class LawLine(FrozenModel):
    """What may be said about a legal provision the policy names."""

    id: str
    cite: str
    source: Literal["seen", "from-memory"]
    thresholds_met: bool | None = None
    """None when its text was not seen or no rule rests on it: nothing is claimed."""


class GateResult(FrozenModel):
    """The gate's answer and everything it rests on."""

    function: Digest
    name: str
    policy: Digest
    policy_id: Name
    bundle: Digest
    evaluated_at: int
    state: State
    exit_code: Literal[0, 1, 3, 4, 5]
    assessment: Digest | None
    looks: int
    verdicts: tuple[GateFinding, ...]
    demands: tuple[GateFinding, ...]
    sign_offs: SignOffState
    waivers_used: tuple[EntryId, ...]
    waivers_refused: tuple[WaiverCheck, ...]
    stale: tuple[Digest, ...]
    """Assessments of this function under other policies."""
    law: tuple[LawLine, ...]

    @property
    def holds(self) -> bool:
        """Whether the function may be released now."""
        return self.exit_code == ExitCode.HOLDS

    @property
    def blocking(self) -> tuple[GateFinding, ...]:
        """Findings that stand in the way."""
        return tuple(i for i in (*self.demands, *self.verdicts) if i.outcome == "blocks")

    @property
    def warnings(self) -> tuple[GateFinding, ...]:
        """Findings that are shown and do not stand in the way."""
        return tuple(i for i in (*self.demands, *self.verdicts) if i.outcome == "warns")

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form, the result of `answerable gate --json`."""
        value = cast("dict[str, JsonValue]", self.model_dump(mode="json"))
        return {**value, "holds": self.holds}

    @classmethod
    def from_result(cls, result: dict[str, JsonValue]) -> GateResult:
        """Read the JSON form back.

        Returns
        -------
        GateResult
            Equal to the one that gave the JSON.

        Raises
        ------
        InvalidInput
            If it is not one; the message names the fields.
        """
        return cls.parse({key: value for key, value in result.items() if key != "holds"})

    def evidence(self, *, code: str) -> Evidence:
        """Return the result as evidence of kind ``gate.evaluated``."""
        inputs = {"function": self.function, "policy": self.policy, "bundle": self.bundle}
        return Evidence(
            kind="gate.evaluated",
            inputs=inputs | ({"assessment": self.assessment} if self.assessment else {}),
            code=code,
            result_type=RESULT_TYPE,
            result=self.to_result(),
        )

    def to_junit(self) -> str:
        """Return JUnit XML: one case per demand, rule and attribute set, and signature.

        Returns
        -------
        str
            A violated rule is a failure, too little evidence an error; what only warns or
            was waived passes and says so.
        """
        cases = [_case(item) for item in (*self.demands, *self.verdicts)]
        signed = self.sign_offs
        cases += [
            JunitCase("sign-off", item.role, "failure", f"{item.n} signature(s) missing")
            for item in signed.missing
        ]
        cases += [JunitCase("sign-off", entry) for entry in signed.accepted]
        cases += [
            JunitCase("sign-off", entry, "failure", "rejected") for entry in signed.rejected_by
        ]
        cases += [
            JunitCase("sign-off", item.entry, message=f"not counted: {item.reason.value}")
            for item in signed.refused
        ]
        return junit_xml(f"answerable.gate.{self.name}", cases)


def _case(item: GateFinding) -> JunitCase:
    over = f" [{' x '.join(item.attributes)}]" if item.attributes else ""
    message = item.state if not item.what else f"{item.state}: {item.what}"
    if item.needed_n is not None:
        message += f"; needs {item.needed_n} rows"
    kind, name = ("rule" if item.attributes else "demand"), f"{item.rule}{over}"
    if item.outcome == FindingState.BLOCKS:
        return JunitCase(kind, name, "failure" if item.state == "FAIL" else "error", message)
    if item.state == "PASS":
        return JunitCase(kind, name)
    answered = f"waived by {item.waiver}" if item.waiver else "warning"
    return JunitCase(kind, name, message=f"{message}; {answered}")


def evaluate_gate(registry: Registry, function: str, policy: Policy, now: int) -> GateResult:
    """Evaluate the gate of a decision function.

    Parameters
    ----------
    registry : Registry
        What the log says.
    function : str
        ``name@version`` or digest.
    policy : Policy
        The policy to judge by.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    GateResult
        With the exit code: 0 holds, 1 violated, 3 not enough evidence, 4 integrity broken,
        5 sign-off missing, stale or expired; the gravest of 4, 1, 3, 5 wins.

    Raises
    ------
    NotFound
        If the function is not registered.
    """
    found = registry.function(function)
    bundle = bundle_of(registry, found.digest, policy.digest)
    assessment, stale = _assessments(registry, found.digest, policy)
    waivers = check_waivers(registry, found, assessment, policy, now)
    verdicts = _verdicts(assessment, policy, waivers)
    demands = _demands(registry, found.digest, policy, assessment, now)
    sign_offs = check_sign_offs(registry, bundle, policy, now)
    used = {item.waiver for item in verdicts if item.waiver}
    return GateResult(
        function=found.digest,
        name=found.name,
        policy=policy.digest,
        policy_id=policy.id,
        bundle=bundle.digest,
        evaluated_at=now,
        state=_state(demands, verdicts),
        exit_code=_exit_code(demands, verdicts, sign_offs),
        assessment=assessment.digest if assessment else None,
        looks=looks_shown(registry, bundle),
        verdicts=verdicts,
        demands=demands,
        sign_offs=sign_offs,
        waivers_used=tuple(sorted(used)),
        waivers_refused=tuple(item for item in waivers if item.reason is not None),
        stale=stale,
        law=_law(policy, verdicts),
    )


def _assessments(
    registry: Registry, function: str, policy: Policy
) -> tuple[EvidenceEntry | None, tuple[str, ...]]:
    found = registry.evidence_of(function, EntryKind.FAIRNESS_ASSESSED)
    on_hold_out = [item for item in found if registry.hold_out_of(item) is not None]
    ours = [item for item in on_hold_out if item.inputs.get("policy") == policy.digest]
    others = sorted({item.digest for item in on_hold_out} - {item.digest for item in ours})
    return (ours[-1] if ours else None), tuple(others)


def _verdicts(
    assessment: EvidenceEntry | None, policy: Policy, waivers: tuple[WaiverCheck, ...]
) -> tuple[GateFinding, ...]:
    result = []
    for line in assessment.verdicts if assessment else ():
        answered = next(
            (
                item.entry
                for item in waivers
                if item.reason is None
                and (item.rule, item.attributes, item.finding)
                == (line.rule, line.attributes, line.state)
            ),
            None,
        )
        outcome = FindingState.HOLDS
        if line.state != "PASS":
            blocks = line.action == "block" or policy.unanswered_warnings == "block"
            outcome = FindingState.BLOCKS if blocks else FindingState.WARNS
            if answered is not None:
                outcome = FindingState.WAIVED
        result.append(
            GateFinding(
                rule=line.rule,
                attributes=line.attributes,
                state=line.state,
                outcome=outcome,
                needed_n=line.needed_n,
                waiver=answered if outcome == FindingState.WAIVED else None,
            )
        )
    return tuple(result)


def _demand(rule: str, state: State, what: str) -> GateFinding:
    outcome = FindingState.HOLDS if state == "PASS" else FindingState.BLOCKS
    return GateFinding(rule=rule, state=state, outcome=outcome, what=what)


def _demands(
    registry: Registry,
    function: str,
    policy: Policy,
    assessment: EvidenceEntry | None,
    now: int,
) -> tuple[GateFinding, ...]:
    day = datetime.fromtimestamp(now / 1_000_000, tz=UTC).date()
    in_force: State = "PASS" if policy.in_force(day) else "FAIL"
    demands = [
        _demand("policy.in-force", in_force, f"policy {policy.id} version {policy.version}"),
        _thresholds_first(registry, policy, assessment),
        _hold_out_assessed(policy, assessment, now),
    ]
    for kind in policy.requires:
        items = registry.evidence_of(function, kind)
        if not items:
            demands.append(_demand(f"requires.{kind}", "INSUFFICIENT", "no such evidence"))
            continue
        noted = items[-1].blocking
        state: State = "FAIL" if noted else "PASS"
        demands.append(_demand(f"requires.{kind}", state, "; ".join(noted)))
    return tuple(demands)


def _thresholds_first(
    registry: Registry, policy: Policy, assessment: EvidenceEntry | None
) -> GateFinding:
    """Demand that the thresholds stood before the test (AI Act, Article 9)."""
    registered = registry.policy_named(policy.digest)
    if registered is None:
        return _demand("policy.registered", "FAIL", "the policy file is not registered")
    if assessment is not None and assessment.at.seq < registered.at.seq:
        return _demand("policy.registered", "FAIL", "registered after the assessment it judges")
    return _demand("policy.registered", "PASS", "registered before the assessment")


def _hold_out_assessed(policy: Policy, assessment: EvidenceEntry | None, now: int) -> GateFinding:
    if assessment is None:
        what = "no assessment on a hold-out under this policy"
        return _demand("assessment.current", "INSUFFICIENT", what)
    if now >= assessment.at.ts + policy.valid_days * _DAY:
        what = f"the assessment is older than {policy.valid_days} days"
        return _demand("assessment.current", "INSUFFICIENT", what)
    if not assessment.verdicts:
        return _demand("assessment.current", "INSUFFICIENT", "the assessment judged no rule")
    return _demand("assessment.current", "PASS", "assessed on a hold-out under this policy")


def _state(demands: tuple[GateFinding, ...], verdicts: tuple[GateFinding, ...]) -> State:
    states = {item.state for item in (*demands, *verdicts) if item.outcome == "blocks"}
    order: tuple[State, ...] = ("FAIL", "UNDEFINED", "INSUFFICIENT")
    return next((state for state in order if state in states), "PASS")


def _exit_code(
    demands: tuple[GateFinding, ...],
    verdicts: tuple[GateFinding, ...],
    sign_offs: SignOffState,
) -> Literal[0, 1, 3, 4, 5]:
    if any(item.reason == Refusal.SIGNATURE_INVALID for item in sign_offs.refused):
        return ExitCode.INTEGRITY
    state = _state(demands, verdicts)
    if state == "FAIL":
        return ExitCode.VIOLATED
    if state != "PASS":
        return ExitCode.NOT_ENOUGH
    return ExitCode.HOLDS if sign_offs.complete else ExitCode.SIGN_OFF


def _law(policy: Policy, verdicts: tuple[GateFinding, ...]) -> tuple[LawLine, ...]:
    lines = []
    for item in policy.law:
        rules = {rule.id for rule in policy.rules if item.id in rule.law}
        states = [line.state for line in verdicts if line.rule in rules]
        claimed = all(state == "PASS" for state in states) if states else None
        lines.append(
            LawLine(
                id=item.id,
                cite=item.cite,
                source=item.source,
                thresholds_met=claimed if item.source == "seen" else None,
            )
        )
    return tuple(lines)
