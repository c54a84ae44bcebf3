"""Law: what is called a valid counterfactual flips the decision and is permitted."""

from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.audit.records import Outcome
from answerable.explain.recourse.search import find_counterfactual
from answerable.explain.scoring import evaluate
from tests.unit.explain import loan

PLACE = loan.setting("scorecard")


@settings(max_examples=40, deadline=None)
@given(
    number=st.integers(0, 1900),
    obrat=st.floats(10, 95).map(lambda value: round(value, 1)),
    gdlin=st.sampled_from([0.0, 1.0]),
    cut_off=st.floats(0.3, 0.97),
)
def test_a_valid_counterfactual_is_decided_favourably_and_keeps_the_constraints(
    number: int, obrat: float, gdlin: float, cut_off: float
) -> None:
    function = PLACE.function.model_copy(update={"cut_off": cut_off})
    inputs = loan.row(number) | {"obrat": obrat, "gdlin": gdlin}
    found = find_counterfactual(
        PLACE.model, inputs, function, loan.catalogue(), expires_at=loan.EXPIRES
    )
    if found.status != "valid":
        assert found.changes == ()
        return
    after = inputs | {item.column: item.after for item in found.changes}
    assert evaluate(function, PLACE.models, {**after}).outcome is Outcome.APPROVE
    for item in found.asked:
        player = loan.catalogue().player(item.player)
        assert player.actionable
        assert not player.protected
        assert player.range is not None
        assert player.range[0] <= item.after <= player.range[1]
        if player.direction != "any":
            assert (item.after > item.before) is (player.direction == "up")
