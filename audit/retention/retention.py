"""Retention of one log: what may go, what went, and removing it slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from answerable.audit.entries import Draft, Receipt
from answerable.audit.identity import Scribe
from answerable.audit.keys.erasure import destroy_older
from answerable.audit.kinds import EntryKind
from answerable.audit.records import RetentionRun
from answerable.audit.retention.approving import RetentionOrder, require_approved
from answerable.audit.retention.facts import OpenCases, all_entries, clear_record, without_body
from answerable.audit.retention.plan import Limits, Plan
from answerable.audit.retention.policy import RetentionPolicy
from answerable.audit.retention.running import (
    RotatedBuckets,
    destroy_keys,
    limits_of,
    plan_within,
    remove_slice,
)
from answerable.audit.store import key_rows, retention_rows
from answerable.audit.store.database import Connection, Database
from answerable.audit.turn import Turn
from answerable.audit.writer import Writer

__all__ = ["RecordedRun", "Retention", "RetentionStatus"]

_PEOPLE: Final = 500
_BUCKETS_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A slice of a run as it stands in the log."""

    seq: int
    entry_id: str
    ts: int
    actor: str
    record: RetentionRun


@dataclass(frozen=True, slots=True)
class RetentionStatus:
    """Where a log begins, and by which runs."""

    size: int
    limits: Limits
    runs: tuple[RecordedRun, ...]


class Retention:
    """Plans and runs the removal of what nobody needs to keep any more.

    Parameters
    ----------
    database : Database
        The log's database.
    scribe : Scribe
        Who writes.
    writer : Writer
        The log's writer: each slice is one of its turns.
    """

    def __init__(self, database: Database, scribe: Scribe, writer: Writer) -> None:
        self._database = database
        self._scribe = scribe
        self._writer = writer

    def plan(self, policy: RetentionPolicy) -> Plan:
        """Return what may go now; nothing is changed.

        Parameters
        ----------
        policy : RetentionPolicy
            The rules.

        Returns
        -------
        Plan
            Up to the newest signed checkpoint.
        """
        with self._database.read() as connection:
            now = self._scribe.clock()
            return plan_within(connection, policy, limits_of(connection), now=now)

    def status(self) -> RetentionStatus:
        """Return where bodies, entries and leaf tiles begin, and the runs that brought them there.

        Returns
        -------
        RetentionStatus
            Runs in the order they ran.
        """
        with self._database.read() as connection:
            runs = [
                RecordedRun(entry.seq, entry.id, entry.header.ts, entry.header.actor, record)
                for entry in all_entries(connection, (EntryKind.RETENTION_RUN,))
                if isinstance(record := clear_record(connection, entry.seq), RetentionRun)
            ]
            limits = limits_of(connection)
        return RetentionStatus(limits.entry_until, limits, tuple(runs))

    def run(
        self, order: RetentionOrder, draft: Draft, *, ids: Callable[[], str]
    ) -> Iterator[Receipt]:
        """Remove what was approved and may go, one slice after the other.

        A checkpoint has to be signed before: nothing goes that none covers.

        Parameters
        ----------
        order : RetentionOrder
            Policy and approval.
        draft : Draft
            Kind ``retention.run``, by who runs it; each slice gets an entry of its own.
        ids : Callable[[], str]
            Gives entry ids.

        Yields
        ------
        Receipt
            Of the entry of each slice, once it is committed. Stopping early is safe.

        Raises
        ------
        NotAllowed
            If nobody registered with the policy's roles approved it, or who runs it did.
        PolicyViolation
            If the approval is for another log or policy, or has expired.
        EvidenceBroken
            If the signature is not the approver's.
        InvalidInput
            If the draft is not that of a run.
        """
        with self._database.read() as connection:
            now, origin = self._scribe.clock(), self._scribe.origin
            require_approved(connection, order, draft, origin=origin, now=now)

        def remove(turn: Turn) -> Receipt | None:
            return remove_slice(turn, order, replace(draft, entry_id=ids()), origin)

        while (receipt := self._writer.run(remove)) is not None:
            yield receipt
        for refs in self._people_without_body():
            destroyed = self._destroy(order, replace(draft, entry_id=ids()), refs)
            if destroyed is not None:
                yield destroyed

    def drop_emptied(self) -> int:
        """Drop partitions that hold nothing any more (PostgreSQL; elsewhere there are none).

        Returns
        -------
        int
            How many went.

        Raises
        ------
        Unavailable
            If the connected role may not.
        """
        with self._database.write() as connection:
            return retention_rows.drop_emptied(connection)

    def _destroy(self, order: RetentionOrder, draft: Draft, refs: list[str]) -> Receipt | None:
        def destroy(turn: Turn) -> tuple[Receipt | None, RotatedBuckets]:
            return destroy_keys(turn, order, draft, refs, scribe=self._scribe)

        receipt, rotated = self._writer.run(destroy)
        for bucket, version in rotated:
            destroy_older(self._scribe.vault, bucket, version)
        return receipt

    def _people_without_body(self) -> Iterator[list[str]]:
        """Return whose keys may go, by a few buckets at a time: each is wrapped anew but once."""
        with self._database.read() as connection:
            gone = _without_body(connection, self._scribe.clock())
        by_bucket: dict[int, list[str]] = {}
        for row in gone:
            by_bucket.setdefault(row.bucket, []).append(row.ref)
        buckets = sorted(by_bucket)
        for start in range(0, len(buckets), _BUCKETS_AT_ONCE):
            some = buckets[start : start + _BUCKETS_AT_ONCE]
            yield [ref for bucket in some for ref in by_bucket[bucket]]


def _without_body(connection: Connection, now: int) -> list[key_rows.KeyRow]:
    floor = retention_rows.read_floors(connection).body
    cases = OpenCases.at(connection, now)
    refs = sorted(
        ref
        for ref in key_rows.all_refs(connection)
        if ref.startswith("s-") and ref not in cases.people
    )
    found: list[key_rows.KeyRow] = []
    for start in range(0, len(refs) if floor else 0, _PEOPLE):
        some = without_body(connection, refs[start : start + _PEOPLE], floor)
        found += key_rows.keys_by_ref(connection, some)
    return found
