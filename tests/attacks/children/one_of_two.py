"""A process that appends to a log, or erases from it, while another does the other.

Run by path with: append|erase, database URL, key directory, rounds, where to write what was
acknowledged, when this machine was started (microseconds, as the log counts them), and last for
`append` the file to go on until it exists, for `erase` the step at which to die (or nothing).
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from itertools import count
from pathlib import Path

from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.errors import Erased
from answerable.audit.ids import uuid7
from answerable.audit.keys.erasure import ErasureStep
from answerable.audit.keys.vault import FileVault
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import Automation, Decision, Outcome, Role, SubjectErased

PERSONS = 12
_NEW_UNTIL = 150
FUNCTION = "sha256:" + "0f" * 32
ACTOR = "a-" + "1" * 32


class Clock:
    """The same time in all processes of a test, whatever the date of the machine."""

    started = 0

    def __call__(self) -> int:
        return self.started + time.monotonic_ns() // 1000


clock = Clock()


class Entropy:
    """Bytes from a counter; references (16 bytes) fall into two buckets: rotations collide."""

    seed = ""
    drawn = 0

    def __call__(self, size: int) -> bytes:
        self.drawn += 1
        drawn = hashlib.shake_256(f"{self.seed}/{self.drawn}".encode()).digest(size)
        return bytes((drawn[0] & 1, 0)) + drawn[2:] if size == 16 else drawn


entropy = Entropy()


def entry_id() -> str:
    return uuid7(clock(), entropy(10))


def decision(subjects: tuple[DraftSubject, ...], number: int) -> Draft:
    record = Decision(
        function=FUNCTION,
        outcome=Outcome.DECLINE,
        outcome_code="decline",
        automation=Automation.SOLELY_AUTOMATED,
        components=(),
        inputs={"number": number},
        purpose="credit",
        lawful_basis="contract",
    )
    return Draft.of_decision(
        record,
        entry_id=entry_id(),
        actor=ACTOR,
        role=Role.SERVICE,
        subjects=subjects,
    )


def append(log: Log, rounds: int, until: Path) -> list[dict[str, object]]:
    """Append decisions about persons known and new, by id and by reference.

    At least so many, and until the other process has written its results.
    """
    acknowledged: list[dict[str, object]] = []
    for number in count():
        if number >= rounds and until.exists():
            break
        # Spread over all persons, in an order that is not the eraser's.
        first = int.from_bytes(hashlib.sha256(b"%d" % number).digest()[:2], "big") % PERSONS
        # No end of new persons: each erasure wraps all keys of their one bucket anew.
        alone = number % 3 or number > _NEW_UNTIL
        names = [f"person-{first}"] if alone else [f"person-{first}", f"new-{number}"]
        known = log.subject_ref(names[0]) if number % 4 == 0 else None
        subjects = [
            DraftSubject(role="applicant", subject_id=name, data={"n": name}) for name in names
        ]
        if known is not None:
            subjects[0] = DraftSubject(role="applicant", ref=known, data={"n": names[0]})
        draft = decision(tuple(subjects), number)
        try:
            receipt = log.append(draft)
        except Erased:
            # The reference was read before the other process erased it: refused, as it must be.
            continue
        acknowledged.append({"entry": draft.entry_id, "seq": receipt.seq, "number": number})
    return acknowledged


def erase(log: Log, rounds: int, die_at: str) -> list[dict[str, object]]:
    """Erase so many persons, whoever is known at the time."""

    def reached(step: ErasureStep) -> None:
        if step.value == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    acknowledged: list[dict[str, object]] = []
    for number in count():
        if len(acknowledged) == rounds:
            break
        ref = log.subject_ref(f"person-{number % PERSONS}")
        if ref is None:
            continue
        draft = Draft(
            kind=EntryKind.SUBJECT_ERASED,
            entry_id=entry_id(),
            record=SubjectErased(ground="gdpr-17-1-a", entries=0),
            actor=ACTOR,
            role=Role.OFFICER,
        )
        receipt = log.erase(ref, draft, reached=reached)
        acknowledged.append({"ref": ref, "seq": receipt.seq})
    return acknowledged


def main(what: str, url: str, keys: str, rounds: str, out: str, *more: str) -> None:
    clock.started = int(more[0])
    entropy.seed = f"{what}/{os.getpid()}"
    log = Log.open(url, vault=FileVault(keys), clock=clock, entropy=entropy)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    if what == "append":
        done = append(log, int(rounds), Path(more[1]))
    else:
        done = erase(log, int(rounds), die_at=more[1])
    Path(out).write_text(json.dumps(done), encoding="utf-8")
    log.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
