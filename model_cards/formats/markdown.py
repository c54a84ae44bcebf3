"""The card as Markdown, with the metadata block that model hubs read.

Values from data cannot leave their place: Markdown's and HTML's special characters are
escaped, line breaks become spaces inside tables. The metadata block is YAML written as
JSON scalars, which every YAML 1.2 reader takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from answerable.model_cards.annex import completeness, law_map
from answerable.model_cards.card import (
    CardCore,
    CardField,
    CardOverlay,
    Computed,
    FromLog,
    Stated,
)
from answerable.model_cards.formats.wording import cell_text, field_rows, role_name
from answerable.model_cards.report.formatting import moment, spelled_out

__all__ = ["card_markdown"]

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$-])")


def card_markdown(core: CardCore, overlay: CardOverlay | None = None) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    core : CardCore
        The signed part.
    overlay : CardOverlay, optional
        What the log says now.

    Returns
    -------
    str
        A metadata block and the card; equal arguments give equal bytes.
    """
    parts = [*_metadata(core), "", f"# Model card: {_safe(core.name)} {_safe(core.version)}", ""]
    if overlay is not None:
        parts += _live(overlay)
    for section in core.sections:
        parts += [f"## {section.title}", ""]
        for field in section.fields:
            parts += _field(field)
        parts.append("")
    parts += _missing(core, overlay)
    parts += _evidence(core)
    return "\n".join(parts).rstrip() + "\n"


def _safe(text: str) -> str:
    r"""Return text that Markdown shows as it is, on one line.

    Returns
    -------
    str
        Without line breaks.

    Examples
    --------
    >>> _safe("<b>|a|\nb")
    '\\<b\\>\\|a\\| b'
    """
    return _SPECIAL.sub(r"\\\1", spelled_out(" ".join(text.split())))


# --------------------------------------------------------------------------- metadata


def _metadata(core: CardCore) -> Iterator[str]:
    yield "---"
    yield f"model_name: {_scalar(f'{core.name}@{core.version}')}"
    libraries = core.find("method.libraries")
    names = [] if libraries is None else [str(row["name"]) for row in field_rows(libraries)]
    if names:
        yield f"library_name: {_scalar(names[0])}"
    yield "tags:"
    for tag in ("tabular-classification", "answerable", *_laws(core)):
        yield f"- {_scalar(tag)}"
    yield "model-index:"
    yield f"- name: {_scalar(core.name)}"
    results = [*_results(core)]
    if results:
        yield "  results:"
        yield from results
    else:
        yield "  results: []"
    yield "answerable:"
    yield f"  core_digest: {_scalar(core.digest)}"
    yield f"  function: {_scalar(core.function)}"
    yield "---"


def _scalar(value: str | float) -> str:
    return json.dumps(value, ensure_ascii=True)


def _laws(core: CardCore) -> list[str]:
    field = core.find("purpose.regimes")
    values = [] if field is None or not isinstance(field.value, list) else field.value
    return [f"law:{value}" for value in values]


def _results(core: CardCore) -> Iterator[str]:
    field, tested_on = core.find("performance.overall"), core.find("performance.test_data")
    if field is None or tested_on is None or tested_on.value is None:
        return
    yield "  - task:"
    yield '      type: "tabular-classification"'
    yield "    dataset:"
    yield f"      name: {_scalar(str(tested_on.value))}"
    yield '      type: "tabular"'
    yield "    metrics:"
    for row in field_rows(field):
        value = row.get("value")
        if isinstance(value, int | float):
            yield f"    - type: {_scalar(str(row['rate']).replace(' ', '_'))}"
            yield f"      value: {_scalar(float(value))}"


# --------------------------------------------------------------------------- body


def _field(field: CardField) -> Iterator[str]:
    origin = _origin(field)
    if field.value is None:
        owed = role_name(field.owed_by) if field.owed_by is not None else ""
        yield f"- **{_safe(field.label)}**: *not provided* (owed by {owed})"
    elif field.form == "table":
        yield from ("", f"**{_safe(field.label)}** {origin}", "")
        yield from _table(
            [column.label for column in field.columns],
            [
                [cell_text(row.get(column.key), column.form) for column in field.columns]
                for row in field_rows(field)
            ],
        )
        yield ""
    else:
        text = _safe(cell_text(field.value, field.form))
        shown = f"`{field.value}`" if field.form == "digest" else text
        yield f"- **{_safe(field.label)}**: {shown} {origin}"


def _origin(field: CardField) -> str:
    match field.origin:
        case Computed(evidence=digest):
            return f"<sub>computed, evidence {digest[:19]}</sub>"
        case FromLog(entry=entry):
            return f"<sub>from the log, entry {entry}</sub>"
        case Stated(role=role):
            return f"<sub>stated by {role_name(role)}</sub>"
    return ""


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        yield "none"
        return
    yield f"| {' | '.join(_safe(column) for column in columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_safe(cell) for cell in row)} |"


def _live(overlay: CardOverlay) -> Iterator[str]:
    yield from ("## Now", "")
    yield f"As of {moment(overlay.as_of)}. This part is live and is not part of what was signed."
    yield ""
    yield f"- **Status**: {_safe(overlay.status)}"
    if overlay.release is not None:
        yield f"- **Released until**: {moment(overlay.release.valid_until)}"
    for role in overlay.sign_offs_missing:
        yield f"- **Signature missing**: {role_name(role)}"
    if overlay.counts is not None:
        yield f"- **Decisions**: {overlay.counts.decisions}"
    yield ""
    if overlay.sign_offs:
        yield from _table(
            ("Sign-off", "Says", "Signed", "Expires", "State"),
            [
                (role_name(s.role), s.decision, moment(s.at), moment(s.expires_at), s.state)
                for s in overlay.sign_offs
            ],
        )
        yield ""
    if overlay.waivers:
        yield from _table(
            ("Waiver", "Groups by", "Finding", "Reason", "Instead", "Expires", "State"),
            [
                (
                    w.rule,
                    ", ".join(w.attributes),
                    w.finding,
                    w.reason,
                    w.compensating_control,
                    moment(w.expires_at),
                    w.state,
                )
                for w in overlay.waivers
            ],
        )
        yield ""


def _missing(core: CardCore, overlay: CardOverlay | None) -> Iterator[str]:
    scored = completeness(core, law_map(), overlay=overlay)
    yield from ("## What is missing", "")
    yield f"{_safe(scored.law.title)}, mapping of {scored.law.dated}: "
    yield f"{scored.provided} of {scored.total} fields provided."
    yield ""
    yield from _table(
        ("Field", "Point", "Owed by"),
        [(gap.label, gap.point, role_name(gap.owed_by)) for gap in scored.gaps],
    )
    yield ""


def _evidence(core: CardCore) -> Iterator[str]:
    yield from ("## Evidence", "")
    yield from _table(
        ("Kind", "Digest", "Entry"),
        [(line.kind, line.digest, line.entry) for line in core.evidence],
    )
    yield ""
    yield f"Card core `{core.digest}`, built by Answerable {_safe(core.code)}."
