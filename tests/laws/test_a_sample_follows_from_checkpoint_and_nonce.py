"""The same checkpoint, nonce and decisions give the same sample, whoever draws and in any order."""

from __future__ import annotations

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.queries.sampling import Candidate, Draw, draw, sample_seed

PLACES = st.lists(st.integers(0, 2**40), unique=True, min_size=1, max_size=60)
TEXTS = st.text(min_size=1, max_size=80)
NONCES = st.binary(max_size=64)
CODES = ("approve", "decline", "refer")


def candidates(places: list[int]) -> list[Candidate]:
    return [Candidate(seq, f"e{seq}", CODES[seq % 3]) for seq in places]


def by_hand(text: str, nonce: bytes, places: list[int], n: int) -> list[int]:
    """The published recipe, written a second time: sort everything, take the first."""
    data = text.encode("utf-8")
    digest = hashlib.sha256()
    for piece in (b"answerable/sample/v1", b"\0", len(data).to_bytes(4, "big"), data, nonce):
        digest.update(piece)
    key = digest.digest()

    def rank(seq: int) -> str:
        return hmac.new(key, seq.to_bytes(8, "big"), "sha256").hexdigest()

    return sorted(places, key=rank)[:n]


@given(TEXTS, NONCES, PLACES, st.integers(1, 70))
def test_it_is_what_the_recipe_gives(text: str, nonce: bytes, places: list[int], n: int) -> None:
    seed = sample_seed(text, nonce)
    population, drawn = draw(candidates(places), Draw(n=n), seed=seed)
    assert [item.seq for item in drawn] == by_hand(text, nonce, places, n)
    assert sum(population.values()) == len(places)


@given(TEXTS, NONCES, PLACES, st.randoms(), st.integers(1, 9))
def test_the_order_of_reading_changes_nothing(
    text: str, nonce: bytes, places: list[int], chance: object, n: int
) -> None:
    mixed = list(places)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    seed = sample_seed(text, nonce)
    how = Draw(n=n, by_outcome=True)
    assert draw(candidates(places), how, seed=seed) == draw(candidates(mixed), how, seed=seed)


@given(TEXTS, PLACES, st.integers(1, 30), st.integers(0, 30))
def test_a_larger_sample_begins_with_the_smaller(
    text: str, places: list[int], n: int, more: int
) -> None:
    seed = sample_seed(text)
    smaller = draw(candidates(places), Draw(n=n), seed=seed)[1]
    larger = draw(candidates(places), Draw(n=n + more), seed=seed)[1]
    assert larger[: len(smaller)] == smaller


@given(TEXTS, PLACES, st.integers(1, 9))
def test_drawn_by_outcome_each_outcome_is_drawn_as_if_alone(
    text: str, places: list[int], n: int
) -> None:
    seed = sample_seed(text)
    _, drawn = draw(candidates(places), Draw(n=n, by_outcome=True), seed=seed)
    alone = [
        item.seq
        for number in sorted(range(3), key=CODES.__getitem__)
        for item in draw(
            candidates([seq for seq in places if seq % 3 == number]), Draw(n=n), seed=seed
        )[1]
    ]
    assert [item.seq for item in drawn] == alone


@given(TEXTS, TEXTS, NONCES, NONCES)
def test_another_checkpoint_or_nonce_is_another_seed(
    text: str, other: str, nonce: bytes, second: bytes
) -> None:
    same = (text, nonce) == (other, second)
    assert (sample_seed(text, nonce) == sample_seed(other, second)) == same
