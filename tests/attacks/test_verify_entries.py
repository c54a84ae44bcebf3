"""Attacks on single entries: each is found, at the layer that must find it, under its name."""

import hashlib
import json

import pytest

from answerable.audit.verify import StoredRow
from tests.attacks.stored_log import clean_log, entry_id, header_of, named, row_of


def flip(data: bytes, at: int = 40) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_a_flipped_bit_in_a_header_is_found_by_the_leaf() -> None:
    log = clean_log(10)
    log.change(4, header=log.rows[4].header.replace(b"approve", b"decline"))
    found = log.found()
    assert ("leaf", named(4)) in found
    assert {layer for layer, entry in found if entry == named(4)} == {"leaf"}


@pytest.mark.parametrize("at", range(0, 400, 7))
def test_any_flipped_bit_in_a_header_is_found_under_its_number(at: int) -> None:
    log = clean_log(5)
    log.change(2, header=flip(log.rows[2].header, at))
    assert any(layer == "leaf" and entry.startswith("2") for layer, entry in log.found())


def test_a_flipped_bit_in_a_leaf_is_found() -> None:
    log = clean_log(10)
    log.change(4, leaf=flip(log.rows[4].leaf, 0))
    assert log.found() == {("leaf", named(4))}


def test_a_flipped_bit_in_a_ciphertext_is_found_in_the_body() -> None:
    log = clean_log(10)
    log.change(7, parts=(flip(b"".join(log.rows[7].parts)),))  # type: ignore[arg-type]
    assert log.found() == {("body", named(7))}


def test_two_swapped_bodies_are_both_found() -> None:
    log = clean_log(10)
    first, second = log.rows[2].parts, log.rows[5].parts
    log.change(2, parts=second)
    log.change(5, parts=first)
    assert log.found() == {("body", named(2)), ("body", named(5))}


def test_a_part_that_the_header_does_not_name_is_found() -> None:
    log = clean_log(10)
    log.change(3, parts=(*log.rows[3].parts, b"more"))
    assert log.found() == {("body", named(3))}


def test_a_part_that_is_no_longer_stored_is_counted_and_no_finding() -> None:
    log = clean_log(10)
    log.change(3, parts=(None,))
    log.change(4, parts=())
    report = log.verify()
    assert report.ok
    assert report.missing_parts == 2


def test_a_changed_index_column_is_found() -> None:
    log = clean_log(10)
    log.change(3, columns=dict(log.rows[3].columns) | {"kind": "contest.filed"})
    assert log.found() == {("index", named(3))}


def test_a_removed_row_is_found_by_its_number() -> None:
    log = clean_log(10)
    del log.rows[6]
    assert ("sequence", "6") in log.found()


def test_a_removed_row_whose_numbers_were_closed_is_found_by_the_head_and_the_checkpoint() -> None:
    log = clean_log(10)
    rows = [row.header for row in log.rows if row.seq != 6]
    log.rows = [StoredRow(seq, data, clean_leaf(data)) for seq, data in enumerate(rows)]
    assert log.found() == {("root", "9"), ("checkpoint", "9")}


def clean_leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def test_two_swapped_rows_are_found() -> None:
    log = clean_log(10)
    log.rows[3], log.rows[4] = log.rows[4], log.rows[3]
    found = log.found()
    assert ("sequence", named(3)) in found
    assert ("root", "") in found


def test_two_rows_that_swapped_their_contents_are_found() -> None:
    log = clean_log(10)
    log.rows[3] = row_of(3, header_of(4))
    log.rows[4] = row_of(4, header_of(3))
    assert {("header", f"4 ({entry_id(3)})"), ("root", "")} <= log.found()


def test_a_repeated_entry_id_is_found() -> None:
    log = clean_log(10)
    log.rows[8] = row_of(8, header_of(5, ts=header_of(8).ts))
    log.rebuild()
    assert ("header", f"8 ({entry_id(5)})") in log.found()


def test_a_back_dated_entry_is_found() -> None:
    log = clean_log(10)
    log.rows[8] = row_of(8, header_of(8, ts=1))
    log.rebuild()
    assert ("header", named(8)) in log.found()


def test_an_entry_of_another_log_is_found() -> None:
    log = clean_log(10)
    log.rows[8] = row_of(8, header_of(8, log="example.org/other"))
    log.rebuild()
    assert ("header", named(8)) in log.found()


def test_an_entry_that_was_silently_not_stored_at_the_end_is_found_by_the_head() -> None:
    log = clean_log(10)
    log.rows.pop()
    assert ("root", "9") in log.found()


HEADER = header_of(2).to_json()
VALUE = json.loads(HEADER)


@pytest.mark.parametrize(
    "data",
    [
        b" " + HEADER,
        HEADER + b"\n",
        HEADER.replace(b'":', b'": ', 1),
        json.dumps(dict(reversed(VALUE.items())), separators=(",", ":")).encode(),
        HEADER.replace(b'"v":1}', b'"v":1.0}'),
        HEADER.replace(b'"v":1}', b'"v":1e0}'),
        HEADER.replace(b'"v":1}', b'"v":2}'),
        HEADER.replace(b'"v":1}', b'"v":true}'),
        HEADER.replace(b'"v":1}', b'"v":null}'),
        HEADER.replace(b'"v":1}', b'"v":NaN}'),
        HEADER.replace(b'"v":1}', b'"v":1,"v":1}'),
        HEADER.replace(b'"v":1}', b'"v":9007199254740993}'),
        HEADER.replace(b'"v":1}', b'"v":' + b"9" * 5000 + b"}"),
        HEADER.replace(b'"v":1}', b'"v":1,"\xc3\xbc":1}'),
        HEADER.replace(b"approve", b"\\u0061pprove"),
        HEADER.replace(b"approve", b"\\ud800"),
        HEADER.replace(b"approve", b"\xff"),
        HEADER.replace(b'"approve"', b"[" * 100_000 + b"]" * 100_000),
        HEADER.replace(b'"approve"', b'"' + b"x" * 70_000 + b'"'),
        HEADER.replace(b'"decision"', b"7"),
        HEADER.replace(b'"decision"', b'"A Decision"'),
        HEADER.replace(b'"id":"01a0', b'"id":"01A0'),
        HEADER.replace(b'"ts":1', b'"ts":-1'),
        b"[]",
        b"1",
        b'"x"',
        b"",
        b"{}",
        b"\x00\xff",
    ],
    ids=range(29),
)
def test_a_header_that_is_not_of_the_one_form_is_found(data: bytes) -> None:
    assert data != HEADER
    log = clean_log(5)
    log.change(2, header=data)
    log.rebuild()
    found = log.found()
    assert any(layer == "header" and entry.startswith("2") for layer, entry in found)


def test_nothing_found_names_what_a_hostile_header_says() -> None:
    log = clean_log(5)
    log.change(2, header=HEADER.replace(entry_id(2).encode(), b"Jane Doe"))
    report = log.verify()
    assert not any("Jane" in item.entry + item.what for item in report.findings)
