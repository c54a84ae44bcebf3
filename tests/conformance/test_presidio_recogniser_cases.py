"""The cases of presidio's own recogniser tests, on our recognisers and through our door.

The cases lie beside the checkout, not in it; without them these tests are skipped. Where
we find something else on purpose, the case and the reason stand here.
"""

import gzip
import json
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from answerable.privacy.presidio_engine import PresidioRecogniser, exotic_recognisers
from answerable.privacy.recognisers.catalogue import common_recognisers
from answerable.privacy.recognisers.recogniser import Recogniser
from tests.conftest import REPOSITORY

CASES: Final = REPOSITORY.parent / "shared" / "data" / "recognizer_cases.json.gz"

OURS: Final = {
    "iban_recognizer": "IBAN_CODE",
    "credit_card_recognizer": "CREDIT_CARD",
    "email_recognizer": "EMAIL_ADDRESS",
    "url_recognizer": "URL",
    "ip_recognizer": "IP_ADDRESS",
    "mac_recognizer": "MAC_ADDRESS",
    "us_ssn_recognizer": "US_SSN",
    "date_recognizer": "DATE_TIME",
    "phone_recognizer": "PHONE_NUMBER",
}
ON_PURPOSE: Final = {
    "DATE_TIME": "a day and month or a month and year is a fraction as often as a date",
    "IP_ADDRESS": "an address that letters or a fifth group touch is part of something else",
    "PHONE_NUMBER": "a number that letters touch is none; leniency is not a parameter here",
    "URL": "a bare host name is no personal data",
    "US_SSN": "digits with half of the separators are no social security number",
}
DIFFERENT: Final = {
    "DATE_TIME": 10, "IP_ADDRESS": 3, "PHONE_NUMBER": 3, "URL": 2, "US_SSN": 1,
}  # fmt: skip


def cases() -> list[tuple[str, str, int]]:
    """Recogniser, text and expected number of matches of every literal case."""
    if not Path(CASES).is_file():
        pytest.skip("the recogniser cases are not beside this checkout")
    rows = json.loads(gzip.decompress(CASES.read_bytes()))
    return [
        (row["recognizer"], row["case"][0], row["case"][1])
        for row in rows
        if isinstance(row["case"][0], str)
        and row["case"][0] != "<expr>"
        and type(row["case"][1]) is int
    ]


def test_our_recognisers_find_what_presidios_do_but_for_the_stated_differences() -> None:
    ours: dict[str, Recogniser] = {one.entity: one for one in common_recognisers()}
    tried, different = 0, dict.fromkeys(DIFFERENT, 0)
    for recogniser, text, expected in cases():
        entity = OURS.get(recogniser)
        if entity is None:
            continue
        tried += 1
        if len(ours[entity].spans(text)) != expected:
            assert entity in ON_PURPOSE, f"{entity}: {text!r}"
            different[entity] += 1
    assert tried > 550
    assert different == DIFFERENT


def test_our_prefilters_pass_every_text_in_which_presidio_expects_a_match() -> None:
    ours: dict[str, Recogniser] = {one.entity: one for one in common_recognisers()}
    for recogniser, text, _ in cases():
        entity = OURS.get(recogniser)
        if entity is not None and ours[entity].spans(text):
            assert pl.Series([text]).str.contains(ours[entity].prefilter)[0]


def test_presidios_recognisers_give_their_own_results_through_our_door() -> None:
    by_module: dict[str, PresidioRecogniser] = {
        type(one.recogniser).__module__.rpartition(".")[2]: one for one in exotic_recognisers()[0]
    }
    tried = 0
    for recogniser, text, expected in cases():
        door = by_module.get(recogniser)
        # The bare VAT cases test a checksum method, not the search in a text.
        if door is None or recogniser == "de_vat_id_recognizer":
            continue
        tried += 1
        spans = door.spans(text)
        assert len(spans) == expected, f"{door.entity}: {text!r}"
        if spans:
            assert pl.Series([text]).str.contains(door.prefilter)[0], door.entity
    assert tried > 750
