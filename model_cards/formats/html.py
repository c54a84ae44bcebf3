"""The card as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from answerable.model_cards.annex import Completeness, completeness, law_map
from answerable.model_cards.build import card_evidence
from answerable.model_cards.card import (
    CardCore,
    CardField,
    CardOverlay,
    CardSection,
    Column,
    Computed,
    FromLog,
    Stated,
)
from answerable.model_cards.formats.figures import (
    completeness_chart,
    history_chart,
    lineage_chart,
    section_charts,
)
from answerable.model_cards.formats.live import (
    NameOf,
    missing_signatures,
    sign_off_rows,
    status_badge,
    use_rows,
    waiver_rows,
)
from answerable.model_cards.formats.wording import (
    ABSENT,
    cell_text,
    field_rows,
    role_name,
)
from answerable.model_cards.report.charts import Chart
from answerable.model_cards.report.fairness_charts import limit_text, rows_needed, spoken
from answerable.model_cards.report.formatting import day, whole
from answerable.model_cards.report.page import render_page
from answerable.model_cards.results import VerdictResult
from answerable.model_cards.sections.data import ROLE_TITLES

__all__ = ["SectionView", "card_html", "section_views"]

_FOLDED_ABOVE: Final = 8
"""Tables with more rows are folded; print and the table's own summary show them."""

_VERDICTS: Final = "fairness.verdicts"


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field as the page shows it."""

    label: str
    form: str
    text: str
    items: tuple[str, ...]
    origin: str
    origin_detail: str
    owed_by: str


@dataclass(frozen=True, slots=True)
class TableView:
    """One table field as the page shows it."""

    label: str
    columns: tuple[str, ...]
    numeric: tuple[int, ...]
    verdict: int | None
    rows: tuple[tuple[str, ...], ...]
    folded: bool
    origin: str
    origin_detail: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """Fields under one heading of a section."""

    title: str
    fields: tuple[FieldView, ...]
    tables: tuple[TableView, ...]


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section as the page shows it."""

    id: str
    title: str
    groups: tuple[GroupView, ...]
    charts: tuple[Chart, ...]
    verdicts: TableView | None = None
    """The policy's verdicts, shown before everything else of the section."""


def _nobody(_: str) -> str | None:
    return None


def card_html(
    core: CardCore, overlay: CardOverlay | None = None, *, name_of: NameOf = _nobody
) -> str:
    """Return the card as HTML.

    Parameters
    ----------
    core : CardCore
        The signed part.
    overlay : CardOverlay, optional
        What the log says now.
    name_of : Callable[[str], str | None]
        Looks an actor's name up in the directory; names are shown only if it knows them.

    Returns
    -------
    str
        A self-contained page; equal arguments give equal bytes.
    """
    scored = completeness(core, law_map(), overlay=overlay)
    views = section_views(core, overlay)
    contents = [("now", "Now")] if overlay is not None else []
    contents += [(view.id, view.title) for view in views]
    contents += [("lineage-section", "Where it comes from"), ("annex", "What is missing")]
    return render_page(
        "card.html.j2",
        {
            "title": f"{core.name}, version {core.version}",
            "kind": "Model card",
            "lead": _lead(core),
            "contents": [*contents, ("evidence", "Evidence")],
            "core": core,
            "overlay": overlay,
            "evidence_digest": card_evidence(core).digest,
            "sections": views,
            "status": status_badge(overlay),
            "figures": _figures(core, overlay, scored),
            "sign_offs": sign_off_rows(overlay, name_of),
            "missing_signatures": missing_signatures(overlay),
            "waivers": waiver_rows(overlay),
            "outcomes": use_rows(overlay),
            "history": None if overlay is None else history_chart(overlay),
            "lineage": lineage_chart(core, overlay),
            "law": scored.law,
            "completeness": completeness_chart(scored),
            "gaps": [(g.label, g.point, role_name(g.owed_by)) for g in scored.gaps],
            "evidence": [_evidence_row(core, place) for place in range(len(core.evidence))],
        },
    )


def _lead(core: CardCore) -> str:
    field = core.find("purpose.intended_purpose")
    return field.value if field is not None and isinstance(field.value, str) else ""


def section_views(core: CardCore, overlay: CardOverlay | None = None) -> list[SectionView]:
    """Return the core's sections as a page shows them, charts included.

    Parameters
    ----------
    core : CardCore
        The card.
    overlay : CardOverlay, optional
        Shows which verdicts a waiver answers now.

    Returns
    -------
    list of SectionView
        In the order of the card.
    """
    return [
        SectionView(
            id=section.id,
            title=section.title,
            groups=tuple(_groups(section)),
            charts=section_charts(core, section.id),
            verdicts=_verdicts(core, overlay) if section.id == "fairness" else None,
        )
        for section in core.sections
    ]


def _groups(section: CardSection) -> Iterator[GroupView]:
    grouped: dict[str, list[CardField]] = {}
    for field in section.fields:
        # The verdicts stand at the head of their section, in fewer columns.
        if field.id != _VERDICTS or field.value is None:
            grouped.setdefault(_heading(field), []).append(field)
    for title, fields in grouped.items():
        tables = [f for f in fields if _is_table(f)]
        yield GroupView(
            title=title,
            fields=tuple(_field(f) for f in fields if f not in tables),
            tables=tuple(_table(f) for f in tables),
        )


def _is_table(field: CardField) -> bool:
    return field.form == "table" and field.value is not None


def _verdicts(core: CardCore, overlay: CardOverlay | None) -> TableView | None:
    field = core.find(_VERDICTS)
    if field is None or field.value is None:
        return None
    verdicts = [VerdictResult.read(row) for row in field_rows(field)]
    origin, detail = _origin(field)
    return TableView(
        label="Verdicts of the policy",
        columns=("Rule", "Groups by", "What it asks", "Verdict", "Rows needed", "Waiver now"),
        numeric=(4,),
        verdict=3,
        rows=tuple(
            (
                spoken(verdict.rule),
                ", ".join(verdict.attributes),
                f"{spoken(verdict.metric)} {verdict.compare}: {limit_text(verdict)}",
                verdict.state,
                rows_needed(verdict),
                _waived(verdict, overlay),
            )
            for verdict in verdicts
        ),
        folded=False,
        origin=origin,
        origin_detail=detail,
    )


def _waived(verdict: VerdictResult, overlay: CardOverlay | None) -> str:
    for line in () if overlay is None else overlay.waivers:
        same = line.rule == verdict.rule and line.attributes == verdict.attributes
        if same and line.state == "in_force":
            return f"until {day(line.expires_at)}"
    return ABSENT


def _heading(field: CardField) -> str:
    """The heading of a data field is its data set; other sections have none."""
    place = field.id.split(".")
    if place[0] != "data" or len(place) < 3:  # noqa: PLR2004 - data.<role>.<name>
        return ""
    title = ROLE_TITLES.get(place[1], place[1])
    return f"{title} {place[2]}" if place[2].isdigit() else title


def _field(field: CardField) -> FieldView:
    items: tuple[str, ...] = ()
    if field.form == "list" and isinstance(field.value, list):
        items = tuple(cell_text(item, "text") for item in field.value)
    origin, detail = _origin(field)
    return FieldView(
        label=field.label,
        form=field.form,
        text=cell_text(field.value, field.form),
        items=items,
        origin=origin,
        origin_detail=detail,
        owed_by="" if field.owed_by is None else role_name(field.owed_by),
    )


def _origin(field: CardField) -> tuple[str, str]:
    match field.origin:
        case Computed(evidence=digest):
            return "computed", digest
        case FromLog(entry=entry):
            return "log", entry
        case Stated(role=role):
            return "typed", role.value.replace("_", " ")
    return "", ""


_NUMERIC: Final = frozenset({"count", "number", "share", "interval", "range"})


def _table(field: CardField) -> TableView:
    rows = tuple(tuple(_cell(row, column) for column in field.columns) for row in field_rows(field))
    keys = [column.key for column in field.columns]
    origin, detail = _origin(field)
    return TableView(
        label=field.label,
        columns=tuple(column.label for column in field.columns),
        numeric=tuple(i for i, c in enumerate(field.columns) if c.form in _NUMERIC),
        verdict=keys.index("state") if "state" in keys else None,
        rows=rows,
        folded=len(rows) > _FOLDED_ABOVE,
        origin=origin,
        origin_detail=detail,
    )


def _cell(row: Mapping[str, JsonValue], column: Column) -> str:
    value = row.get(column.key)
    if column.key == "state" and isinstance(value, str):
        return value
    return cell_text(value, column.form)


def _figures(
    core: CardCore, overlay: CardOverlay | None, scored: Completeness
) -> list[dict[str, str]]:
    fields = tuple(core.fields())
    counted = sum(isinstance(field.origin, Computed) for field in fields)
    logged = sum(isinstance(field.origin, FromLog) for field in fields)
    provided = sum(field.value is not None for field in fields)
    figures = [
        {
            "label": "Fields filled",
            "value": f"{provided} of {len(fields)}",
            "note": f"{counted} computed, {logged} from the log",
        },
        {
            "label": "Annex IV",
            "value": f"{scored.provided} of {scored.total}",
            "note": "fields provided",
        },
        {"label": "Evidence", "value": str(len(core.evidence)), "note": "pieces, each by digest"},
    ]
    if overlay is not None and overlay.counts is not None:
        decisions = whole(overlay.counts.decisions)
        figures.append({"label": "Decisions", "value": decisions, "note": "under this version"})
    return figures


def _evidence_row(core: CardCore, place: int) -> tuple[str, ...]:
    line = core.evidence[place]
    engines = ", ".join(f"{name} {version}" for name, version in line.engines.items())
    return (
        line.kind,
        line.digest,
        line.entry,
        ABSENT if line.seed is None else str(line.seed),
        engines or ABSENT,
    )
