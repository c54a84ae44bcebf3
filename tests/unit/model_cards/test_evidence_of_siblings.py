"""The card reads what the other folders really write, not only what our samples look like."""

import pandas as pd
import polars as pl
import pytest
from pydantic import JsonValue

from answerable.audit.kinds import EntryKind
from answerable.governance.data_quality import assess_data_quality
from answerable.model_cards.build import build_core
from answerable.model_cards.card import CardField
from answerable.model_cards.facts import CardFacts
from answerable.model_cards.formats import card_html
from answerable.model_cards.report import scan_report
from answerable.privacy.backend import TableBackend
from answerable.privacy.scan import scan_table
from tests.unit.model_cards import loan
from tests.unit.model_cards.pages import assert_self_contained


def with_evidence(kind: EntryKind, result: dict[str, JsonValue]) -> CardFacts:
    facts = loan.facts()
    training = facts.datasets[0].record.digest
    evidence = loan.place(loan.evidence(kind.value, result, dataset__training=training), 50)
    return loan.facts(evidence=(*facts.evidence, evidence))


def fields(facts: CardFacts) -> dict[str, CardField]:
    core = build_core(facts, code="0.1.0")
    assert_self_contained(card_html(core, loan.overlay()))
    return {field.id: field for field in core.fields()}


def test_data_quality_is_shown_with_small_groups_withheld() -> None:
    frame = pd.DataFrame(
        {
            "race": ["white"] * 30 + ["black"] * 12 + ["other"] * 3,
            "obrat": [33.0] * 40 + [None] * 5,
            "approved": ["yes"] * 25 + ["no"] * 20,
        }
    )
    quality = assess_data_quality(frame, label="approved", protected=["race"])
    shown = fields(with_evidence(EntryKind.DATA_QUALITY_ASSESSED, quality.to_result()))
    assert shown["data.training.duplicates"].value == int(frame.duplicated().sum())
    assert shown["data.training.quality"].value == [
        {"name": "obrat", "missing": 5, "share": 5 / 45}
    ]
    rows = shown["data.training.balance"].value
    assert isinstance(rows, list)
    sizes = {row["value"]: row["rows"] for row in rows if isinstance(row, dict)}
    # "other" has 3 rows; "black" is hidden with it, or 45 - 30 - 12 would give it away.
    assert sizes == {"yes": 25, "no": 20, "white": 30, "black": None, "other": None}


def test_a_real_scan_is_reported_and_stands_on_the_card() -> None:
    frame = pl.DataFrame(
        {
            "contact": [f"person{n}@mail{n % 7}.example.org" for n in range(60)],
            "amount": [100 + 3 * n for n in range(60)],
        }
    )
    report = scan_table(TableBackend(frame), seed=1)
    page = assert_self_contained(scan_report(report.to_result()))
    assert "EMAIL_ADDRESS in 60 rows" in page.words
    shown = fields(with_evidence(EntryKind.PRIVACY_SCANNED, report.to_result()))
    assert shown["data.training.personal_columns"].value == 1


@pytest.mark.parametrize("chosen", ["grid_search-1", None])
def test_alternatives_not_taken_stand_beside_the_one_taken(chosen: str | None) -> None:
    def alternative(name: str, accuracy: float, ratio: float | None) -> JsonValue:
        return {
            "name": name,
            "method": "grid_search",
            "accuracy": accuracy,
            "lowest_ratio": {"race": ratio, "sex": 0.97},
            "needs_protected_at_decision": False,
            "randomised": False,
            "cells": loan.digest("5"),
        }

    result: dict[str, JsonValue] = {
        "alternatives": [
            alternative("grid_search-0", 0.93, 0.71),
            alternative("grid_search-1", 0.9, None),
        ],
        "looks": 2,
    }
    if chosen:
        result["chosen"] = chosen
    shown = fields(with_evidence(EntryKind.FAIRNESS_MITIGATED, result))
    rows = shown["fairness.alternatives"].value
    assert isinstance(rows, list)
    assert [(r["name"], r["ratio.0"]) for r in rows if isinstance(r, dict)] == [
        ("grid_search-0", 0.71),
        ("grid_search-1", None),
    ]
    assert ("fairness.chosen" in shown) == (chosen is not None)
