"""A paper and its three forms. Pure: equal papers give equal bytes.

What comes from people or data is escaped where it becomes HTML or Markdown, and characters that
cannot be seen are spelled out, so that no value changes how the text around it reads.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from answerable.model_cards.report.formatting import Language, spelled_out
from answerable.model_cards.report.page import render_page

__all__ = [
    "Block",
    "Heading",
    "Paper",
    "PaperSection",
    "Points",
    "Sentence",
    "Table",
    "paper_markdown",
    "paper_page",
    "paper_text",
]

_WIDTH: Final = 78
_PAIR: Final = 2
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$-])")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column names the row."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block: TypeAlias = Sentence | Heading | Points | Table


@dataclass(frozen=True, slots=True)
class PaperSection:
    """A titled section."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole paper in one language."""

    kind: str
    title: str
    lead: str
    language: Language
    sections: tuple[PaperSection, ...]


def paper_page(paper: Paper) -> str:
    """Return the paper as one page without script or request.

    Parameters
    ----------
    paper : Paper
        What to write.

    Returns
    -------
    str
        HTML that ends in a newline.
    """
    return render_page(
        "paper.html.j2",
        {
            "title": paper.title,
            "kind": paper.kind,
            "lead": paper.lead,
            "lang": paper.language,
            "contents": [(section.id, section.title) for section in paper.sections],
            "sections": [_shown(section) for section in paper.sections],
        },
    )


def paper_text(paper: Paper) -> str:
    """Return the paper as plain text, for mail or reading aloud.

    Parameters
    ----------
    paper : Paper
        What to write.

    Returns
    -------
    str
        Lines of at most 78 characters, but for words that are longer.
    """
    lines = [_plain(paper.title).upper(), ""]
    lines += _wrapped(paper.lead)
    for section in paper.sections:
        title = _plain(section.title)
        lines += ["", "", title, "-" * len(title)]
        for block in section.blocks:
            lines += _text_block(block, under=section.title)
    return "\n".join(lines).rstrip() + "\n"


def paper_markdown(paper: Paper) -> str:
    """Return the paper as Markdown.

    Parameters
    ----------
    paper : Paper
        What to write.

    Returns
    -------
    str
        With every special character of a value escaped.
    """
    lines = [f"# {_safe(paper.title)}", "", _safe(paper.lead), ""]
    for section in paper.sections:
        lines += [f"## {_safe(section.title)}", ""]
        for block in section.blocks:
            lines += [*_markdown_block(block, under=section.title), ""]
    return "\n".join(lines).rstrip() + "\n"


def _shown(section: PaperSection) -> dict[str, object]:
    blocks = [(type(block).__name__.lower(), block) for block in section.blocks]
    return {"id": section.id, "title": section.title, "blocks": blocks}


def _plain(text: str) -> str:
    return spelled_out(" ".join(text.split()))


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        _plain(text),
        width=_WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _text_block(block: Block, *, under: str) -> Iterator[str]:
    if isinstance(block, Sentence):
        yield from _wrapped(block.text)
    elif isinstance(block, Heading):
        yield from ("", _plain(block.text))
    elif isinstance(block, Points):
        for item in block.items:
            yield from _wrapped(item, "- ", "  ")
    else:
        # A table that is the whole section needs no second heading.
        if block.caption != under:
            yield from _wrapped(f"{block.caption}:")
        for row in block.rows:
            yield from _text_row(block.columns, row)


def _text_row(columns: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    if len(columns) == _PAIR:
        yield from _wrapped(f"{row[0]}: {row[1]}", "- ", "  ")
        return
    named = [f"{column}: {cell}" for column, cell in zip(columns[1:], row[1:], strict=True) if cell]
    yield from _wrapped("; ".join([row[0], *named]), "- ", "  ")


def _safe(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", _plain(text))


def _markdown_block(block: Block, *, under: str) -> Iterator[str]:
    if isinstance(block, Sentence):
        yield _safe(block.text)
    elif isinstance(block, Heading):
        yield f"### {_safe(block.text)}"
    elif isinstance(block, Points):
        yield from (f"- {_safe(item)}" for item in block.items)
    else:
        if block.caption != under:
            yield from (f"**{_safe(block.caption)}**", "")
        yield f"| {' | '.join(map(_safe, block.columns))} |"
        yield f"|{'---|' * len(block.columns)}"
        yield from (f"| {' | '.join(map(_safe, row))} |" for row in block.rows)
