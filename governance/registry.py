"""The registry: what is registered, assessed, waived, signed and released, as the log says.

A :class:`Registry` is a value: the fold of governance entries up to a place in the log. It
holds no authority of its own; throw it away and fold again, and it is the same.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from answerable.audit.errors import NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Actor,
    ActorRef,
    BaselineVersion,
    CatalogueVersion,
    DatasetRole,
    DatasetVersion,
    DecisionFunction,
    Digest,
    EntryId,
    FrozenModel,
    PolicyVersion,
    Release,
    Role,
    SignOff,
    Token,
    UseCase,
    Waiver,
)
from answerable.governance.findings import State

__all__ = [
    "ActorEntry",
    "BaselineEntry",
    "CatalogueEntry",
    "DatasetEntry",
    "EvidenceEntry",
    "FunctionEntry",
    "Incident",
    "Place",
    "PolicyEntry",
    "Registry",
    "ReleaseEntry",
    "SignOffEntry",
    "UseCaseEntry",
    "VerdictLine",
    "WaiverEntry",
]


class Place(FrozenModel):
    """Where and when something was appended, and who did it."""

    entry: EntryId
    seq: Annotated[int, Field(ge=0)]
    ts: Annotated[int, Field(ge=0)]
    actor: ActorRef
    role: Role


class ActorEntry(FrozenModel):
    """An actor of the directory; names live elsewhere."""

    at: Place
    record: Actor
    retired: bool = False


class UseCaseEntry(FrozenModel):
    """A registered use case."""

    at: Place
    record: UseCase


class DatasetEntry(FrozenModel):
    """A registered state of a data set."""

    at: Place
    record: DatasetVersion


class PolicyEntry(FrozenModel):
    """A registered policy file."""

    at: Place
    record: PolicyVersion


class CatalogueEntry(FrozenModel):
    """A registered reason catalogue."""

    at: Place
    record: CatalogueVersion


class BaselineEntry(FrozenModel):
    """A registered baseline."""

    at: Place
    record: BaselineVersion


class FunctionEntry(FrozenModel):
    """A registered decision function."""

    at: Place
    digest: Digest
    record: DecisionFunction

    @property
    def name(self) -> str:
        """Name as ``name@version``."""
        return f"{self.record.name}@{self.record.version}"


class VerdictLine(FrozenModel):
    """The outcome of one rule over one attribute set, as the gate needs it."""

    rule: str
    attributes: tuple[str, ...]
    state: State
    action: Literal["none", "block", "warn"]
    waivable: bool
    needed_n: int | None = None


class EvidenceEntry(FrozenModel):
    """One piece of evidence: what it rests on and what the gate must know of its result."""

    at: Place
    digest: Digest
    kind: EntryKind
    result_type: Token
    function: Digest | None = None
    inputs: dict[str, Digest]
    verdicts: tuple[VerdictLine, ...] = ()
    blocking: tuple[str, ...] = ()
    """What the evidence itself says must not be released (key ``blocking`` of its result)."""

    @property
    def datasets(self) -> dict[str, Digest]:
        """Digests of the data sets it rests on, by role as named in the inputs."""
        return {
            name.partition(":")[2]: digest
            for name, digest in self.inputs.items()
            if name.partition(":")[0] == "dataset"
        }


class WaiverEntry(FrozenModel):
    """A waiver and whether it was withdrawn."""

    at: Place
    record: Waiver
    withdrawn: bool = False


class SignOffEntry(FrozenModel):
    """A sign-off and whether it was withdrawn."""

    at: Place
    record: SignOff
    withdrawn: bool = False


class ReleaseEntry(FrozenModel):
    """A release and how it ended, if it did."""

    at: Place
    record: Release
    ended: Literal["suspended", "retired"] | None = None
    ended_at: int | None = None
    reason: str | None = None


class Incident(FrozenModel):
    """An incident of a function, and whether it was closed."""

    at: Place
    what: Token
    """Type of the record that describes it."""
    function: Digest | None = None
    closed: bool = False


class Registry(FrozenModel):
    """Everything governance knows, at one place of one log.

    Keys are digests for what is content-addressed and entry ids for what was said once.
    """

    type: Literal["answerable.registry.v1"] = "answerable.registry.v1"
    next_seq: Annotated[int, Field(ge=0)] = 0
    """First entry that has not been folded."""
    actors: dict[str, ActorEntry] = Field(default_factory=dict)
    use_cases: dict[str, UseCaseEntry] = Field(default_factory=dict)
    datasets: dict[str, DatasetEntry] = Field(default_factory=dict)
    policies: dict[str, PolicyEntry] = Field(default_factory=dict)
    catalogues: dict[str, CatalogueEntry] = Field(default_factory=dict)
    baselines: dict[str, BaselineEntry] = Field(default_factory=dict)
    functions: dict[str, FunctionEntry] = Field(default_factory=dict)
    evidence: dict[str, EvidenceEntry] = Field(default_factory=dict)
    """By entry id: the same evidence twice is two looks."""
    waivers: dict[str, WaiverEntry] = Field(default_factory=dict)
    sign_offs: dict[str, SignOffEntry] = Field(default_factory=dict)
    releases: dict[str, ReleaseEntry] = Field(default_factory=dict)
    incidents: dict[str, Incident] = Field(default_factory=dict)
    unreadable: tuple[EntryId, ...] = ()
    """Governance entries whose body is erased or of another type than their kind."""

    def function(self, name: str) -> FunctionEntry:
        """Find a decision function.

        Parameters
        ----------
        name : str
            ``name@version`` or its digest.

        Returns
        -------
        FunctionEntry
            The registered function.

        Raises
        ------
        NotFound
            If no such function is registered.
        """
        found = self.functions.get(name)
        if found is None:
            found = next((item for item in self.functions.values() if item.name == name), None)
        if found is None:
            raise NotFound(
                "no decision function of that name is registered",
                where="registry",
                remedy="Name it as name@version, or register it.",
            )
        return found

    def policy_named(self, digest: str) -> PolicyEntry | None:
        """Return the registration of a policy by the digest of its file or of its record."""
        by_file = (item for item in self.policies.values() if item.record.artefact == digest)
        return self.policies.get(digest) or next(by_file, None)

    def evidence_of(self, function: str, kind: EntryKind) -> tuple[EvidenceEntry, ...]:
        """Return evidence of one kind about a function or about its training data, oldest first."""
        found = self.functions.get(function)
        trained_on = set(self._fingerprints(found)) if found else set()
        result = []
        for item in self.evidence.values():
            if item.kind != kind:
                continue
            about_data = any(
                self.fingerprint(digest) in trained_on for digest in item.datasets.values()
            )
            if item.function == function or (item.function is None and about_data):
                result.append(item)
        return tuple(sorted(result, key=lambda item: item.at.seq))

    def _fingerprints(self, found: FunctionEntry) -> list[str]:
        digests = (digest for model in found.record.models for digest in model.trained_on)
        return [self.fingerprint(digest) for digest in digests]

    def fingerprint(self, dataset: str) -> str:
        """Return the fingerprint of a data set named by record digest or by fingerprint."""
        found = self.datasets.get(dataset)
        return found.record.fingerprint if found else dataset

    def current_dataset(self, dataset: str) -> DatasetEntry | None:
        """Return the newest registered state of a data set: rows may have been erased since."""
        wanted = self.fingerprint(dataset)
        states = [item for item in self.datasets.values() if item.record.fingerprint == wanted]
        return max(states, key=lambda item: item.at.seq, default=None)

    def hold_out_of(self, item: EvidenceEntry) -> str | None:
        """Return the fingerprint of the hold-out an assessment looked at, if it was one."""
        for role, digest in item.datasets.items():
            found = self.datasets.get(digest) or self.current_dataset(digest)
            registered = found.record.role if found else role
            if registered == DatasetRole.HOLD_OUT:
                return self.fingerprint(digest)
        return None

    def looks(self, dataset: str, *, before_seq: int | None = None) -> int:
        """Count how often a hold-out was assessed, by any function.

        Parameters
        ----------
        dataset : str
            Record digest or fingerprint of the hold-out.
        before_seq : int, optional
            Count only entries before this place of the log.

        Returns
        -------
        int
            Number of ``fairness.assessed`` entries on it.
        """
        wanted = self.fingerprint(dataset)
        return sum(
            item.kind == EntryKind.FAIRNESS_ASSESSED
            and (before_seq is None or item.at.seq < before_seq)
            and self.hold_out_of(item) == wanted
            for item in self.evidence.values()
        )
