"""Law: the vectorised checks agree with integer arithmetic written out for one number."""

from hypothesis import given
from hypothesis import strategies as st

from answerable.privacy.recognisers.cards import luhn_check
from answerable.privacy.recognisers.iban import IBAN_LENGTHS, iban_check

DIGITS = st.text(alphabet="0123456789", min_size=1, max_size=24)
COUNTRIES = st.sampled_from(sorted(IBAN_LENGTHS))


def luhn_by_hand(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += sum(map(int, str(value)))
    return total % 10 == 0


@given(st.lists(DIGITS, max_size=20))
def test_luhn_agrees_digit_by_digit(numbers: list[str]) -> None:
    assert luhn_check(numbers).tolist() == [luhn_by_hand(number) for number in numbers]


@given(COUNTRIES, st.data())
def test_iban_check_digits_agree_with_the_remainder_of_one_large_integer(
    country: str, data: st.DataObject
) -> None:
    size = IBAN_LENGTHS[country] - 4
    account = data.draw(st.text(alphabet="0123456789ABCXYZ", min_size=size, max_size=size))
    number = int("".join(str(int(character, 36)) for character in account + country + "00"))
    check = 98 - number % 97
    valid, other = f"{country}{check:02}{account}", f"{country}{(check + 1) % 100:02}{account}"
    assert iban_check([valid, other, valid[:-1]]).tolist() == [True, False, False]
