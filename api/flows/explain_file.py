"""Explaining rows of a table with a model file, without a log.

For a first look at a model. Decisions are explained when they are made, by their decision
function, and the explanation is stored with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from pydantic import JsonValue

from answerable.api.inputs import Table, read_bytes
from answerable.audit.canonical import sha256_digest
from answerable.audit.errors import InvalidInput
from answerable.explain.baseline import BaselineRows, make_baseline
from answerable.explain.catalogue import Catalogue
from answerable.explain.explanation import explain_row
from answerable.explain.models import Floats, LoadedModel, open_model
from answerable.explain.scoring import feature_row

__all__ = ["ModelFile", "explain_rows", "open_model_file"]


@dataclass(frozen=True)
class ModelFile:
    """A model read from a file."""

    model: LoadedModel
    digest: str


def open_model_file(path: Path) -> ModelFile:
    """Load a model file of a safe format, with the feature names it states.

    Parameters
    ----------
    path : Path
        XGBoost JSON or UBJSON, LightGBM text, skops or a scorecard: recognised by content.

    Returns
    -------
    ModelFile

    Raises
    ------
    InvalidInput
        If the file is a pickle or broken, or does not state its features.
    NotFound
        If there is no such file.
    """
    data = read_bytes(path, what="model")
    _, model = open_model(data)
    return ModelFile(model=model, digest=sha256_digest(data))


def explain_rows(
    file: ModelFile,
    table: Table,
    baseline: Table,
    *,
    rows: range,
    catalogue: Catalogue | None = None,
    progress: Callable[[int], None] | None = None,
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
    progress : callable, optional
        Called with the number of rows done.

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
    results: list[dict[str, JsonValue]] = []
    for number in rows:
        explained = explain_row(file.model, matrix[number], compared, catalogue)
        results.append({"row": number, **explained})
        if progress is not None:
            progress(len(results))
    return results


def _matrix(table: Table, features: tuple[str, ...]) -> Floats:
    selected = table.select(*features)
    return np.array([feature_row(features, row) for row in selected.records()])
