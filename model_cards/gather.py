"""Collect from the registry what a card says about one decision function.

The registry is a view of the log's governance entries; evidence is read through a callable,
so nothing here knows a store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from answerable.audit.codes import Role
from answerable.audit.errors import NotFound, NotReleased
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    BaselineVersion,
    CatalogueVersion,
    DatasetVersion,
    Evidence,
    PolicyVersion,
    Record,
)
from answerable.governance.gate import GateResult
from answerable.governance.policy import Policy
from answerable.governance.registry import (
    EvidenceEntry,
    FunctionEntry,
    Place,
    Registry,
    ReleaseEntry,
)
from answerable.governance.release import release_in_force
from answerable.governance.status import status_of
from answerable.model_cards.card import (
    CardOverlay,
    LiveCounts,
    ReleaseLine,
    SignOffLine,
    WaiverLine,
)
from answerable.model_cards.facts import CardFacts, Logged, Statement

__all__ = ["LogState", "card_facts", "card_overlay"]

R = TypeVar("R", bound=Record)

_OWN: frozenset[EntryKind] = frozenset({EntryKind.CARD_BUILT, EntryKind.GATE_EVALUATED})
"""Evidence a card does not rest on: it would rest on itself."""


def card_facts(
    registry: Registry,
    function: str,
    read_evidence: Callable[[str], Evidence],
    *,
    statements: Mapping[str, Statement] | None = None,
    suppress_below: int = 10,
) -> CardFacts:
    """Collect everything a card's core is built from.

    Parameters
    ----------
    registry : Registry
        What the log says.
    function : str
        ``name@version`` or digest.
    read_evidence : Callable[[str], Evidence]
        Reads the evidence of an entry by its id.
    statements : Mapping[str, Statement], optional
        What persons state, by card field.
    suppress_below : int
        The policy's limit for publishing groups.

    Returns
    -------
    CardFacts
        Evidence in log order.

    Raises
    ------
    NotFound
        If the function or its use case is not registered.
    """
    found = registry.function(function)
    evidence = [*_evidence(registry, found)]
    case = registry.use_cases.get(found.record.use_case)
    if case is None:
        raise NotFound("the use case of this decision function is not registered", where=found.name)
    parent = registry.functions.get(found.record.parent or "")
    return CardFacts(
        function=_logged(found.at, found.record),
        use_case=_logged(case.at, case.record),
        datasets=tuple(_datasets(registry, found, evidence)),
        policy=_policy(registry, evidence),
        catalogue=_catalogue(registry, found.record.catalogue),
        baselines=tuple(_baselines(registry, found.record.baselines)),
        evidence=tuple(_logged(item.at, read_evidence(item.at.entry)) for item in evidence),
        statements=dict(statements or {}),
        fingerprints={
            digest: item.record.fingerprint for digest, item in registry.datasets.items()
        },
        parent=None if parent is None else _logged(parent.at, parent.record),
        suppress_below=suppress_below,
    )


def _logged(at: Place, record: R) -> Logged[R]:
    return Logged(record=record, entry=at.entry, actor=at.actor, role=at.role, at=at.ts)


def _evidence(registry: Registry, found: FunctionEntry) -> Iterator[EvidenceEntry]:
    """Evidence of the function, and of the data sets it was trained or assessed on."""
    everything = sorted(registry.evidence.values(), key=lambda item: item.at.seq)
    named = {registry.fingerprint(digest) for digest in _named_datasets(registry, found)}
    for item in everything:
        about_data = any(registry.fingerprint(digest) in named for digest in item.datasets.values())
        if item.kind in _OWN:
            continue
        if item.function == found.digest or (item.function is None and about_data):
            yield item


def _named_datasets(registry: Registry, found: FunctionEntry) -> Iterator[str]:
    for model in found.record.models:
        yield from model.trained_on
    for item in registry.evidence.values():
        if item.function == found.digest:
            yield from item.datasets.values()


def _datasets(
    registry: Registry, found: FunctionEntry, evidence: Iterable[EvidenceEntry]
) -> Iterator[Logged[DatasetVersion]]:
    trained = [digest for model in found.record.models for digest in model.trained_on]
    assessed = [digest for item in evidence for digest in item.datasets.values()]
    states = (registry.current_dataset(digest) for digest in [*trained, *assessed])
    unique = {state.record.digest: state for state in states if state is not None}
    for state in sorted(unique.values(), key=lambda item: item.at.seq):
        yield _logged(state.at, state.record)


def _policy(registry: Registry, evidence: Iterable[EvidenceEntry]) -> Logged[PolicyVersion] | None:
    judged = [item for item in evidence if item.kind == EntryKind.FAIRNESS_ASSESSED]
    for item in reversed(judged):
        found = registry.policy_named(item.inputs.get("policy", ""))
        if found is not None:
            return _logged(found.at, found.record)
    return None


def _catalogue(registry: Registry, digest: str) -> Logged[CatalogueVersion] | None:
    by_file = (c for c in registry.catalogues.values() if c.record.artefact == digest)
    found = registry.catalogues.get(digest) or next(by_file, None)
    return None if found is None else _logged(found.at, found.record)


def _baselines(registry: Registry, digests: Iterable[str]) -> Iterator[Logged[BaselineVersion]]:
    for digest in digests:
        found = registry.baselines.get(digest)
        if found is not None:
            yield _logged(found.at, found.record)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """Where the log stood when an overlay was made."""

    as_of: int
    log: str
    size: int


def card_overlay(
    registry: Registry,
    function: str,
    state: LogState,
    *,
    gate: GateResult | None = None,
    policy: Policy | None = None,
    counts: LiveCounts | None = None,
) -> CardOverlay:
    """Return what the log says now about a decision function.

    Parameters
    ----------
    registry : Registry
        What the log says.
    function : str
        ``name@version`` or digest.
    state : LogState
        Time, origin and size of the log.
    gate : GateResult, optional
        The gate's present answer; without it sign-offs and waivers read ``not_checked``.
    policy : Policy, optional
        Tells an approved or rejected function from one in review.
    counts : LiveCounts, optional
        How the function was used.

    Returns
    -------
    CardOverlay
        Never part of what was signed.

    Raises
    ------
    NotFound
        If the function is not registered.
    """
    found = registry.function(function)
    release = _release(registry, found.digest, state.as_of)
    return CardOverlay(
        as_of=state.as_of,
        log=state.log,
        size=state.size,
        status=status_of(registry, found.digest, state.as_of, policy=policy).value,
        release=None if release is None else _release_line(release),
        sign_offs=tuple(_sign_offs(registry, found.digest, gate)),
        sign_offs_missing=_missing(gate),
        waivers=tuple(_waivers(registry, found.digest, gate)),
        counts=counts,
    )


def _release(registry: Registry, function: str, now: int) -> ReleaseEntry | None:
    try:
        return release_in_force(registry, function, now)
    except NotReleased:
        return None


def _release_line(item: ReleaseEntry) -> ReleaseLine:
    return ReleaseLine(
        entry=item.at.entry,
        environment=item.record.environment,
        granted_at=item.at.ts,
        valid_until=item.record.valid_until,
    )


def _sign_offs(registry: Registry, function: str, gate: GateResult | None) -> Iterator[SignOffLine]:
    states = _sign_off_states(gate)
    for item in sorted(registry.sign_offs.values(), key=lambda entry: entry.at.seq):
        record = item.record
        if record.function == function:
            yield SignOffLine(
                entry=item.at.entry,
                role=record.role,
                signer=record.signer,
                decision=record.decision,
                at=item.at.ts,
                expires_at=record.expires_at,
                looks=record.looks,
                state=states.get(item.at.entry, "not_checked"),
            )


def _sign_off_states(gate: GateResult | None) -> dict[str, str]:
    if gate is None:
        return {}
    valid = dict.fromkeys((*gate.sign_offs.accepted, *gate.sign_offs.rejected_by), "valid")
    return valid | {item.entry: item.reason.value for item in gate.sign_offs.refused}


def _missing(gate: GateResult | None) -> tuple[Role, ...]:
    if gate is None:
        return ()
    return tuple(item.role for item in gate.sign_offs.missing for _ in range(item.n))


def _waivers(registry: Registry, function: str, gate: GateResult | None) -> Iterator[WaiverLine]:
    states: dict[str, str] = {}
    if gate is not None:
        states = dict.fromkeys(gate.waivers_used, "in_force")
        for check in gate.waivers_refused:
            states[check.entry] = check.reason.value if check.reason else "in_force"
    for item in sorted(registry.waivers.values(), key=lambda entry: entry.at.seq):
        record = item.record
        if record.function == function:
            yield WaiverLine(
                entry=item.at.entry,
                rule=record.rule,
                attributes=record.attributes,
                finding=record.finding,
                reason=record.reason,
                compensating_control=record.compensating_control,
                approver=record.approver,
                granted_at=item.at.ts,
                expires_at=record.expires_at,
                state=states.get(item.at.entry, "not_checked"),
            )
