from enum import StrEnum
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from answerable.audit.documents import read_document, read_yaml
from answerable.audit.errors import InvalidInput, NotFound, TooLarge


class Colour(StrEnum):
    RED = "red"


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    threshold: float = Field(ge=0, le=1)
    colour: Colour | None = None


class Policy(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    rules: tuple[Rule, ...]


POLICY = """\
title: Lending
rules:
  - name: four_fifths
    threshold: 0.8
    colour: red
  - name: gap
    threshold: 0.1
"""


def test_a_document_is_read_into_its_model() -> None:
    policy = read_document(POLICY, Policy)
    assert [rule.threshold for rule in policy.rules] == [0.8, 0.1]
    assert policy.rules[0].colour is Colour.RED


def test_an_error_names_file_line_and_field() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_document(POLICY.replace("0.1", "high"), Policy, where="policy.yaml")
    assert str(refused.value).startswith("policy.yaml:7: rules.1.threshold: ")


def test_every_error_of_a_document_is_told_at_its_own_line() -> None:
    text = POLICY.replace("0.8", "8").replace("red", "blue").replace("title", "titel")
    with pytest.raises(InvalidInput) as refused:
        read_document(text, Policy, where="p.yaml")
    lines = [line.split(": ")[:2] for line in str(refused.value).splitlines()]
    assert ["p.yaml:1", "title"] in lines  # missing: told where the mapping begins
    assert ["p.yaml:4", "rules.0.threshold"] in lines
    assert ["p.yaml:5", "rules.0.colour"] in lines
    assert ["p.yaml:1", "titel"] in lines


def test_text_is_not_taken_for_a_number_nor_a_number_for_text() -> None:
    with pytest.raises(InvalidInput, match="threshold"):
        read_document(POLICY.replace("0.8", '"0.8"'), Policy)
    with pytest.raises(InvalidInput, match="title"):
        read_document(POLICY.replace("Lending", "7"), Policy)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("off", "off"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("-7", -7),
        ("+7", 7),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("[]", []),
        ("{}", {}),
        ("é", "é"),
    ],
)
def test_plain_text_means_what_json_can_say_and_otherwise_itself(text: str, value: object) -> None:
    read = read_yaml(f"a: {text}\n".encode(), "x").value
    assert read == {"a": value}
    assert isinstance(read, dict)
    assert type(read["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "stands here again, first on line 1"),
        ("a:\n  b: 1\n  b: 1\n", 3, "stands here again, first on line 2"),
        ("a: 1\nb: !!python/object:os.system x\n", 2, "tags"),
        ("a: !include other.yaml\n", 1, "tags"),
        ("a: !!int 7\n", 1, "tags"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, "merge keys"),
        ("? [1]\n: 2\n", 1, "a key must be text"),
        ("a: [1\nb: 2\n", 2, "not YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("a: *nobody\n", 1, "an alias whose anchor"),
        ("a: &x\n  b: *x\n", 2, "an alias whose anchor"),
        ("a: 1\n*x : 2\n", 2, "alias"),
        ("a:\n\t- 1\n", 2, "not YAML"),
    ],
)
def test_what_is_not_read_is_refused_at_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(InvalidInput, match=what) as refused:
        read_yaml(text.encode(), "p.yaml")
    assert refused.value.where == f"p.yaml:{line}"


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"a: \x00", b"\x07"])
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_yaml(data, "p.yaml")


def test_an_alias_is_read_as_what_it_stands_for() -> None:
    assert read_yaml(b"a: &x [1, 2]\nb: *x\n", "x").value == {"a": [1, 2], "b": [1, 2]}


def test_a_small_file_cannot_grow_into_a_large_one() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(TooLarge, match="aliases counted"):
        read_yaml("\n".join(lines).encode(), "bomb.yaml")


def test_a_chain_of_aliases_cannot_grow_deep() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 60))]
    with pytest.raises(TooLarge) as refused:
        read_yaml("\n".join(lines).encode(), "deep.yaml")
    assert refused.value.where == "deep.yaml:32"


def test_an_alias_to_itself_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not complete"):
        read_yaml(b"a: &x [*x]\n", "loop.yaml")


def test_errors_in_what_an_alias_stands_for_are_told_where_it_is_used() -> None:
    text = "title: x\nrules:\n  - &r\n    name: a\n    threshold: 2\n  - *r\n"
    with pytest.raises(InvalidInput) as refused:
        read_document(text, Policy, where="p")
    assert [line.split(": ")[0] for line in str(refused.value).splitlines()] == ["p:5", "p:6"]


@pytest.mark.parametrize("data", [b"[" * 5_000, b"[" * 40 + b"]" * 40, b"a" * 1_100_000])
def test_a_document_too_deep_or_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(TooLarge):
        read_yaml(data, "x.yaml")


def test_a_file_is_read_and_named(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    assert read_document(path, Policy).title == "Lending"
    path.write_text("title: 1\nrules: []\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"^policy\.yaml:1: title"):
        read_document(path, Policy)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nothing\.yaml"):
        read_document(tmp_path / "nothing.yaml", Policy)
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_document(tmp_path, Policy)


def test_an_empty_document_is_refused_by_a_model_that_needs_fields() -> None:
    with pytest.raises(InvalidInput, match="document:1"):
        read_document("", Policy)


def test_the_values_of_a_document_are_not_shown() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_document(POLICY.replace("0.8", "Jane Doe"), Policy)
    assert "Jane" not in str(refused.value)


def test_many_errors_are_cut_short() -> None:
    rules = "\n".join("  - name: 1\n    threshold: x" for _ in range(20))
    with pytest.raises(InvalidInput, match="and 32 more"):
        read_document(f"title: t\nrules:\n{rules}\n", Policy)
