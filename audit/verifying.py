"""Verifying a stored log as a whole: its tree, and what stands beside it.

Large logs are shared out among processes: each stretch of places is read and proven by one of them,
on a snapshot of its own, and added up here in the order of the log. Entries never change, so only
retention can come between two snapshots: a stretch that saw other runs than this process did
is read again here, as is one that needs a key that was not handed on.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, NamedTuple

from answerable.audit.beside import findings_at_the_end
from answerable.audit.beside_part import BesidePart, CellOf, PartReader, cell_reader
from answerable.audit.errors import AnswerableError, NotFound, Unavailable
from answerable.audit.key_chain import KeyChain
from answerable.audit.records import LogKeyRotated
from answerable.audit.store import entry_rows, view_rows
from answerable.audit.store.database import Connection, Database
from answerable.audit.stored import CHUNK, StoredLog, read_chunk
from answerable.audit.verify import (
    Finding,
    ProvenAhead,
    StoredChunk,
    VerificationReport,
    verify_log,
)
from answerable.audit.verify_chunks import Proven

__all__ = ["PeriodKey", "Progress", "verify_stored"]

PeriodKey = Callable[[str], bytes]
"""Gives the key of one month's group-cell codes, as a vault does."""
Progress = Callable[[int, int], None]
"""Takes how many entries are done, and of how many; one process goes through each twice."""
_STRETCH: Final = 32 * CHUNK
"""Places a process takes at a time: about two seconds of work."""
_AHEAD: Final = 2
"""Stretches given out for each process, so that none waits while another is added up."""


def verify_stored(
    stored: StoredLog,
    *,
    vkey: str,
    period_key: PeriodKey | None = None,
    checkpoint: str | None = None,
    progress: Progress | None = None,
    processes: int = 1,
) -> VerificationReport:
    """Verify a log as it is stored.

    Parameters
    ----------
    stored : StoredLog
        A snapshot.
    vkey : str
        The log's verifier key, from a source other than the database.
    period_key : callable, optional
        Of the log's vault: without it, counts are compared over all group cells together.
    checkpoint : str, optional
        A checkpoint kept outside; without one the result is not anchored.
    progress : callable, optional
        Called with the number of entries done, and of how many; one process alone goes through
        each twice.
    processes : int
        How many share the work, from 1. More than one are started as Python's ``spawn`` does: the
        main module must be importable. A log in memory is verified by this process alone.

    Returns
    -------
    VerificationReport
        `ok` is True when there are no findings.

    Raises
    ------
    Unavailable
        If the database cannot be read, or a process that shares the work was ended.
    """
    check = partial(verify_log, origin=stored.origin, vkey=vkey, checkpoint=checkpoint)
    cell_of = None if period_key is None else cell_reader(period_key)
    with _collector_paused():
        if processes <= 1 or stored.database.in_memory:
            report, more = _alone(stored, check, cell_of, progress)
        else:
            keys = None if period_key is None else _keys_of_months(stored, period_key)
            together = _Together(stored, keys, cell_of, processes)
            report, more = together.checked(check, progress)
    if vkey not in _named_keys(stored):
        what = "the database names another verification key than yours"
        more.append(Finding("checkpoint", "", what))
    if not more:
        return report
    return replace(report, ok=False, findings=(*report.findings, *more))


def _alone(
    stored: StoredLog,
    check: Callable[..., VerificationReport],
    cell_of: CellOf | None,
    progress: Progress | None,
) -> tuple[VerificationReport, list[Finding]]:
    size = stored.last + 1
    report = check(
        stored.chunks(),
        stored=stored.state,
        progress=_out_of(2 * size, progress),
    )
    # The tree proves the headers; what else is kept follows from them and is compared here.
    more = stored.findings_beside(
        cell_of=cell_of, progress=_out_of(2 * size, progress, before=size)
    )
    return report, more


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What a process is given: where the log is, and some of its places."""

    url: str = field(repr=False)
    origin: str
    keys: Mapping[str, bytes] | None = field(repr=False)
    first: int
    end: int


class _Checked(NamedTuple):
    """What a process made of a stretch."""

    first: int
    end: int
    chunks: list[tuple[int, int, Proven | None]]
    """Places from and to, and what they amount to."""
    part: BesidePart | None
    """None where a key was wanted that was not handed on."""


class _KeyNotGiven(Exception):
    """The key of a month that no count names."""


def _check_stretch(given: _Stretch) -> _Checked:
    """Read and prove a stretch, in a process of its own."""
    database = Database(given.url, must_exist=True)
    try:
        with database.read() as connection:
            chunks = list(_chunks(connection, given))
            reader = PartReader(connection, None if given.keys is None else _given(given.keys))
            try:
                reader.read(given.first, given.end)
            except _KeyNotGiven:
                return _Checked(given.first, given.end, chunks, None)
        return _Checked(given.first, given.end, chunks, reader.part)
    finally:
        database.close()


def _chunks(connection: Connection, given: _Stretch) -> Iterator[tuple[int, int, Proven | None]]:
    for first in range(given.first, given.end, CHUNK):
        end = min(first + CHUNK, given.end)
        chunk = read_chunk(connection, first, end)
        if chunk.entries:
            yield first, end, chunk.proven(given.origin)


def _given(keys: Mapping[str, bytes]) -> CellOf:
    def key(period: str) -> bytes:
        if period not in keys:
            raise _KeyNotGiven
        return keys[period]

    return cell_reader(key)


class _Together:
    """One verification, shared out."""

    def __init__(
        self,
        stored: StoredLog,
        keys: Mapping[str, bytes] | None,
        cell_of: CellOf | None,
        processes: int,
    ) -> None:
        self._stored = stored
        self._keys = keys
        self._cell_of = cell_of
        self._processes = processes

    def checked(
        self, check: Callable[..., VerificationReport], progress: Progress | None
    ) -> tuple[VerificationReport, list[Finding]]:
        """Return what was found in the tree, and what beside it."""
        stored, size = self._stored, self._stored.last + 1
        # What all entries say is compared on one snapshot, which is taken before the others.
        with stored.database.read() as connection:
            if stored.database.dialect == "postgresql":  # it waits here while the others work
                connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            whole = PartReader(connection, self._cell_of).part
            report = check(
                self._proven(connection, whole),
                stored=stored.state,
                progress=_out_of(size, progress),
            )
            whole.add(self._read_here(connection, size, None))
            if progress is not None:
                progress(size, size)
            by_cell = self._cell_of is not None
            return report, findings_at_the_end(connection, whole, by_cell=by_cell)

    def _proven(self, connection: Connection, whole: BesidePart) -> Iterator[ProvenAhead]:
        """Yield the chunks in the order of the log; add up what stands beside them on the way."""
        for checked in self._results(connection):
            part = checked.part
            if part is None or part.removed != whole.removed:
                part = self._read_here(connection, checked.first, checked.end)
            whole.add(part)
            for first, end, found in checked.chunks:
                again = partial(self._read_again, first, end)
                yield ProvenAhead(self._stored.origin, found, again)

    def _results(self, connection: Connection) -> Iterator[_Checked]:
        places = self._stretches(connection)
        due: deque[Future[_Checked]] = deque()
        with ProcessPoolExecutor(
            self._processes, multiprocessing.get_context("spawn"), initializer=gc.disable
        ) as pool:
            try:
                while True:
                    while len(due) < _AHEAD * self._processes and (given := next(places, None)):
                        due.append(pool.submit(_check_stretch, given))
                    if not due:
                        return
                    yield due.popleft().result()
            except BrokenProcessPool:
                raise Unavailable(
                    "a process that shares in the verification was ended",
                    where=self._stored.database.where,
                    remedy="Perhaps memory ran out, or the main module of this program does more"
                    " than define things when it is imported: verify with one process.",
                ) from None
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _stretches(self, connection: Connection) -> Iterator[_Stretch]:
        address, origin = self._stored.database.address(), self._stored.origin
        first: int | None = 0
        while first is not None and first <= self._stored.last:
            end = min(first + _STRETCH, self._stored.last + 1)
            yield _Stretch(address, origin, self._keys, first, end)
            first = entry_rows.next_seq(connection, end)  # a gap of any width is stepped over

    def _read_here(self, connection: Connection, first: int, end: int | None) -> BesidePart:
        reader = PartReader(connection, self._cell_of)
        reader.read(first, end)
        return reader.part

    def _read_again(self, first: int, end: int) -> StoredChunk:
        with self._stored.database.read() as connection:
            return read_chunk(connection, first, end)


def _keys_of_months(stored: StoredLog, period_key: PeriodKey) -> dict[str, bytes]:
    """Return the keys of the months in which decisions are counted."""
    with stored.database.read() as connection:
        months = view_rows.months_counted(connection)
    keys: dict[str, bytes] = {}
    for month in months:
        try:
            keys[month] = period_key(month)
        except NotFound:
            continue  # whoever needs it says so
    return keys


def _out_of(
    whole: int, progress: Progress | None, *, before: int = 0
) -> Callable[[int], None] | None:
    """Return what tells how many of all are done."""
    if progress is None:
        return None
    return lambda done: progress(min(before + done, whole), whole)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Leave cycles of garbage for later: there are none here, and looking takes a fifth as long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _named_keys(stored: StoredLog) -> tuple[str, ...]:
    """Return the keys the database names, none where a rotation among them does not hold."""
    try:
        rotations = [LogKeyRotated.from_json(data) for data in stored.state.rotations]
        return KeyChain.of(stored.vkey, rotations).vkeys
    except AnswerableError:
        return ()
