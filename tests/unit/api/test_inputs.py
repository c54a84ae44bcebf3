"""DATA is read whole and exactly, or refused with the place and without a value."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from answerable.api.inputs import read_bytes, read_table, table_of
from answerable.audit.errors import AnswerableError, InvalidInput, NotFound, TooLarge, Unavailable

SECRET = "Erika Mustermann"


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_csv_file_keeps_numbers_text_and_missing_values(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a.csv", "n,x,name\n1,0.5,Ann\n2,NA,\n"))
    assert table.names == ("n", "x", "name")
    assert table.dtypes == ("integer", "number", "text")
    assert list(table.row_values()) == [[1, 0.5, "Ann"], [2, None, None]]


def test_account_numbers_with_leading_zeros_stay_text(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a.csv", "account,phone\n0012,+49123\n0450,+49456\n"))
    assert list(table.row_values()) == [["0012", "+49123"], ["0450", "+49456"]]


def test_integers_too_long_for_exact_storage_stay_text(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a.csv", "card\n123456789012345678901\n"))
    assert list(table.row_values()) == [["123456789012345678901"]]


def test_quoted_commas_and_line_breaks_belong_to_the_field(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a.csv", 'a,b\n"x,\ny",2\n'))
    assert list(table.row_values()) == [["x,\ny", 2]]


def test_parquet_and_json_lines_give_the_same_rows_as_csv(tmp_path: Path) -> None:
    expected = [[1, "Ann"], [2, None]]
    parquet.write_table(pa.table({"n": [1, 2], "s": ["Ann", None]}), tmp_path / "a.parquet")
    lines = write(tmp_path, "a.jsonl", '{"n": 1, "s": "Ann"}\n\n{"n": 2}\n')
    plain = write(tmp_path, "a.csv", "n,s\n1,Ann\n2,\n")
    for path in (tmp_path / "a.parquet", lines, plain):
        assert list(read_table(path).row_values()) == expected


def test_a_table_of_a_database_is_read(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "d.db") as connection:
        connection.execute("create table loans (n integer, s text)")
        connection.execute("insert into loans values (1, 'Ann'), (2, null)")
    connection.close()
    table = read_table(f"sqlite:///{tmp_path}/d.db#loans")
    assert list(table.records()) == [{"n": 1, "s": "Ann"}, {"n": 2, "s": None}]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "empty"),
        ("a.csv", "a,b\n", "no rows"),
        ("a.csv", "a,a\n1,2\n", "twice"),
        ("a.csv", f"a,b\n1,2\n{SECRET},2,3\n", "row 3"),
        ("a.csv", f'a,b\n1,"{SECRET}\n', "never closed"),
        ("a.csv", b"a,b\n1,\xff\n", "line 2"),
        ("a.csv", "a,b\n1,\0\n", "NUL"),
        ("a.csv", "a,\n1,2\n", "no name"),
        ("a.parquet", SECRET, "Parquet"),
        ("a.jsonl", f'{{"a": 1}}\n{{"a": {SECRET}}}\n', "line 2"),
        ("a.jsonl", f'["{SECRET}"]\n', "JSON object"),
        ("a.jsonl", f'{{"a": 1}}\n{{"a": "{SECRET}"}}\n', "mixes"),
        ("a.jsonl", '{"a": NaN}\n', "strict JSON"),
        ("a.xlsx", "whatever", "not known"),
        ("noextension", "whatever", "not known"),
    ],
)
def test_unreadable_data_is_refused_without_showing_a_value(
    tmp_path: Path, name: str, content: str | bytes, says: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_table(write(tmp_path, name, content))
    assert says in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_missing_file_table_or_database_is_not_found(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "d.db").close()
    for source in ("none.csv", "none.db#t", "sqlite:///none.db#t", f"sqlite:///{tmp_path}/d.db#t"):
        expected: type[AnswerableError] = InvalidInput if source == "none.db#t" else NotFound
        with pytest.raises(expected):
            read_table(source if source.startswith("sqlite") else tmp_path / source)


def test_the_password_of_a_database_never_stands_in_the_error() -> None:
    with pytest.raises(Unavailable) as caught:
        read_table("postgresql+psycopg://scott:hunter2@127.0.0.1:1/none#t")
    assert "hunter2" not in str(caught.value)
    assert "scott" not in str(caught.value)


def test_an_unknown_column_is_named_with_the_columns_there_are(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a.csv", "n,s\n1,Ann\n"))
    with pytest.raises(InvalidInput, match=r"no column 'race'.*n, s"):
        table.require("n", "race")
    with pytest.raises(InvalidInput, match="2 values for 1 rows"):
        table.with_column("p", [1, 2])
    assert table.with_column("n", [9]).select("n").pandas()["n"].tolist() == [9]


def test_frames_in_memory_become_tables() -> None:
    for frame in (pd.DataFrame({"a": [1, 2]}), pa.table({"a": [1, 2]})):
        assert list(table_of(frame, source="notebook").row_values()) == [[1], [2]]
    with pytest.raises(InvalidInput, match="not a table"):
        table_of([1, 2], source="notebook")
    with pytest.raises(InvalidInput, match="no rows"):
        table_of(pd.DataFrame({"a": []}), source="notebook")


def test_other_files_are_read_whole_or_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "policy.yaml", "x: 1")
    assert read_bytes(path, what="policy") == b"x: 1"
    with pytest.raises(NotFound, match="policy file"):
        read_bytes(tmp_path / "none", what="policy")
    with pytest.raises(InvalidInput, match="folder"):
        read_bytes(tmp_path, what="policy")
    with pytest.raises(TooLarge):
        read_bytes(path, what="policy", limit=2)
