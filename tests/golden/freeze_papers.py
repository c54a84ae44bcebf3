"""Writes the golden papers; run as ``python -m tests.golden.freeze_papers``.

The package and the record they are written from are frozen as well: they were made once, with fixed
keys and clock, so that a change of the log's format does not look like another paper.
"""

import json
from pathlib import Path
from typing import Any

from answerable.model_cards.papers import (
    access_paper,
    paper_markdown,
    paper_page,
    paper_text,
    processing_paper,
)

GOLDEN = Path(__file__).resolve().parent / "papers"


def _read(name: str) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return held


def paper_files() -> dict[str, bytes]:
    """Return the papers' files, written from the frozen package and record."""
    built: dict[str, str] = {}
    for language in ("en", "de"):
        package = access_paper(_read(f"access.{language}.json"), language=language)
        record = processing_paper(_read("processing.json"), language=language)
        built[f"access.{language}.html"] = paper_page(package)
        built[f"access.{language}.txt"] = paper_text(package)
        built[f"processing.{language}.txt"] = paper_text(record)
        built[f"processing.{language}.md"] = paper_markdown(record)
    built["processing.en.html"] = paper_page(
        processing_paper(_read("processing.json"), language="en")
    )
    return {name: text.encode("utf-8") for name, text in built.items()}


def main() -> None:
    """Write the files."""
    for name, data in paper_files().items():
        (GOLDEN / name).write_bytes(data)


if __name__ == "__main__":
    main()
