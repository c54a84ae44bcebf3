"""Behind a decision function: data, models, code, environment, policy, evidence, signatures."""

from __future__ import annotations

from typing import cast

from pydantic import JsonValue

from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    Digest,
    FrozenModel,
    ModelArtefact,
)
from answerable.governance.registry import (
    BaselineEntry,
    CatalogueEntry,
    DatasetEntry,
    EvidenceEntry,
    FunctionEntry,
    PolicyEntry,
    Registry,
    ReleaseEntry,
    SignOffEntry,
    UseCaseEntry,
    WaiverEntry,
)

__all__ = ["DatasetUse", "Lineage", "lineage_of"]


class DatasetUse(FrozenModel):
    """A data set and what it was used for; `found` is None when it is not registered."""

    use: str
    digest: Digest
    found: DatasetEntry | None = None
    derived_from: tuple[Digest, ...] = ()
    looks: int = 0
    """How often it was assessed, for a hold-out."""


class Lineage(FrozenModel):
    """Everything a decision function rests on, as far as the log says."""

    function: FunctionEntry
    use_case: UseCaseEntry | None
    datasets: tuple[DatasetUse, ...]
    models: tuple[ModelArtefact, ...]
    code_commit: str
    code_dirty: bool
    environment: Digest
    catalogue: CatalogueEntry | None
    baselines: tuple[BaselineEntry, ...]
    policies: tuple[PolicyEntry, ...]
    evidence: tuple[EvidenceEntry, ...]
    waivers: tuple[WaiverEntry, ...]
    sign_offs: tuple[SignOffEntry, ...]
    releases: tuple[ReleaseEntry, ...]
    ancestors: tuple[FunctionEntry, ...]
    missing: tuple[Digest, ...]
    """Digests the function names that are not registered."""

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return cast("dict[str, JsonValue]", self.model_dump(mode="json"))


def lineage_of(registry: Registry, function: str) -> Lineage:
    """Collect what a decision function rests on.

    Parameters
    ----------
    registry : Registry
        What the log says.
    function : str
        ``name@version`` or digest.

    Returns
    -------
    Lineage
        Data sets first by training, then by the evidence that used them.

    Raises
    ------
    NotFound
        If the function is not registered.
    """
    found = registry.function(function)
    record = found.record
    evidence = _evidence(registry, found)
    datasets = _datasets(registry, found, evidence)
    named = {item.inputs["policy"] for item in evidence if "policy" in item.inputs}
    policies = [registry.policy_named(digest) for digest in sorted(named)]
    baselines = [registry.baselines.get(digest) for digest in record.baselines]
    known = {*registry.use_cases, *registry.catalogues}
    missing = [digest for digest in (record.use_case, record.catalogue) if digest not in known]
    missing += [digest for digest in record.baselines if digest not in registry.baselines]
    missing += [item.digest for item in datasets if item.found is None]
    return Lineage(
        function=found,
        use_case=registry.use_cases.get(record.use_case),
        datasets=datasets,
        models=record.models,
        code_commit=record.code_commit,
        code_dirty=record.code_dirty,
        environment=record.environment,
        catalogue=registry.catalogues.get(record.catalogue),
        baselines=tuple(item for item in baselines if item),
        policies=tuple(item for item in policies if item),
        evidence=evidence,
        waivers=tuple(i for i in registry.waivers.values() if i.record.function == found.digest),
        sign_offs=tuple(
            i for i in registry.sign_offs.values() if i.record.function == found.digest
        ),
        releases=tuple(i for i in registry.releases.values() if i.record.function == found.digest),
        ancestors=_ancestors(registry, found),
        missing=tuple(dict.fromkeys(missing)),
    )


def _evidence(registry: Registry, found: FunctionEntry) -> tuple[EvidenceEntry, ...]:
    items = [item for kind in EntryKind for item in registry.evidence_of(found.digest, kind)]
    return tuple(sorted(items, key=lambda item: item.at.seq))


def _datasets(
    registry: Registry, found: FunctionEntry, evidence: tuple[EvidenceEntry, ...]
) -> tuple[DatasetUse, ...]:
    uses = [("training", digest) for model in found.record.models for digest in model.trained_on]
    uses += [pair for item in evidence for pair in item.datasets.items()]
    seen: dict[str, DatasetUse] = {}
    for use, digest in uses:
        state = registry.current_dataset(digest)
        seen.setdefault(
            registry.fingerprint(digest),
            DatasetUse(
                use=use,
                digest=state.record.digest if state else digest,
                found=state,
                derived_from=state.record.derived_from if state else (),
                looks=registry.looks(digest),
            ),
        )
    return tuple(seen.values())


def _ancestors(registry: Registry, found: FunctionEntry) -> tuple[FunctionEntry, ...]:
    result: list[FunctionEntry] = []
    parent = found.record.parent
    while parent is not None:
        above = registry.functions.get(parent)
        if above is None or above in result:
            break
        result.append(above)
        parent = above.record.parent
    return tuple(result)
