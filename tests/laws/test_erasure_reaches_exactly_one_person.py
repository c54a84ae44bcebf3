"""Law: whatever is appended and erased in whatever order, exactly the erased are unreadable."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from answerable.audit.entries import Draft
from answerable.audit.kinds import EntryKind
from tests.log_kit import LogKit, OneBucket

NAMES = st.sampled_from(["anna", "ben", "carla", "dora"])


class LogOfPersons(RuleBasedStateMachine):
    """A log beside the simplest model of it: who is named where, who was erased."""

    @initialize()
    def open(self) -> None:
        self.kit = LogKit.with_entropy("sqlite://", OneBucket("law"))
        self.decided: list[tuple[Draft, list[str]]] = []
        self.erased: set[str] = set()
        self.known: dict[str, str] = {}
        self.size = 1

    @rule(names=st.lists(NAMES, min_size=1, max_size=3, unique=True))
    def append(self, names: list[str]) -> None:
        draft = self.kit.decision(*names, number=self.size)
        assert self.kit.log.append(draft).seq == self.size
        self.size += 1
        for name in names:
            self.known[name] = self.kit.ref(name)
        self.decided.append((draft, [self.known[name] for name in names]))

    @rule(name=NAMES)
    def erase(self, name: str) -> None:
        assert self.kit.log.subject_ref(name) == self.known.get(name)
        if name in self.known:
            ref = self.known.pop(name)
            assert self.kit.log.erase(ref, self.kit.erasure()).seq == self.size
            self.size += 1
            self.erased.add(ref)

    @rule(choice=st.integers(min_value=0))
    def repeat(self, choice: int) -> None:
        if self.decided:
            draft, refs = self.decided[choice % len(self.decided)]
            if self.erased.isdisjoint(refs):
                assert self.kit.log.append(draft).repeated

    @invariant()
    def exactly_the_erased_are_unreadable(self) -> None:
        for draft, refs in self.decided:
            entry = self.kit.log.entry(draft.entry_id)
            body = self.kit.log.open_body(entry)
            left = [number for number, ref in enumerate(refs) if ref not in self.erased]
            assert sorted(body.subjects) == left
            assert body.record == (draft.record if left else None)

    def teardown(self) -> None:
        report = self.kit.verify()
        assert (report.ok, report.size) == (True, self.size)
        assert len(self.kit.log.entries(kinds=(EntryKind.DECISION,))) == len(self.decided)
        self.kit.log.close()


TestLogOfPersons = LogOfPersons.TestCase
TestLogOfPersons.settings = settings(max_examples=10, stateful_step_count=15, deadline=None)
