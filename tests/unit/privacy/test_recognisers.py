"""Our own recognisers against independent libraries and in the traps of real text."""

import phonenumbers
import pytest
from faker import Faker

from answerable.privacy.recognisers.cards import CardRecogniser, has_issuer_prefix
from answerable.privacy.recognisers.catalogue import common_recognisers
from answerable.privacy.recognisers.dates import DateRecogniser
from answerable.privacy.recognisers.iban import IBAN_LENGTHS, IbanRecogniser
from answerable.privacy.recognisers.network import email, ip_address, mac_address, url, uuid
from answerable.privacy.recognisers.phones import NATIONAL_REGIONS, PhoneRecogniser
from answerable.privacy.recognisers.recogniser import Recogniser
from answerable.privacy.recognisers.social_security import social_security


def spans_as_text(recogniser: Recogniser, text: str) -> list[str]:
    return [text[start:end] for start, end in recogniser.spans(text)]


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_example_numbers_of_every_region_are_phones(region: str) -> None:
    example = phonenumbers.example_number(region)
    assert example is not None
    written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    assert PhoneRecogniser().whole([written]).tolist() == [True]


def test_numbers_with_a_country_code_agree_with_phonenumbers() -> None:
    fake = Faker()
    fake.seed_instance(3)
    numbers = [
        f"+{fake.random_element((1, 33, 39, 44, 49, 91, 7, 55))}{fake.numerify('%########')}"
        for _ in range(800)
    ]
    expected = []
    for number in numbers:
        try:
            expected.append(phonenumbers.is_valid_number(phonenumbers.parse(number)))
        except phonenumbers.NumberParseException:
            expected.append(False)
    assert PhoneRecogniser().whole(numbers).tolist() == expected
    assert 100 < sum(expected) < 700


def test_national_numbers_that_phonenumbers_accepts_are_phones() -> None:
    fake = Faker()
    fake.seed_instance(4)
    numbers = [fake.numerify("0%## #######") for _ in range(400)]
    accepted = [
        number
        for number in numbers
        if any(
            phonenumbers.is_valid_number(phonenumbers.parse(number, region))
            for region in NATIONAL_REGIONS
        )
    ]
    assert len(accepted) > 50
    assert all(PhoneRecogniser().whole(accepted).tolist())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call (415) 555-0132 now", ["(415) 555-0132"]),
        ("+49 (0)30 1234567", ["+49 (0)30 1234567"]),
        ("0044 20 7123 4567 x12", ["0044 20 7123 4567 x12"]),
        ("order X4155550132", []),
        ("+999 123456789", []),
        ("12:30", []),
    ],
)
def test_phones_in_text(text: str, expected: list[str]) -> None:
    assert spans_as_text(PhoneRecogniser(), text) == expected


@pytest.mark.parametrize("locale", ["de_DE", "en_GB", "fr_FR", "it_IT", "nl_NL", "pl_PL", "tr_TR"])
def test_fakers_ibans_are_ibans_in_every_writing(locale: str) -> None:
    fake = Faker(locale)
    fake.seed_instance(5)
    compact = [fake.iban() for _ in range(50)]
    grouped = [" ".join(one[i : i + 4] for i in range(0, len(one), 4)) for one in compact]
    lower = [one.lower() for one in compact]
    recogniser = IbanRecogniser()
    for written in (compact, grouped, lower):
        assert all(recogniser.whole(written).tolist())
    text = f"pay to {grouped[0]} or {compact[1]}, thanks"
    assert spans_as_text(recogniser, text) == [grouped[0], compact[1]]


@pytest.mark.parametrize(
    "text",
    ["DE8937040044053201300", "DE893704004405320130000", "XX89370400440532013000",
     "DE98370400440532013000", "DE89", "GE", ""],
)  # fmt: skip
def test_what_is_no_iban_is_not_found(text: str) -> None:
    assert IbanRecogniser().whole([text]).tolist() == [False]
    assert IbanRecogniser().spans(f"to {text}") == ()


def test_iban_lengths_are_within_the_standard() -> None:
    assert all(15 <= length <= 34 for length in IBAN_LENGTHS.values())


@pytest.mark.parametrize(
    "kind", ["visa16", "visa13", "visa19", "mastercard", "amex", "discover", "diners", "maestro"]
)
def test_fakers_cards_are_cards(kind: str) -> None:
    fake = Faker()
    fake.seed_instance(6)
    numbers = [fake.credit_card_number(kind) for _ in range(60)]
    known = [number for number in numbers if not number.startswith("06")]  # issued by nobody
    assert len(known) > 40
    assert all(CardRecogniser().whole(known).tolist())


def test_cards_stand_in_groups_and_next_to_each_other() -> None:
    text = "4012888888881881 4012-8888-8888-1881 4012 8888 8888 1881 3714 496353 98431"
    assert len(CardRecogniser().spans(text)) == 4
    assert CardRecogniser().spans("4012-8888-8888-1882 x4012888888881881") == ()
    assert not has_issuer_prefix("0000000000000000")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to jo.doe+x@mail.example.", ["jo.doe+x@mail.example"]),
        ("jürgen@bücher.example", ["jürgen@bücher.example"]),
        ("a@b", []),
        ("a..b@mail.example", []),
        ("@mention and x@1.2", []),
    ],
)
def test_emails_in_text(text: str, expected: list[str]) -> None:
    assert spans_as_text(email, text) == expected


def test_addresses_of_machines() -> None:
    text = "from 10.0.0.1, 2001:db8::1 via 00:1A:2B:3C:4D:5E see https://a.example/x?y=1."
    assert spans_as_text(ip_address, text) == ["10.0.0.1", "2001:db8::1"]
    assert spans_as_text(mac_address, text) == ["00:1A:2B:3C:4D:5E"]
    assert spans_as_text(url, text) == ["https://a.example/x?y=1"]
    assert spans_as_text(ip_address, "1.2.3.4.5 and 12:30:45 and 300.1.1.1 and ::") == ["::"]
    assert spans_as_text(uuid, "id 123e4567-e89b-12d3-a456-426614174000") == [
        "123e4567-e89b-12d3-a456-426614174000"
    ]
    assert uuid.whole(["00000000-0000-0000-0000-000000000000"]).tolist() == [False]
    assert url.whole(["http://microsoft", "www.example.org"]).tolist() == [False, True]


@pytest.mark.parametrize(
    ("value", "is_date"),
    [
        ("2021-02-28", True), ("2021-02-28T10:15:00Z", True), ("20210228", True),
        ("28.2.2021", True), ("2/28/21", True), ("5 May 2021", True), ("May 5, 2021", True),
        ("3. Oktober 2020", True), ("2021-13-01", False), ("13/13/2021", False),
        ("99999999", False), ("1.2.3", False), ("05/21", False), ("2021", False),
    ],
)  # fmt: skip
def test_dates_name_day_month_and_year(value: str, *, is_date: bool) -> None:
    assert DateRecogniser().whole([value]).tolist() == [is_date]


def test_social_security_numbers_never_issued_are_refused() -> None:
    numbers = [
        "123-45-6789",
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "078-05-1120",
    ]
    assert social_security.whole(numbers).tolist() == [True] + [False] * 5
    assert social_security.is_rare("123-45-6789")
    assert not social_security.is_rare("123456789")


def test_every_recogniser_survives_hostile_text_quickly() -> None:
    hostile = ["", " ", "0" * 20_000, "a@" * 10_000, ":" * 20_000, "1-" * 10_000, "DE12" * 5_000,
               "a.b" * 8_000, "f" * 20_000, "٣" * 500, "\x00\ud7ff",
               "(" * 5_000 + "1" * 7]  # fmt: skip
    for recogniser in common_recognisers():
        is_whole, spans = recogniser.find(hostile)
        assert len(is_whole) == len(spans) == len(hostile)
