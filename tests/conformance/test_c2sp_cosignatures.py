"""Cosignatures: a published checkpoint of public witnesses, and the specification's own words."""

from __future__ import annotations

import base64
import hashlib
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.audit.anchors.cosignatures import (
    Cosignature,
    WitnessKey,
    WitnessPolicy,
    open_cosigned,
)
from answerable.audit.errors import CheckpointSignatureInvalid, EvidenceBroken, InvalidInput
from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint
from answerable.audit.tree.notes import verifier_key

# A checkpoint of a public certificate log (arche2025h1, staging), cosigned by public witnesses,
# with the keys their operators publish. The log's first line is of a kind we ignore (RFC 6962).
LOG_KEY = (
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
)
PUBLISHED = """\
arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
"""  # noqa: E501
REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
SMARTIT = "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO"
STAGEMOLE = "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv"
NAVIGLI = (
    "witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G"
)
SEEN_AT = 0x6A122120
ORIGIN = "example.org/loans"
LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes([7]) * 32)


def policy(quorum: int, *keys: str) -> WitnessPolicy:
    return WitnessPolicy(quorum, tuple(WitnessKey.parse(key) for key in keys))


def witness(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def key_of(number: int, name: str = "") -> WitnessKey:
    public = witness(number).public_key().public_bytes_raw()
    return WitnessKey(name or f"w{number}.example", public)


def line(number: int, text: str, seconds: int = 1_700_000_000, name: str = "") -> str:
    """A second implementation, from the words of the specification."""
    name = name or f"w{number}.example"
    public = witness(number).public_key().public_bytes_raw()
    key_id = hashlib.sha256(name.encode() + b"\n" + b"\x04" + public).digest()[:4]
    message = b"cosignature/v1\n" + b"time " + str(seconds).encode() + b"\n" + text.encode()
    blob = key_id + struct.pack(">Q", seconds) + witness(number).sign(message)
    return f"— {name} {base64.b64encode(blob).decode()}\n"


def cosigned(*numbers: int) -> str:
    note = sign_checkpoint(CHECKPOINT, LOG)
    return note + "".join(line(number, CHECKPOINT.text()) for number in numbers)


VKEY = str(verifier_key(ORIGIN, LOG))


def test_the_published_checkpoint_was_seen_by_the_published_witnesses() -> None:
    opened = open_cosigned(PUBLISHED, LOG_KEY, policy(3, REMORA, SMARTIT, STAGEMOLE))
    assert opened.checkpoint.size == 1432088532
    assert opened.cosignatures == (
        Cosignature("remora.n621.de", SEEN_AT),
        Cosignature("witness1.smartit.nu/witness1", SEEN_AT),
        Cosignature("witness.stagemole.eu", SEEN_AT),
    )


def test_a_witness_that_did_not_see_it_does_not_count() -> None:
    assert len(open_cosigned(PUBLISHED, LOG_KEY, policy(1, REMORA, NAVIGLI)).cosignatures) == 1
    with pytest.raises(EvidenceBroken, match="1 of the trusted witnesses cosigned, 2 are asked"):
        open_cosigned(PUBLISHED, LOG_KEY, policy(2, REMORA, NAVIGLI))


def test_the_published_keys_are_what_their_names_and_ids_say() -> None:
    for text in (REMORA, SMARTIT, STAGEMOLE, NAVIGLI):
        assert str(WitnessKey.parse(text)) == text


def test_the_line_of_the_specification_has_the_id_and_time_it_says() -> None:
    # tlog-cosignature prints this line beside the message "time 1679315147"; its key is not given.
    blob = base64.b64decode(
        "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZ"
        "qhf5nNo0xUe+mbIUBkBIfZ+qnA=="
    )
    assert len(blob) == 4 + 8 + 64
    assert struct.unpack(">Q", blob[4:12]) == (1679315147,)


def test_lines_made_from_the_specifications_words_verify() -> None:
    wanted = WitnessPolicy(2, (key_of(1), key_of(2), key_of(3)))
    opened = open_cosigned(cosigned(3, 1), VKEY, wanted)
    assert [item.witness for item in opened.cosignatures] == ["w1.example", "w3.example"]
    assert opened.checkpoint == CHECKPOINT


@pytest.mark.parametrize("change", ["time", "signature", "text", "length", "other key"])
def test_a_wrong_line_of_a_trusted_witness_refuses_the_whole_checkpoint(change: str) -> None:
    good = line(1, CHECKPOINT.text())
    name, encoded = "w1.example", good.rpartition(" ")[2].strip()
    blob = bytearray(base64.b64decode(encoded))
    if change == "time":
        blob[11] ^= 1
    elif change == "signature":
        blob[-1] ^= 1
    elif change == "length":
        blob += b"\x00"
    elif change == "text":
        other = line(1, Checkpoint(ORIGIN, 8, CHECKPOINT.root).text())
        blob = bytearray(base64.b64decode(other.rpartition(" ")[2].strip()))
    else:
        blob[12:] = base64.b64decode(line(2, CHECKPOINT.text()).rpartition(" ")[2].strip())[12:]
    wrong = f"— {name} {base64.b64encode(bytes(blob)).decode()}\n"
    with pytest.raises(CheckpointSignatureInvalid, match="trusted witness"):
        open_cosigned(cosigned(2) + wrong, VKEY, WitnessPolicy(1, (key_of(1), key_of(2))))


def test_a_time_beyond_the_limit_of_the_specification_is_refused() -> None:
    note = sign_checkpoint(CHECKPOINT, LOG) + line(1, CHECKPOINT.text(), seconds=2**63)
    with pytest.raises(CheckpointSignatureInvalid, match="trusted witness"):
        open_cosigned(note, VKEY, WitnessPolicy(1, (key_of(1),)))


def test_one_witness_twice_is_one_witness_and_its_later_time_counts() -> None:
    note = cosigned(1) + line(1, CHECKPOINT.text(), seconds=1_800_000_000)
    one = open_cosigned(note, VKEY, WitnessPolicy(1, (key_of(1), key_of(2))))
    assert one.cosignatures == (Cosignature("w1.example", 1_800_000_000),)
    with pytest.raises(EvidenceBroken, match="1 of the trusted"):
        open_cosigned(note, VKEY, WitnessPolicy(2, (key_of(1), key_of(2))))


def test_a_cosigned_checkpoint_that_the_log_did_not_sign_is_refused() -> None:
    other = str(verifier_key(ORIGIN, witness(9)))
    with pytest.raises(CheckpointSignatureInvalid, match="no trusted key"):
        open_cosigned(cosigned(1), other, WitnessPolicy(1, (key_of(1),)))


def test_lines_of_other_kinds_are_ignored_as_the_specification_asks() -> None:
    # A post-quantum line (0x06) under a trusted name, and a plain signature by the same key.
    public = witness(1).public_key().public_bytes_raw()
    post_quantum = base64.b64encode(b"\x01\x02\x03\x04" + bytes(8 + 2420)).decode()
    plain_id = hashlib.sha256(b"w1.example\n\x01" + public).digest()[:4]
    plain = base64.b64encode(plain_id + witness(1).sign(CHECKPOINT.text().encode())).decode()
    note = f"{cosigned(2)}— w1.example {post_quantum}\n— w1.example {plain}\n"
    with pytest.raises(EvidenceBroken, match="1 of the trusted witnesses"):
        open_cosigned(note, VKEY, WitnessPolicy(2, (key_of(1), key_of(2))))


@pytest.mark.parametrize("quorum", [0, -1, 3])
def test_a_quorum_that_never_or_always_holds_is_refused(quorum: int) -> None:
    with pytest.raises(InvalidInput, match="quorum"):
        WitnessPolicy(quorum, (key_of(1), key_of(2)))


def test_one_key_under_two_names_is_not_two_witnesses() -> None:
    # The signed message does not hold the witness's name: one signature would count twice.
    for second in (key_of(1, "other.example"), key_of(2, "w1.example")):
        with pytest.raises(InvalidInput, match="share a name or a key"):
            WitnessPolicy(2, (key_of(1), second))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "w1",
        REMORA.replace("da77ade7", "da77ade8"),
        REMORA.replace("remora", "ramora"),
        LOG_KEY,
        REMORA + "=",
        "+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
        "remora n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    ],
)
def test_a_witness_key_that_is_malformed_or_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="witness key cannot be used"):
        WitnessKey.parse(text)
