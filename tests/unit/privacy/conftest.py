"""One scan of the loan applications for all tests that read it."""

import pandas as pd
import pytest

from answerable.privacy.backend import TableBackend
from answerable.privacy.report import ScanReport
from answerable.privacy.scan import scan_table
from tests.unit.privacy.tables import SEED, loan_applications, with_people


@pytest.fixture(scope="package")
def loans() -> pd.DataFrame:
    return with_people(loan_applications())


@pytest.fixture(scope="package")
def loan_report(loans: pd.DataFrame) -> ScanReport:
    return scan_table(TableBackend(loans), seed=SEED)
