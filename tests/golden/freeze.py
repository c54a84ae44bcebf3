"""Writes the golden files that do not exist yet; a frozen file is never written again.

Run as ``python -m tests.golden.freeze`` after adding an example for a new record type.
"""

from pathlib import Path

from tests.golden.examples import frozen_files

GOLDEN = Path(__file__).resolve().parent / "audit"


def main() -> None:
    """Freeze what is new."""
    for name, data in frozen_files().items():
        place = GOLDEN / name
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)


if __name__ == "__main__":
    main()
