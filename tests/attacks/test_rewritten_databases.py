"""Whole databases rewritten so that they fit again, and what shows it, on both of them."""

# ruff: noqa: S608 - the statements come from this file

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.canonical import canonical_json
from answerable.audit.errors import (
    EvidenceBroken,
    InclusionProofInvalid,
    RecordTampered,
    Unavailable,
)
from answerable.audit.store.tables import metadata
from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint
from answerable.audit.tree.merkle import Frontier, leaf_hash, root_of
from answerable.audit.tree.receipts import open_proof
from answerable.audit.tree.tiles import TILE_WIDTH
from tests.attacks.test_rewritten_rows import findings, rewrite
from tests.log_kit import ORIGIN, LogKit

STRANGER = Ed25519PrivateKey.from_private_bytes(b"\5" * 32)
VICTIM = 2


def prefix(kit: LogKit) -> str:
    return "main" if kit.url.startswith("sqlite") else "audit"


@pytest.fixture
def told(kit: LogKit) -> tuple[LogKit, str]:
    """A log with a full tile, and the checkpoint an auditor took home."""
    kit.log.append_many([kit.decision(f"person-{n % 3}", n=n) for n in range(TILE_WIDTH + 4)])
    return kit, kit.log.checkpoint()


def other_header(kit: LogKit, seq: int) -> bytes:
    header = kit.log.entry_at(seq).header_bytes
    changed = header.replace(b'"outcome":"approve"', b'"outcome":"decline"')
    assert changed != header
    return changed


def rewrite_consistently(kit: LogKit, headers: dict[int, bytes], *, key: bytes) -> str:
    """Put other headers in, and leaves, tile, head and checkpoint that fit; return the note."""
    size = kit.log.size()
    leaves = [kit.log.entry_at(seq).leaf for seq in range(size)]
    for seq, header in headers.items():
        leaves[seq] = leaf_hash(header)
        rewrite(
            kit,
            "UPDATE entry SET header = :header, leaf = :leaf, outcome = :outcome WHERE seq = :seq",
            outcome="decline" if b"decline" in header else "approve",
            header=header,
            leaf=leaves[seq],
            seq=seq,
        )
    full = leaves[:TILE_WIDTH]
    rewrite(
        kit, "UPDATE tile SET data = :data, root = :root", data=b"".join(full), root=root_of(full)
    )
    frontier = Frontier().extend(leaves)
    rewrite(kit, "UPDATE head SET frontier = :frontier", frontier=frontier.to_bytes())
    note = sign_checkpoint(
        Checkpoint(ORIGIN, size, frontier.root()), Ed25519PrivateKey.from_private_bytes(key)
    )
    rewrite(kit, "DELETE FROM checkpoint")
    rewrite(
        kit,
        "INSERT INTO checkpoint (size, ts, note) VALUES (:size, 1, :note)",
        size=size,
        note=note,
    )
    return note


def test_a_consistent_rewrite_with_the_stolen_key_shows_against_what_left_the_house(
    told: tuple[LogKit, str],
) -> None:
    kit, note = told
    entry = kit.log.entry_at(VICTIM)
    receipt = kit.log.proof(entry.id)
    forged = rewrite_consistently(
        kit, {VICTIM: other_header(kit, VICTIM)}, key=kit.vault.signing_key(ORIGIN)
    )
    kit.reopen()
    # The log is consistent with itself, and with the forged checkpoint.
    assert findings(kit) == findings(kit, forged) == set()
    # An auditor's checkpoint names the range, the person's receipt the entry.
    assert findings(kit, note) == {("checkpoint", "0")}
    assert open_proof(receipt, kit.log.vkey).header == entry.header_bytes
    assert open_proof(receipt, kit.log.vkey).header != kit.log.entry_at(VICTIM).header_bytes
    with pytest.raises(InclusionProofInvalid):
        open_proof(receipt.partition("\n\n")[0] + "\n\n" + forged, kit.log.vkey)


def test_a_consistent_rewrite_without_the_key_shows_without_anything_else(
    told: tuple[LogKit, str],
) -> None:
    kit, note = told
    rewrite_consistently(kit, {VICTIM: other_header(kit, VICTIM)}, key=b"\5" * 32)
    assert findings(kit) == {("checkpoint", "")}
    assert findings(kit, note) == {("checkpoint", ""), ("checkpoint", "0")}


def test_a_header_that_is_not_canonical_is_named_though_all_hashes_fit(
    told: tuple[LogKit, str],
) -> None:
    kit, note = told
    header = kit.log.entry_at(VICTIM).header_bytes
    for changed in (
        header.replace(b'","', b'", "', 1),
        header.replace(b'"v":1', b'"v":1.0'),
        header.replace(b'"v":1', b'"v":1,"v":1'),
        header.replace(b'"approve"', b'"\\u0061pprove"'),
        header + b"\n",
    ):
        assert changed != header
        rewrite_consistently(kit, {VICTIM: changed}, key=kit.vault.signing_key(ORIGIN))
        assert ("header", str(VICTIM)) in findings(kit)
        assert ("checkpoint", "0") in findings(kit, note)
        with pytest.raises(RecordTampered, match="entry 2"):
            _ = kit.log.entry_at(VICTIM).header


def test_two_rows_that_changed_places_are_named(told: tuple[LogKit, str]) -> None:
    kit, note = told
    for seq, to in ((VICTIM, 9_999), (3, VICTIM), (9_999, 3)):
        rewrite(kit, "UPDATE entry SET seq = :to WHERE seq = :seq", seq=seq, to=to)
    found = findings(kit, note)
    assert {("tile", "2"), ("tile", "3")} & found
    assert any(layer == "root" for layer, _ in found)


def test_a_row_replaced_once_the_guards_are_gone_is_named(told: tuple[LogKit, str]) -> None:
    kit, note = told
    replaced = (
        "INSERT OR REPLACE INTO entry SELECT seq, ts, kind, function, outcome, automation, "
        "reference, :header, leaf FROM entry WHERE seq = :seq"
        if prefix(kit) == "main"
        else "INSERT INTO entry SELECT seq, ts, kind, function, outcome, automation, reference, "
        "header, leaf FROM entry WHERE seq = :seq ON CONFLICT (seq) DO UPDATE SET header = :header"
    )
    rewrite(kit, replaced, seq=VICTIM, header=other_header(kit, VICTIM))
    assert ("leaf", "2") in findings(kit, note)
    with pytest.raises(RecordTampered, match="entry 2"):
        kit.log.entries(limit=500)


def test_an_entry_slipped_in_at_the_next_place_is_named_and_takes_no_append(
    told: tuple[LogKit, str],
) -> None:
    """A back-dated entry at a free place: the head does not know it."""
    kit, _ = told
    size = kit.log.size()
    rewrite(
        kit,
        "INSERT INTO entry (seq, ts, kind, header, leaf) "
        f"SELECT {size}, 1, kind, header, leaf FROM entry WHERE seq = {VICTIM}",
    )
    assert ("root", str(size)) in findings(kit)
    with pytest.raises(Unavailable, match="refused the change"):
        kit.log.append(kit.decision("anna"))
    assert kit.log.size() == size


def test_a_flipped_bit_in_a_tile_is_named(told: tuple[LogKit, str]) -> None:
    kit, _ = told
    with kit.log._database.read() as connection:
        data = connection.exec_driver_sql(f"SELECT data FROM {prefix(kit)}.tile").scalar()
    flipped = bytearray(bytes(data or b""))
    flipped[32 * VICTIM] ^= 1
    rewrite(kit, "UPDATE tile SET data = :data", data=bytes(flipped))
    assert findings(kit) == {("tile", "2")}
    assert {item.layer for item in kit.log.stored().findings_beside()} == {"tile"}
    with pytest.raises(EvidenceBroken):
        kit.log.proof(kit.log.entry_at(5).id)


@pytest.mark.parametrize("change", ["signature", "signer", "size", "root", "origin"])
def test_a_stored_checkpoint_that_was_changed_is_named(
    told: tuple[LogKit, str], change: str
) -> None:
    kit, note = told
    size, root = kit.log.size(), kit.log.root_at(kit.log.size())
    own = Ed25519PrivateKey.from_private_bytes(kit.vault.signing_key(ORIGIN))
    forged = {
        "signature": note[:-8] + ("AAAA" if note[-8:-4] != "AAAA" else "BBBB") + note[-4:],
        "signer": sign_checkpoint(Checkpoint(ORIGIN, size, root), STRANGER),
        "size": sign_checkpoint(Checkpoint(ORIGIN, size + 1, root), own),
        "root": sign_checkpoint(Checkpoint(ORIGIN, size, bytes(32)), own),
        "origin": sign_checkpoint(Checkpoint("example.org/other", size, root), own),
    }[change]
    rewrite(kit, "UPDATE checkpoint SET note = :note WHERE size = :size", note=forged, size=size)
    found = kit.verify().findings
    assert {item.layer for item in found} == {"checkpoint"}


def test_a_guess_of_a_value_is_confirmed_by_nothing_that_is_stored(kit: LogKit) -> None:
    """Low-entropy data are guessed, hashed and looked for in every column of every table."""
    draft = kit.decision("anna", income=1200)
    kit.log.append(draft)
    kit.log.checkpoint()
    person = canonical_json({"name": "anna"})
    guesses = [person, b"anna", draft.record.to_json(), canonical_json({"income": 1200})]
    ref = kit.ref("anna").encode()
    looked_for: list[bytes] = []
    for guess in guesses:
        for made in (
            hashlib.sha256(guess).digest(),
            hashlib.sha256(b"\0" + guess).digest(),
            hmac.digest(ref, guess, hashlib.sha256),
            hmac.digest(bytes(32), guess, hashlib.sha256),
        ):
            looked_for += [made, made.hex().encode()]
    stored = everything_stored(kit)
    assert kit.log.entry(draft.entry_id).leaf in stored
    assert [found for found in looked_for if found in stored] == []
    assert b"anna" not in stored


def everything_stored(kit: LogKit) -> bytes:
    """All values of all tables, but for the number of times that the head was claimed."""
    with kit.log._database.read() as connection:
        rows = [
            row
            for table in metadata.tables.values()
            for row in connection.exec_driver_sql(
                f"SELECT {', '.join(c.name for c in table.columns if c.name != 'turn')} "
                f"FROM {prefix(kit)}.{table.name}"
            )
        ]
    return b"\n".join(_bytes(value) for row in rows for value in row)


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def test_a_slow_reader_does_not_hold_up_the_writer(kit: LogKit) -> None:
    kit.log.append_many([kit.decision(f"person-{n}") for n in range(20)])
    with kit.log._database.read() as reader:
        counting = f"SELECT count(*) FROM {prefix(kit)}.entry"
        seen = reader.exec_driver_sql(counting).scalar()
        assert kit.log.append(kit.decision("anna")).seq == seen
        kit.log.erase(kit.ref("person-1"), kit.erasure())
        # What it reads stays one snapshot.
        assert reader.exec_driver_sql(counting).scalar() == seen
    assert kit.verify().ok
