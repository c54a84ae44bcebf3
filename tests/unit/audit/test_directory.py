"""The directory of actors: names that can be erased behind references that stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from answerable.audit.directory import Directory
from answerable.audit.errors import Conflict, Erased, InvalidInput, NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role
from tests.log_kit import ACTOR, LogKit, OneBucket

NAME = "Demo Model Owner"
KEY = "ab" * 32


def directory_of(kit: LogKit) -> Directory:
    return Directory(kit.log, ids=kit.entry_id, entropy=kit.entropy)


def test_a_registered_actor_is_found_with_roles_and_name(kit: LogKit) -> None:
    directory = directory_of(kit)
    owner = directory.register(NAME, (Role.MODEL_OWNER, Role.SCIENTIST), public_key=KEY)
    service = directory.register("scoring service", (Role.SERVICE,), service=True, by=owner.actor)
    kit.reopen()
    again = directory_of(kit)
    assert again.find(owner.actor) == owner
    assert again.actors() == [owner, service]
    assert (again.name_of(owner.actor), again.name_of(service.actor)) == (NAME, "scoring service")
    entry = kit.log.latest(kinds=(EntryKind.ACTOR_REGISTERED,), limit=1)[0]
    assert entry.header.actor == owner.actor
    assert kit.verify().ok


def test_no_file_of_the_log_holds_a_name(tmp_path: Path) -> None:
    kit = LogKit.create(f"sqlite:///{tmp_path / 'log.db'}", keys=tmp_path / "keys")
    directory_of(kit).register(NAME, (Role.OFFICER,))
    kit.log.close()
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert NAME.encode() not in held


def test_an_erased_name_is_gone_and_the_reference_stays(kit: LogKit) -> None:
    directory = directory_of(kit)
    owner = directory.register(NAME, (Role.MODEL_OWNER,), public_key=KEY)
    other = directory.register("Demo Compliance Officer", (Role.COMPLIANCE,))
    kit.log.append(kit.decision("anna"))
    receipt = directory.erase(owner.actor, by=other.actor)
    assert directory.name_of(owner.actor) is None
    assert directory.name_of(other.actor) == "Demo Compliance Officer"
    retired = directory.find(owner.actor)
    assert (retired.roles, retired.public_key) == ((), KEY)
    assert kit.log.entry(receipt.entry_id).kind is EntryKind.ACTOR_RETIRED
    with pytest.raises(Erased):
        directory.erase(owner.actor)
    assert kit.verify().ok


def test_actors_and_data_subjects_share_buckets_without_harm() -> None:
    kit = LogKit.with_entropy("sqlite://", OneBucket("shared"))
    directory = directory_of(kit)
    owner = directory.register(NAME, (Role.MODEL_OWNER,))
    draft = kit.decision("anna")
    kit.log.append(draft)
    kit.log.erase(kit.ref("anna"), kit.erasure())
    assert directory.name_of(owner.actor) == NAME
    kit.log.close()


def test_an_unknown_actor_is_not_found_and_has_no_name(memory_kit: LogKit) -> None:
    directory = directory_of(memory_kit)
    with pytest.raises(NotFound, match="no such actor"):
        directory.find(ACTOR)
    with pytest.raises(NotFound):
        directory.erase(ACTOR)
    assert directory.name_of(ACTOR) is None


@pytest.mark.parametrize(
    ("name", "key"), [("", None), ("  ", None), (NAME, "not hex"), (NAME, "ab")]
)
def test_a_malformed_registration_is_refused(
    memory_kit: LogKit, name: str, key: str | None
) -> None:
    with pytest.raises(InvalidInput):
        directory_of(memory_kit).register(name, (Role.OFFICER,), public_key=key)
    assert memory_kit.log.size() == 1


def test_the_same_actor_is_not_registered_twice(memory_kit: LogKit) -> None:
    directory = directory_of(memory_kit)
    owner = directory.register(NAME, (Role.OFFICER,))
    draft = directory._draft(EntryKind.ACTOR_REGISTERED, owner, None)
    with pytest.raises(Conflict, match="registered already"):
        memory_kit.log.register_actor("Somebody Else", draft)
    assert directory.name_of(owner.actor) == NAME
