"""What stands behind a decision function, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.api.wording import counted

if TYPE_CHECKING:
    from answerable.governance.lineage import Lineage

__all__ = ["lineage_lines"]


def lineage_lines(lineage: Lineage) -> Iterator[str]:
    """Return a lineage line by line, each with the entry that says it.

    Parameters
    ----------
    lineage : Lineage

    Yields
    ------
    str
        One line.
    """
    yield f"decision function {lineage.function.name}, {lineage.function.digest}"
    yield from _registered(lineage)
    yield from _governed(lineage)
    for digest in lineage.missing:
        yield f"NOT REGISTERED: {digest}"


def _registered(lineage: Lineage) -> Iterator[str]:
    for ancestor in lineage.ancestors:
        yield f"  follows {ancestor.name}, {ancestor.digest}"
    if lineage.use_case is not None:
        yield f"  use case {lineage.use_case.record.name}, entry {lineage.use_case.at.seq}"
    for model in lineage.models:
        yield f"  model {model.name} ({model.format}), {model.artefact}"
    for use in lineage.datasets:
        if use.found is not None:
            looks = f", assessed {counted(use.looks, 'time', 'times')}" if use.looks else ""
            record, seq = use.found.record, use.found.at.seq
            yield f"  data set {record.name} ({use.use}{looks}), {record.rows} rows, entry {seq}"
    for baseline in lineage.baselines:
        yield f"  baseline {baseline.record.name}, entry {baseline.at.seq}"
    if lineage.catalogue is not None:
        yield f"  catalogue {lineage.catalogue.record.name}, entry {lineage.catalogue.at.seq}"
    changed = " with local changes" if lineage.code_dirty else ""
    yield f"  code {lineage.code_commit}{changed}, environment {lineage.environment}"


def _governed(lineage: Lineage) -> Iterator[str]:
    for policy in lineage.policies:
        yield f"  policy {policy.record.id} {policy.record.version}, entry {policy.at.seq}"
    for item in lineage.evidence:
        yield f"  evidence {item.kind.value}, {item.digest}, entry {item.at.seq}"
    for waiver in lineage.waivers:
        ended = ", withdrawn" if waiver.withdrawn else ""
        yield f"  waiver of {waiver.record.rule}{ended}, entry {waiver.at.seq}"
    for signed in lineage.sign_offs:
        ended = ", withdrawn" if signed.withdrawn else ""
        yield f"  signed as {signed.record.role.value}{ended}, entry {signed.at.seq}"
    for release in lineage.releases:
        ended = f", {release.ended}" if release.ended else ""
        yield f"  released for {release.record.environment}{ended}, entry {release.at.seq}"
