"""The same log on the oldest and the newest PostgreSQL it is run on."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect

from answerable.audit.records import LegalHold
from answerable.audit.store.schema import REVISIONS, current_revision
from answerable.audit.store.tables import metadata
from tests.log_kit import LogKit

pytestmark = pytest.mark.postgres


def test_the_migrated_tables_are_those_of_the_code_on_each_version(
    any_postgres_kit: LogKit,
) -> None:
    with any_postgres_kit.log._database.read() as connection:
        assert current_revision(connection) == REVISIONS[-1]
        found = inspect(connection)
        for table in metadata.tables.values():
            columns = {item["name"] for item in found.get_columns(table.name, schema="audit")}
            assert columns == {column.name for column in table.columns}
            keys = found.get_pk_constraint(table.name, schema="audit")["constrained_columns"]
            assert keys == [column.name for column in table.primary_key]


def test_a_log_is_appended_held_erased_and_verified_on_each_version(
    any_postgres_kit: LogKit,
) -> None:
    kit = any_postgres_kit
    receipts = kit.log.append_many(
        [kit.decision("anna", "bert"), *(kit.decision("anna") for _ in range(300))]
    )
    ref = kit.ref("anna")
    kit.log.place_hold(kit.hold(ref))
    held = kit.log.holds(ref)
    assert [type(item) for item in held] == [LegalHold]
    kit.log.erase(kit.ref("bert"), kit.erasure())
    note = kit.log.checkpoint()
    report = kit.verify(checkpoint=note)
    assert (report.ok, report.anchored) == (True, True)
    assert kit.reopen().size() == receipts[-1].seq + 3
    assert kit.log.stored().findings_beside() == []
