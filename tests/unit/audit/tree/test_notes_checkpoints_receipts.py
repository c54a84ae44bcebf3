import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.audit.errors import (
    CheckpointSignatureInvalid,
    EvidenceBroken,
    InclusionProofInvalid,
    InvalidInput,
)
from answerable.audit.tree.checkpoints import (
    Checkpoint,
    decimal,
    open_checkpoint,
    sign_checkpoint,
)
from answerable.audit.tree.merkle import EMPTY_ROOT, leaf_hash, root_of
from answerable.audit.tree.notes import VerifierKey, sign_note, verifier_key, verify_note
from answerable.audit.tree.proofs import inclusion_proof
from answerable.audit.tree.receipts import open_proof, write_proof
from answerable.audit.tree.tiles import MemoryTiles

ORIGIN = "example.org/log"
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEY = verifier_key(ORIGIN, SIGNER)
HEADERS = [f'{{"n":{number}}}'.encode() for number in range(11)]
LEAVES = [leaf_hash(data) for data in HEADERS]
HEAD = Checkpoint(ORIGIN, len(LEAVES), root_of(LEAVES))
NOTE = sign_checkpoint(HEAD, SIGNER)
TILES = MemoryTiles()
TILES.append(LEAVES)


def receipt(seq: int = 4, *, header: bytes | None = None) -> str:
    return write_proof(seq, inclusion_proof(seq, HEAD.size, TILES), NOTE, header=header)


def cosigned() -> str:
    text = HEAD.text()
    return NOTE + sign_note(text, "witness.example", WITNESS).removeprefix(f"{text}\n")


# --------------------------------------------------------------------------- notes


def test_a_note_signed_by_another_is_refused() -> None:
    with pytest.raises(CheckpointSignatureInvalid, match="no trusted key"):
        verify_note(sign_note("x\n", ORIGIN, WITNESS), [KEY])


def test_signatures_of_unknown_keys_are_ignored() -> None:
    assert verify_note(cosigned(), [KEY]) == HEAD.text()
    assert verify_note(cosigned(), [verifier_key("witness.example", WITNESS)]) == HEAD.text()


def test_a_wrong_signature_of_a_trusted_key_refuses_the_note_although_another_is_right() -> None:
    good = sign_note("x\n", ORIGIN, SIGNER)
    wrong = sign_note("y\n", "witness.example", WITNESS).removeprefix("y\n\n")
    with pytest.raises(CheckpointSignatureInvalid, match="does not fit"):
        verify_note(good + wrong, [KEY, verifier_key("witness.example", WITNESS)])


def test_a_text_with_empty_lines_ends_at_the_last_one() -> None:
    text = "one\n\ntwo\n"
    assert verify_note(sign_note(text, ORIGIN, SIGNER), [KEY]) == text


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "cr\r\n", "nul\0\n", "\ud800\n"])
def test_a_text_that_cannot_stand_in_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(InvalidInput):
        sign_note(text, ORIGIN, SIGNER)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb", "\ud800"])
def test_a_name_that_cannot_stand_in_a_note_is_not_used(name: str) -> None:
    with pytest.raises(InvalidInput):
        sign_note("x\n", name, SIGNER)


SIGNATURE = NOTE.rsplit(" ", 1)[1].strip()


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        "x\n",
        "x\n\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE + "more\n",
        NOTE.replace("— ", "- "),
        NOTE.replace("— ", "—  "),
        NOTE.replace(SIGNATURE, SIGNATURE[:-1]),
        NOTE.replace(SIGNATURE, SIGNATURE + "="),
        NOTE.replace(SIGNATURE, "AAAA"),
        NOTE.replace(SIGNATURE, "!"),
        NOTE.replace("\n\n", "\r\n\r\n"),
        NOTE.replace(ORIGIN, "\ud800"),
        "x" * 2_000_000,
        NOTE + NOTE.rsplit("\n\n", 1)[1] * 101,
    ],
    ids=range(18),
)
def test_what_is_not_a_note_is_refused(note: str) -> None:
    with pytest.raises(CheckpointSignatureInvalid):
        verify_note(note, [KEY])


@settings(deadline=None, derandomize=True)
@given(st.text())
def test_no_text_breaks_the_reader_of_notes(text: str) -> None:
    with pytest.raises(CheckpointSignatureInvalid):
        verify_note(text, [KEY])


@settings(deadline=None, derandomize=True)
@given(st.integers(0, len(NOTE) - 1), st.characters())
def test_a_note_with_one_character_changed_is_refused(at: int, character: str) -> None:
    changed = NOTE[:at] + character + NOTE[at + 1 :]
    if changed != NOTE:
        with pytest.raises(CheckpointSignatureInvalid):
            open_checkpoint(changed, KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        ORIGIN,
        str(KEY)[:-1],
        str(KEY) + "=",
        str(KEY).replace(ORIGIN, "example.org/other"),
        str(KEY).upper(),
        f"{ORIGIN}+00000000+{base64.b64encode(bytes([2]) + bytes(32)).decode()}",
        f"a b+{VerifierKey('a b', bytes(32)).key_id.hex()}+{'AQ' + 'A' * 42}",
    ],
)
def test_a_malformed_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="verifier key"):
        VerifierKey.parse(text)


# --------------------------------------------------------------------------- checkpoints


def test_a_checkpoint_is_opened_under_its_key_text() -> None:
    assert open_checkpoint(NOTE, str(KEY)) == HEAD
    assert open_checkpoint(cosigned(), KEY) == HEAD


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint(ORIGIN, -1, EMPTY_ROOT),
        Checkpoint(ORIGIN, 1, b"short"),
        Checkpoint(ORIGIN, 0, bytes(32)),
        Checkpoint(ORIGIN, 1, EMPTY_ROOT),
        Checkpoint("two words", 0, EMPTY_ROOT),
        Checkpoint("", 0, EMPTY_ROOT),
    ],
)
def test_a_head_that_cannot_be_is_not_signed(checkpoint: Checkpoint) -> None:
    with pytest.raises(InvalidInput):
        sign_checkpoint(checkpoint, SIGNER)


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n",
        f"{ORIGIN}\n1\n",
        f"{ORIGIN}\n1\n{ROOT}\nextension\n",
        f"{ORIGIN}\n01\n{ROOT}\n",
        f"{ORIGIN}\n+1\n{ROOT}\n",
        f"{ORIGIN}\n1_0\n{ROOT}\n",
        f"{ORIGIN}\n-1\n{ROOT}\n",
        f"{ORIGIN}\n{'9' * 20}\n{ROOT}\n",
        f"{ORIGIN}\n1\n{ROOT[:-4]}\n",
        f"{ORIGIN}\n1\n{ROOT[:-2]}B=\n",
        f"example.org/other\n1\n{ROOT}\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_of_this_log_is_refused(text: str) -> None:
    with pytest.raises(CheckpointSignatureInvalid, match="not a checkpoint"):
        open_checkpoint(sign_note(text, ORIGIN, SIGNER), KEY)


@settings(deadline=None, derandomize=True)
@given(st.text(max_size=22))
def test_a_decimal_is_read_only_in_its_one_form(text: str) -> None:
    value = decimal(text)
    assert value is None or str(value) == text


# --------------------------------------------------------------------------- receipts


@pytest.mark.parametrize("seq", range(11))
def test_a_receipt_proves_its_entry(seq: int) -> None:
    carried = open_proof(receipt(seq, header=HEADERS[seq]), KEY)
    given_header = open_proof(receipt(seq), str(KEY), header=HEADERS[seq])
    assert carried == given_header
    assert (carried.header, carried.seq, carried.checkpoint) == (HEADERS[seq], seq, HEAD)


def test_a_receipt_of_another_entry_does_not_prove_this_one() -> None:
    with pytest.raises(InclusionProofInvalid):
        open_proof(receipt(4), KEY, header=HEADERS[5])
    with pytest.raises(InclusionProofInvalid, match="another header"):
        open_proof(receipt(4, header=HEADERS[4]), KEY, header=HEADERS[5])
    with pytest.raises(InclusionProofInvalid):
        open_proof(receipt(4, header=HEADERS[5]), KEY)


def test_a_receipt_without_any_header_is_refused() -> None:
    with pytest.raises(InclusionProofInvalid, match="header"):
        open_proof(receipt(4), KEY)


def test_a_receipt_under_another_key_is_refused() -> None:
    with pytest.raises(CheckpointSignatureInvalid):
        open_proof(receipt(4, header=HEADERS[4]), verifier_key(ORIGIN, WITNESS))


WHOLE = receipt(4, header=HEADERS[4])


@pytest.mark.parametrize(
    "text",
    [
        "",
        NOTE,
        WHOLE.replace("@v1", "@v2"),
        WHOLE.replace("index 4", "index 04"),
        WHOLE.replace("index 4", "index 5"),
        WHOLE.replace("index 4", "index -4"),
        WHOLE.replace("index 4\n", ""),
        WHOLE.replace("extra ", "extra  "),
        WHOLE.replace("extra ", "Extra "),
        WHOLE.replace("\nindex", "\n\nindex"),
        WHOLE.replace("\n\nexample", "\nAAAA\n\nexample"),
        WHOLE.replace("\n\nexample", "\n!\n\nexample"),
        WHOLE[:-30],
        WHOLE.replace("\n", "\r\n"),
    ],
    ids=range(14),
)
def test_a_receipt_that_was_changed_is_refused(text: str) -> None:
    with pytest.raises(EvidenceBroken):
        open_proof(text, KEY)


@settings(deadline=None, derandomize=True)
@given(st.integers(0, len(WHOLE) - 1), st.characters(codec="ascii"))
def test_a_receipt_with_one_character_changed_is_refused(at: int, character: str) -> None:
    changed = WHOLE[:at] + character + WHOLE[at + 1 :]
    if changed != WHOLE:
        with pytest.raises(EvidenceBroken):
            open_proof(changed, KEY)


@pytest.mark.parametrize(("seq", "proof"), [(-1, []), (0, [b"short"])])
def test_a_receipt_is_not_written_from_nonsense(seq: int, proof: list[bytes]) -> None:
    with pytest.raises(InvalidInput):
        write_proof(seq, proof, NOTE)
