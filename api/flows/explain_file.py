"""Explaining rows of a table with a model file, without a log.

For a first look at a model. Decisions are explained when they are made, by their decision
function, and the explanation is stored with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import orjson
from pydantic import JsonValue

from answerable.api.inputs import Table, read_bytes
from answerable.audit.canonical import sha256_digest
from answerable.audit.errors import InvalidInput
from answerable.explain.baseline import BaselineRows, make_baseline
from answerable.explain.catalogue import Catalogue
from answerable.explain.explanation import explain_row
from answerable.explain.models import Floats, LoadedModel, load_model
from answerable.explain.scoring import feature_row

__all__ = ["ModelFile", "explain_rows", "open_model_file"]

_FORMATS: Final = {
    ".json": "xgboost-json",
    ".ubj": "xgboost-ubj",
    ".txt": "lightgbm-text",
    ".skops": "skops",
}


@dataclass(frozen=True)
class ModelFile:
    """A model read from a file."""

    model: LoadedModel
    digest: str


def open_model_file(path: Path, *, features: tuple[str, ...] = ()) -> ModelFile:
    """Load a model file of a safe format.

    Parameters
    ----------
    path : Path
        Its suffix names the format: ``.json`` (XGBoost), ``.ubj``, ``.txt`` (LightGBM) or
        ``.skops``.
    features : tuple of str
        Names of its inputs in order; read from the file where it states them.

    Returns
    -------
    ModelFile

    Raises
    ------
    InvalidInput
        If the suffix is unknown, the file is a pickle or broken, or the features are not
        stated anywhere.
    NotFound
        If there is no such file.
    """
    data = read_bytes(path, what="model")
    kind = _FORMATS.get(path.suffix.lower(), "")
    if not kind:
        raise InvalidInput(
            "the suffix names no model format that is supported",
            where=path.name,
            remedy=f"Use one of {', '.join(_FORMATS)}.",
        )
    digest = sha256_digest(data)
    names = features or _stated(data, kind)
    if not names:
        raise InvalidInput(
            "the model file does not state its features",
            where=path.name,
            remedy="Give them in order with --features.",
        )
    model = load_model(data, format=kind, features=names, artefact_digest=digest)
    return ModelFile(model=model, digest=digest)


def explain_rows(
    file: ModelFile,
    table: Table,
    baseline: Table,
    *,
    rows: range,
    catalogue: Catalogue | None = None,
) -> list[dict[str, JsonValue]]:
    """Explain rows of a table relative to all rows of another.

    Parameters
    ----------
    file : ModelFile
    table : Table
        Holds the model's features.
    baseline : Table
        Rows to compare with.
    rows : range
        Which rows, from 0.
    catalogue : Catalogue, optional
        Groups columns and gives reason codes.

    Returns
    -------
    list of dict
        One result a row, as ``answerable explain --json`` writes it.

    Raises
    ------
    InvalidInput
        If a feature is missing, not a number, or a row does not exist.
    AdditivityBroken
        If the attributions do not add up to the model's output.
    """
    if not 0 <= rows.start <= rows.stop <= table.rows:
        raise InvalidInput(f"there are {table.rows} rows, counted from 0", where="--row")
    matrix = _matrix(table, file.model.features)
    compared = make_baseline(
        file.model,
        BaselineRows(
            X=_matrix(baseline, file.model.features),
            row_ids=[str(number) for number in range(baseline.rows)],
            dataset=sha256_digest(orjson.dumps(list(baseline.select(*file.model.features).names))),
        ),
        name="baseline",
        kind="all_applicants",
    )
    return [
        {"row": number, **explain_row(file.model, matrix[number], compared, catalogue)}
        for number in rows
    ]


def _matrix(table: Table, features: tuple[str, ...]) -> Floats:
    selected = table.select(*features)
    return np.array([feature_row(features, row) for row in selected.records()])


def _stated(data: bytes, kind: str) -> tuple[str, ...]:
    if kind == "lightgbm-text":
        for line in data.split(b"\n", 64):
            if line.startswith(b"feature_names="):
                return tuple(line.partition(b"=")[2].decode("utf-8", "replace").split())
        return ()
    if kind != "xgboost-json":
        return ()
    try:
        names = orjson.loads(data)["learner"]["feature_names"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        # Broken or not a model: the loader below says precisely what is wrong.
        return ("f0",)
    return tuple(str(name) for name in names) if isinstance(names, list) else ()
