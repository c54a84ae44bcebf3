"""Fills a disk with a log on it, frees it again, and counts what became of the appends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from answerable.audit.entries import Draft
from answerable.audit.errors import Unavailable
from tests.crash.whole import Tally
from tests.log_kit import LogKit

__all__ = ["append_until_away", "fill_again_and_again", "filled"]

_MOST: Final = 3_000
_MANY: Final = 100


def fill_again_and_again(kit: LogKit, disk: Path, rounds: int) -> Tally:
    """Fill the disk, append until it refuses, free it, append what was refused; look at it all.

    Parameters
    ----------
    kit : LogKit
        A log on the disk.
    disk : Path
        Where the disk is mounted.
    rounds : int
        How often; each round leaves another room.

    Returns
    -------
    Tally
        Of what was acknowledged before, during and after.
    """
    tally, told, before = Tally(), dict[str, tuple[int, bytes]](), None
    for number in range(rounds):
        with filled(disk / "ballast", leave=(number + 1) * 791_900 % 1_000_000):
            refused = _until_refused(kit, told)
            size = kit.log.size()
            tally.forks += size != 1 + len(told)
        tally.refused += len(refused)
        for draft in refused:
            receipt = kit.log.append(draft)
            told[receipt.entry_id] = (receipt.seq, receipt.leaf)
            tally.stored_all_the_same += receipt.repeated
        tally.rounds += 1
        if number % 10 == 0 or number == rounds - 1:
            kit.reopen()
            before = tally.count(kit.log, told, before=before)
    assert kit.log.size() == 1 + len(told)
    return tally


def _until_refused(kit: LogKit, told: dict[str, tuple[int, bytes]]) -> list[Draft]:
    """Append until the disk is full, a few together now and then; return what was refused."""
    for number in range(_MOST):
        many = 20 if number % 3 == 2 else 1
        drafts = [kit.decision(f"person-{number % 5}", text="x" * 2000) for _ in range(many)]
        try:
            receipts = kit.log.append_many(drafts)
        except Unavailable as error:
            if "full" not in error.what:
                raise
            return drafts
        told.update({item.entry_id: (item.seq, item.leaf) for item in receipts})
    raise AssertionError("the disk was never full")


def append_until_away(kit: LogKit, told: dict[str, tuple[int, bytes]]) -> list[Draft]:
    """Append until the database does not answer any more; return what was not acknowledged."""
    for _ in range(_MOST):
        drafts = [kit.decision(f"person-{n % 5}", text="x" * 2000) for n in range(_MANY)]
        try:
            receipts = kit.log.append_many(drafts)
        except Unavailable:
            return drafts
        told.update({item.entry_id: (item.seq, item.leaf) for item in receipts})
    raise AssertionError("the database was never away")


@contextmanager
def filled(ballast: Path, *, leave: int) -> Iterator[None]:
    """Write a file until so many bytes are left."""
    with ballast.open("wb") as file:
        free = os.statvfs(ballast.parent)
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - leave)
    try:
        yield
    finally:
        ballast.unlink()
