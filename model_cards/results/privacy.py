"""The result of a scan for personal data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from answerable.model_cards.results.document import Ends, ResultDocument

__all__ = [
    "ColumnResult",
    "ContainsResult",
    "DetectorResult",
    "NotExaminedResult",
    "ScanResult",
    "ScanVerdictResult",
    "ViolationResult",
]


class ContainsResult(ResultDocument):
    """One kind of personal data found in a column."""

    entity: str
    rows: int
    rate: float
    interval: Ends | None = None
    distinct: int | None = None
    masked_examples: tuple[str, ...] = ()


class NotExaminedResult(ResultDocument):
    """Why some detectors did not run on a column."""

    reason: str
    entities: tuple[str, ...] = ()


class ColumnResult(ResultDocument):
    """What the scan says about one column."""

    name: str
    dtype: str = ""
    type: str
    posterior: float | None = None
    role: str | None = None
    contains: tuple[ContainsResult, ...] = ()
    not_examined: tuple[str, ...] = ()
    not_examined_reasons: tuple[NotExaminedResult, ...] = ()
    action: str | None = None

    @property
    def is_personal(self) -> bool:
        """Whether personal data was recognised, by its values or by its heading."""
        marked = self.role in {"direct_identifier", "special_category"}
        return self.type != "NONE" or bool(self.contains) or marked


class DetectorResult(ResultDocument):
    """A detector that ran, and on how many columns."""

    entity: str
    engine: str
    columns: int


class ViolationResult(ResultDocument):
    """Something the policy forbids in a column."""

    column: str
    what: str


class ScanVerdictResult(ResultDocument):
    """The scan against its policy."""

    state: Literal["HOLDS", "VIOLATED", "NOT_EXAMINED"]
    violations: tuple[ViolationResult, ...] = ()


def _engine_names(value: object) -> object:
    """Accept engines as a mapping name -> version, or as a list of names or objects."""
    if isinstance(value, list):
        pairs = [_engine_pair(item) for item in value]
        return dict(pairs)
    return value


def _engine_pair(item: object) -> tuple[str, str]:
    if isinstance(item, dict):
        return str(item.get("name", "")), str(item.get("version", ""))
    return str(item), ""


class ScanResult(ResultDocument):
    """Personal data in a table, column by column."""

    rows: int
    engines: Annotated[dict[str, str | None], BeforeValidator(_engine_names)] = Field(
        default_factory=dict
    )
    columns: tuple[ColumnResult, ...]
    examined_rows: int | None = None
    detectors: tuple[DetectorResult, ...] = ()
    verdict: ScanVerdictResult | None = None

    def with_findings(self) -> tuple[ColumnResult, ...]:
        """Return the columns in which something was found."""
        return tuple(column for column in self.columns if column.is_personal)

    def not_examined(self) -> tuple[ColumnResult, ...]:
        """Return the columns on which some detector did not run."""
        return tuple(column for column in self.columns if column.not_examined)
