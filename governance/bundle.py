"""What a signature stands for: one digest over everything a release rests on.

Promises: a new assessment, another policy, an erased row of a data set, a new scan or
another card core gives another digest, and so voids the signatures on the old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from answerable.audit.kinds import EntryKind
from answerable.audit.records import Digest, Record
from answerable.governance.registry import FunctionEntry, Registry

__all__ = ["Bundle", "bundle_digest", "bundle_of"]


class Bundle(Record):
    """The parts of a release, by digest; lists are sorted and hold no digest twice."""

    type: Literal["answerable.bundle.v1"] = "answerable.bundle.v1"
    function: Digest
    datasets: tuple[Digest, ...]
    policy: Digest
    assessments: tuple[Digest, ...]
    scans: tuple[Digest, ...]
    card_core: Digest | None = None


def bundle_digest(
    *,
    function: str,
    datasets: Iterable[str],
    policy: str,
    assessments: Iterable[str],
    scans: Iterable[str],
    card_core: str | None,
) -> str:
    """Return the digest that sign-offs name.

    Parameters
    ----------
    function : str
        Digest of the decision function.
    datasets : Iterable[str]
        Digests of the current states of the data sets it was trained and assessed on.
    policy : str
        Digest of the policy file.
    assessments : Iterable[str]
        Digests of all fairness assessments of the function.
    scans : Iterable[str]
        Digests of the newest privacy scan of each data set.
    card_core : str or None
        Digest of the evidence of the card's core.

    Returns
    -------
    str
        ``sha256:<hex>``; the order of the lists does not matter.
    """
    return Bundle(
        function=function,
        datasets=tuple(sorted(set(datasets))),
        policy=policy,
        assessments=tuple(sorted(set(assessments))),
        scans=tuple(sorted(set(scans))),
        card_core=card_core,
    ).digest


def bundle_of(registry: Registry, function: str, policy: str) -> Bundle:
    """Collect the current bundle of a function.

    Parameters
    ----------
    registry : Registry
        The registry.
    function : str
        ``name@version`` or digest.
    policy : str
        Digest of the policy file.

    Returns
    -------
    Bundle
        What a sign-off given now would stand for.

    Raises
    ------
    NotFound
        If the function is not registered.
    """
    found = registry.function(function)
    assessments = registry.evidence_of(found.digest, EntryKind.FAIRNESS_ASSESSED)
    cards = registry.evidence_of(found.digest, EntryKind.CARD_BUILT)
    named = [
        *_trained_on(found),
        *(digest for item in assessments for digest in item.datasets.values()),
    ]
    datasets = _current(registry, named)
    return Bundle(
        function=found.digest,
        datasets=datasets,
        policy=policy,
        assessments=tuple(sorted({item.digest for item in assessments})),
        scans=_newest_scans(registry, datasets),
        card_core=cards[-1].digest if cards else None,
    )


def _trained_on(found: FunctionEntry) -> list[str]:
    return [digest for model in found.record.models for digest in model.trained_on]


def _current(registry: Registry, named: Sequence[str]) -> tuple[str, ...]:
    states = ((registry.current_dataset(digest), digest) for digest in named)
    return tuple(sorted({item.record.digest if item else digest for item, digest in states}))


def _newest_scans(registry: Registry, datasets: Iterable[str]) -> tuple[str, ...]:
    wanted = {registry.fingerprint(digest) for digest in datasets}
    newest: dict[str, tuple[int, str]] = {}
    for item in registry.evidence.values():
        if item.kind != EntryKind.PRIVACY_SCANNED:
            continue
        for digest in item.datasets.values():
            fingerprint = registry.fingerprint(digest)
            if fingerprint in wanted:
                held = newest.get(fingerprint, (-1, ""))
                newest[fingerprint] = max(held, (item.at.seq, item.digest))
    return tuple(sorted({digest for _, digest in newest.values()}))
