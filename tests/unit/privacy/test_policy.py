"""The policy section and the verdict it gives."""

import polars as pl
import pytest

from answerable.audit.errors import InvalidInput
from answerable.privacy.backend import TableBackend
from answerable.privacy.policy import ScanPolicy, load_scan_policy
from answerable.privacy.report import ScanReport, VerdictState
from answerable.privacy.scan import exit_code, scan_table

TABLE = pl.DataFrame(
    {
        "mail": ["jo@mail.example", "al@mail.example"],
        "race": ["black", "white"],
        "amount": [1.5, 2.5],
        "note": ["Jo Miller asked us to call back soon", "please call her back again later"],
    }
)


def scanned(
    policy: ScanPolicy | None, *columns: str, features: list[str] | None = None
) -> ScanReport:
    table = TableBackend(TABLE.select(columns))
    return scan_table(table, seed=1, policy=policy, features=features)


def test_forbidden_roles_and_entities_are_violations_and_block() -> None:
    report = scanned(ScanPolicy(), "mail", "race", "amount")
    assert report.verdict.state is VerdictState.VIOLATED
    assert exit_code(report) == 1
    found = {(one.column, one.rule, one.what) for one in report.verdict.violations}
    assert found == {
        ("mail", "forbidden_roles", "direct_identifier"),
        ("mail", "forbidden_entities", "EMAIL_ADDRESS"),
        ("race", "forbidden_roles", "special_category"),
    }
    assert len(report.blocking) == 3
    assert report.policy == ScanPolicy().digest


def test_allowed_columns_and_columns_that_are_no_features_are_exempt() -> None:
    policy = ScanPolicy(allowed_columns={"mail": "key for joins, never a feature"})
    assert exit_code(scanned(policy, "mail", "amount")) == 0
    assert exit_code(scanned(ScanPolicy(), "mail", "race", "amount", features=["amount"])) == 0


def test_what_was_not_examined_is_never_clean() -> None:
    for policy in (None, ScanPolicy()):
        report = scanned(policy, "note", "amount")
        assert exit_code(report) == 3
        assert report.verdict.not_examined == ("note",)
    allowed = ScanPolicy(allowed_columns={"note": "not a feature"})
    assert exit_code(scanned(allowed, "note", "amount")) == 0
    places_only = ScanPolicy(forbidden_roles=(), forbidden_entities=("URL",))
    assert exit_code(scanned(places_only, "note", "amount")) == 0


def test_without_a_policy_findings_violate_nothing() -> None:
    report = scanned(None, "mail")
    assert exit_code(report) == 0
    assert report.blocking == ()
    assert report.policy is None


def test_a_sample_satisfies_a_policy_that_states_how_much_it_may_miss() -> None:
    table = TableBackend(pl.DataFrame({"x": [i / 7 for i in range(2000)]}))
    strict = scan_table(table, seed=1, sample=1500, policy=ScanPolicy())
    loose = scan_table(table, seed=1, sample=1500, policy=ScanPolicy(max_undetected_rate=0.01))
    assert (exit_code(strict), exit_code(loose)) == (3, 0)


def test_the_section_is_read_from_a_policy_file_and_on_its_own() -> None:
    section = "forbidden_roles: [free_text]\nforbidden_entities: [URL]\nallowed_columns: {a: why}\n"
    own = load_scan_policy(section.encode(), "scan.yaml")
    indented = "".join(f"  {line}\n" for line in section.splitlines())
    within = load_scan_policy(f"id: loan\nprivacy:\n{indented}".encode(), "policy.yaml")
    assert own == within
    assert own.digest == within.digest
    assert own.forbids("URL")
    assert not own.forbids("EMAIL_ADDRESS")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("privacy:\n  forbidden_roles: [secret]\n", "p.yaml:2"),
        ("privacy:\n  forbidden_entities: [NO_SUCH]\n", "p.yaml:2"),
        ("privacy:\n  forbiden_roles: []\n", "p.yaml:2"),
        ("privacy:\n  allowed_columns: {a: ''}\n", "p.yaml:2"),
        ("max_undetected_rate: 1\n", "p.yaml:1"),
        ("- a\n", "p.yaml:1"),
        ("", "p.yaml"),
    ],
)
def test_a_wrong_section_is_refused_with_its_line(text: str, place: str) -> None:
    with pytest.raises(InvalidInput, match=place):
        load_scan_policy(text.encode(), "p.yaml")
