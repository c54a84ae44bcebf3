"""Published examples of signed notes, tiles, checkpoints and UUIDv7."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.errors import CheckpointSignatureInvalid
from answerable.audit.ids import uuid7
from answerable.audit.tree.checkpoints import Checkpoint
from answerable.audit.tree.notes import VerifierKey, sign_note, verifier_key, verify_note
from answerable.audit.tree.tiles import Tile, full_tiles_after, partial_tiles

# The example in the documentation of golang.org/x/mod/sumdb/note, with its published test key.
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NOTE = (
    TEXT + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqd"
    "ngotpRZb6KE6RyyBwJnAM=\n"
)
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]


def test_the_published_note_verifies_under_the_published_key() -> None:
    assert verify_note(NOTE, [VerifierKey.parse(VKEY)]) == TEXT


def test_signing_the_published_text_gives_the_published_note() -> None:
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    assert sign_note(TEXT, "PeterNeumann", key) == NOTE
    assert str(verifier_key("PeterNeumann", key)) == VKEY


def test_the_published_note_does_not_verify_under_the_key_of_the_go_checksum_database() -> None:
    other = VerifierKey.parse(
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    )
    with pytest.raises(CheckpointSignatureInvalid, match="no trusted key"):
        verify_note(NOTE, [other])


def test_the_checkpoint_text_of_the_specification_is_three_lines() -> None:
    root = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    checkpoint = Checkpoint("example.com/behind-the-sofa", 20852163, root)
    assert checkpoint.text() == (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


def test_the_tile_path_of_the_specification() -> None:
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"


def test_a_tree_of_70_000_has_the_tiles_the_specification_names() -> None:
    full = full_tiles_after(0, 70_000)
    assert sum(tile.level == 0 for tile in full) == 273
    assert sum(tile.level == 1 for tile in full) == 1
    assert len(full) == 274
    assert [(tile.level, tile.width) for tile in partial_tiles(70_000)] == [
        (0, 112),
        (1, 17),
        (2, 1),
    ]


def test_a_tree_of_256_has_a_full_tile_and_a_partial_one_above() -> None:
    assert full_tiles_after(0, 256) == [Tile(0, 0)]
    assert partial_tiles(256) == [Tile(1, 0, 1)]


def test_the_uuid_version_7_example_of_rfc_9562() -> None:
    # Appendix A.6: 2022-02-22 14:22:22.000 -05:00, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    random_bytes = bytes.fromhex("0cc3") + bytes.fromhex("18c4dc0c0c07398f")
    expected = "017F22E2-79B0-7CC3-98C4-DC0C0C07398F".lower()
    assert uuid7(0x017F22E279B0 * 1000, random_bytes) == expected
