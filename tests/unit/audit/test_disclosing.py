"""One part of one entry is disclosed: that part opens offline, and nothing else does."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from answerable.audit.disclosing import disclose
from answerable.audit.disclosure import Disclosure, open_disclosure
from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.errors import (
    AnswerableError,
    CheckpointSignatureInvalid,
    Erased,
    InclusionProofInvalid,
    InvalidInput,
    NotFound,
    RecordTampered,
)
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Decision, RecordDisclosed, Role
from answerable.audit.store import entry_rows
from answerable.audit.tree.notes import verifier_key
from tests.log_kit import ACTOR, ORIGIN, LogKit


def disclosed(kit: LogKit, entry_id: str, part: int) -> Draft:
    header = kit.log.entry(entry_id).header
    refs = [subject.ref for subject in header.subjects]
    return Draft(
        kind=EntryKind.RECORD_DISCLOSED,
        entry_id=kit.entry_id(),
        record=RecordDisclosed(
            entry=entry_id, part=part, recipient="court-vienna", purpose="order-of-court"
        ),
        actor=ACTOR,
        role=Role.OFFICER,
        subjects=tuple(DraftSubject(role="data-subject", ref=ref) for ref in refs),
    )


def given(kit: LogKit, entry_id: str, part: int) -> Disclosure:
    return disclose(kit.log, disclosed(kit, entry_id, part))[0]


def test_a_disclosed_part_opens_offline_and_is_proven(kit: LogKit) -> None:
    draft = kit.decision("anna", amount=5)
    kit.log.append(draft)
    case = given(kit, draft.entry_id, 0)
    own = given(kit, draft.entry_id, 1)
    vkey = kit.log.vkey
    kit.log.close()
    opened = open_disclosure(Disclosure.from_json(case.to_json()), vkey)
    assert Decision.parse(opened.content) == draft.record
    assert (opened.seq, opened.header.id, opened.part.part) == (1, draft.entry_id, "case")
    assert open_disclosure(own, vkey).content == {"name": "anna"}


def test_the_key_of_one_part_opens_no_other_part(kit: LogKit) -> None:
    drafts = [kit.decision("anna", "ben", amount=number) for number in range(2)]
    kit.log.append_many(drafts)
    keys = {
        (draft.entry_id, part): bytes.fromhex(given(kit, draft.entry_id, part).key)
        for draft in drafts
        for part in (0, 1, 2)
    }
    assert len(set(keys.values())) == 6
    for draft in drafts:
        entry = kit.log.entry(draft.entry_id)
        with kit.log._database.read() as connection:
            stored = entry_rows.body_parts(connection, entry.seq)
        for number, part in enumerate(entry.header.parts):
            ref = entry.header.subjects[part.subject or 0].ref
            address = f"{ORIGIN}\0{entry.id}\0{ref}".encode()
            data = stored[number]
            for (entry_id, of), key in keys.items():
                if (entry_id, of) == (entry.id, number):
                    assert AESGCM(key).decrypt(data[:12], data[12:], address)
                else:
                    with pytest.raises(InvalidTag):
                        AESGCM(key).decrypt(data[:12], data[12:], address)


def test_the_disclosure_is_recorded_with_recipient_and_purpose(kit: LogKit) -> None:
    draft = kit.decision("anna")
    kit.log.append(draft)
    wanted = disclosed(kit, draft.entry_id, 0)
    case, receipt = disclose(kit.log, wanted)
    entry = kit.log.entry(receipt.entry_id)
    assert entry.kind is EntryKind.RECORD_DISCLOSED
    assert entry in kit.log.subject_entries(kit.ref("anna"))
    record = kit.log.read_record(entry.id, RecordDisclosed)
    assert (record.recipient, record.purpose) == ("court-vienna", "order-of-court")
    kit.log.erase(kit.ref("anna"), kit.erasure())
    assert kit.log.read_record(entry.id, RecordDisclosed) == record
    # What was given away cannot be taken back: the recipient can still open it.
    assert open_disclosure(case, kit.log.vkey).content is not None


def test_nothing_is_disclosed_of_who_was_erased_and_nothing_recorded(kit: LogKit) -> None:
    draft = kit.decision("anna", "ben")
    kit.log.append(draft)
    kit.log.erase(kit.ref("anna"), kit.erasure())
    size = kit.log.size()
    with pytest.raises(Erased, match="part 1"):
        given(kit, draft.entry_id, 1)
    assert kit.log.size() == size
    # The case is still Ben's as well: his slot holds its key.
    assert open_disclosure(given(kit, draft.entry_id, 0), kit.log.vkey).content is not None
    assert open_disclosure(given(kit, draft.entry_id, 2), kit.log.vkey).content == {"name": "ben"}
    kit.log.erase(kit.ref("ben"), kit.erasure())
    with pytest.raises(Erased, match="part 0"):
        given(kit, draft.entry_id, 0)


def test_what_has_no_key_of_its_own_is_refused(memory_kit: LogKit) -> None:
    draft = memory_kit.decision("anna", "ben")
    memory_kit.log.append(draft)
    for number in (3, 9):
        with pytest.raises(InvalidInput, match=f"part {number}"):
            given(memory_kit, draft.entry_id, number)
    clear = memory_kit.log.entry_at(0).id
    with pytest.raises(InvalidInput, match="part 0"):
        given(memory_kit, clear, 0)
    good = disclosed(memory_kit, draft.entry_id, 0)
    with pytest.raises(InvalidInput, match="records a disclosure"):
        disclose(memory_kit.log, replace(good, kind=EntryKind.RECORDS_READ))
    with pytest.raises(NotFound):
        disclose(
            memory_kit.log,
            replace(
                good,
                record=RecordDisclosed(
                    entry=memory_kit.entry_id(), part=0, recipient="court", purpose="order"
                ),
            ),
        )
    assert memory_kit.log.size() == 2


FORGED: list[tuple[str, Callable[[Disclosure], dict[str, object]], type[AnswerableError]]] = [
    ("key", lambda _: {"key": "00" * 32}, RecordTampered),
    ("bytes", lambda _: {"ciphertext": base64.b64encode(bytes(90)).decode()}, RecordTampered),
    ("base64", lambda _: {"ciphertext": "?"}, InvalidInput),
    ("part", lambda _: {"part": 1}, RecordTampered),
    ("entry", lambda _: {"entry": "01890a5d-ac96-774b-bcce-b302099a8057"}, InvalidInput),
    (
        "proof",
        lambda own: {"proof": own.proof.replace("index 1", "index 0")},
        InclusionProofInvalid,
    ),
    ("note", lambda own: {"proof": own.proof[:-9] + "AAAAAAA=\n"}, CheckpointSignatureInvalid),
]


@pytest.mark.parametrize(("what", "change", "error"), FORGED, ids=[item[0] for item in FORGED])
def test_an_altered_disclosure_is_refused(
    memory_kit: LogKit,
    what: str,
    change: Callable[[Disclosure], dict[str, object]],
    error: type[AnswerableError],
) -> None:
    draft = memory_kit.decision("anna")
    memory_kit.log.append(draft)
    case = given(memory_kit, draft.entry_id, 0)
    assert what
    with pytest.raises(error):
        open_disclosure(case.model_copy(update=change(case)), memory_kit.log.vkey)


def test_another_log_s_key_opens_no_disclosure(memory_kit: LogKit) -> None:
    draft = memory_kit.decision("anna")
    memory_kit.log.append(draft)
    case = given(memory_kit, draft.entry_id, 0)
    other = str(verifier_key(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32))))
    with pytest.raises(CheckpointSignatureInvalid):
        open_disclosure(case, other)


def test_whoever_trusts_an_older_key_of_the_log_can_check_it(memory_kit: LogKit) -> None:
    first = memory_kit.log.vkey
    draft = memory_kit.decision("anna")
    memory_kit.log.append(draft)
    memory_kit.log.rotate_signing_key(ACTOR, Role.ADMIN)
    memory_kit.log.rotate_signing_key(ACTOR, Role.ADMIN)
    case = given(memory_kit, draft.entry_id, 0)
    for vkey in (first, *memory_kit.log.key_chain().vkeys):
        assert open_disclosure(case, vkey).header.id == draft.entry_id
    stranger = str(verifier_key(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32))))
    with pytest.raises(CheckpointSignatureInvalid):
        open_disclosure(case, stranger)
