"""Single columns: evidence that raises, evidence that decides, chance that does neither."""

import polars as pl
import pytest
from faker import Faker

from answerable.privacy.detectors import Detectors, load_detectors
from answerable.privacy.entities import ColumnRole
from tests.unit.privacy.tables import contained, examined


@pytest.fixture(scope="module")
def detectors() -> Detectors:
    return load_detectors("none")


@pytest.fixture
def fake() -> Faker:
    made = Faker("en_US")
    made.seed_instance(9)
    return made


@pytest.mark.parametrize("digits", [8, 9, 10, 13, 16])
def test_random_and_running_numbers_are_no_identifiers(
    digits: int, fake: Faker, detectors: Detectors
) -> None:
    random = [fake.numerify("%" + "#" * (digits - 1)) for _ in range(200)]
    running = [str(10 ** (digits - 1) + 98_765 + i) for i in range(200)]
    for values in (random, running):
        assert contained(examined(values, detectors=detectors)) == {}


def test_whole_numbers_that_are_cards_are_found(fake: Faker, detectors: Detectors) -> None:
    cards = [int(fake.credit_card_number("mastercard")) for _ in range(30)]
    assert examined(cards, detectors=detectors).type == "CREDIT_CARD"


def test_a_header_alone_never_decides(detectors: Detectors) -> None:
    tables: dict[str, list[object]] = {
        "email_verified": [0, 1, 1, 0],
        "phone": ["yes", "no", "yes", "no"],
        "ssn_known": [True, False],
        "card_type": ["gold", "silver", "gold"],
        "ip_rating": [1.5, 2.5, 3.5],
    }
    for name, values in tables.items():
        column = examined(values, name=name, detectors=detectors)
        assert (column.type, column.contains) == ("NONE", ())


def test_a_header_raises_what_the_layout_alone_cannot_show(
    fake: Faker, detectors: Detectors
) -> None:
    bare = [fake.numerify("2%%%%%%%%") for _ in range(60)]
    assert examined(bare, detectors=detectors).type == "NONE"
    assert examined(bare, name="ssn", detectors=detectors).type == "US_SSN"


def test_values_whose_check_fails_under_a_telling_header_read_as_unverified(
    fake: Faker, detectors: Detectors
) -> None:
    cards = [fake.credit_card_number("visa16") for _ in range(50)]
    mistyped = [card[:-1] + str((int(card[-1]) + 1) % 10) for card in cards]
    column = examined(mistyped, name="card_number", detectors=detectors)
    (finding,) = column.contains
    assert (column.type, finding.rows, finding.verified_rows) == ("CREDIT_CARD", 50, 0)
    assert "synthetic, masked or mistyped" in finding.evidence[0]
    assert column.posterior is not None
    assert column.posterior < 0.9
    assert examined(mistyped, detectors=detectors).type == "NONE"


def test_one_planted_value_among_many_is_found(fake: Faker, detectors: Detectors) -> None:
    planted = {
        "EMAIL_ADDRESS": "mail jo@mail.example today",
        "IBAN_CODE": "send it to DE89 3704 0044 0532 0130 00 please",
        "CREDIT_CARD": "card 4012888888881881 was charged",
        "PHONE_NUMBER": "call +49 30 12345678 after noon",
        "IP_ADDRESS": "came from 2001:db8::8a2e:370:7334 again",
        "MAC_ADDRESS": "device 00:1A:2B:3C:4D:5E was seen",
        "URL": "see https://mail.example/jo for this",
        "UUID": "ticket 123e4567-e89b-12d3-a456-426614174000 open",
        "US_SSN": "number 123-45-6789 on file",
        "DATE_TIME": "was born on 1984-05-06 in spring",
    }
    notes = [fake.sentence(8) for _ in range(300)]
    for entity, text in planted.items():
        column = examined([*notes, text], detectors=detectors)
        assert contained(column) == {entity: 1}, entity
        assert column.role is ColumnRole.FREE_TEXT


def test_dirt_in_a_column_does_not_hide_its_type(fake: Faker, detectors: Detectors) -> None:
    values = [fake.iban() for _ in range(80)] + [f"missing {i}" for i in range(20)]
    column = examined(values, detectors=detectors)
    assert column.type == "IBAN_CODE"
    assert contained(column) == {"IBAN_CODE": 80}
    assert column.contains[0].rate == 0.8


def test_national_identifiers_are_left_to_presidio(detectors: Detectors) -> None:
    polish = Faker("pl_PL")
    polish.seed_instance(2)
    column = examined([polish.pesel() for _ in range(200)], name="nr", detectors=detectors)
    assert column.type == "PL_PESEL"
    assert column.role is ColumnRole.DIRECT_IDENTIFIER


def test_versions_are_not_ip_addresses(detectors: Detectors) -> None:
    versions = [f"{i % 7}.{i % 5}.{i % 3}.{i % 9}" for i in range(60)]
    assert examined(versions, detectors=detectors).type == "NONE"


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("age", [18, 44, 90], ColumnRole.QUASI_IDENTIFIER),
        ("age_days", [18_000, 44_000, 90_000], ColumnRole.ATTRIBUTE),
        ("zip_code", ["02139", "10115"], ColumnRole.QUASI_IDENTIFIER),
        ("religion", ["a", "b", None], ColumnRole.SPECIAL_CATEGORY),
        ("race_time", [*range(300)], ColumnRole.ATTRIBUTE),
        ("amount", [1, 2], ColumnRole.ATTRIBUTE),
        ("constant", [1, 1], ColumnRole.NONE),
        ("geschlecht", ["m", "w"], ColumnRole.QUASI_IDENTIFIER),
    ],
)
def test_roles_need_header_and_values(
    name: str, values: list[object], role: ColumnRole, detectors: Detectors
) -> None:
    assert examined(values, name=name, detectors=detectors).role is role


def test_a_column_of_family_names_is_open_without_a_telling_header(
    fake: Faker, detectors: Detectors
) -> None:
    names = sorted({fake.last_name() for _ in range(60)})
    column = examined(names, name="batter", detectors=detectors)
    assert "PERSON" in column.not_examined
    assert column.role is ColumnRole.ATTRIBUTE
    assert column.action == "review"
    lower = examined(["married", "single"], name="status", detectors=detectors)
    assert lower.not_examined == ()


def test_product_names_are_no_names_of_people(detectors: Detectors) -> None:
    column = examined(["soap", "brush"], name="product_name", detectors=detectors)
    assert column.not_examined == ()


def test_counts_are_rows_not_distinct_values(detectors: Detectors) -> None:
    column = examined(["jo@mail.example"] * 5 + ["x", None], detectors=detectors)
    (finding,) = column.contains
    assert (finding.rows, finding.distinct, finding.rate) == (5, 1, round(5 / 7, 6))


def test_polars_categories_and_pandas_categories_are_text(detectors: Detectors) -> None:
    values = pl.Series(["jo@mail.example", "x@mail.example"], dtype=pl.Categorical)
    assert examined(list(values), detectors=detectors).type == "EMAIL_ADDRESS"
