"""Law: no letter and no digit of a value survives masking, and masks are short."""

from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.privacy.masking import masked


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_mask_holds_no_letter_and_no_digit(value: str) -> None:
    form = masked(value)
    assert not any(character.isalnum() for character in form)
    assert len(form) <= 48


@settings(deadline=None)
@given(
    st.text(alphabet="ab", min_size=1, max_size=30), st.text(alphabet="12", min_size=1, max_size=30)
)
def test_a_mask_does_not_tell_how_long_a_run_is(letters: str, digits: str) -> None:
    assert masked(f"{letters}@{digits}") == masked("x@1")
