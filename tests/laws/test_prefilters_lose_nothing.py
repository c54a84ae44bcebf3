"""Law: what a recogniser finds, its prefilter lets through, in polars and without lookaround."""

import re

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.privacy.recognisers.catalogue import common_recognisers
from answerable.privacy.widening import without_lookaround

PIECES = st.sampled_from([
    "jo@mail.example", "DE89370400440532013000", "de89 3704 0044 0532 0130 00",
    "4012 8888 8888 1881", "371449635398431", "123e4567-e89b-12d3-a456-426614174000",
    "00-1A-2B-3C-4D-5E", "0012.3456.789a", "www.a.example", "https://a.example/x",
    "10.0.0.1", "::1", "2001:db8::1", "123-45-6789", "123456789", "2020-01-31", "20200131",
    "1.2.2020", "5 May 2020", "May 5, 2020", "3. Oktober 2020", "+49 30 12345678", "(415) 555-0132",
    " ", ", ", ".", "x", "ü", "7", "\n",
])  # fmt: skip
TEXTS = st.lists(PIECES, min_size=1, max_size=5).map("".join)


@settings(deadline=None)
@given(TEXTS)
def test_a_text_with_a_match_passes_the_prefilter(text: str) -> None:
    series = pl.Series([text])
    for recogniser in common_recognisers():
        is_whole, spans = recogniser.find([text])
        if is_whole[0] or spans[0]:
            assert series.str.contains(recogniser.prefilter)[0], recogniser.entity


@settings(deadline=None)
@given(TEXTS)
def test_spans_are_in_order_within_the_text_and_do_not_overlap(text: str) -> None:
    for recogniser in common_recognisers():
        ends = 0
        for start, end in recogniser.spans(text):
            assert ends <= start < end <= len(text)
            ends = end


PATTERNS = st.sampled_from([
    r"(?<![0-9])[0-9]{3}(?![0-9])", r"\b(?=a)a[0-9]+(?!-)", r"[(]?(?<=x)y(?=z|[)])", r"a\(b(?!c)",
    r"(?:a|b(?!(?:c|d)))[^]]?", r"(?!000)[0-9]{3}-(?!00)[0-9]{2}",
])  # fmt: skip


@settings(deadline=None)
@given(PATTERNS, st.text(alphabet="ab01xyz()-]c ", max_size=12))
def test_leaving_lookaround_out_only_widens(pattern: str, text: str) -> None:
    wide = without_lookaround(pattern)
    assert not re.search(r"\(\?<?[=!]", wide)
    if re.search(pattern, text):
        assert re.search(wide, text)
