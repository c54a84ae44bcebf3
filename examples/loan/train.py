"""Train candidates on the training part and save them in formats that hold no code.

Answerable itself never trains: this is what a data scientist's own code looks like.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from answerable.api.demo.loan.applications import FEATURES, LABEL

__all__ = [
    "SEED",
    "Candidate",
    "boosted_estimator",
    "candidate_from_booster",
    "feature_matrix",
    "label_vector",
    "library_versions",
    "train_boosted",
    "train_logistic",
]

SEED: Final = 7
_BOOSTED: Final[dict[str, int | float]] = {
    "n_estimators": 120,
    "max_depth": 3,
    "learning_rate": 0.08,
    "min_child_weight": 5,
    "subsample": 1.0,
    "reg_lambda": 2.0,
}


@dataclass(frozen=True)
class Candidate:
    """A trained model as bytes of a safe format.

    Attributes
    ----------
    name : str
    format : {"xgboost-json", "skops"}
    data : bytes
        The model file.
    parameters : dict
        What it was trained with.
    libraries : dict
        Versions of the libraries that trained it.
    """

    name: str
    format: Literal["xgboost-json", "skops"]
    data: bytes
    parameters: dict[str, int | float | str]
    libraries: dict[str, str]


def feature_matrix(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the feature columns in their registered order, as float64."""
    return frame[list(FEATURES)].astype("float64")


def label_vector(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return 1 where the lender approved, else 0; shape (n,)."""
    return np.asarray(frame[LABEL] == "yes", dtype=np.int64)


def boosted_estimator() -> Any:
    """Return an untrained XGBoost classifier with this example's parameters."""
    from xgboost import XGBClassifier

    return XGBClassifier(**_BOOSTED, random_state=SEED, n_jobs=1, tree_method="hist")


def train_boosted(training: pd.DataFrame, name: str = "loan-boosted") -> Candidate:
    """Train gradient-boosted trees and save them as XGBoost JSON."""
    model = boosted_estimator()
    model.fit(feature_matrix(training), label_vector(training))
    return candidate_from_booster(model, name=name, parameters=dict(_BOOSTED))


def candidate_from_booster(
    model: Any, *, name: str, parameters: dict[str, int | float | str]
) -> Candidate:
    """Save a trained XGBoost classifier as JSON, with the feature names inside."""
    booster = model.get_booster()
    booster.feature_names = list(FEATURES)
    return Candidate(
        name=name,
        format="xgboost-json",
        data=bytes(booster.save_raw("json")),
        parameters={**parameters, "seed": SEED},
        libraries=library_versions("xgboost", "numpy"),
    )


def train_logistic(training: pd.DataFrame, name: str = "loan-logistic") -> Candidate:
    """Train a logistic regression (median imputation, standardised) and save it with skops."""
    import skops.io
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    model = Pipeline(
        [
            ("impute", SimpleImputer(strategy="median")),
            ("scale", StandardScaler()),
            ("classify", LogisticRegression(C=0.5, max_iter=2000)),
        ]
    )
    model.fit(feature_matrix(training), label_vector(training))
    return Candidate(
        name=name,
        format="skops",
        data=skops.io.dumps(model),
        parameters={"C": 0.5, "impute": "median", "scale": "standard", "seed": SEED},
        libraries=library_versions("scikit-learn", "skops", "numpy"),
    )


def library_versions(*names: str) -> dict[str, str]:
    """Return the installed versions of the named distributions."""
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = version(f"{name}-cpu")
    return found
