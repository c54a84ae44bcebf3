"""The scan on real loan applications: what is found, and what is not imagined."""

import pandas as pd
import polars as pl
import pytest

from answerable.privacy.backend import TableBackend
from answerable.privacy.entities import EXOTIC_ENTITIES, ColumnRole
from answerable.privacy.report import ColumnReport, ScanReport, VerdictState
from answerable.privacy.scan import exit_code, scan_table
from tests.unit.privacy.tables import SEED, contained, loan_applications

ROWS = 1989


def column_of(report: ScanReport, name: str) -> ColumnReport:
    column = report.column(name)
    assert column is not None
    return column


def test_no_column_of_the_original_data_is_read_as_an_identifier(loan_report: ScanReport) -> None:
    original = set(loan_applications().columns)
    found = {
        column.name: contained(column)
        for column in loan_report.columns
        if column.name in original and column.contains
    }
    assert found == {}


def test_ten_digit_customer_numbers_are_not_phones_or_national_identifiers(
    loan_report: ScanReport,
) -> None:
    column = column_of(loan_report, "customer_number")
    assert (column.type, column.contains) == ("NONE", ())
    chance = {one.entity: one for one in column.by_chance}
    assert chance["PHONE_NUMBER"].distinct > ROWS / 2
    assert chance["UK_NHS"].distinct > 0


@pytest.mark.parametrize(
    ("name", "entity"),
    [("email", "EMAIL_ADDRESS"), ("iban", "IBAN_CODE"), ("card", "CREDIT_CARD")],
)
def test_every_row_of_an_identifier_column_is_found_exactly(
    loan_report: ScanReport, name: str, entity: str
) -> None:
    column = column_of(loan_report, name)
    assert column.type == entity
    assert contained(column) == {entity: ROWS}
    (finding,) = column.contains
    assert (finding.rate, finding.interval, finding.exact) == (1.0, (1.0, 1.0), True)
    assert column.role is ColumnRole.DIRECT_IDENTIFIER
    assert column.action == "drop"


def test_ibans_are_not_medical_licences_and_emails_not_web_addresses(
    loan_report: ScanReport,
) -> None:
    entities = {
        finding.entity
        for name in ("iban", "email")
        for finding in column_of(loan_report, name).contains
    }
    assert entities.isdisjoint({"MEDICAL_LICENSE", "URL", "UK_NHS"})


def test_phones_are_found_although_some_of_fakers_are_impossible(loan_report: ScanReport) -> None:
    column = column_of(loan_report, "phone")
    assert column.type == "PHONE_NUMBER"
    assert column.contains[0].verified_rows >= ROWS / 2


def test_emails_inside_notes_are_counted_exactly(
    loan_report: ScanReport, loans: pd.DataFrame
) -> None:
    column = column_of(loan_report, "notes")
    expected = int(loans["notes"].str.contains("@").sum())
    assert contained(column) == {"EMAIL_ADDRESS": expected}
    assert expected == len(range(0, ROWS, 10))
    assert (column.role, column.action) == (ColumnRole.FREE_TEXT, "redact")


def test_a_name_column_without_a_name_detector_reads_not_examined(loan_report: ScanReport) -> None:
    column = column_of(loan_report, "applicant_name")
    assert column.type == "NONE"
    assert column.posterior is None
    assert column.not_examined == ("PERSON",)
    assert "no name detector" in column.not_examined_reasons[0].reason
    assert column.role is ColumnRole.DIRECT_IDENTIFIER


def test_free_text_without_a_name_detector_reads_not_examined(loan_report: ScanReport) -> None:
    assert "PERSON" in column_of(loan_report, "notes").not_examined
    assert loan_report.verdict.state is VerdictState.NOT_EXAMINED
    assert exit_code(loan_report) == 3


def test_race_columns_are_special_categories_and_sex_is_protected(loan_report: ScanReport) -> None:
    for name in ("black", "hispan", "white"):
        column = column_of(loan_report, name)
        assert column.role is ColumnRole.SPECIAL_CATEGORY
        assert column.categories == ("gdpr-art-9:racial-or-ethnic-origin",)
        assert column.action == "separate"
    assert column_of(loan_report, "male").categories == ("protected:sex",)
    assert column_of(loan_report, "loanamt").role is ColumnRole.ATTRIBUTE


def test_quasi_identifiers_are_counted_together(
    loan_report: ScanReport, loans: pd.DataFrame
) -> None:
    risk = loan_report.reidentification
    assert risk is not None
    assert set(risk.columns) == {"married", "male"}
    sizes = loans.groupby(["married", "male"], dropna=False).size()
    assert (risk.groups, risk.smallest_group) == (len(sizes), sizes.min())
    assert risk.unique_rows == int((sizes == 1).sum())


def test_the_report_says_which_detectors_ran_and_their_versions(loan_report: ScanReport) -> None:
    ran = {detector.entity: detector for detector in loan_report.detectors}
    assert set(EXOTIC_ENTITIES) <= set(ran)
    assert ran["UK_NHS"].engine == "presidio-analyzer"
    assert {"answerable", "presidio-analyzer", "phonenumbers", "pandas"} <= set(loan_report.engines)
    assert loan_report.ner == "none"
    assert "PERSON" not in ran


def test_equal_input_gives_equal_bytes_from_every_frame_library(loans: pd.DataFrame) -> None:
    narrow = loans[["iban", "phone", "loanamt", "male", "customer_number"]].head(60)
    reports = [
        scan_table(TableBackend(frame), seed=SEED)
        for frame in (
            narrow,
            narrow.copy(),
            pl.from_pandas(narrow),
            pl.from_pandas(narrow).to_arrow(),
        )
    ]
    assert reports[0].to_json() == reports[1].to_json()
    assert len({str([c.contains for c in report.columns]) for report in reports}) == 1
    assert len({str([c.role for c in report.columns]) for report in reports}) == 1


def test_a_sample_gives_intervals_and_never_a_clean_verdict(loans: pd.DataFrame) -> None:
    narrow = loans[["notes", "loanamt"]]
    report = scan_table(TableBackend(narrow), seed=SEED, sample=500)
    (finding,) = column_of(report, "notes").contains
    low, high = finding.interval
    assert (report.rows, report.examined_rows) == (ROWS, 500)
    assert low < finding.rows / 500 < high
    assert not finding.exact
    assert report.verdict.sampled_too_little
    numbers = scan_table(TableBackend(loans[["loanamt"]]), seed=SEED, sample=500)
    assert exit_code(numbers) == 3
    again = scan_table(TableBackend(narrow), seed=SEED, sample=500)
    assert again.to_json() == report.to_json()


def test_a_sample_larger_than_the_table_is_a_full_scan(loans: pd.DataFrame) -> None:
    report = scan_table(TableBackend(loans[["iban"]]), seed=SEED, sample=10**6)
    assert report.examined_rows == report.rows == ROWS
    assert exit_code(report) == 0
