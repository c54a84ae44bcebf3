"""Law: reasons are the strictly negative attributions, worst first, whatever their number."""

from hypothesis import given
from hypothesis import strategies as st

from answerable.explain.reasons import principal_reasons
from tests.unit.explain import letters_kit, loan

VALUES = st.dictionaries(
    st.sampled_from(loan.FEATURES), st.floats(-5, 5).map(lambda value: round(value, 3))
)


@given(values=VALUES, limit=st.integers(0, 6), tie_width=st.floats(0, 1))
def test_reasons_are_the_worst_contributions_in_order(
    values: dict[str, float], limit: int, tie_width: float
) -> None:
    attribution = letters_kit.attribution().model_copy(update={"values": values})
    found = principal_reasons(attribution, loan.catalogue(), limit=limit, tie_width=tie_width)
    negative = sorted(value for value in values.values() if value < 0)
    assert [item.contribution for item in found] == negative[:limit]
    assert [item.rank for item in found] == list(range(1, len(found) + 1))
    assert len({item.code for item in found}) == len(found)
    for place, item in enumerate(found):
        gap = negative[place + 1] - negative[place] if place + 1 < len(negative) else None
        assert item.near_tie == (gap is not None and gap < tie_width)


@given(values=VALUES)
def test_the_order_in_which_attributions_are_given_does_not_matter(
    values: dict[str, float],
) -> None:
    turned = dict(reversed(values.items()))
    base = letters_kit.attribution()
    one = principal_reasons(base.model_copy(update={"values": values}), loan.catalogue())
    other = principal_reasons(base.model_copy(update={"values": turned}), loan.catalogue())
    assert one == other
