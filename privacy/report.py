"""What a scan says: the result type others render, gate on and store as evidence.

:class:`ScanReport` is the JSON contract of ``answerable scan --json``; its field names are
kept stable, and fields may be added. In words::

    type            "answerable.privacy-scan.v1"
    rows            rows of the table            examined_rows   rows looked at
    seed            seed of sample and surrogates
    ner             the name detector that ran, or "none"
    engines         {library: version}
    detectors       [{entity, engine, columns}]: what ran, and on how many columns
    columns         [{
        name, dtype, kind, rows, nulls, distinct,
        type            an entity, or "NONE"
        posterior       probability of `type`; null for NONE when a detector that could
                        have said otherwise did not run
        role            direct_identifier | quasi_identifier | special_category |
                        attribute | free_text | none
        categories      legally protected categories the header names
        evidence        why, in words
        contains        [{
            entity
            rows                rows whose value is or contains it
            rate, interval      share of the examined rows; limits are equal when exact
            exact               whether every value was looked at
            distinct            distinct values with it
            whole               whether the column as a whole is of this entity
            verified_rows       rows that pass its check
            expected_by_chance  distinct values expected to pass by chance alone
            posterior           probability that some of them are genuine
            masked_examples     at most three forms, never a value
            evidence            why, in words
        }]
        by_chance       [{entity, distinct, expected_by_chance}]: passed a check, and no
                        more often than random values would; not believed
        not_examined    entities nobody looked for
        not_examined_reasons  [{reason, entities}]
        action          drop | pseudonymise | generalise | separate | redact | review | keep
    }]
    reidentification  {columns, groups, unique_rows, smallest_group} over the
                      quasi-identifiers, or null
    verdict         {state: HOLDS | VIOLATED | NOT_EXAMINED, violations, not_examined,
                     sampled_too_little}
    policy          digest of the policy, or null
    blocking        sentences that must keep a function from release; empty when none

Invariant: no value of the table stands anywhere in it, masked forms excepted. Column names
do: they are the table's schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal, Self, cast

from pydantic import Field, JsonValue

from answerable.audit.kinds import EntryKind
from answerable.audit.records import Digest, Evidence, FrozenModel, Record
from answerable.privacy.entities import ColumnRole

__all__ = [
    "ByChance",
    "ColumnReport",
    "ColumnType",
    "Detector",
    "Finding",
    "NotExamined",
    "Reidentification",
    "ScanReport",
    "Verdict",
    "VerdictState",
    "Violation",
]

RESULT_TYPE: Final = "answerable.privacy-scan.v1"

_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0)]
ColumnType = str
"""An entity's name, or ``NONE``."""

Action = Literal["drop", "pseudonymise", "generalise", "separate", "redact", "review", "keep"]


class Finding(FrozenModel):
    """One entity in one column."""

    entity: str
    rows: _Count
    rate: _Share
    interval: tuple[_Share, _Share]
    exact: bool
    distinct: _Count
    whole: bool
    verified_rows: _Count
    expected_by_chance: Annotated[float, Field(ge=0)]
    posterior: _Share
    masked_examples: Annotated[tuple[str, ...], Field(max_length=3)] = ()
    evidence: tuple[str, ...] = ()


class ByChance(FrozenModel):
    """Values that pass a check about as often as random ones do."""

    entity: str
    distinct: _Count
    expected_by_chance: Annotated[float, Field(ge=0)]


class NotExamined(FrozenModel):
    """Why some entities were not looked for."""

    reason: str
    entities: tuple[str, ...]


class ColumnReport(FrozenModel):
    """What one column is, and what it contains."""

    name: str
    dtype: str
    kind: str
    rows: _Count
    nulls: _Count
    distinct: _Count
    type: ColumnType
    posterior: _Share | None
    role: ColumnRole
    categories: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    contains: tuple[Finding, ...] = ()
    by_chance: tuple[ByChance, ...] = ()
    not_examined: tuple[str, ...] = ()
    not_examined_reasons: tuple[NotExamined, ...] = ()
    action: Action


class Detector(FrozenModel):
    """A detector that ran."""

    entity: str
    engine: str
    columns: _Count


class Reidentification(FrozenModel):
    """How far the quasi-identifiers together single rows out."""

    columns: tuple[str, ...]
    groups: _Count
    unique_rows: _Count
    smallest_group: _Count


class VerdictState(StrEnum):
    """What the policy says about the scan."""

    HOLDS = "HOLDS"
    VIOLATED = "VIOLATED"
    NOT_EXAMINED = "NOT_EXAMINED"


class Violation(FrozenModel):
    """Something forbidden in a column that may not hold it."""

    column: str
    rule: Literal["forbidden_roles", "forbidden_entities"]
    what: str


class Verdict(FrozenModel):
    """The scan against the policy."""

    state: VerdictState
    violations: tuple[Violation, ...] = ()
    not_examined: tuple[str, ...] = ()
    sampled_too_little: bool = False


class ScanReport(Record):
    """The result of one scan; equal input gives equal bytes."""

    type: Literal["answerable.privacy-scan.v1"] = RESULT_TYPE
    rows: _Count
    examined_rows: _Count
    seed: int
    ner: str
    engines: dict[str, str]
    detectors: tuple[Detector, ...]
    columns: tuple[ColumnReport, ...]
    reidentification: Reidentification | None = None
    verdict: Verdict
    policy: Digest | None = None
    blocking: tuple[str, ...] = ()

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form, every key present."""
        return cast("dict[str, JsonValue]", self.model_dump(mode="json"))

    @classmethod
    def from_result(cls, result: Mapping[str, JsonValue]) -> Self:
        """Return the report of a stored JSON form.

        Returns
        -------
        ScanReport
            Equal to the one the result came from.

        Raises
        ------
        InvalidInput
            If it is no such form; the message names fields, never values.
        """
        return cls.parse(dict(result))

    def column(self, name: str) -> ColumnReport | None:
        """Return the report of one column, None when there is none of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def evidence(self, *, inputs: Mapping[str, str], code: str) -> Evidence:
        """Return the scan as evidence for the log.

        Parameters
        ----------
        inputs : Mapping[str, str]
            Digests by role, for example ``dataset:training`` and ``policy``.
        code : str
            Version of Answerable that scanned.

        Returns
        -------
        Evidence
            Of kind ``privacy.scanned``.
        """
        return Evidence(
            kind=EntryKind.PRIVACY_SCANNED.value,
            inputs=dict(inputs),
            parameters={"ner": self.ner, "examined_rows": self.examined_rows},
            seed=self.seed,
            engines=dict(self.engines),
            code=code,
            result_type=RESULT_TYPE,
            result=self.to_result(),
        )
