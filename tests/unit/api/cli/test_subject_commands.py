"""subject: everything about one person, found by an identifier that is never printed."""

from __future__ import annotations

from pathlib import Path

from answerable.audit.tree.receipts import open_proof
from tests.command_line import Shop, refused


def find(shop: Shop) -> str:
    found = shop.run("subject", "find", "--subject-id", "cust-4711", "--purpose", "test",
                     "--json", "-")  # fmt: skip
    assert found.code == 0
    assert "cust-4711" not in found.out
    return str(found.json["ref"])


def test_a_person_is_found_and_their_entries_are_listed(shop: Shop) -> None:
    ran = shop.run("subject", "find", "--subject-id", "cust-4711", "--purpose", "test")
    assert ran.code == 0
    assert shop.decision in ran.out
    assert "restricted: no; legal holds: 0" in ran.out
    size = shop.size()
    assert shop.run("subject", "find", "--subject-id", "nobody", "--purpose", "test").code == 2
    assert shop.size() == size


def test_an_access_package_is_written_with_proofs(shop: Shop, tmp_path: Path) -> None:
    out = tmp_path / "package"
    ran = shop.run("subject", "access", find(shop), "--identity-check", "id-card", "--out", out)
    assert ran.code == 0
    assert "Erika Mustermann" in (out / "access.json").read_text(encoding="utf-8")
    proof = (out / f"{shop.decision}.tlog-proof").read_text(encoding="utf-8")
    vkey = shop.run("answer", shop.decision, "--json", "-").json["vkey"]
    assert shop.decision.encode() in open_proof(proof, vkey).header
    assert "Erika" not in ran.out


def test_statements_are_recorded_and_change_nothing_that_stands(shop: Shop) -> None:
    ref, before = find(shop), shop.size()
    for command in ("rectify", "object", "restrict"):
        ran = shop.run("subject", command, ref, "--statement", "Erika says otherwise")
        assert ran.code == 0
        assert "Erika" not in ran.out
    assert shop.size() == before + 3
    found = shop.run("subject", "find", "--subject-id", "cust-4711", "--purpose", "test")
    assert "restricted: yes" in found.out


def test_a_legal_hold_stops_an_erasure_until_it_is_lifted(shop: Shop) -> None:
    ref = find(shop)
    case = ("--ground", "litigation", "--reference", "case-7")
    erase = ("subject", "erase", ref, "--identity-check", "id-card", "--yes")
    assert shop.run("subject", "hold", ref, *case).code == 0
    assert shop.run("subject", "hold", ref, *case).code == 2
    refused = shop.run(*erase)
    assert refused.code == 1
    assert "The refusal is entry " in refused.err
    assert shop.run("letter", shop.decision).code == 0
    assert shop.run("subject", "lift-hold", ref, *case).code == 0
    erased = shop.run(*erase)
    assert erased.code == 0
    assert "can no longer be read" in erased.out


def test_after_an_erasure_nothing_can_be_read_and_the_log_verifies(shop: Shop) -> None:
    erase = ("subject", "erase", find(shop), "--identity-check", "id-card", "--yes")
    assert shop.run(*erase).code == 0
    for command in ("answer", "letter", "replay"):
        ran = shop.run(command, shop.decision)
        assert ran.code == 3
        assert "erased" in ran.err
    assert shop.run(*erase).code == 3
    verified = shop.run("verify", "--json", "-")
    assert (verified.code, verified.json["ok"]) == (0, True)


def test_a_purpose_that_is_no_code_is_refused_before_anything_is_read(shop: Shop) -> None:
    size = shop.size()
    ran = shop.run("subject", "find", "--subject-id", "cust-4711", "--purpose", "Because Erika")
    assert ran.code == 2
    assert "Erika" not in ran.err
    assert shop.size() == size


def test_a_purpose_in_free_words_is_told_what_a_code_looks_like(shop: Shop) -> None:
    size = shop.size()
    ran = shop.run(
        "subject", "find", "--subject-id", "cust-4711", "--purpose", "Auskunft an Frau Miles"
    )
    refused(ran, 2, "purpose", "lower-case letters", "gdpr-art-15")
    assert "Miles" not in ran.err
    assert shop.size() == size
    assert "gdpr-art-15" in shop.run("subject", "find", "--help").out
