"""Law: a header read by its pattern is accepted, and says, as one that is parsed and validated."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from answerable.audit.entries import Header
from answerable.audit.errors import InvalidInput
from answerable.audit.skimmed import Skimmed, skim
from answerable.audit.store.index_rows import index_of
from answerable.audit.verify_form import digests_in, said_by
from tests.attacks.stored_log import clean_row
from tests.laws.headers import headers

SEALED = json.loads(clean_row(3).header)
BYTES = st.builds(lambda said: _bytes(said, ensure_ascii=True), headers())
DAMAGED = st.tuples(BYTES, st.integers(0, 400), st.binary(max_size=2)).map(
    lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + len(drawn[2]) :]
)


def _bytes(said: dict[str, Any], *, ensure_ascii: bool) -> bytes:
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=ensure_ascii)
    return text.encode()


def _parsed(data: bytes) -> Header | None:
    try:
        return Header.from_json(data)
    except InvalidInput:
        return None


@settings(max_examples=300)
@given(BYTES | DAMAGED | headers().map(lambda said: _bytes(said, ensure_ascii=False)))
@example(_bytes(SEALED | {"at": 2**53 - 1}, ensure_ascii=False))
@example(_bytes(SEALED | {"at": 2**53}, ensure_ascii=False))
@example(_bytes(SEALED | {"subjects": []}, ensure_ascii=False))
@example(_bytes({key: SEALED[key] for key in SEALED if key != "subjects"}, ensure_ascii=False))
@example(_bytes(SEALED | {"parts": [SEALED["parts"][0]] * 3}, ensure_ascii=False))
@example(_bytes(SEALED | {"supersedes": SEALED["id"], "release": "none"}, ensure_ascii=False))
def test_the_same_headers_are_read_and_say_the_same(data: bytes) -> None:
    skimmed, header = skim([data])[0], _parsed(data)
    assert (skimmed is None) == (header is None)
    if skimmed is None or header is None:
        return
    assert isinstance(skimmed, Skimmed)
    assert skimmed[:6] == (
        header.id,
        header.kind,
        header.ts,
        header.function,
        header.outcome,
        header.cell,
    )
    assert skimmed.found_by() == index_of(header)
    assert skimmed.refs == tuple(subject.ref for subject in header.subjects)
    assert [kind for kind, _ in skimmed.parts] == [part.part for part in header.parts]
    assert [at for _, at in skimmed.parts] == [part.subject or 0 for part in header.parts]


@given(headers())
def test_the_pattern_takes_every_valid_header_until_the_year_2255(said: dict[str, Any]) -> None:
    data = _bytes(said, ensure_ascii=False)
    header, found = _parsed(data), said_by([data])[0]
    if header is not None and max(header.ts, header.at or 0) < 9 * 10**15:
        assert found is not None
        assert digests_in(found[7]) == [part.ct or part.digest for part in header.parts]
