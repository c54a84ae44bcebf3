"""gate, sign, release, suspend, waive, lineage: a change voids what was signed before."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from answerable.audit.records import Role
from tests.api.bank import rows
from tests.command_line import Ran, Shop, write_rows

_ASSESS = (
    "--prediction", "outcome", "--favourable", "approve", "--label", "approved",
    "--positive", "yes", "--protected", "sex", "--function", "loan@1",
    "--dataset", "loans-hold-out",
)  # fmt: skip


def look_again(shop: Shop, *, unequal: bool = False) -> Ran:
    """Assess once more on the hold-out; women sit in the odd rows."""

    def outcome(number: int) -> str:
        return "decline" if (number % 2 if unequal else number % 3 == 0) else "approve"

    file = write_rows(shop.folder / "again.csv", rows(200, shift=1000), outcome=outcome)
    return shop.run("assess", file, *_ASSESS)


def sign(shop: Shop, role: Role) -> Ran:
    return shop.run(
        "sign", "loan@1", "--role", role.value, "--key-file", shop.signer(role),
        "--statement", "I have read the evidence.",
    )  # fmt: skip


def test_the_gate_of_a_released_function_holds(shop: Shop, tmp_path: Path) -> None:
    junit = tmp_path / "gate.xml"
    ran = shop.run("gate", "loan@1", "--junit", junit, "--json", "-")
    assert ran.code == 0
    assert ran.json["state"] == "PASS"
    assert ran.json["exit_code"] == 0
    suite = ET.parse(junit).getroot()  # noqa: S314 - reads what this test wrote
    assert not list(suite.iter("failure"))
    assert "selection-ratio" in junit.read_text(encoding="utf-8")
    assert "may be released" in shop.run("gate", "loan@1").out


def test_another_look_voids_the_signatures_until_people_sign_again(shop: Shop) -> None:
    assert look_again(shop).code == 0
    gate = shop.run("gate", "loan@1")
    assert gate.code == 5
    assert "signatures missing in the role model_owner: 1" in gate.out
    assert shop.run("release", "loan@1").code == 5
    assert sign(shop, Role.MODEL_OWNER).code == 0
    assert shop.run("gate", "loan@1").code == 5
    assert sign(shop, Role.COMPLIANCE).code == 0
    assert shop.run("gate", "loan@1").code == 0
    assert shop.run("release", "loan@1").code == 0


def test_unequal_decisions_violate_the_policy(shop: Shop, tmp_path: Path) -> None:
    assert look_again(shop, unequal=True).code == 1
    ran = shop.run("gate", "loan@1", "--junit", tmp_path / "gate.xml")
    assert ran.code == 1
    assert "FAIL" in ran.out
    assert "<failure" in (tmp_path / "gate.xml").read_text(encoding="utf-8")
    assert shop.run("release", "loan@1").code == 1


def test_somebody_elses_key_signs_nothing(shop: Shop) -> None:
    assert look_again(shop).code == 0
    size = shop.size()
    ran = shop.run(
        "sign", "loan@1", "--role", "model_owner", "--key-file", shop.signer(Role.AUDITOR),
        "--statement", "x",
    )  # fmt: skip
    assert ran.code in {1, 2}
    assert ran.err.startswith("error: ")
    assert shop.run(
        "sign", "loan@1", "--role", "auditor", "--key-file", "nowhere.key", "--statement", "x"
    ).code == 2  # fmt: skip
    assert shop.size() == size


def test_a_rejection_or_a_typo_never_counts_as_approval(shop: Shop) -> None:
    assert look_again(shop).code == 0
    typo = shop.run(
        "sign", "loan@1", "--role", "compliance", "--key-file", shop.signer(Role.COMPLIANCE),
        "--statement", "x", "--decision", "aprove",
    )  # fmt: skip
    assert typo.code == 2
    rejected = shop.run(
        "sign", "loan@1", "--role", "compliance", "--key-file", shop.signer(Role.COMPLIANCE),
        "--statement", "x", "--decision", "reject",
    )  # fmt: skip
    assert rejected.code == 0
    assert sign(shop, Role.MODEL_OWNER).code == 0
    assert shop.run("gate", "loan@1").code == 5


def test_a_waiver_of_nothing_is_refused(shop: Shop) -> None:
    size = shop.size()
    ran = shop.run(
        "waive", "loan@1", "--rule", "selection-ratio", "--attributes", "sex",
        "--finding", "FAIL", "--reason", "r", "--control", "c", "--days", "30",
    )  # fmt: skip
    assert ran.code == 1
    assert "waiver" in ran.err
    assert shop.size() == size


def test_a_suspended_function_is_released_again_by_name(shop: Shop) -> None:
    assert shop.run("suspend", "loan@1", "--reason", "drift", "--note", "scores moved").code == 0
    assert shop.run("suspend", "loan@1", "--reason", "drift").code != 0
    assert shop.run("release", "loan@1").code == 0


def test_lineage_names_data_model_and_policy(shop: Shop) -> None:
    result = shop.run("lineage", "loan@1", "--json", "-").json
    assert result["function"]["record"]["name"] == "loan"
    assert result["missing"] == []
    printed = shop.run("lineage", "loan@1")
    assert printed.code == 0
    for part in ("loans-training", "scorecard", "fairness"):
        assert part in printed.out
    assert "{'" not in printed.out


def test_an_unknown_function_is_refused_by_every_command(shop: Shop) -> None:
    size = shop.size()
    for command in (("gate",), ("release",), ("lineage",), ("card", "check"), ("card", "build")):
        ran = shop.run(*command, "loan@9")
        assert ran.code == 2
        assert "register" in ran.err
    assert shop.size() == size
