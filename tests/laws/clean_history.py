"""A log that lawful acts are done to, one after another, as an installation does over years."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from answerable.audit.entries import Draft, Receipt
from answerable.audit.errors import Erased, NotFound, PolicyViolation
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import RecordsRead, Role, SubjectAliasAdded
from answerable.audit.verify import Finding
from tests.log_kit import ACTOR, SECOND, LogKit, redecided
from tests.retention_kit import RetainedLog

__all__ = ["ACTS", "CleanHistory"]

PEOPLE: Final = 5
ACTED_ON: Final = frozenset(
    {
        EntryKind.LOG_OPENED,
        EntryKind.LOG_RECOVERED,
        EntryKind.LOG_HEAD_ACCEPTED,
        EntryKind.LOG_KEY_ROTATED,
        EntryKind.ACTOR_REGISTERED,
        EntryKind.ACTOR_RETIRED,
        EntryKind.SUBJECT_ERASED,
        EntryKind.SUBJECT_ALIAS_ADDED,
        EntryKind.HOLD_PLACED,
        EntryKind.HOLD_LIFTED,
        EntryKind.RETENTION_RUN,
    }
)
"""Kinds that are appended together with what they record; all others are appended alone."""
ALONE: Final = tuple(kind for kind in EntryKind if kind not in ACTED_ON)


@dataclass
class CleanHistory:
    """What was done so far, and the checkpoints that left the house on the way."""

    retained: RetainedLog
    notes: list[str] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)
    decisions: list[Receipt] = field(default_factory=list)
    _writers: list[Log] = field(default_factory=list)
    _aliases: int = 0

    @classmethod
    def over(cls, kit: LogKit) -> CleanHistory:
        return cls(RetainedLog.over(kit))

    @property
    def kit(self) -> LogKit:
        return self.retained.kit

    def decide(self, number: int) -> None:
        """One decision: about nobody, one or two persons, in a group cell or in none."""
        self._decided([self._decision(number)])

    def decide_together(self, number: int) -> None:
        self._decided([self._decision(number + n) for n in range(2 + number % 40)])

    def fill_a_tile(self, number: int) -> None:
        self._decided([self.kit.decision(f"person-{number % PEOPLE}") for _ in range(256)])

    def decide_anew(self, number: int) -> None:
        """A decision that supersedes one before."""
        if self.decisions:
            older = self.decisions[number % len(self.decisions)]
            draft = redecided(self._decision(number), supersedes=older.entry_id)
            self._decided([draft])

    def ask_again(self, number: int) -> None:
        """The same draft twice: the second time it is recognised."""
        draft = self._decision(number)
        self._decided([draft])
        assert self.kit.log.append(draft).repeated

    def record(self, number: int) -> None:
        """An entry of any kind that stands alone."""
        draft = Draft(
            kind=ALONE[number % len(ALONE)],
            entry_id=self.kit.entry_id(),
            record=RecordsRead(purpose="p", query="q", count=number),
            actor=ACTOR,
            role=Role.OFFICER,
        )
        self.kit.log.append(draft)

    def decide_in_threads(self, number: int) -> None:
        drafts = [self._decision(number + n) for n in range(8)]
        receipts: list[Receipt] = []
        threads = [
            threading.Thread(target=lambda one=draft: receipts.append(self.kit.log.append(one)))
            for draft in drafts
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(receipts) == len(drafts)
        self.decisions += receipts

    def decide_elsewhere(self, number: int) -> None:
        """A second writer with what it held, as another process has; it is kept open."""
        kit = self.kit
        if not self._writers and not kit.url.endswith("://"):
            self._writers.append(
                Log.open(kit.url, vault=kit.vault, clock=kit.clock, entropy=kit.entropy)
            )
        for writer in self._writers:
            self.decisions.append(writer.append(self._decision(number)))

    def hold(self, number: int) -> None:
        ref = self._ref(number)
        if ref is not None and ref not in self.held:
            self.kit.log.place_hold(self.kit.hold(ref))
            self.held[ref] = number

    def lift(self, number: int) -> None:
        if self.held:
            ref = sorted(self.held)[number % len(self.held)]
            del self.held[ref]
            self.kit.log.lift_hold(self.kit.hold(ref, kind=EntryKind.HOLD_LIFTED))

    def erase(self, number: int) -> None:
        """Erase somebody; who is held cannot be, and nothing happens."""
        ref = self._ref(number)
        if ref is None:
            return
        try:
            self.kit.log.erase(ref, self.kit.erasure())
        except PolicyViolation:
            assert ref in self.held

    def add_alias(self, number: int) -> None:
        ref = self._ref(number)
        if ref is not None:
            self._aliases += 1
            draft = Draft(
                kind=EntryKind.SUBJECT_ALIAS_ADDED,
                entry_id=self.kit.entry_id(),
                record=SubjectAliasAdded(subject=ref, source="crm"),
                actor=ACTOR,
                role=Role.OFFICER,
            )
            name = f"person-{number % PEOPLE}"
            self.kit.log.add_alias(name, f"alias-{self._aliases}", draft)

    def rotate_a_bucket(self, number: int) -> None:
        buckets = sorted(self.kit.log.bucket_versions())
        if buckets:
            self.kit.log.rotate_bucket(buckets[number % len(buckets)])

    def rotate_the_signing_key(self, number: int) -> None:
        self.kit.log.rotate_signing_key(ACTOR, Role.ADMIN)
        if number % 2:
            self.kit.log.destroy_old_signing_keys()

    def make_a_checkpoint(self, number: int) -> None:
        self.notes.append(self.kit.log.checkpoint())

    def run_retention(self, number: int) -> None:
        self.retained.days((30, 201, 401)[number % 3])
        self.retained.run()

    def step_the_clock_back(self, number: int) -> None:
        """Less than the 5 s that are held; the log notes it with its next entry."""
        self.kit.clock.now -= 1 + number % (4 * SECOND)
        self.decide(number)

    def restart(self, number: int) -> None:
        for writer in self._writers:
            writer.close()
        self._writers.clear()
        self.kit.reopen()

    def read(self, number: int) -> None:
        """Read everything about a person and prove an entry; nothing may change by it."""
        ref = self._ref(number)
        size = self.kit.log.size()
        for entry in self.kit.log.subject_entries(ref)[:5] if ref else []:
            try:
                self.kit.log.open_body(entry)
            except (Erased, NotFound):
                continue
        self.kit.log.save_projection("registry", size, b"state")
        assert self.kit.log.size() == size

    def findings(self) -> list[Finding]:
        """What all verifications say, against every checkpoint that left the house."""
        self.notes.append(self.kit.log.checkpoint())
        found = self.retained.findings()
        for note in self.notes:
            report = self.kit.verify(note)
            found += report.findings
            assert report.anchored
        return found

    def close(self) -> None:
        for log in (*self._writers, self.kit.log):
            log.close()

    def _decision(self, number: int) -> Draft:
        names = [f"person-{(number + n) % PEOPLE}" for n in range(number % 3)]
        draft = self.kit.decision(*names, number=number)
        reference = f"case-{number}" if number % 4 == 1 else None
        return replace(draft, cell=number % 5 or None, reference=reference)

    def _decided(self, drafts: Sequence[Draft]) -> None:
        self.decisions += self.kit.log.append_many(drafts)

    def _ref(self, number: int) -> str | None:
        return self.kit.log.subject_ref(f"person-{number % PEOPLE}")


ACTS: Final[tuple[Callable[[CleanHistory, int], None], ...]] = (
    CleanHistory.decide,
    CleanHistory.decide_together,
    CleanHistory.fill_a_tile,
    CleanHistory.decide_anew,
    CleanHistory.ask_again,
    CleanHistory.record,
    CleanHistory.decide_in_threads,
    CleanHistory.decide_elsewhere,
    CleanHistory.hold,
    CleanHistory.lift,
    CleanHistory.erase,
    CleanHistory.add_alias,
    CleanHistory.rotate_a_bucket,
    CleanHistory.rotate_the_signing_key,
    CleanHistory.make_a_checkpoint,
    CleanHistory.run_retention,
    CleanHistory.step_the_clock_back,
    CleanHistory.restart,
    CleanHistory.read,
)
