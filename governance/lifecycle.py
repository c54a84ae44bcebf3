"""Fold governance entries into the registry, and say in which state a function is.

Promises: folding is pure and depends on the entries alone; folding from the start equals
advancing a cached registry; an entry that cannot be read is listed, never guessed and never
a reason to stop, because an append-only log cannot take it back.

States: draft -> assessed -> in_review -> approved -> released, or rejected; a release ends as
suspended, retired or expired. A state is computed, never stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from answerable.audit.entries import Entry, OpenedBody
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Actor,
    BaselineVersion,
    CatalogueVersion,
    DatasetVersion,
    DecisionFunction,
    Evidence,
    PolicyVersion,
    Record,
    Release,
    ReleaseEnded,
    SignOff,
    UseCase,
    Waiver,
)
from answerable.governance.assessment import RESULT_TYPE, Assessment
from answerable.governance.registry import (
    ActorEntry,
    BaselineEntry,
    CatalogueEntry,
    DatasetEntry,
    EvidenceEntry,
    FunctionEntry,
    Incident,
    Place,
    PolicyEntry,
    Registry,
    ReleaseEntry,
    SignOffEntry,
    UseCaseEntry,
    VerdictLine,
    WaiverEntry,
)

__all__ = [
    "GOVERNANCE_KINDS",
    "LogReader",
    "ProjectionCache",
    "Registry",
    "cached_registry",
    "fold",
    "replay_registry",
]

PROJECTION: Final = "governance.registry.v1"
_PAGE: Final = 500
_WITHDRAWS: Final = "withdraws"
_CLOSES: Final = "closes"


class LogReader(Protocol):
    """The part of a log that is read here."""

    def entries(
        self, *, kinds: Sequence[EntryKind] = (), after: int = -1, limit: int = 500
    ) -> list[Entry]:
        """Return entries after a place, ascending."""
        ...

    def open_body(self, entry: Entry) -> OpenedBody:
        """Return what can be read of an entry's body."""
        ...


class ProjectionCache(LogReader, Protocol):
    """A log that also keeps cached views."""

    def load_projection(self, name: str) -> tuple[int, bytes] | None:
        """Return size of the log and state of a cached view, if it fits this log."""
        ...

    def save_projection(self, name: str, size: int, state: bytes) -> None:
        """Keep a view folded up to a size of the log."""
        ...


def _place(entry: Entry) -> Place:
    header = entry.header
    return Place(entry=header.id, seq=entry.seq, ts=header.ts, actor=header.actor, role=header.role)


_Folder = Callable[[Registry, Entry, Record], Registry | None]


def fold(registry: Registry, entry: Entry, record: Record | None) -> Registry:
    """Add one governance entry.

    Parameters
    ----------
    registry : Registry
        State before the entry.
    entry : Entry
        Must stand after everything folded so far; other kinds only move the place.
    record : Record or None
        The entry's body; None when it cannot be read any more.

    Returns
    -------
    Registry
        State after the entry.

    Raises
    ------
    InvalidInput
        If the entry was folded already.
    """
    if entry.seq < registry.next_seq:
        raise InvalidInput(
            "the entry was folded already", where=f"entry {entry.id}", remedy="Fold in order."
        )
    folded = registry
    folder = _FOLDERS.get(entry.kind)
    if folder is not None:
        added = folder(registry, entry, record) if record is not None else None
        if added is None:
            added = registry.model_copy(update={"unreadable": (*registry.unreadable, entry.id)})
        folded = added
    return folded.model_copy(update={"next_seq": entry.seq + 1})


def replay_registry(log: LogReader, *, start: Registry | None = None) -> Registry:
    """Fold a log's governance entries.

    Parameters
    ----------
    log : LogReader
        The log.
    start : Registry, optional
        A registry of the same log to advance; from the beginning without one.

    Returns
    -------
    Registry
        State after the last governance entry.
    """
    registry = start or Registry()
    while True:
        page = log.entries(kinds=tuple(GOVERNANCE_KINDS), after=registry.next_seq - 1, limit=_PAGE)
        for entry in page:
            registry = fold(registry, entry, log.open_body(entry).record)
        if len(page) < _PAGE:
            return registry


def cached_registry(log: ProjectionCache) -> Registry:
    """Return the registry, advancing the cached one; a cache that cannot be read is rebuilt.

    Parameters
    ----------
    log : ProjectionCache
        The log; it refuses to hand out a view that does not fit its own head.

    Returns
    -------
    Registry
        Equal to :func:`replay_registry` from the beginning.
    """
    start = None
    held = log.load_projection(PROJECTION)
    if held is not None:
        try:
            start = Registry.from_json(held[1])
        except InvalidInput:
            start = None
    registry = replay_registry(log, start=start)
    if start is None or registry.next_seq != start.next_seq:
        log.save_projection(PROJECTION, registry.next_seq, registry.to_json())
    return registry


def _fold_actor(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    if not isinstance(record, Actor):
        return None
    retired = entry.kind == EntryKind.ACTOR_RETIRED
    added = ActorEntry(at=_place(entry), record=record, retired=retired)
    return registry.model_copy(update={"actors": {**registry.actors, record.actor: added}})


def _fold_use_case(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    if not isinstance(record, UseCase):
        return None
    added = UseCaseEntry(at=_place(entry), record=record)
    return registry.model_copy(update={"use_cases": {**registry.use_cases, record.digest: added}})


def _fold_dataset(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    if not isinstance(record, DatasetVersion):
        return None
    added = DatasetEntry(at=_place(entry), record=record)
    return registry.model_copy(update={"datasets": {**registry.datasets, record.digest: added}})


def _fold_policy(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    if not isinstance(record, PolicyVersion):
        return None
    # The first registration counts: it dates the thresholds.
    if record.digest in registry.policies:
        return registry
    added = PolicyEntry(at=_place(entry), record=record)
    return registry.model_copy(update={"policies": {**registry.policies, record.digest: added}})


def _fold_catalogue(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    if not isinstance(record, CatalogueVersion):
        return None
    added = CatalogueEntry(at=_place(entry), record=record)
    return registry.model_copy(update={"catalogues": {**registry.catalogues, record.digest: added}})


def _fold_baseline(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    if not isinstance(record, BaselineVersion):
        return None
    added = BaselineEntry(at=_place(entry), record=record)
    return registry.model_copy(update={"baselines": {**registry.baselines, record.digest: added}})


def _fold_function(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    if not isinstance(record, DecisionFunction):
        return None
    # The first registration counts: it names the requester.
    if record.digest in registry.functions:
        return registry
    added = FunctionEntry(at=_place(entry), digest=record.digest, record=record)
    return registry.model_copy(update={"functions": {**registry.functions, record.digest: added}})


def _fold_evidence(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    if not isinstance(record, Evidence):
        return None
    noted = record.result.get("blocking")
    verdicts: tuple[VerdictLine, ...] = ()
    if record.result_type == RESULT_TYPE:
        try:
            verdicts = _verdict_lines(Assessment.from_result(record.result))
        except InvalidInput:
            return None
    added = EvidenceEntry(
        at=_place(entry),
        digest=record.digest,
        kind=entry.kind,
        result_type=record.result_type,
        function=record.inputs.get("function", entry.header.function),
        inputs=dict(record.inputs),
        verdicts=verdicts,
        blocking=tuple(str(item) for item in noted) if isinstance(noted, list) else (),
    )
    return registry.model_copy(update={"evidence": {**registry.evidence, entry.id: added}})


def _verdict_lines(assessment: Assessment) -> tuple[VerdictLine, ...]:
    return tuple(
        VerdictLine(
            rule=item.rule,
            attributes=item.attributes,
            state=item.state,
            action=item.action,
            waivable=item.waivable,
            needed_n=item.needed_n,
        )
        for item in assessment.verdicts
    )


def _linked(entry: Entry, rel: str) -> str:
    return next((link.entry for link in entry.header.links if link.rel == rel and link.entry), "")


def _fold_waiver(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    if not isinstance(record, Waiver):
        return None
    added = WaiverEntry(at=_place(entry), record=record)
    if entry.kind == EntryKind.WAIVER_WITHDRAWN:
        found = registry.waivers.get(_linked(entry, _WITHDRAWS))
        if found is None:
            return None
        added = found.model_copy(update={"withdrawn": True})
    return registry.model_copy(update={"waivers": {**registry.waivers, added.at.entry: added}})


def _fold_sign_off(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    if not isinstance(record, SignOff):
        return None
    added = SignOffEntry(at=_place(entry), record=record)
    if entry.kind == EntryKind.SIGN_OFF_WITHDRAWN:
        found = registry.sign_offs.get(_linked(entry, _WITHDRAWS))
        if found is None:
            return None
        added = found.model_copy(update={"withdrawn": True})
    return registry.model_copy(update={"sign_offs": {**registry.sign_offs, added.at.entry: added}})


def _fold_release(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    if not isinstance(record, Release):
        return None
    added = ReleaseEntry(at=_place(entry), record=record)
    return registry.model_copy(update={"releases": {**registry.releases, entry.id: added}})


def _fold_release_ended(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    if not isinstance(record, ReleaseEnded):
        return None
    found = registry.releases.get(record.release)
    if found is None:
        return None
    how = "suspended" if entry.kind == EntryKind.RELEASE_SUSPENDED else "retired"
    ended = found.model_copy(
        update={"ended": how, "ended_at": entry.header.ts, "reason": record.reason}
    )
    return registry.model_copy(update={"releases": {**registry.releases, found.at.entry: ended}})


def _fold_incident(registry: Registry, entry: Entry, record: Record) -> Registry | None:
    what = record.result_type if isinstance(record, Evidence) else str(getattr(record, "type", ""))
    added = Incident(at=_place(entry), what=what, function=entry.header.function)
    if entry.kind == EntryKind.INCIDENT_CLOSED:
        found = registry.incidents.get(_linked(entry, _CLOSES))
        if found is None:
            return None
        added = found.model_copy(update={"closed": True})
    return registry.model_copy(update={"incidents": {**registry.incidents, added.at.entry: added}})


_FOLDERS: Final[dict[EntryKind, _Folder]] = {
    EntryKind.ACTOR_REGISTERED: _fold_actor,
    EntryKind.ACTOR_RETIRED: _fold_actor,
    EntryKind.USE_CASE_REGISTERED: _fold_use_case,
    EntryKind.DATASET_REGISTERED: _fold_dataset,
    EntryKind.DATASET_ROWS_ERASED: _fold_dataset,
    EntryKind.POLICY_REGISTERED: _fold_policy,
    EntryKind.CATALOGUE_REGISTERED: _fold_catalogue,
    EntryKind.BASELINE_REGISTERED: _fold_baseline,
    EntryKind.FUNCTION_REGISTERED: _fold_function,
    EntryKind.PRIVACY_SCANNED: _fold_evidence,
    EntryKind.PRIVACY_RISK_ASSESSED: _fold_evidence,
    EntryKind.PRIVACY_PROXIES_ASSESSED: _fold_evidence,
    EntryKind.DATA_QUALITY_ASSESSED: _fold_evidence,
    EntryKind.FAIRNESS_ASSESSED: _fold_evidence,
    EntryKind.FAIRNESS_MITIGATED: _fold_evidence,
    EntryKind.MODEL_VALIDATED: _fold_evidence,
    EntryKind.EXPLANATION_PROFILED: _fold_evidence,
    EntryKind.CARD_BUILT: _fold_evidence,
    EntryKind.GATE_EVALUATED: _fold_evidence,
    EntryKind.WAIVER_GRANTED: _fold_waiver,
    EntryKind.WAIVER_WITHDRAWN: _fold_waiver,
    EntryKind.SIGN_OFF_GIVEN: _fold_sign_off,
    EntryKind.SIGN_OFF_WITHDRAWN: _fold_sign_off,
    EntryKind.RELEASE_GRANTED: _fold_release,
    EntryKind.RELEASE_SUSPENDED: _fold_release_ended,
    EntryKind.RELEASE_RETIRED: _fold_release_ended,
    EntryKind.INCIDENT_OPENED: _fold_incident,
    EntryKind.INCIDENT_CLOSED: _fold_incident,
}

GOVERNANCE_KINDS: Final = frozenset(_FOLDERS)
"""Kinds the registry is folded from; all others leave it as it is."""
