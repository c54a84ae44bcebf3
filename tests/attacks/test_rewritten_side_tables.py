"""Someone who owns the database changes what stands beside the tree. The verification names it."""

# ruff: noqa: S608 - the statements come from this file

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from answerable.audit.beside import CellOf, findings_at_the_end
from answerable.audit.beside_part import PartReader
from answerable.audit.codes import Role
from answerable.audit.entries import Draft
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import LegalHold
from answerable.audit.store import entry_rows
from answerable.audit.store.tables import tile
from answerable.audit.tree.merkle import leaf_hash
from answerable.audit.verify import Finding
from tests.attacks.test_rewritten_rows import rewrite
from tests.log_kit import ACTOR, LogKit

HOLD = ("litigation", "case-7")


def layers(kit: LogKit, *, with_vault: bool = True) -> list[tuple[str, str]]:
    """Return layer and place of every finding beside the tree."""
    cell_of = kit.log.cell_of if with_vault else None
    found = kit.log.stored().findings_beside(cell_of=cell_of)
    assert added_up(kit, cell_of) == found
    return [(item.layer, item.entry.split(" ")[0]) for item in found]


def added_up(kit: LogKit, cell_of: CellOf | None) -> list[Finding]:
    """Return the findings of stretches of two places each, added up as processes do it."""
    stored = kit.log.stored()
    with stored.database.read() as connection:
        whole = PartReader(connection, cell_of).part
        first: int | None = 0
        while first is not None:
            reader = PartReader(connection, cell_of)
            reader.read(first, first + 2)
            whole.add(copy.deepcopy(reader.part))
            first = entry_rows.next_seq(connection, first + 2)
        return findings_at_the_end(connection, whole, by_cell=cell_of is not None)


def held(kit: LogKit, ref: str, kind: EntryKind = EntryKind.HOLD_PLACED) -> Draft:
    record = LegalHold(subject=ref, ground=HOLD[0], reference=HOLD[1])
    return Draft(kind=kind, entry_id=kit.entry_id(), record=record, actor=ACTOR, role=Role.OFFICER)


@pytest.fixture
def told(kit: LogKit) -> LogKit:
    """A log with decisions in two cells, an erased person, a hold that stands and one lifted."""
    for cell, name in enumerate(("anna", "ben", "carla")):
        kit.log.append(replace(kit.decision(name), cell=cell % 2))
    kit.log.place_hold(held(kit, kit.ref("anna")))
    kit.log.place_hold(held(kit, kit.ref("ben")))
    kit.log.lift_hold(held(kit, kit.ref("ben"), EntryKind.HOLD_LIFTED))
    kit.log.erase(kit.ref("carla"), kit.erasure())
    assert layers(kit) == []
    assert layers(kit, with_vault=False) == []
    return kit


def test_a_clear_body_that_is_gone_is_named(told: LogKit) -> None:
    rewrite(told, "DELETE FROM body WHERE place / 256 = 0")
    assert layers(told) == [("body", "0")]


def test_a_sealed_body_that_is_gone_is_named_unless_its_holder_was_erased(told: LogKit) -> None:
    rewrite(told, "DELETE FROM body WHERE place / 256 IN (2, 3)")
    assert set(layers(told)) == {("body", "2")}


def test_a_key_that_is_gone_without_an_erasure_is_named_at_its_first_entry(told: LogKit) -> None:
    rewrite(told, "DELETE FROM subject_key WHERE ref = :ref", ref=told.ref("ben"))
    assert layers(told) == [("keys", "2")]


def test_a_key_row_that_is_back_after_an_erasure_is_named(told: LogKit) -> None:
    erased = told.log.entry_at(3).header.subjects[0].ref
    rewrite(
        told,
        "INSERT INTO subject_key (ref, lookup, bucket, version, wrapped) "
        "VALUES (:ref, :lookup, 1, 1, :wrapped)",
        ref=erased,
        lookup=bytes(32),
        wrapped=bytes(60),
    )
    assert layers(told) == [("keys", "")]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM hold",
        "UPDATE hold SET until = 1",
        "INSERT INTO hold (ref, ground, reference) VALUES ('s-0', 'litigation', 'case-8')",
    ],
)
def test_a_hold_that_was_taken_away_or_slipped_in_is_named(told: LogKit, statement: str) -> None:
    rewrite(told, statement)
    assert layers(told) == [("holds", "")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rollup SET n = n + 1 WHERE cell = 0",
        "DELETE FROM rollup WHERE cell = 1",
        "UPDATE rollup SET outcome = 'decline' WHERE cell = 1",
    ],
)
def test_rewritten_counts_are_named_without_the_vault_too(told: LogKit, statement: str) -> None:
    rewrite(told, statement)
    assert {layer for layer, _ in layers(told, with_vault=False)} == {"counts"}
    assert {layer for layer, _ in layers(told)} == {"counts"}


def test_decisions_moved_to_another_group_cell_are_named_with_the_vault(told: LogKit) -> None:
    rewrite(told, "UPDATE rollup SET cell = 5 WHERE cell = 1")
    assert layers(told, with_vault=False) == []
    assert layers(told) == [("counts", "")] * 2


def test_a_changed_root_of_a_full_tile_is_named(kit: LogKit) -> None:
    kit.log.append_many([kit.decision("anna") for _ in range(256)])
    assert layers(kit) == []
    rewrite(kit, f"UPDATE {tile.name} SET root = :root", root=bytes(32))
    assert layers(kit) == [("tile", "")]


def test_a_row_at_a_far_place_does_not_keep_the_verification_from_ending(told: LogKit) -> None:
    size = told.log.size()
    # On PostgreSQL no partition takes what lies beyond the next one.
    far = 4_000_000_000_000_000 if told.url.startswith("sqlite") else 2_000_000
    rewrite(
        told,
        "INSERT INTO entry (seq, ts, kind, header, leaf) "
        f"VALUES ({far}, 1, 'decision', :header, :leaf)",
        header=b"{}",
        leaf=bytes(32),
    )
    report = told.verify(None)
    assert ("sequence", f"{size} to {far - 1}") in [
        (item.layer, item.entry) for item in report.findings
    ]
    assert isinstance(told.log, Log)
    assert layers(told) == [("header", str(far))]


def test_parts_of_entries_that_do_not_exist_are_named(told: LogKit) -> None:
    size = told.log.size()
    rewrite(told, f"INSERT INTO body VALUES ({size * 256}, :data)", data=b"x")
    rewrite(told, f"INSERT INTO body VALUES ({(size + 3) * 256 + 1}, :data)", data=b"y")
    found = told.log.stored().findings_beside(cell_of=told.log.cell_of)
    assert [(item.layer, item.what) for item in found] == [
        ("body", "2 parts are stored beyond the last entry")
    ]


def test_a_header_that_nobody_can_read_is_named(told: LogKit) -> None:
    """Canonical JSON whose leaf fits, but no header: what lies beside it cannot be compared."""
    entry = told.log.entry_at(2)
    odd = entry.header_bytes.replace(b'"ref":"s-', b'"ref":"a-')
    leaf = leaf_hash(odd)
    rewrite(told, "UPDATE entry SET header = :odd, leaf = :leaf WHERE seq = 2", odd=odd, leaf=leaf)
    assert ("header", "2") in layers(told)
