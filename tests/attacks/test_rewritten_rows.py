"""Someone who owns the database removes the guards and rewrites rows. Who notices, and where."""

# ruff: noqa: S608 - the schema's name comes from this file

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from answerable.audit.errors import EvidenceBroken, NotFound, RecordTampered
from answerable.audit.ids import entry_id_bytes
from answerable.audit.kinds import EntryKind
from answerable.audit.log import stored_log
from answerable.audit.queries import count_differences
from answerable.audit.store.authorizer import schema_changes
from answerable.audit.store.entry_rows import place_of
from answerable.audit.tree.merkle import leaf_hash
from answerable.audit.verify import verify_log
from tests.log_kit import LogKit, redecided


def rewrite(kit: LogKit, statement: str, **values: object) -> None:
    """Run a statement as the owner of the database would: guards removed first."""
    with kit.log._database._engine.connect() as connection:
        writing = connection.execution_options(answerable_write=True)
        with writing.begin():
            if kit.url.startswith("sqlite"):
                names = writing.exec_driver_sql(
                    "SELECT name FROM main.sqlite_master WHERE type = 'trigger'"
                ).scalars()
                # Another program would do it: a connection of ours drops no trigger.
                with schema_changes(writing):
                    for name in list(names):
                        writing.exec_driver_sql(f"DROP TRIGGER main.{name}")
                writing.execute(text(statement), values)
            else:
                for table in (
                    "entry",
                    "body",
                    "head",
                    "tile",
                    "checkpoint",
                    "entry_id",
                    "entry_subject",
                    "link",
                    "anchor",
                    "floor",
                ):
                    writing.exec_driver_sql(f"ALTER TABLE audit.{table} DISABLE TRIGGER ALL")
                writing.exec_driver_sql("SET LOCAL search_path = audit")
                writing.execute(text(statement), values)


def findings(kit: LogKit, checkpoint: str | None = None) -> set[tuple[str, str]]:
    return {(item.layer, item.entry.split(" ")[0]) for item in kit.verify(checkpoint).findings}


@pytest.fixture
def told(kit: LogKit) -> tuple[LogKit, str]:
    """A log with three decisions and the checkpoint an auditor took home."""
    for name in ("anna", "ben", "carla"):
        kit.log.append(kit.decision(name, amount=5))
    return kit, kit.log.checkpoint()


def test_a_changed_header_is_named_by_reader_and_verifier(told: tuple[LogKit, str]) -> None:
    kit, note = told
    entry = kit.log.entry_at(2)
    changed = entry.header_bytes.replace(b'"outcome":"approve"', b'"outcome":"decline"')
    rewrite(kit, "UPDATE entry SET header = :header WHERE seq = 2", header=changed)
    with pytest.raises(RecordTampered, match="entry 2"):
        kit.log.entry(entry.id)
    with pytest.raises(RecordTampered, match="entry 2"):
        kit.log.entries()
    assert ("leaf", "2") in findings(kit, note)


def test_a_changed_header_with_its_leaf_contradicts_the_root(told: tuple[LogKit, str]) -> None:
    kit, note = told
    entry = kit.log.entry_at(2)
    changed = entry.header_bytes.replace(b'"outcome":"approve"', b'"outcome":"decline"')
    rewrite(
        kit,
        "UPDATE entry SET header = :header, leaf = :leaf WHERE seq = 2",
        header=changed,
        leaf=leaf_hash(changed),
    )
    with pytest.raises(EvidenceBroken):
        kit.log.proof(entry.id)
    assert {layer for layer, _ in findings(kit, note)} >= {"root", "checkpoint"}
    kit.log.append(kit.decision("dora"))
    with pytest.raises(EvidenceBroken, match="no longer begins"):
        kit.log.checkpoint()


@pytest.mark.parametrize("part", [0, 1])
def test_a_changed_body_is_named(told: tuple[LogKit, str], part: int) -> None:
    kit, note = told
    rewrite(
        kit,
        "UPDATE body SET data = :data WHERE place = :place",
        data=b"x" * 90,
        place=place_of(2, part),
    )
    with pytest.raises(RecordTampered, match="entry 2"):
        kit.log.open_body(kit.log.entry_at(2))
    assert ("body", "2") in findings(kit, note)


def test_swapped_bodies_are_named(told: tuple[LogKit, str]) -> None:
    kit, note = told
    for moved, to in ((2, 1000), (1, 2), (1000, 1)):
        rewrite(
            kit,
            "UPDATE body SET place = place - :moved * 256 + :to * 256 WHERE place / 256 = :moved",
            moved=moved,
            to=to,
        )
    assert {("body", "1"), ("body", "2")} <= findings(kit, note)


def test_a_removed_body_is_named_while_its_key_exists(told: tuple[LogKit, str]) -> None:
    kit, _ = told
    rewrite(kit, "DELETE FROM body WHERE place = 512")
    with pytest.raises(RecordTampered, match="part 0 of the body is missing"):
        kit.log.open_body(kit.log.entry_at(2))


def test_a_removed_entry_leaves_a_gap_that_is_named(told: tuple[LogKit, str]) -> None:
    kit, note = told
    rewrite(kit, "DELETE FROM entry WHERE seq = 2")
    assert any(
        layer == "sequence" and entry.startswith("2") for layer, entry in findings(kit, note)
    )


def test_a_cut_tail_is_shown_by_the_outside_checkpoint(told: tuple[LogKit, str]) -> None:
    kit, note = told
    rewrite(kit, "DELETE FROM entry WHERE seq = 3")
    rewrite(kit, "DELETE FROM checkpoint")
    assert any(layer == "checkpoint" for layer, _ in findings(kit, note))
    with pytest.raises(NotFound, match="a tile of the tree is not stored"):
        kit.log.root_at(4)


def test_an_index_that_lies_is_named(told: tuple[LogKit, str]) -> None:
    kit, note = told
    entry = kit.log.entry_at(3)
    rewrite(kit, "UPDATE entry SET kind = 'explanation' WHERE seq = 3")
    assert ("index", "3") in findings(kit, note)
    other = kit.entry_id()
    rewrite(kit, "UPDATE entry_id SET id = :id WHERE seq = 3", id=entry_id_bytes(other))
    with pytest.raises(NotFound, match=entry.id):
        kit.log.entry(entry.id)
    with pytest.raises(RecordTampered, match="indexed under another id"):
        kit.log.entry(other)
    beside = kit.log.stored().findings_beside()
    assert ("index", f"3 ({entry.id})") in {(item.layer, item.entry) for item in beside}


@pytest.mark.parametrize(
    "column", ["function", "outcome", "automation", "reference", "ts = ts - 1, kind"]
)
def test_every_index_column_is_compared_with_the_header(
    told: tuple[LogKit, str], column: str
) -> None:
    kit, note = told
    rewrite(kit, f"UPDATE entry SET {column} = 'other' WHERE seq = 2")
    assert ("index", "2") in findings(kit, note)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM entry_id WHERE seq = 2", "ids"),
        ("DELETE FROM entry_subject WHERE seq = 2", "subjects"),
        ("DELETE FROM link WHERE seq = 4", "links"),
        ("UPDATE link SET rel = 'other' WHERE seq = 4", "links"),
    ],
)
def test_an_entry_hidden_from_the_person_it_is_about_is_named(
    told: tuple[LogKit, str], statement: str, what: str
) -> None:
    kit, _ = told
    first = kit.log.entry_at(1).id
    kit.log.append(redecided(kit.decision("anna"), supersedes=first))
    assert kit.log.stored().findings_beside() == []
    rewrite(kit, statement)
    found = kit.log.stored().findings_beside()
    seq = 4 if "4" in statement else 2
    assert [(item.layer, item.entry, what in item.what) for item in found] == [
        ("index", f"{seq} ({kit.log.entry_at(seq).id})", True)
    ]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("INSERT INTO link (target, seq, number, rel) VALUES ('x', 2, 0, 'about')", "links"),
        ("INSERT INTO entry_subject (ref, seq) VALUES (:key, 2)", "subjects"),
        ("INSERT INTO entry_id (id, seq) VALUES (:key, 2)", "ids"),
    ],
)
def test_a_row_that_files_an_entry_under_something_else_is_counted(
    told: tuple[LogKit, str], statement: str, what: str
) -> None:
    kit, _ = told
    rewrite(kit, statement, **({"key": bytes(16)} if ":key" in statement else {}))
    found = kit.log.stored().findings_beside()
    assert [(item.layer, item.what) for item in found] == [
        ("index", f"the index of {what} holds 1 rows of no entry")
    ]


def test_swapped_keys_open_nothing(told: tuple[LogKit, str]) -> None:
    kit, _ = told
    anna, ben = kit.ref("anna"), kit.ref("ben")
    rewrite(
        kit,
        "UPDATE subject_key SET wrapped = (SELECT wrapped FROM subject_key WHERE ref = :other), "
        "bucket = (SELECT bucket FROM subject_key WHERE ref = :other) WHERE ref = :ref",
        other=anna,
        ref=ben,
    )
    with pytest.raises(RecordTampered, match=ben):
        kit.log.open_body(kit.log.entry_at(2))


def test_swapped_look_ups_lead_to_nobody_elses_file(told: tuple[LogKit, str]) -> None:
    kit, _ = told
    anna, ben = kit.ref("anna"), kit.ref("ben")
    with kit.log._database.read() as connection:
        where = "main" if kit.url.startswith("sqlite") else "audit"
        lookups: dict[str, bytes] = dict(
            connection.exec_driver_sql(f"SELECT ref, lookup FROM {where}.subject_key").all()
        )
    for ref, lookup in ((anna, bytes(32)), (ben, lookups[anna]), (anna, lookups[ben])):
        rewrite(kit, "UPDATE subject_key SET lookup = :to WHERE ref = :ref", to=lookup, ref=ref)
    with pytest.raises(RecordTampered, match=ben):
        kit.log.subject_ref("anna")
    with pytest.raises(RecordTampered, match=ben):
        kit.log.append(kit.decision("anna"))


def test_a_key_removed_without_an_erasure_is_no_erasure(told: tuple[LogKit, str]) -> None:
    kit, _ = told
    ben = kit.ref("ben")
    rewrite(kit, "DELETE FROM subject_key WHERE ref = :ref", ref=ben)
    with pytest.raises(EvidenceBroken, match="no entry records an erasure"):
        kit.log.open_body(kit.log.entry_at(2))
    with pytest.raises(EvidenceBroken, match=ben):
        kit.log.is_erased(ben)


def test_a_key_row_put_back_after_an_erasure_opens_nothing(told: tuple[LogKit, str]) -> None:
    kit, _ = told
    ben = kit.ref("ben")
    with kit.log._database.read() as connection:
        where = "main" if kit.url.startswith("sqlite") else "audit"
        row = connection.exec_driver_sql(
            f"SELECT ref, lookup, bucket, version, wrapped FROM {where}.subject_key"
        ).all()
    kit.log.erase(ben, kit.erasure())
    held = next(item for item in row if item[0] == ben)
    rewrite(
        kit,
        "INSERT INTO subject_key (ref, lookup, bucket, version, wrapped) "
        "VALUES (:ref, :lookup, :bucket, :version, :wrapped)",
        **dict(zip(("ref", "lookup", "bucket", "version", "wrapped"), held, strict=True)),
    )
    with pytest.raises(Exception, match="the vault lacks key 1"):
        kit.log.open_body(kit.log.entry_at(2))


def test_a_head_set_back_is_refused(told: tuple[LogKit, str]) -> None:
    kit, _ = told
    with kit.log._database.read() as connection:
        where = "main" if kit.url.startswith("sqlite") else "audit"
        frontier = connection.exec_driver_sql(f"SELECT frontier FROM {where}.head").scalar()
    kit.log.append(kit.decision("dora"))
    rewrite(kit, "UPDATE head SET size = 4")
    with pytest.raises(RecordTampered, match="frontier"):
        kit.log.append(kit.decision("emil"))
    rewrite(kit, "UPDATE head SET frontier = :frontier", frontier=frontier)
    with pytest.raises(EvidenceBroken, match="had 5 entries and now has 4"):
        kit.log.append(kit.decision("emil"))


def test_a_rewritten_view_is_not_believed(told: tuple[LogKit, str]) -> None:
    kit, _ = told
    kit.log.save_projection("registry", 3, b"state")
    assert kit.log.load_projection("registry") == (3, b"state")
    rewrite(kit, "UPDATE projection SET state = :state", state=b"other")
    assert kit.log.load_projection("registry") is None


def test_rewritten_counts_are_found_by_a_recount(told: tuple[LogKit, str]) -> None:
    kit, _ = told
    assert count_differences(kit.log) == []
    rewrite(kit, "UPDATE rollup SET n = n - 2")
    assert [item.n for item in count_differences(kit.log)] == [-2]


def test_a_copy_verifies_without_the_vault(tmp_path: Path) -> None:
    kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}")
    kit.log.append(kit.decision("anna"))
    note = kit.log.checkpoint()
    vkey = kit.log.vkey
    kit.log.close()
    stored = stored_log(kit.url)
    report = verify_log(
        stored.rows(), origin=stored.origin, vkey=vkey, checkpoint=note, stored=stored.state
    )
    stored.close()
    assert (report.ok, report.anchored, stored.vkey, stored.checkpoint) == (True, True, vkey, note)


def test_clean_histories_raise_no_alarm(told: tuple[LogKit, str]) -> None:
    kit, note = told
    kit.log.erase(kit.ref("anna"), kit.erasure())
    kit.log.place_hold(kit.hold(kit.ref("ben")))
    assert findings(kit, note) == set()
    assert [entry.kind for entry in kit.log.latest(limit=2)] == [
        EntryKind.HOLD_PLACED,
        EntryKind.SUBJECT_ERASED,
    ]


@pytest.mark.parametrize("far", [2**40, 2**55 - 1, 2**55, 2**63 - 1])
def test_an_entry_slipped_in_at_the_end_of_all_places_is_named(
    sqlite_kit: LogKit, far: int
) -> None:
    kit = sqlite_kit
    kit.log.append_many([kit.decision("anna", n=n) for n in range(3)])
    rewrite(
        kit,
        "INSERT INTO entry SELECT :far, ts, kind, function, outcome, automation, reference, "
        "header, leaf FROM entry WHERE seq = 2",
        far=far,
    )
    report = kit.verify()
    found = {(item.layer, item.entry.split(" ")[0]) for item in report.findings}
    assert {("sequence", "4"), ("header", f"{far}")} <= found
    beside = kit.log.stored().findings_beside()
    assert ("index", f"{far}") in {(item.layer, item.entry.split(" ")[0]) for item in beside}
