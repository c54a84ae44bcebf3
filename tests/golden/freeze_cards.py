"""Writes the golden card; run as ``python -m tests.golden.freeze_cards``.

The assessment it rests on is frozen as well, so that a better bootstrap does not look like
another card.
"""

from pathlib import Path

from answerable.audit.records import Evidence
from answerable.model_cards.build import build_core
from answerable.model_cards.formats import card_html, card_markdown, write_card
from tests.unit.model_cards import loan

GOLDEN = Path(__file__).resolve().parent / "cards"
_ASSESSMENT = GOLDEN / "assessment.evidence.json"


def card_files() -> dict[str, bytes]:
    """Return the card's files, built from the frozen assessment."""
    test = Evidence.from_json(_ASSESSMENT.read_bytes())
    core, overlay = build_core(loan.facts(test=test), code="0.1.0"), loan.overlay()
    return {
        "loan.core.json": core.to_json(),
        "loan.json": write_card(core, overlay),
        "loan.html": card_html(core, overlay).encode("utf-8"),
        "loan.md": card_markdown(core, overlay).encode("utf-8"),
    }


def main() -> None:
    """Write the files."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    if not _ASSESSMENT.exists():
        _ASSESSMENT.write_bytes(loan.assessed().to_json())
    for name, data in card_files().items():
        (GOLDEN / name).write_bytes(data)


if __name__ == "__main__":
    main()
