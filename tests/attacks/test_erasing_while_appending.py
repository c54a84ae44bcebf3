"""Two real processes on one log: one appends, the other erases. Nothing may fall between them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from answerable.audit.kinds import EntryKind
from answerable.audit.records import Decision, SubjectErased
from tests.attacks.processes import let_go, start_child, started
from tests.log_kit import SECOND, LogKit, OneBucket

APPENDS = "60"
ERASURES = "25"


def run_both(url: str, folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    outs = [folder / "appended.json", folder / "erased.json"]
    keys, since = str(folder / "keys"), started()
    let_go(
        start_child("append", url, keys, APPENDS, str(outs[0]), since, str(outs[1])),
        start_child("erase", url, keys, ERASURES, str(outs[1]), since, ""),
    )
    appended, erased = (json.loads(out.read_text("utf-8")) for out in outs)
    return appended, erased


def test_no_append_is_lost_and_no_erased_person_is_readable(log_url: str, tmp_path: Path) -> None:
    kit = LogKit.with_entropy(log_url, OneBucket("race"), keys=tmp_path / "keys")
    first = [kit.decision(f"person-{number}") for number in range(12)]
    kit.log.append_many(first)
    kit.log.close()

    appended, erased = run_both(log_url, tmp_path)

    kit.clock.now += 3600 * SECOND
    log = kit.reopen()
    assert len(appended) >= 30
    assert len(erased) == int(ERASURES)
    # No acknowledged append is lost, or elsewhere than its receipt said.
    for item in appended:
        assert log.entry(item["entry"]).seq == item["seq"]
    assert log.size() == 1 + len(first) + len(appended) + len(erased)
    # No erasure is lost, and nothing was written under a key after it was destroyed.
    gone = {item["ref"]: item["seq"] for item in erased}
    for ref, seq in gone.items():
        assert log.is_erased(ref)
        entries = log.subject_entries(ref)
        sealed = [item for item in entries if item.kind is EntryKind.DECISION]
        assert all(item.seq < seq for item in sealed)
        assert log.read_record(log.entry_at(seq).id, SubjectErased).entries == len(sealed)
    # Every person who was not erased is readable, everyone who was is not.
    numbers = {item["entry"]: item["number"] for item in appended}
    for entry in log.entries(kinds=(EntryKind.DECISION,), limit=5000):
        body = log.open_body(entry)
        readable = [
            number
            for number, subject in enumerate(entry.header.subjects)
            if subject.ref not in gone
        ]
        assert sorted(body.subjects) == readable
        assert (body.record is not None) == bool(readable)
        if body.record is not None and entry.id in numbers:
            assert isinstance(body.record, Decision)
            assert body.record.inputs["number"] == numbers[entry.id]
    # One key a bucket is left, and the second implementation agrees with all of it.
    assert all(len(versions) == 1 for versions in kit.vault.bucket_versions().values())
    assert kit.verify(log.checkpoint()).ok
    log.close()
