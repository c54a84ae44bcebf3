import hashlib
import hmac

import pytest

from answerable.audit.errors import InvalidInput, NotFound
from answerable.audit.fingerprint import (
    fingerprint_rows,
    row_bytes,
    schema_digest,
    tombstones_of,
)
from answerable.audit.records import ColumnSchema

SALT = bytes(range(16))
ROWS = [row_bytes([number, "x", None]) for number in range(5)]


def test_the_root_of_one_row_is_the_hash_the_format_describes() -> None:
    row_salt = hmac.new(SALT, b"row\x00" + bytes(8), hashlib.sha256).digest()
    row_hash = hashlib.sha256(row_salt + ROWS[0]).digest()
    root = hashlib.sha256(b"\x00" + row_hash).hexdigest()
    assert fingerprint_rows(ROWS[:1], SALT).root == f"sha256:{root}"
    assert tombstones_of(ROWS[:1], SALT, [0]) == {0: f"sha256:{row_hash.hex()}"}


def test_an_empty_table_has_the_root_of_nothing() -> None:
    fingerprint = fingerprint_rows([], SALT)
    assert fingerprint.root == f"sha256:{hashlib.sha256(b'').hexdigest()}"
    assert fingerprint.rows == 0


def test_the_salt_is_not_printed() -> None:
    assert repr(SALT) not in repr(fingerprint_rows(ROWS, SALT))


@pytest.mark.parametrize("salt", [b"", bytes(15)])
def test_a_short_salt_is_refused(salt: bytes) -> None:
    with pytest.raises(InvalidInput, match="salt"):
        fingerprint_rows(ROWS, salt)
    with pytest.raises(InvalidInput, match="salt"):
        tombstones_of(ROWS, salt, [0])


@pytest.mark.parametrize("erased", [[5], [-1], [0, 99]])
def test_a_row_that_does_not_exist_cannot_be_erased(erased: list[int]) -> None:
    with pytest.raises(NotFound):
        tombstones_of(ROWS, SALT, erased)


@pytest.mark.parametrize("number", [7, -1])
def test_a_tombstone_beyond_the_table_is_refused(number: int) -> None:
    digest = tombstones_of(ROWS, SALT, [0])[0]
    with pytest.raises(InvalidInput, match="beyond"):
        fingerprint_rows(ROWS, SALT, {number: digest})


@pytest.mark.parametrize("text", ["", "sha256:zz", "00" * 32, "sha256:" + "0" * 63 + "G"])
def test_a_malformed_tombstone_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="tombstone"):
        fingerprint_rows(ROWS[1:], SALT, {0: text})


def test_every_row_may_be_erased() -> None:
    tombstones = tombstones_of(ROWS, SALT, range(5))
    assert fingerprint_rows([], SALT, tombstones).root == fingerprint_rows(ROWS, SALT).root


def test_a_missing_value_is_null_and_not_a_number_is_refused() -> None:
    with pytest.raises(InvalidInput):
        row_bytes([float("nan")])
    assert row_bytes([None]) != row_bytes(["null"])


def test_a_schema_changes_with_name_type_role_and_order() -> None:
    one = ColumnSchema(name="a", dtype="int64", role="feature")
    two = ColumnSchema(name="b", dtype="int64", role="feature")
    schemas = [
        [one, two],
        [two, one],
        [one],
        [one.model_copy(update={"dtype": "float64"}), two],
        [one.model_copy(update={"role": "label"}), two],
    ]
    assert len({schema_digest(columns) for columns in schemas}) == len(schemas)
