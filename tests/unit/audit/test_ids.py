import pytest

from answerable.audit.errors import InvalidInput
from answerable.audit.ids import actor_ref, entry_id_bytes, subject_ref, uuid7
from answerable.audit.records import EntryLink, LegalHold


def test_references_are_hex_of_the_random_bytes() -> None:
    drawn = bytes(range(16))
    assert subject_ref(drawn) == "s-000102030405060708090a0b0c0d0e0f"
    assert actor_ref(drawn) == "a-000102030405060708090a0b0c0d0e0f"


def test_made_identifiers_are_accepted_by_the_records() -> None:
    assert EntryLink(rel="x", entry=uuid7(0, b"\xff" * 10)).entry
    assert LegalHold(subject=subject_ref(bytes(16)), ground="g", reference="r").subject


@pytest.mark.parametrize("count", [0, 15, 17])
def test_a_reference_needs_sixteen_bytes(count: int) -> None:
    with pytest.raises(InvalidInput):
        subject_ref(bytes(count))
    with pytest.raises(InvalidInput):
        actor_ref(bytes(count))


@pytest.mark.parametrize(("ts", "count"), [(-1, 10), ((1 << 48) * 1000, 10), (0, 9), (0, 11)])
def test_a_time_or_randomness_that_does_not_fit_is_refused(ts: int, count: int) -> None:
    with pytest.raises(InvalidInput):
        uuid7(ts, bytes(count))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e279b07cc398c4dc0c0c07398f",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-18c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
    ],
)
def test_only_a_uuid7_in_its_one_form_is_an_entry_id(text: str) -> None:
    with pytest.raises(InvalidInput):
        entry_id_bytes(text)
