"""Evidence packs whose container is hostile, and the laws of their bytes."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attacks.packs import CASE, WITNESS, witness_vkey, written
from tests.pack_kit import Files, files_of, layers, rebuilt, zipped


def test_names_that_lead_elsewhere_stand_twice_or_are_unknown_are_refused() -> None:
    files = sorted(files_of(CASE.pack).items())
    for name in (
        "../evil",
        "/etc/passwd",
        "entries/../../evil",
        "entries/0000000000000001/header.json ",
        "readme.txt",
        "entries/",
    ):
        assert layers(CASE.found(zipped([(name, b""), *files]))) == {("container", "")}
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = zipped([*files, files[-1]])
    assert layers(CASE.found(twice)) == {("container", "")}
    assert layers(CASE.found(zipped(files[::-1]))) == {("container", "")}


def test_other_forms_of_the_same_zip_are_refused() -> None:
    files = sorted(files_of(CASE.pack).items())

    def with_info(**facts: Any) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in files:
                info = zipfile.ZipInfo(name, facts.get("date", (1980, 1, 1, 0, 0, 0)))
                info.compress_type = facts.get("method", zipfile.ZIP_STORED)
                info.extra = facts.get("extra", b"")
                archive.writestr(info, data)
        return out.getvalue()

    for pack in (
        with_info(method=zipfile.ZIP_DEFLATED),
        with_info(date=(2026, 1, 1, 0, 0, 0)),
        with_info(extra=b"\x99\x99\x00\x00"),
        CASE.pack + b"\0",
        b"\0" + CASE.pack,
        CASE.pack[:-1],
        CASE.pack[: len(CASE.pack) // 2],
        CASE.pack[:10],
        b"PK\5\6" + bytes(17),
        b"",
    ):
        assert layers(CASE.found(pack)) == {("container", "")}


@pytest.mark.parametrize("size", [2**32 - 1, 2**31, 17 * 2**20])
def test_a_declared_size_beyond_the_file_reads_nothing(size: int) -> None:
    name = b"anchors/00.note"
    head = struct.pack("<4s5H3I2H", b"PK\3\4", 10, 0, 0, 0, 33, 0, size, size, len(name), 0)
    assert layers(CASE.found(head + name + b"x" * 1000)) == {("container", "")}


def test_a_file_over_its_limit_is_refused_though_it_is_there() -> None:
    def change(files: Files) -> None:
        files["anchors/00.note"] = b"x" * 70_000

    assert CASE.faults(change) == {("container", "")}


def test_findings_are_counted_up_to_a_limit() -> None:
    files = files_of(CASE.pack)
    said = json.loads(files["manifest.json"])
    said["files"] |= {f"nothing/{number}": "" for number in range(5_000)}
    found = CASE.found(zipped(sorted({**files, "manifest.json": written(said)}.items())))
    assert len(found["findings"]) == 200


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(CASE.pack) - 1), st.integers(1, 255))
def test_no_single_byte_of_a_pack_can_be_changed(place: int, flip: int) -> None:
    changed = bytearray(CASE.pack)
    changed[place] ^= flip
    assert not CASE.found(bytes(changed))["ok"]


CONTENT: Final = files_of(CASE.pack)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(set(CONTENT) - {"manifest.json"})), st.data())
def test_no_byte_of_a_file_can_be_changed_by_who_mends_the_manifest(
    name: str, data: st.DataObject
) -> None:
    """Anchors are the exception the verifier itself states: other words of others are ignored."""
    place = data.draw(st.integers(0, len(CONTENT[name]) - 1))
    flip = data.draw(st.integers(1, 255))

    def change(files: Files) -> None:
        changed = bytearray(files[name])
        changed[place] ^= flip
        files[name] = bytes(changed)

    found = CASE.found(
        rebuilt(CASE.pack, change), witnesses=[witness_vkey(WITNESS, "witness.example")]
    )
    stated = [anchor["checked"] for anchor in found["anchors"]]
    assert not found["ok"] or (name.startswith("anchors/") and "not checked" in stated)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_junk_is_a_finding_and_never_an_error(junk: bytes) -> None:
    assert not CASE.found(junk)["ok"]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(CONTENT)), st.binary(max_size=200))
def test_junk_in_any_file_is_a_finding_and_never_an_error(name: str, junk: bytes) -> None:
    def change(files: Files) -> None:
        files[name] = junk

    if name == "manifest.json":
        assert not CASE.found(zipped(sorted({**CONTENT, name: junk}.items())))["ok"]
    else:
        assert not CASE.found(rebuilt(CASE.pack, change))["ok"]
