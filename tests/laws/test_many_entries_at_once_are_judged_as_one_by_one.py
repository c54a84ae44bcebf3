"""Law: whether entries are verified many at once or one by one, the report is the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from answerable.audit.kinds import EntryKind
from answerable.audit.tree.merkle import leaf_hash
from answerable.audit.verify import StoredChunk, StoredRow, VerificationReport, verify_log
from answerable.audit.verify_chunks import prove
from tests.attacks.stored_log import ORIGIN, VKEY, StoredLog, clean_log, entry_id
from tests.laws.headers import headers

SIZE = 600
COLUMNS = ("ts", "kind", "function", "outcome", "automation", "ref")
Damage = Callable[[StoredLog, int], object]


def _header(stored: StoredLog, seq: int, /, *, leaf: bool = True, **fields: object) -> None:
    try:
        said = json.loads(stored.rows[seq].header) | fields
    except ValueError:  # damaged before
        return
    data = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    stored.change(seq, header=data, **({"leaf": leaf_hash(data)} if leaf else {}))


def _bytes(log: StoredLog, seq: int, data: bytes) -> None:
    log.change(seq, header=data, leaf=leaf_hash(data))


def _swap(log: StoredLog, seq: int) -> None:
    log.rows[seq - 1], log.rows[seq] = (
        replace(log.rows[seq], seq=seq - 1),
        replace(log.rows[seq - 1], seq=seq),
    )


def _another_kind(log: StoredLog, seq: int) -> None:
    record = b'{"first_lost":0,"lost_size":700}'
    part = {"digest": hashlib.sha256(record).hexdigest(), "part": "clear", "type": "t"}
    _header(log, seq, kind="log.recovered", parts=[part])
    log.change(seq, parts=(record,))


DAMAGE: dict[str, Damage] = {
    "a header without its leaf": lambda log, at: _header(log, at, leaf=False, outcome="other"),
    "a header with its leaf": lambda log, at: _header(log, at, outcome="other"),
    "an earlier time": lambda log, at: _header(log, at, ts=1),
    "a time as text": lambda log, at: _header(log, at, ts="1"),
    "an integer beyond 2^53": lambda log, at: _header(log, at, at=2**53),
    "another log": lambda log, at: _header(log, at, log="example.org/other"),
    "another version": lambda log, at: _header(log, at, v=2),
    "no kind": lambda log, at: _header(log, at, kind="No Kind"),
    "another kind": _another_kind,
    "the id of entry 3": lambda log, at: _header(log, at, id=entry_id(3)),
    "no id": lambda log, at: _header(log, at, id="nobody"),
    "a letter that is not ASCII": lambda log, at: _header(log, at, outcome="schön"),
    "a null": lambda log, at: _header(log, at, outcome=None),
    "white space": lambda log, at: _bytes(log, at, log.rows[at].header.replace(b",", b", ", 1)),
    "a key twice": lambda log, at: _bytes(
        log, at, log.rows[at].header.replace(b'"v":1', b'"v":1,"v":1')
    ),
    "no JSON": lambda log, at: _bytes(log, at, b"\xff"),
    "another leaf": lambda log, at: log.change(at, leaf=bytes(32)),
    "another column": lambda log, at: log.change(
        at, columns=dict(log.rows[at].columns) | {"outcome": "other"}
    ),
    "another body": lambda log, at: log.change(at, parts=(b"other",)),
    "no body": lambda log, at: log.change(at, parts=()),
    "a part too many": lambda log, at: log.change(at, parts=(*log.rows[at].parts, b"more")),
    "an entry that is gone": lambda log, at: log.rows.pop(at),
    "an entry twice": lambda log, at: log.rows.insert(at, log.rows[at]),
    "two entries in each other's place": _swap,
    "another tile": lambda log, at: log.tiles.update({(0, at >> 8): bytes(8192)}),
    "no tile": lambda log, at: log.tiles.pop((0, at >> 8), None),
    "another size": lambda log, at: setattr(log, "size", at),
    "another root": lambda log, at: setattr(log, "root", bytes(32)),
}


def _columns(row: StoredRow) -> tuple[Any, ...]:
    try:
        said = json.loads(row.header)
    except ValueError:
        said = {}
    known = {**{name: said.get(name) for name in COLUMNS}, **row.columns}
    return tuple(known[name] for name in COLUMNS)


def chunks_of(rows: Sequence[StoredRow], cuts: Sequence[int]) -> list[StoredChunk]:
    """The same rows as a store would return them, cut anywhere."""
    bounds = [0, *sorted(cut for cut in cuts if cut < len(rows)), len(rows)]
    return [
        StoredChunk(
            [(row.seq, row.header, row.leaf, *_columns(row)) for row in rows[first:end]],
            [
                (row.seq * 256 + number, data)
                for row in rows[first:end]
                for number, data in enumerate(row.parts)
                if data is not None
            ],
        )
        for first, end in pairwise(bounds)
    ]


def _report(
    log: StoredLog, rows: Sequence[StoredRow] | Sequence[StoredChunk]
) -> VerificationReport:
    return verify_log(rows, origin=ORIGIN, vkey=VKEY, stored=log.state())


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(DAMAGE)), st.integers(4, SIZE - 20)), max_size=3),
    st.lists(st.integers(0, SIZE), max_size=4),
)
@example([("another kind", 300)], [100])
@example([("an entry twice", 300)], [301])
def test_the_report_is_the_same(damage: list[tuple[str, int]], cuts: list[int]) -> None:
    log = clean_log(SIZE)
    for name, at in damage:
        DAMAGE[name](log, at)
    chunks = chunks_of(log.rows, cuts)
    one_by_one = [row for chunk in chunks for row in chunk.rows()]
    assert _report(log, chunks) == _report(log, one_by_one)


@given(st.lists(st.integers(0, SIZE), max_size=4))
def test_entries_of_a_clean_history_are_proven_together(cuts: list[int]) -> None:
    for chunk in chunks_of(clean_log(SIZE).rows, cuts):
        proven = prove(chunk, ORIGIN)
        assert (proven is None) == (not chunk.entries)
        assert proven is None or proven.leaves == [row[2] for row in chunk.entries]


@given(st.lists(headers(), max_size=5), st.sampled_from(EntryKind))
def test_what_is_proven_together_has_no_finding(
    written: list[dict[str, Any]], kind: EntryKind
) -> None:
    rows = []
    for seq, header in enumerate(written):
        header |= {"kind": kind.value, "id": entry_id(seq), "ts": seq}
        data = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
        columns = {name: header.get(name) for name in COLUMNS}
        rows.append(StoredRow(seq, data, leaf_hash(data), (), columns))
    if all(prove(chunk, ORIGIN) for chunk in chunks_of(rows, [])):
        report = verify_log(rows, origin=ORIGIN, vkey="")
        assert {found.layer for found in report.findings} <= {"checkpoint", "retention"}
