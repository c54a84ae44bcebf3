"""What tests of the log are made of: a clock, entropy, ids and drafts, all reproducible."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pydantic import JsonValue

from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.ids import uuid7
from answerable.audit.keys.vault import FileVault, KeyVault, MemoryVault
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import (
    Automation,
    Decision,
    LegalHold,
    Outcome,
    Role,
    SubjectErased,
)
from answerable.audit.verify import VerificationReport, verify_log

ORIGIN = "example.org/loans"
START = 1_795_000_000_000_000
SECOND = 1_000_000
FUNCTION = "sha256:" + "0f" * 32
ACTOR = "a-" + "1" * 32


class SteppedClock:
    """A clock that moves one microsecond a reading, and where it is told to."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1
        return self.now


class SeededEntropy:
    """Bytes from a counter: different each time, the same in each run."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(f"{self._seed}/{self._count}".encode()).digest(size)


class OneBucket(SeededEntropy):
    """Entropy whose references (the only 16-byte draws) all fall into one bucket."""

    def __call__(self, size: int) -> bytes:
        drawn = super().__call__(size)
        return b"\xab\xc0" + drawn[2:] if size == 16 else drawn


@dataclass
class LogKit:
    """A log with what made it, so that a test can open it again or append to it."""

    url: str
    vault: KeyVault
    clock: SteppedClock
    entropy: SeededEntropy
    log: Log

    @classmethod
    def create(cls, url: str, *, keys: Path | None = None, seed: str = "kit") -> Self:
        return cls.with_entropy(url, SeededEntropy(seed), keys=keys)

    @classmethod
    def with_entropy(cls, url: str, entropy: SeededEntropy, *, keys: Path | None = None) -> Self:
        vault: KeyVault = (
            MemoryVault.create(entropy=entropy)
            if keys is None
            else FileVault.create(keys, entropy=entropy)
        )
        clock = SteppedClock()
        log = Log.create(url, origin=ORIGIN, vault=vault, clock=clock, entropy=entropy)
        return cls(url, vault, clock, entropy, log)

    def reopen(self) -> Log:
        """Close the log and open it again, as a restart would."""
        self.log.close()
        self.log = Log.open(self.url, vault=self.vault, clock=self.clock, entropy=self.entropy)
        return self.log

    def entry_id(self) -> str:
        return uuid7(self.clock(), self.entropy(10))

    def decision(
        self, *subject_ids: str, entry_id: str | None = None, **inputs: JsonValue
    ) -> Draft:
        """A decision about persons, each with data of their own."""
        return Draft.of_decision(
            a_decision(dict(inputs)),
            entry_id=entry_id or self.entry_id(),
            actor=ACTOR,
            role=Role.SERVICE,
            subjects=tuple(
                DraftSubject(role="applicant", subject_id=name, data={"name": name})
                for name in subject_ids
            ),
        )

    def erasure(self, ground: str = "gdpr-17-1-a", entry_id: str | None = None) -> Draft:
        return Draft(
            kind=EntryKind.SUBJECT_ERASED,
            entry_id=entry_id or self.entry_id(),
            record=SubjectErased(ground=ground, entries=0),
            actor=ACTOR,
            role=Role.OFFICER,
        )

    def hold(self, ref: str, *, until: int | None = None, kind: EntryKind | None = None) -> Draft:
        return Draft(
            kind=kind or EntryKind.HOLD_PLACED,
            entry_id=self.entry_id(),
            record=LegalHold(subject=ref, ground="litigation", reference="case-7", until=until),
            actor=ACTOR,
            role=Role.OFFICER,
        )

    def ref(self, subject_id: str) -> str:
        """The reference of a person the log knows."""
        found = self.log.subject_ref(subject_id)
        assert found is not None
        return found

    def verify(self, checkpoint: str | None = None) -> VerificationReport:
        """What the second implementation says about the log as stored, in both its ways."""
        stored = self.log.stored()
        many, each = (
            verify_log(
                rows,
                origin=ORIGIN,
                vkey=self.log.vkey,
                checkpoint=checkpoint,
                stored=stored.state,
            )
            for rows in (stored.chunks(), stored.rows())
        )
        assert many == each
        return many


def a_decision(inputs: dict[str, JsonValue]) -> Decision:
    return Decision(
        function=FUNCTION,
        outcome=Outcome.APPROVE,
        outcome_code="approve",
        automation=Automation.SOLELY_AUTOMATED,
        components=(),
        inputs=inputs,
        purpose="credit",
        lawful_basis="contract",
    )


def redecided(draft: Draft, **changed: JsonValue) -> Draft:
    """The same draft with other fields in its header, and its record saying the same.

    Nothing is checked: what no record could hold is for the log to refuse.
    """
    recorded = {name: None if value == "none" else value for name, value in changed.items()}
    return replace(
        draft,
        record=draft.record.model_copy(update=recorded),
        **changed,  # type: ignore[arg-type]
    )


def with_inputs(draft: Draft, **inputs: JsonValue) -> Draft:
    """The same draft about other inputs."""
    return replace(draft, record=a_decision(dict(inputs)))
