"""Published fairness figures, from published counts and, where present, from the data itself.

Sources: ProPublica's COMPAS analysis and aequitas' compas_demo (counts), AIF360's and
smclarify's documentation and tests (German Credit, Adult), fairlearn 0.15 (COMPAS).
"""

import gzip
import io
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

from answerable.governance.assessment import Assessment, assess
from answerable.governance.cells import CellTable, CountDefinition
from answerable.governance.counts import Attribute, count_cells
from answerable.governance.findings import Disparity, GroupRates

COUNTED = CountDefinition(prediction="score", favourable="1", label="label", positive="1")
ROUNDED = 5e-11
"""Half a unit of the tenth decimal, to which the sources give their figures."""


def table_of(attribute: str, groups: dict[str, tuple[int, int, int, int]]) -> CellTable:
    """Return a table of published (TP, FP, FN, TN) per group."""
    cells = [((name,), (*counts, 0, 0, 0, 0, 0)) for name, counts in groups.items()]
    return CellTable.of([attribute], COUNTED, cells)


def selected(attribute: str, groups: dict[str, tuple[int, int]]) -> CellTable:
    """Return a table of published (selected, rows) per group."""
    definition = CountDefinition(prediction="score", favourable="1")
    cells = [((name,), (0, 0, 0, 0, a, n - a, 0, 0, 0)) for name, (a, n) in groups.items()]
    return CellTable.of([attribute], definition, cells)


def group(found: Assessment, name: str) -> GroupRates:
    return next(item for item in found.groups if name in item.group.values())


def against(found: Assessment, metric: str, compare: str, name: str) -> Disparity:
    return next(
        item
        for item in found.disparities
        if (item.metric, item.compare, item.reference, item.scope)
        == (metric, compare, "rest", "group")
        and item.group is not None
        and name in item.group.values()
    )


def widest(found: Assessment, metric: str, compare: str, attribute: str) -> Disparity:
    return next(
        item
        for item in found.disparities
        if (item.metric, item.compare, item.scope, item.attributes)
        == (metric, compare, "range", (attribute,))
    )


COMPAS = table_of(
    "race", {"African-American": (1369, 805, 532, 990), "Caucasian": (505, 349, 461, 1139)}
)
# "Selected" is the favourable, low score.
COMPAS_LOW = {
    "African-American": (1522, 3696), "Caucasian": (1600, 2454), "Hispanic": (447, 637),
    "Asian": (24, 32), "Native American": (6, 18), "Other": (298, 377),
}  # fmt: skip


def test_compas_error_rates_are_the_published_ones() -> None:
    found = assess(COMPAS)
    published = {"African-American": (44.85, 27.99), "Caucasian": (23.45, 47.72)}
    for name, (false_positive, false_negative) in published.items():
        rates = group(found, name).rates
        assert rates["false_positive_rate"].value == pytest.approx(false_positive / 100, abs=5e-5)
        assert rates["false_negative_rate"].value == pytest.approx(false_negative / 100, abs=5e-5)


def test_compas_intervals_are_wilsons_newcombes_and_katzs() -> None:
    found = assess(COMPAS)
    rates = {
        name: group(found, name).rates["false_positive_rate"]
        for name in ("African-American", "Caucasian")
    }
    assert rates["African-American"].interval == pytest.approx(
        (0.425594961629, 0.471561066718), abs=1e-12
    )
    assert rates["Caucasian"].interval == pytest.approx((0.213714706822, 0.256738406456), abs=1e-12)
    ratio = against(found, "false_positive_rate", "ratio", "African-American")
    assert ratio.value == pytest.approx(1.912092648315, abs=1e-12)
    assert ratio.interval == pytest.approx((1.721239086837, 2.124108337824), abs=1e-12)
    difference = against(found, "false_positive_rate", "difference", "African-American")
    assert difference.value == pytest.approx(0.213924955821, abs=1e-12)
    assert difference.interval == pytest.approx((0.182053182327, 0.245023340327), abs=1e-12)


def test_compas_interval_of_the_ratio_is_scipys_too() -> None:
    ratio = against(assess(COMPAS), "false_positive_rate", "ratio", "African-American")
    found = stats.contingency.relative_risk(805, 1795, 349, 1488).confidence_interval(0.95)
    assert ratio.interval == pytest.approx((found.low, found.high), abs=1e-12)


def test_compas_six_races_give_fairlearns_figures_and_the_impact_ratios() -> None:
    found = assess(selected("race", COMPAS_LOW))
    difference = widest(found, "selection_rate", "difference", "race")
    assert difference.value == pytest.approx(0.457117595049, abs=1e-12)
    impact = {
        item.group["race"]: item.value
        for item in found.disparities
        if item.group is not None
        and (item.reference, item.scope, item.compare) == ("highest", "group", "ratio")
    }
    assert impact == pytest.approx(
        {
            "African-American": 0.520964075075,
            "Caucasian": 0.824841513376,
            "Hispanic": 0.887755102041,
            "Asian": 0.948825503356,
            "Native American": 0.421700223714,
        },
        abs=1e-12,
    )


def test_compas_high_scores_give_fairlearns_ratio() -> None:
    high = {name: (rows - low, rows) for name, (low, rows) in COMPAS_LOW.items()}
    found = assess(selected("race", high))
    ratio = widest(found, "selection_rate", "ratio", "race")
    assert ratio.value == pytest.approx(0.314323607427, abs=1e-12)


GERMAN = {
    "age from 25": ({"older": (612, 851), "younger": (88, 149)}, -0.1285499097, 0.8212484099),
    "age over 25": ({"older": (590, 810), "younger": (110, 190)}, -0.1494476933, 0.7948260482),
    "sex": ({"older": (499, 690), "younger": (201, 310)}, -0.0748013090, 0.8965673282),
}
ADULT = {
    "training": ({"f": (1179, 10771), "m": (6662, 21790)}, -0.1962759878, 0.3580225497),
    "test": ({"f": (590, 5421), "m": (3256, 10860)}, -0.1909798298, 0.3630095357),
}


@pytest.mark.parametrize("case", GERMAN)
def test_german_credit_has_the_published_differences_and_ratios(case: str) -> None:
    counts, difference, ratio = GERMAN[case]
    found = assess(selected("g", counts))
    assert against(found, "selection_rate", "difference", "younger").value == pytest.approx(
        difference, abs=ROUNDED
    )
    assert against(found, "selection_rate", "ratio", "younger").value == pytest.approx(
        ratio, abs=ROUNDED
    )


@pytest.mark.parametrize("case", ADULT)
def test_adult_has_the_published_differences_and_ratios(case: str) -> None:
    counts, difference, ratio = ADULT[case]
    found = assess(selected("g", counts))
    assert against(found, "selection_rate", "difference", "f").value == pytest.approx(
        difference, abs=ROUNDED
    )
    assert against(found, "selection_rate", "ratio", "f").value == pytest.approx(ratio, abs=ROUNDED)


# --------------------------------------------------------------------------- from the data


@pytest.fixture
def shared_data(repository: Path) -> Path:
    folder = repository.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the reference data sets are not beside this checkout (../shared/data)")
    return folder


def counts_of(table: CellTable) -> dict[str, tuple[int, int]]:
    return {cell.group[0]: (cell.p, cell.n) for cell in table.cells}


def test_compas_rows_give_the_published_counts(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "compas_for_aequitas.csv")
    table = count_cells(
        frame,
        protected=["race"],
        prediction="score",
        favourable="1",
        label="label_value",
        positive="1",
    )
    published = {cell.group: cell.counts for cell in COMPAS.cells}
    found = {cell.group: cell.counts for cell in table.cells if cell.group in published}
    assert found == published
    assert table.rows == 7_214
    low = {name: (rows - high, rows) for name, (high, rows) in counts_of(table).items()}
    assert low == COMPAS_LOW
    odds = assess(table)
    rates = ("true_positive_rate", "false_positive_rate")
    gaps = [widest(odds, name, "difference", "race").value for name in rates]
    assert max(gap for gap in gaps if gap is not None) == pytest.approx(0.576691729323, abs=1e-12)


def test_german_rows_give_the_published_counts(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "german.data", sep=" ", header=None)
    frame.columns = [f"c{place}" for place in range(1, 22)]
    frame["sex"] = frame["c9"].map(lambda code: "f" if code in {"A92", "A95"} else "m")

    def by(attribute: str | Attribute) -> dict[str, tuple[int, int]]:
        table = count_cells(frame, protected=[attribute], prediction="c21", favourable=1)
        return counts_of(table)

    assert by(Attribute("c13", bins=(25,))) == {">=25": (612, 851), "<25": (88, 149)}
    assert by(Attribute("c13", bins=(25,), right=True)) == {">25": (590, 810), "<=25": (110, 190)}
    assert by("sex") == {"m": (499, 690), "f": (201, 310)}
    foreign = counts_of(count_cells(frame, protected=["c20"], prediction="c21", favourable="1"))
    assert foreign == {"A201": (667, 963), "A202": (33, 37)}


@pytest.mark.parametrize(
    ("name", "favourable", "case"),
    [("adult.data.gz", ">50K", "training"), ("adult.test.gz", ">50K.", "test")],
)
def test_adult_rows_give_the_published_counts(
    shared_data: Path, name: str, favourable: str, case: str
) -> None:
    text = gzip.decompress((shared_data / name).read_bytes()).decode()
    lines = [line for line in text.splitlines() if line.count(",") == 14]
    frame = pd.read_csv(io.StringIO("\n".join(lines)), header=None, skipinitialspace=True)
    frame.columns = [f"c{place}" for place in range(15)]
    table = count_cells(frame, protected=["c9"], prediction="c14", favourable=favourable)
    female, male = counts_of(table)["Female"], counts_of(table)["Male"]
    assert {"f": female, "m": male} == ADULT[case][0]
