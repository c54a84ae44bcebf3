"""Several identifiers of one person, on each database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.errors import Conflict, InvalidInput, NotFound, RecordTampered
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role, SubjectAliasAdded
from tests.log_kit import ACTOR, LogKit


def alias(kit: LogKit, ref: str, source: str = "crm") -> Draft:
    return Draft(
        kind=EntryKind.SUBJECT_ALIAS_ADDED,
        entry_id=kit.entry_id(),
        record=SubjectAliasAdded(subject=ref, source=source),
        actor=ACTOR,
        role=Role.OFFICER,
    )


def known(kit: LogKit, *names: str) -> list[str]:
    kit.log.append_many([kit.decision(name) for name in names])
    return [kit.ref(name) for name in names]


def test_each_identifier_leads_to_the_one_person(kit: LogKit) -> None:
    (ref,) = known(kit, "anna")
    kit.log.add_alias("anna", "crm-7", alias(kit, ref))
    kit.log.add_alias("crm-7", "old-9", alias(kit, ref, "ledger"))
    kit.reopen()
    assert [kit.log.subject_ref(name) for name in ("anna", "crm-7", "old-9")] == [ref] * 3
    draft = kit.decision("crm-7")
    kit.log.append(draft)
    assert kit.log.entry(draft.entry_id).header.subjects[0].ref == ref
    assert len(kit.log.subject_entries(ref)) == 4
    assert kit.verify().ok
    assert kit.log.stored().findings_beside() == []


def test_the_entry_names_no_identifier(kit: LogKit) -> None:
    (ref,) = known(kit, "anna")
    receipt = kit.log.add_alias("anna", "crm-number-7", alias(kit, ref))
    entry = kit.log.entry(receipt.entry_id)
    assert entry.header.subjects[0].ref == ref
    assert b"crm-number-7" not in entry.header_bytes
    assert kit.log.read_record(receipt.entry_id, SubjectAliasAdded).source == "crm"


def test_adding_again_gives_the_first_receipt_or_says_so(kit: LogKit) -> None:
    (ref,) = known(kit, "anna")
    draft = alias(kit, ref)
    first = kit.log.add_alias("anna", "crm-7", draft)
    assert kit.log.add_alias("anna", "crm-7", draft) == replace(first, repeated=True)
    with pytest.raises(Conflict, match="leads to somebody already"):
        kit.log.add_alias("anna", "crm-7", alias(kit, ref))
    assert kit.log.size() == 3


def test_an_identifier_of_another_person_is_refused(kit: LogKit) -> None:
    anna, ben = known(kit, "anna", "ben")
    with pytest.raises(Conflict):
        kit.log.add_alias("anna", "ben", alias(kit, anna))
    kit.log.add_alias("ben", "crm-8", alias(kit, ben))
    with pytest.raises(Conflict):
        kit.log.add_alias("anna", "crm-8", alias(kit, anna))
    with pytest.raises(InvalidInput, match="another person"):
        kit.log.add_alias("anna", "crm-7", alias(kit, ben))
    with pytest.raises(NotFound, match="does not know"):
        kit.log.add_alias("carla", "crm-7", alias(kit, anna))
    for name in ("", "x" * 257):
        with pytest.raises(InvalidInput, match="1 to 256"):
            kit.log.add_alias("anna", name, alias(kit, anna))
    assert kit.log.size() == 4


def test_the_entry_must_record_a_further_identifier(memory_kit: LogKit) -> None:
    (ref,) = known(memory_kit, "anna")
    good = alias(memory_kit, ref)
    for bad in (
        replace(good, kind=EntryKind.SUBJECT_REQUEST),
        replace(good, subjects=(DraftSubject(role="x", ref=ref),)),
        memory_kit.erasure(),
    ):
        with pytest.raises(InvalidInput):
            memory_kit.log.add_alias("anna", "crm-7", bad)
    assert memory_kit.log.subject_ref("crm-7") is None


def test_erasing_takes_every_identifier_with_it(kit: LogKit) -> None:
    anna, ben = known(kit, "anna", "ben")
    kit.log.add_alias("anna", "crm-7", alias(kit, anna))
    kit.log.add_alias("ben", "crm-8", alias(kit, ben))
    kit.log.erase(anna, kit.erasure())
    assert [kit.log.subject_ref(name) for name in ("anna", "crm-7")] == [None, None]
    assert kit.log.subject_ref("crm-8") == ben
    schema = "main" if kit.url.startswith("sqlite") else "audit"
    with kit.log._database.read() as connection:
        left = connection.execute(text(f"SELECT count(*) FROM {schema}.subject_alias")).scalar()  # noqa: S608
    assert left == 1
    again = kit.decision("crm-7")
    kit.log.append(again)
    assert kit.log.entry(again.entry_id).header.subjects[0].ref not in (anna, ben)


def test_swapped_identifiers_lead_nowhere(kit: LogKit) -> None:
    anna, ben = known(kit, "anna", "ben")
    kit.log.add_alias("anna", "crm-7", alias(kit, anna))
    schema = "main" if kit.url.startswith("sqlite") else "audit"
    change = f"UPDATE {schema}.subject_alias SET ref = :ref"  # noqa: S608
    with kit.log._database.write() as connection:
        connection.execute(text(change), {"ref": ben})
    with pytest.raises(RecordTampered, match="swapped with another"):
        kit.log.subject_ref("crm-7")
    with pytest.raises(RecordTampered):
        kit.log.append(kit.decision("crm-7"))
    with kit.log._database.write() as connection:
        connection.execute(text(change), {"ref": "s-" + "0" * 32})
    assert kit.log.subject_ref("crm-7") is None
    assert kit.log.size() == 4


def test_an_identifier_taken_away_or_back_after_an_erasure_is_named(kit: LogKit) -> None:
    anna, ben = known(kit, "anna", "ben")
    kit.log.add_alias("anna", "crm-7", alias(kit, anna))
    kit.log.add_alias("ben", "crm-8", alias(kit, ben))
    schema = "main" if kit.url.startswith("sqlite") else "audit"
    with kit.log._database.write() as connection:
        kept = connection.execute(
            text(f"SELECT lookup, ref, mac FROM {schema}.subject_alias WHERE ref = :ref"),  # noqa: S608
            {"ref": anna},
        ).one()
        connection.execute(text(f"DELETE FROM {schema}.subject_alias WHERE ref = '{ben}'"))  # noqa: S608
    assert [item.what for item in kit.log.stored().findings_beside()] == [
        f"the further identifiers of {ben} are not those added"
    ]
    kit.log.erase(anna, kit.erasure())
    with kit.log._database.write() as connection:
        connection.execute(
            text(f"INSERT INTO {schema}.subject_alias VALUES (:lookup, :ref, :mac)"),  # noqa: S608
            kept._asdict(),
        )
    assert {item.what for item in kit.log.stored().findings_beside()} == {
        f"the further identifiers of {ref} are not those added" for ref in (anna, ben)
    }
    assert kit.log.subject_ref("crm-7") is None
