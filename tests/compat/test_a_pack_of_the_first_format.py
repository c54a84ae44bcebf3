"""An evidence pack written by the first version: it verifies with every later verifier."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.attacks.packs import WITNESS, witness_vkey
from tests.pack_kit import checked, files_of, resealed

KEPT: Final = Path(__file__).parent / "packs"
PACK: Final = (KEPT / "v1.zip").read_bytes()
VKEY: Final = (KEPT / "v1.vkey").read_text(encoding="utf-8").strip()


def test_it_verifies_with_everything_in_it() -> None:
    found = checked(
        PACK,
        VKEY,
        checkpoint=(KEPT / "v1.kept-checkpoint").read_bytes(),
        witnesses=[witness_vkey(WITNESS, "witness.example")],
    )
    assert found["findings"] == []
    assert found["anchored"] is True
    assert [entry["kind"] for entry in found["entries"]] == [
        "decision", "decision", "hold.placed", "decision",
    ]  # fmt: skip
    assert found["parts"] == {"checked": 9, "opened": 5, "absent": 0}
    assert [anchor["checked"] for anchor in found["anchors"]] == ["not checked", "ok"]


def test_its_files_give_its_bytes() -> None:
    assert resealed(files_of(PACK)) == PACK
