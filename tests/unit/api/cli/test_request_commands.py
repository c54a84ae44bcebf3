"""subject request/requests/portability/lift-restriction/recipients, and the organisation."""

from __future__ import annotations

import json
from pathlib import Path

from tests.command_line import Shop, refused
from tests.conftest import REPOSITORY
from tests.unit.api.cli.test_subject_commands import find

PROFILE = REPOSITORY / "examples" / "loan" / "organisation.yaml"
CHECK = ("--identity-check", "id-card")


def opened(shop: Shop, ref: str, asks_for: str, *more: str) -> str:
    ran = shop.run("subject", "request", "open", ref, "--for", asks_for, *CHECK, *more,
                   "--json", "-")  # fmt: skip
    assert ran.code == 0, ran.err
    return str(ran.json["request_id"])


def test_a_request_is_opened_extended_and_closed_and_listed_at_each_step(shop: Shop) -> None:
    request = opened(shop, find(shop), "access")
    ran = shop.run("subject", "request", "extend", request, "--reason", "complexity")
    assert ran.code == 0
    assert "to be answered by" in ran.out
    (line,) = shop.run("subject", "requests", "--open", "--json", "-").json
    assert (line["request_id"], line["extended"], line["overdue"]) == (request, True, False)
    assert "open" in shop.run("subject", "requests").out
    refused(shop.run("subject", "request", "close", request, "--outcome", "refused"), 2, "ground")
    done = ("subject", "request", "close", request, "--outcome", "refused", "--ground", "art-12-5")
    assert shop.run(*done).code == 0
    assert shop.run("subject", "requests", "--open", "--json", "-").json == []
    refused(shop.run(*done), 2, "answered before")


def test_the_refusal_of_an_erasure_needs_a_listed_ground(shop: Shop) -> None:
    request = opened(shop, find(shop), "erasure")
    close = ("subject", "request", "close", request, "--outcome", "refused", "--ground")
    refused(shop.run(*close, "we-want-to"), 2, "gdpr-17-3-b")
    assert shop.run(*close, "gdpr-17-3-b").code == 0


def test_an_old_request_is_overdue_and_its_package_closes_it(shop: Shop, tmp_path: Path) -> None:
    ref = find(shop)
    request = opened(shop, ref, "portability", "--received", "2026-01-30")
    (line,) = shop.run("subject", "requests", "--overdue", "--json", "-").json
    # The last day of February 2026 is a Saturday.
    assert (line["request_id"], line["due_on"]) == (request, "2026-03-02")
    assert "OVERDUE" in shop.run("subject", "requests", "--overdue").out
    out = tmp_path / "portable"
    ran = shop.run("subject", "portability", ref, *CHECK, "--request", request, "--out", out)
    assert ran.code == 0
    assert "Erika" not in ran.out
    given = json.loads((out / "portability.json").read_text(encoding="utf-8"))["items"]
    assert given[0]["inputs"] == {"income": 800, "debt": 2100}
    assert shop.run("subject", "requests", "--overdue", "--json", "-").json == []
    assert shop.run("subject", "requests", "--open", "--overdue").code == 2


def test_a_restriction_stops_decisions_until_it_is_lifted_with_notice(shop: Shop) -> None:
    ref = find(shop)
    assert shop.run("subject", "restrict", ref, "--statement", "Stop.").code == 0
    early = shop.run("subject", "lift-restriction", ref, "--ground", "verified",
                     "--told-on", "2026-01-01")  # fmt: skip
    refused(early, 1, "told")
    assert shop.run("subject", "lift-restriction", ref, "--ground", "verified").code == 0
    found = shop.run("subject", "find", "--subject-id", "cust-4711", "--purpose", "test")
    assert "restricted: no" in found.out


def test_the_profile_names_whom_to_tell_and_a_changed_line_is_named_when_it_is_wrong(
    shop: Shop, tmp_path: Path
) -> None:
    ref = find(shop)
    assert "register organisation" in shop.run("subject", "recipients", ref).out
    wrong = tmp_path / "organisation.yaml"
    wrong.write_text(
        PROFILE.read_text(encoding="utf-8").replace("country: US", "country: America"),
        encoding="utf-8",
    )
    number = wrong.read_text(encoding="utf-8").splitlines().index("    country: America") + 1
    refused(shop.run("register", "organisation", wrong), 2, f":{number}: recipients.1.country")
    assert shop.run("register", "organisation", PROFILE).code == 0
    shop.run("subject", "rectify", ref, "--statement", "Income is 900.")
    first, second = shop.run("subject", "recipients", ref, "--json", "-").json["notices"]
    assert (first["recipient"], second["result"]) == ("credit-bureau", None)
    told = ("subject", "notify", ref, "--act", first["act"], "--recipient", "credit-bureau")
    assert shop.run(*told).code == 0
    assert shop.run(*told).code == 2
    impossible = (*told[:-1], "hosting", "--result", "impossible", "--ground", "dissolved")
    assert shop.run(*impossible).code == 0
    states = shop.run("subject", "recipients", ref, "--json", "-").json["notices"]
    assert [item["result"] for item in states] == ["told", "impossible"]


def test_the_access_package_is_read_in_the_language_asked_for(shop: Shop, tmp_path: Path) -> None:
    assert shop.run("register", "organisation", PROFILE).code == 0
    out = tmp_path / "package"
    ran = shop.run("subject", "access", find(shop), *CHECK, "--language", "de", "--out", out)
    assert ran.code == 0
    text = (out / "access.txt").read_text(encoding="utf-8")
    assert "Ihr Einkommen ist niedrig." in text
    assert "Auskunftei" in (out / "access.html").read_text(encoding="utf-8")
    bad = shop.run("subject", "access", find(shop), *CHECK, "--language", "fr", "--out", out)
    refused(bad, 2, "language")


def test_the_record_of_processing_is_written_in_every_form(shop: Shop, tmp_path: Path) -> None:
    page, markdown = tmp_path / "record.html", tmp_path / "record.md"
    ran = shop.run("record-of-processing", "--html", page, "--md", markdown, "--json", "-")
    assert ran.code == 0
    assert {item["item"] for item in ran.json["missing"]} >= {"recipients", "time_limits"}
    assert "The organisation has not stated" in page.read_text(encoding="utf-8")
    assert "Record of processing activities" in markdown.read_text(encoding="utf-8")
    assert "VERARBEITUNG" in shop.run("record-of-processing", "--language", "de").out
    refused(shop.run("record-of-processing", "--language", "fr"), 2, "language")


def test_one_of_two_applicants_contests_by_reference(shop: Shop) -> None:
    ref = find(shop)
    assert shop.run("contest", shop.decision, "--grounds", "No.", "--by", ref).code == 0
    nobody = shop.run("contest", shop.decision, "--grounds", "No.", "--by", "s-" + "0" * 32)
    refused(nobody, 2, "not about this person")
