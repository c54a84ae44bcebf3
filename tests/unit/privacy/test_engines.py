"""Engines that fail, language models from disk, and what a scan may load and reveal."""

import json
import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import spacy
from faker import Faker

from answerable.audit.errors import AnswerableError, EngineError, InvalidInput
from answerable.privacy.backend import TableBackend
from answerable.privacy.detectors import Detectors, load_detectors
from answerable.privacy.presidio_engine import exotic_recognisers, open_model
from answerable.privacy.recognisers.network import email
from answerable.privacy.recognisers.recogniser import Span
from answerable.privacy.sarif import sarif_json
from answerable.privacy.scan import scan_table
from answerable.privacy.trials import Claims, Limits, try_recogniser
from answerable.privacy.values import ColumnKind, distinct_values
from tests.unit.privacy.tables import contained, examined, with_people

PEOPLE = ["Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra"]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved spaCy pipeline that knows four people and one city by rule."""
    nlp = spacy.blank("en")
    nlp.meta["name"] = "four_people"
    ruler = nlp.add_pipe("entity_ruler")
    patterns = [{"label": "PERSON", "pattern": name} for name in PEOPLE]
    ruler.add_patterns([*patterns, {"label": "GPE", "pattern": "Ulm"}])  # type: ignore[attr-defined]  # an EntityRuler
    folder = tmp_path_factory.mktemp("pipeline")
    nlp.to_disk(folder)
    return folder


def test_a_language_model_from_disk_finds_people_and_places(pipeline: Path) -> None:
    detectors = load_detectors(f"spacy:{pipeline}")
    names = examined(PEOPLE, name="who", detectors=detectors)
    assert (names.type, contained(names), names.not_examined) == ("PERSON", {"PERSON": 4}, ())
    assert names.role.value == "direct_identifier"
    notes = examined(
        [f"we met {name} at the office in Ulm again" for name in PEOPLE]
        + ["no one came to us at all"],
        detectors=detectors,
    )
    assert contained(notes) == {"PERSON": 4, "LOCATION": 4}
    assert (notes.role.value, notes.not_examined) == ("free_text", ())
    assert {detector.engine for detector in detectors.ran()} >= {detectors.ner}
    assert "spacy" in detectors.engines()[detectors.ner]


def test_a_single_hit_of_a_language_model_in_short_values_is_chance(pipeline: Path) -> None:
    browsers = ["Ada Lovelace", "Firefox", "Chrome", "Edge", "Opera", "Brave", "Lynx"]
    column = examined(browsers, name="browser", detectors=load_detectors(f"spacy:{pipeline}"))
    assert column.contains == ()
    assert [one.entity for one in column.by_chance] == ["PERSON"]


@pytest.mark.parametrize(
    "ner", ["builtin", "auto", "gliner:x", "transformers:/x", "spacy", "spacy:", "spacy:/nowhere",
            "spacy:en_core_web_no_such", ""],
)  # fmt: skip
def test_a_language_model_that_is_not_here_is_refused_and_never_fetched(
    ner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket.socket, "connect", _no_network)
    with pytest.raises(InvalidInput) as caught:
        open_model(ner)
    assert caught.value.remedy


def _no_network(*_: object) -> None:
    pytest.fail("a network call")


def test_a_broken_pipeline_is_an_engine_error(tmp_path: Path) -> None:
    (tmp_path / "config.cfg").write_text("[nlp", encoding="utf-8")
    with pytest.raises(EngineError):
        open_model(f"spacy:{tmp_path}")


class _FailingModel:
    """A language model that dies on its second text."""

    name = "failing"
    version = "1"

    def entities(self, texts: Iterable[str]) -> Iterator[tuple[tuple[str, Span], ...]]:
        for number, _ in enumerate(texts):
            if number == 1:
                raise EngineError("the language model failed", where=self.name)
            yield ()


def test_a_language_model_that_dies_never_reads_as_clean() -> None:
    detectors = Detectors(load_detectors("none").common, _FailingModel(), "failing")
    column = examined(PEOPLE, detectors=detectors)
    assert {"PERSON", "LOCATION"} <= set(column.not_examined)
    assert "failed" in column.not_examined_reasons[0].reason
    assert "PERSON" not in {detector.entity for detector in detectors.ran()}


def test_a_recogniser_that_dies_never_reads_as_clean() -> None:
    def dying(value: str) -> bool:
        raise EngineError(f"{len(value)} characters were too much", where="test")

    common = tuple(
        replace(email, check=dying) if one.entity == "EMAIL_ADDRESS" else one
        for one in load_detectors("none").common
    )
    detectors = Detectors(common, None, "none")
    column = examined(["jo@mail.example"], detectors=detectors)
    assert column.not_examined == ("EMAIL_ADDRESS",)
    assert column.posterior is None
    assert column.type == "NONE"


class _Presidio:
    """Stands where one of presidio's recognisers stands."""

    def __init__(self, act: Callable[[str], None]) -> None:
        self.act = act

    def analyze(self, text: str, entities: Sequence[str], artifacts: None) -> list[object]:
        self.act(text)
        return []


def test_presidio_failing_or_giving_up_is_an_engine_error_without_the_value() -> None:
    (first, *_), failed = exotic_recognisers()
    assert failed == ()

    def raises(text: str) -> None:
        raise RuntimeError(text)

    def gives_up(text: str) -> None:
        logging.getLogger("presidio-analyzer").warning("pattern timed out: %s", text)

    for act in (raises, gives_up):
        broken = replace(first, recogniser=_Presidio(act))  # type: ignore[arg-type]  # a double
        with pytest.raises(EngineError) as caught:
            broken.whole(["canary-7Q4Z"])
        assert "canary-7Q4Z" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_presidios_hits_are_whole_or_inside() -> None:
    recogniser = next(one for one in exotic_recognisers()[0] if one.entity == "UK_NHS")
    is_whole, spans = recogniser.find(
        [" 401-023-2137 ", "patient 401-023-2137 here", "401-023-2138"]
    )
    assert is_whole.tolist() == [True, False, False]
    assert spans == [(), ((8, 20),), ()]
    assert recogniser.spans("401-023-2137") == ((0, 12),)
    assert np.array_equal(recogniser.whole(["401-023-2137", "x"]), [True, False])


def test_no_value_of_the_table_leaves_the_scan(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake = Faker("en_US")
    fake.seed_instance(8)
    people = with_people(pl.DataFrame({"row": range(40)}).to_pandas())
    secrets = [
        f"{fake.lexify('Zq????x').lower()}@{fake.lexify('w????z').lower()}.example"
        for _ in range(40)
    ]
    people["mixed"] = [f"{secrets[i % 40]} and call me" for i in range(40)]
    report = scan_table(TableBackend(people), seed=1)
    captured = capfd.readouterr()
    out = report.to_json() + sarif_json(report, artefact="x.csv") + report.digest.encode()
    everything = out.decode() + caplog.text + captured.out + captured.err + repr(report)
    for name in ("email", "iban", "phone", "card", "applicant_name", "customer_number", "mixed"):
        for value in people[name].astype(str):
            assert value not in everything
            assert all(part not in everything for part in value.split() if len(part) > 7)
    assert all(part not in everything for secret in secrets for part in secret.split("@"))


def test_errors_of_a_scan_name_no_value() -> None:
    secret = "canary-7q4z@mail.example"
    for frame in (pl.DataFrame({secret: [1]}), pl.DataFrame({"a": [secret]})):
        with pytest.raises(AnswerableError) as caught:
            scan_table(TableBackend(frame), seed=1, ner=f"spacy:/{secret}")
        assert "7q4z" not in str(caught.value)


SCAN_IN_A_FRESH_PROCESS = """
import json, sys
import answerable.privacy.scan, answerable.privacy.sarif, answerable.privacy.policy
heavy = {"presidio_analyzer", "spacy", "polars", "pandas", "narwhals", "phonenumbers", "tldextract"}
light = sorted(heavy & set(sys.modules))
calls = []
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        calls.append(event)
sys.addaudithook(watch)
import polars as pl
from answerable.privacy.backend import TableBackend
numbers = pl.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
answerable.privacy.scan.scan_table(TableBackend(numbers), seed=1)
small = {"presidio_for_numbers": "presidio_analyzer" in sys.modules}
table = pl.DataFrame({
    "mail": ["jo@presidio.site", "al@mail.example"] * 4,
    "id": ["401-023-2137", "+49 30 12345678"] * 4,
    "note": ["see https://mail.example and mail jo@presidio.site or bob@example.com soon", "x"] * 4,
    "fiscal": ["RSSMRA85T10A562S", "10.0.0.1"] * 4,
})
report = answerable.privacy.scan.scan_table(TableBackend(table), seed=1)
small["presidio"] = "presidio_analyzer" in sys.modules
print(json.dumps({"light": light, "calls": calls, "ran": len(report.detectors), **small}))
"""


def _run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def test_a_scan_makes_no_network_call_and_its_import_is_light() -> None:
    told = json.loads(_run(SCAN_IN_A_FRESH_PROCESS))
    assert told["calls"] == []
    assert told["light"] == []
    assert told["presidio"]
    assert not told["presidio_for_numbers"]
    assert told["ran"] > 80


def test_without_presidio_national_identifiers_read_not_examined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    exotic_recognisers.cache_clear()
    column = examined(["A-17", "B-18"], name="ref")
    assert {"UK_NHS", "PL_PESEL"} <= set(column.not_examined)
    assert "EMAIL_ADDRESS" not in column.not_examined
    assert column.not_examined_reasons[0].reason == "presidio-analyzer is not installed"


def test_a_recogniser_that_may_not_see_every_value_says_so() -> None:
    values = distinct_values(
        ColumnKind.TEXT,
        pl.Series([f"jo{i}@mail.example" for i in range(50)] + ["x" * 99 + "@y.zz"]),
    )
    limits = Limits(draws=20, candidates=20, characters=90)
    trial = try_recogniser(
        email, values, Claims.none(len(values)), header_agrees=False, limits=limits, label="t"
    )
    assert trial is not None
    assert trial.is_partial
    assert (trial.candidates, trial.passed, trial.is_type) == (51, trial.examined, True)
    assert trial.examined <= 20
