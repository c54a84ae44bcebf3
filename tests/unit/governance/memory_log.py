"""A log in memory: our own double of the log, for what governance reads and appends."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

from answerable.audit.entries import Draft, Entry, Header, OpenedBody, Part, Receipt
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Record

START = 1_780_000_000_000_000


class AppendableLog(Protocol):
    """What the world needs of a log."""

    def append(self, draft: Draft) -> Receipt: ...

    def entries(
        self, *, kinds: Sequence[EntryKind] = (), after: int = -1, limit: int = 500
    ) -> list[Entry]: ...

    def open_body(self, entry: Entry) -> OpenedBody: ...

    def load_projection(self, name: str) -> tuple[int, bytes] | None: ...

    def save_projection(self, name: str, size: int, state: bytes) -> None: ...


class MemoryLog:
    """An in-memory log: stored header bytes, clear bodies, one cached view per name."""

    def __init__(self) -> None:
        self.stored: list[tuple[Entry, Record | None]] = []
        self.views: dict[str, tuple[int, bytes]] = {}
        self.now = START

    def append(self, draft: Draft) -> Receipt:
        header = Header(
            log="test/log",
            kind=draft.kind,
            id=draft.entry_id,
            ts=self.now,
            actor=draft.actor,
            role=draft.role,
            links=draft.links,
            function=draft.function,
            parts=(
                Part(
                    part="clear",
                    type="test",
                    digest=hashlib.sha256(draft.record.to_json()).hexdigest(),
                ),
            ),
        )
        data = header.to_json()
        entry = Entry(
            seq=len(self.stored),
            header_bytes=data,
            leaf=hashlib.sha256(b"\0" + data).digest(),
        )
        self.stored.append((entry, draft.record))
        return Receipt(
            log="test/log",
            entry_id=header.id,
            kind=draft.kind,
            seq=entry.seq,
            leaf=entry.leaf,
            ts=self.now,
        )

    def entries(
        self, *, kinds: Sequence[EntryKind] = (), after: int = -1, limit: int = 500
    ) -> list[Entry]:
        found = (entry for entry, _ in self.stored if entry.seq > after)
        return [entry for entry in found if not kinds or entry.kind in kinds][:limit]

    def open_body(self, entry: Entry) -> OpenedBody:
        return OpenedBody(record=self.stored[entry.seq][1], subjects={})

    def load_projection(self, name: str) -> tuple[int, bytes] | None:
        return self.views.get(name)

    def save_projection(self, name: str, size: int, state: bytes) -> None:
        self.views[name] = (size, state)
