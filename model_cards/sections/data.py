"""The data a function was made and tested with: origin, shape, personal data, quality."""

from __future__ import annotations

from collections import Counter
from typing import Final

from pydantic import JsonValue

from answerable.audit.kinds import EntryKind
from answerable.audit.records import DatasetRole, DatasetVersion, Evidence, Role
from answerable.model_cards.card import CardField, CardSection, Column
from answerable.model_cards.facts import CardFacts, Logged
from answerable.model_cards.results import ColumnResult, ScanResult
from answerable.model_cards.sections.quality import quality_fields
from answerable.model_cards.sections.writing import asked, computed, entered, newest, owed, stated

__all__ = ["ROLE_TITLES", "data"]

ROLE_TITLES: Final[dict[str, str]] = {
    "training": "Training data",
    "validation": "Validation data",
    "hold_out": "Hold-out data",
    "background": "Background data",
    "production": "Data from use",
}
_EXPECTED: Final = (DatasetRole.TRAINING, DatasetRole.HOLD_OUT)

_COLUMN_COLUMNS: Final = (
    Column(key="name", label="Column"),
    Column(key="dtype", label="Type", form="code"),
    Column(key="role", label="Role", form="code"),
)
_SCAN_COLUMNS: Final = (
    Column(key="name", label="Column"),
    Column(key="type", label="What it is", form="code"),
    Column(key="contains", label="What it contains"),
    Column(key="not_examined", label="Not looked for"),
)


def data(facts: CardFacts) -> CardSection:
    """Return the data section: one group of fields per registered data set."""
    fields: list[CardField] = []
    seen: Counter[DatasetRole] = Counter()
    for source in facts.datasets:
        role = source.record.role
        seen[role] += 1
        place = role.value if seen[role] == 1 else f"{role.value}.{seen[role]}"
        fields += _dataset(facts, source, f"data.{place}")
    for role in _EXPECTED:
        if not seen[role]:
            fields += _absent(role)
    fields.append(asked(facts, "data.collection", "How it was collected", Role.SCIENTIST))
    fields.append(asked(facts, "data.cleaning", "How it was cleaned", Role.SCIENTIST))
    return CardSection(id="data", title="Data", fields=tuple(fields))


def _absent(role: DatasetRole) -> list[CardField]:
    names = ("fingerprint", "rows", "source", "columns", "label_meaning")
    title = ROLE_TITLES[role.value]
    return [
        owed(f"data.{role.value}.{name}", f"{title}: {name.replace('_', ' ')}", Role.SCIENTIST)
        for name in names
    ]


def _dataset(facts: CardFacts, source: Logged[DatasetVersion], place: str) -> list[CardField]:
    dataset = source.record
    columns: JsonValue = [
        {"name": c.name, "dtype": c.dtype, "role": c.role} for c in dataset.columns
    ]
    synthetic = [*dataset.synthetic_columns]
    fields = [
        entered(f"{place}.name", "Name", dataset.name, source, "code"),
        entered(f"{place}.fingerprint", "Fingerprint", dataset.fingerprint, source, "digest"),
        entered(f"{place}.rows", "Rows", dataset.rows, source, "count"),
        entered(f"{place}.columns", "Columns", columns, source, "table", columns=_COLUMN_COLUMNS),
        stated(f"{place}.source", "Source", dataset.source, source),
        stated(f"{place}.licence", "Licence", dataset.licence, source),
        stated(f"{place}.label_meaning", "What the label means", dataset.label_meaning, source),
    ]
    if synthetic:
        fields.append(stated(f"{place}.synthetic", "Synthetic columns", [*synthetic], source))
    if dataset.derived_from:
        origin: JsonValue = [*dataset.derived_from]
        fields.append(entered(f"{place}.derived_from", "Derived from", origin, source, "list"))
    erased = len(dataset.tombstones)
    fields.append(entered(f"{place}.erased_rows", "Rows erased since", erased, source, "count"))
    fields += _scan(facts, dataset, place)
    quality = newest(facts, EntryKind.DATA_QUALITY_ASSESSED.value, dataset)
    fields += quality_fields(quality, place, suppress_below=facts.suppress_below)
    return fields


def _scan(facts: CardFacts, dataset: DatasetVersion, place: str) -> list[CardField]:
    evidence = newest(facts, EntryKind.PRIVACY_SCANNED.value, dataset)
    if evidence is None:
        return [owed(f"{place}.personal_data", "Scan for personal data", Role.SCIENTIST, "table")]
    return _scan_fields(evidence, place)


def _scan_fields(evidence: Logged[Evidence], place: str) -> list[CardField]:
    scan = ScanResult.read(evidence.record.result)
    found, partly = scan.with_findings(), scan.not_examined()
    listed = [column for column in scan.columns if column in found or column in partly]
    rows: list[JsonValue] = [_scan_row(column) for column in listed]
    engines: list[JsonValue] = [
        f"{name} {version or ''}".strip() for name, version in sorted(scan.engines.items())
    ]
    return [
        computed(
            f"{place}.personal_columns",
            "Columns with personal data",
            len(found),
            evidence,
            "count",
        ),
        computed(
            f"{place}.open_columns", "Columns not fully examined", len(partly), evidence, "count"
        ),
        computed(
            f"{place}.personal_data",
            "Scan for personal data",
            rows,
            evidence,
            "table",
            columns=_SCAN_COLUMNS,
        ),
        computed(f"{place}.scan_engines", "Detectors that ran", engines, evidence, "list"),
    ]


def _scan_row(column: ColumnResult) -> JsonValue:
    contains = ", ".join(f"{item.entity} in {item.rows} rows" for item in column.contains)
    return {
        "name": column.name,
        "type": column.type,
        "contains": contains or None,
        "not_examined": ", ".join(column.not_examined) or None,
    }
