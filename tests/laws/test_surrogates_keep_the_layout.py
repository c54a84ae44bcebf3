"""Law: a surrogate differs from the values it stands for in digits alone."""

from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.privacy.chance import NullModel, surrogates

VALUES = st.lists(st.text(alphabet="AZaz09 5-+.", min_size=1, max_size=20), min_size=1, max_size=5)
NULLS: st.SearchStrategy[NullModel] = st.sampled_from(["digits", "checksum"])


def layout(value: str) -> str:
    return "".join("0" if character in "0123456789" else character for character in value)


@settings(deadline=None)
@given(VALUES, NULLS, st.text(max_size=5))
def test_a_surrogate_has_the_layout_of_a_value(
    values: list[str], null: NullModel, label: str
) -> None:
    drawn = surrogates(values, null=null, draws=20, label=label)
    assert len(drawn) == 20
    assert {layout(one) for one in drawn} <= {layout(value) for value in values}
    assert drawn == surrogates(values, null=null, draws=20, label=label)
