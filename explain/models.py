"""Load a model from bytes, safely; one interface for scoring and explaining.

What loads: XGBoost JSON and UBJSON, LightGBM text, skops with a closed list of types, and
scorecards. What never loads: pickle and joblib, whatever their name. A model that cannot be
explained exactly is refused when it is loaded, not when a person asks why.

Class 1 of a model is the favourable outcome: a higher score is better for the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from answerable.audit.canonical import sha256_digest
from answerable.audit.errors import InvalidInput, RecordTampered
from answerable.explain.adapters.foreign import refuse_foreign
from answerable.explain.adapters.lightgbm_text import load_lightgbm
from answerable.explain.adapters.linear import load_linear
from answerable.explain.adapters.matrix import Floats
from answerable.explain.adapters.scorecard import load_scorecard
from answerable.explain.adapters.xgboost_trees import load_xgboost

__all__ = ["Floats", "Game", "LoadedModel", "Method", "ModelFormat", "load_model", "open_model"]

ModelFormat: TypeAlias = Literal[
    "xgboost-json", "xgboost-ubj", "lightgbm-text", "skops", "scorecard"
]
Method: TypeAlias = Literal["xgboost-native", "lightgbm-native", "linear", "scorecard"]
Game: TypeAlias = Literal["path-dependent", "interventional"]


class LoadedModel(Protocol):
    """A model that scores and explains; higher margins favour the person.

    Attributes
    ----------
    features : tuple of str
        Names of the columns of its input, in order.
    method : str
        How contributions are computed.
    game : str
        The question the contributions answer: ``path-dependent`` compares with the training
        rows as the trees recorded them, ``interventional`` with a registered baseline.
    exact : bool
        True when contributions are the exact Shapley values of that question.
    tolerance : float
        Additivity is checked to within this times max(1, abs(output)).
    takes_missing : bool
        Whether NaN is accepted in every column.
    engines : dict of str to str
        Names and versions of what computes.
    """

    @property
    def features(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def method(self) -> Method: ...  # noqa: D102
    @property
    def game(self) -> Game: ...  # noqa: D102
    @property
    def exact(self) -> bool: ...  # noqa: D102
    @property
    def tolerance(self) -> float: ...  # noqa: D102
    @property
    def takes_missing(self) -> bool: ...  # noqa: D102
    @property
    def engines(self) -> dict[str, str]: ...  # noqa: D102

    def raw_margin(self, X: Floats) -> Floats:
        """Return the log-odds of the favourable outcome, shape (n,), for `X`, shape (n, d)."""
        ...

    def probability(self, X: Floats) -> Floats:
        """Return the probability of the favourable outcome, shape (n,)."""
        ...

    def contributions(self, X: Floats) -> tuple[Floats, Floats]:
        """Return base margins, shape (n,), and contributions, shape (n, d).

        For an interventional model they are measured from a fixed origin;
        :func:`answerable.explain.attribution.attribute` moves them to the baseline.
        """
        ...

    def split_points(self, feature: str) -> tuple[float, ...]:
        """Return ascending values at which the model changes as `feature` crosses them."""
        ...

    def filled(self, X: Floats) -> Floats:
        """Return `X` as the model sees it, after its own imputation."""
        ...


def load_model(
    data: bytes,
    *,
    format: str,  # noqa: A002 - the name of the registered field
    features: Sequence[str],
    artefact_digest: str,
) -> LoadedModel:
    """Load a model from the bytes of its artefact.

    Parameters
    ----------
    data : bytes
        The whole model file.
    format : str
        A :data:`ModelFormat`.
    features : sequence of str
        The registered features, in the order of training.
    artefact_digest : str
        The registered digest of `data`.

    Returns
    -------
    LoadedModel

    Raises
    ------
    RecordTampered
        If the bytes do not have the registered digest.
    InvalidInput
        If the file is a pickle, is broken or hostile, is of another format, holds a model
        that cannot be explained exactly, or has other features.
    EngineError
        If the library of the format refuses the file.
    MissingExtra
        If the library of the format is not installed.
    TooLarge
        If the file is over the limit.

    Examples
    --------
    >>> from answerable.audit.canonical import sha256_digest
    >>> data = bytes([128, 4, 149]) + b"a pickle, renamed to model.json"
    >>> load_model(
    ...     data, format="xgboost-json", features=["age"], artefact_digest=sha256_digest(data)
    ... )
    Traceback (most recent call last):
        ...
    answerable.audit.errors.InvalidInput: model: the model file is a pickle (or joblib) file, ...
    """
    if sha256_digest(data) != artefact_digest:
        raise RecordTampered(
            "the bytes of the model do not have its registered digest",
            where="model",
            remedy="Restore the artefact, or register this file as a new model.",
        )
    names = tuple(features)
    if not names or len(set(names)) != len(names):
        raise InvalidInput("no registered features, or one of them twice", where="model")
    return _load(data, format, names)


def open_model(data: bytes) -> tuple[ModelFormat, LoadedModel]:
    """Load a model file that is not registered, with the feature names it states itself.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    tuple of str and LoadedModel
        The format that was recognised, and the model.

    Raises
    ------
    InvalidInput
        As :func:`load_model`, and if the format is not recognised or the file states no
        feature names.
    EngineError
        If the library of the format refuses the file.
    MissingExtra
        If the library of the format is not installed.
    TooLarge
        If the file is over the limit.
    """
    form = _recognised(data)
    return form, _load(data, form, None)


def _recognised(data: bytes) -> ModelFormat:
    if data.startswith(b"PK\x03\x04"):
        return "skops"
    if data.startswith(b"tree\n"):
        return "lightgbm-text"
    if data.startswith((b"{L", b"{U", b"{i", b"{I", b"{l")):
        return "xgboost-ubj"
    return "scorecard" if b"answerable.scorecard." in data[:4096] else "xgboost-json"


def _load(data: bytes, form: str, names: tuple[str, ...] | None) -> LoadedModel:
    refuse_foreign(data, archive_expected=form == "skops")
    match form:
        case "xgboost-json" | "xgboost-ubj":
            return load_xgboost(data, names, binary=form == "xgboost-ubj")
        case "lightgbm-text":
            return load_lightgbm(data, names)
        case "skops":
            return load_linear(data, names)
        case "scorecard":
            return load_scorecard(data, names)
        case _:
            raise InvalidInput(
                "a model format that is not supported",
                where="model",
                remedy="Use xgboost-json, xgboost-ubj, lightgbm-text, skops or scorecard.",
            )
