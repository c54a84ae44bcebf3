"""A log of millions of entries, made in bulk: rows of the shape the writer stores.

Headers are canonical and give their leaves, tiles and head are those of the tree, indexes and
counts say what the headers say; the clear bodies are records. The ciphertexts are left out: no
question to the headers reads them. Customers, whose records are opened and proven, are appended by
the log itself, all along. Half of the entries are decisions and half of those that follow
explain them; people come again as in a bank (most once or twice, few often), functions are asked
unevenly, contests, reviews, readings, erasures and holds are as rare as they are.
"""

import hashlib
import random  # noqa: TID251 - the same rows in each run, nothing secret
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
from ground import ACTOR, ORIGIN, Material

from answerable.api.wiring import system_clock, system_entropy
from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.ids import uuid7
from answerable.audit.keys.derive import day_of
from answerable.audit.keys.vault import MemoryVault
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import (
    Contest,
    EntryLink,
    LegalHold,
    QueryAsked,
    RecordsRead,
    Role,
    SubjectErased,
)
from answerable.audit.store.bulk import insert_rows
from answerable.audit.store.database import Database
from answerable.audit.store.head_rows import claim_head, swap_head
from answerable.audit.store.tables import body, entry, entry_id, entry_subject, link
from answerable.audit.store.tile_rows import StoredTiles, insert_tiles
from answerable.audit.store.view_rows import add_counts
from answerable.audit.tree.tiles import completed_tiles

START: Final = 1_700_000_000_000_000
STEP_US: Final = 18_000_000
"""Between two entries: five million take nearly three years."""
_SORTED: Final = orjson.OPT_SORT_KEYS
BATCH: Final = 20_000
_VISITS: Final = 20
_COME: Final = 0.4
FUNCTIONS: Final = [f"sha256:{number:064x}" for number in range(20)]
OUTCOMES: Final = ("approve", "decline", "decline.income", "refer")
CODES: Final = {
    "explanation": "explains",
    "contest.filed": "contests",
    "review.completed": "reviews",
}
RARE: Final = (
    ("decision", 500_000),
    ("explanation", 470_000),
    ("contest.filed", 3_000),
    ("review.completed", 3_000),
    ("records.read", 20_000),
    ("query.asked", 500),
    ("subject.erased", 1_000),
    ("hold.placed", 200),
    ("incident.opened", 10),
    ("clock.stepped", 10),
)
"""Of a million."""
_CLEAR: Final = {
    "records.read": RecordsRead(purpose="gdpr-art-15", query="subject", count=1),
    "query.asked": QueryAsked(purpose="supervision", query="adverse", size=1, count=1),
    "subject.erased": SubjectErased(ground="gdpr-17-1-a", entries=4),
    "hold.placed": LegalHold(subject="s-" + "0" * 32, ground="litigation", reference="case-1"),
}


@dataclass
class Made:
    """What was loaded, to ask about."""

    size: int
    people: int
    last_ts: int


@dataclass
class _Maker:
    """Makes rows, the same ones for the same seed."""

    people: int
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311
    recent: list[tuple[str, str, str]] = field(default_factory=list)

    def batch(self, first: int, count: int) -> tuple[dict[Any, list[Any]], Counter[Any]]:
        """Return rows by table, and counts."""
        kinds = self.chance.choices(
            [kind for kind, _ in RARE], [weight for _, weight in RARE], k=count
        )
        rows: dict[Any, list[Any]] = {t: [] for t in (entry, body, entry_id, entry_subject, link)}
        counts: Counter[Any] = Counter()
        for seq, kind in enumerate(kinds, start=first):
            self._one(seq, kind, rows, counts)
        return rows, counts

    def _one(self, seq: int, kind: str, rows: dict[Any, list[Any]], counts: Counter[Any]) -> None:
        ts = START + seq * STEP_US
        own = f"{ts // 1000:012x}7{seq & 0xFFF:03x}8{seq:015x}"
        name = f"{own[:8]}-{own[8:12]}-{own[12:16]}-{own[16:20]}-{own[20:]}"
        said: dict[str, Any] = {"id": name, "kind": kind, "ts": ts, "role": "service"}
        if kind == "decision":
            said |= self._decision(ts, name, counts)
        elif kind in CODES and self.recent:
            decision, ref, function = self.chance.choice(self.recent)
            said["links"] = [{"entry": decision, "rel": CODES[kind]}]
            said["subjects"] = [{"ref": ref, "role": "applicant"}]
            said["function"] = function
            rows[link].append((decision, seq, 0, CODES[kind]))
        elif kind in {"records.read", "subject.erased"}:
            said["subjects"] = [{"ref": self._person(), "role": "applicant"}]
            said["purpose"] = self.chance.choice(["gdpr-art-15", "review", "audit"])
        said["parts"] = [_part(kind, seq, rows)]
        said |= {"actor": ACTOR, "log": ORIGIN, "v": 1}
        # Of ASCII keys, texts and small integers the sorted form is the canonical one.
        header = orjson.dumps(said, option=_SORTED)  # allow json-for-hashing: five million of them
        leaf = hashlib.sha256(b"\x00" + header).digest()
        columns = (ts, kind, said.get("function"), said.get("outcome"), said.get("automation"))
        rows[entry].append((seq, *columns, None, header, leaf))
        rows[entry_id].append((bytes.fromhex(own), seq))
        for person in said.get("subjects", ()):
            rows[entry_subject].append((bytes.fromhex(person["ref"][2:]), seq))

    def _decision(self, ts: int, name: str, counts: Counter[Any]) -> dict[str, Any]:
        function = FUNCTIONS[min(int(self.chance.expovariate(0.35)), 19)]
        outcome = self.chance.choices(OUTCOMES, (70, 20, 6, 4))[0]
        ref = self._person()
        self.recent = [*self.recent[-50:], (name, ref, function)]
        counts[day_of(ts), function, outcome, -1] += 1
        manual = self.chance.random() < 0.002
        return {
            "automation": "manual" if manual else "solely_automated",
            "basis": "gdpr-6-1-b",
            "function": function,
            "outcome": outcome,
            "purpose": "credit-decision",
            "release": "01a0c5f2-1c00-7000-8000-00000000000a",
            "subjects": [{"ref": ref, "role": "applicant"}],
        }

    def _person(self) -> str:
        # Squared: a tenth of the people have a third of the entries.
        number = int(self.people * self.chance.random() ** 2)
        return "s-" + hashlib.blake2b(number.to_bytes(8, "big"), digest_size=16).hexdigest()


def person(number: int) -> str:
    """Return the reference of a person by number."""
    return "s-" + hashlib.blake2b(number.to_bytes(8, "big"), digest_size=16).hexdigest()


def _part(kind: str, seq: int, rows: dict[Any, list[Any]]) -> dict[str, Any]:
    record = _CLEAR.get(kind)
    if record is not None:
        data = record.to_json()
        rows[body].append((seq * 256, data))
        return {
            "digest": hashlib.sha256(data).hexdigest(),
            "part": "clear",
            "type": str(dict(record)["type"]),
        }
    digest = f"{seq:064x}"
    if kind in {"decision", "explanation", "contest.filed", "review.completed"}:
        return {"ct": digest, "part": "case", "pc": digest, "type": f"answerable.{kind}.v1"}
    return {"digest": digest, "part": "clear", "type": f"answerable.{kind}.v1"}


def populated(url: str, entries: int, *, customers: int = 0) -> tuple[Log, Made]:
    """Return a log that was filled, open, and what is in it."""
    vault = MemoryVault.create(entropy=system_entropy)
    size = [0]

    def clock() -> int:
        return START + size[0] * STEP_US

    log = Log.create(url, origin=ORIGIN, vault=vault, clock=clock, entropy=system_entropy)
    shop = _Customers(log, customers)

    def between(held: int) -> None:
        size[0] = held
        shop.visit()

    made = populate(url, entries, between=between if customers else None)
    log.close()
    log = Log.open(url, vault=vault, clock=system_clock, entropy=system_entropy)
    return log, replace(made, size=log.size())


@dataclass
class _Customers:
    """Persons whose decisions are encrypted and can be opened, proven and told to them."""

    log: Log
    count: int
    material: Material = field(default_factory=Material)
    chance: random.Random = field(default_factory=lambda: random.Random(11))  # noqa: S311
    _number: int = 0

    def visit(self) -> None:
        """Let about half of them have a decision, which one of them contests and one reads."""
        for number in range(self.count):
            if self.chance.random() < _COME:
                self._decide(customer(number))

    def _decide(self, customer_id: str) -> None:
        self._number += 1
        decision = self.material.draft(self._number, customer_id, own_data=True)
        decided = self.log.append(replace(decision, entry_id=self._id()))
        about = DraftSubject(role="applicant", subject_id=customer_id)
        contest = Contest(decision=decided.entry_id, grounds="the income is wrong", received_at=1)
        read = RecordsRead(purpose="gdpr-art-15", query="subject", count=1)
        self.log.append_many(
            [
                Draft(
                    kind=EntryKind.CONTEST_FILED,
                    entry_id=self._id(),
                    record=contest,
                    actor=ACTOR,
                    role=Role.SERVICE,
                    subjects=(about,),
                    links=(EntryLink(rel="contests", entry=decided.entry_id),),
                ),
                Draft(
                    kind=EntryKind.RECORDS_READ,
                    entry_id=self._id(),
                    record=read,
                    actor=ACTOR,
                    role=Role.OFFICER,
                    subjects=(about,),
                ),
            ]
        )

    def _id(self) -> str:
        return uuid7(self.log.clock(), system_entropy(10))


def customer(number: int) -> str:
    """Return the organisation's own id of a customer by number."""
    return f"customer-{number}"


def populate(url: str, entries: int, *, between: Callable[[int], None] | None = None) -> Made:
    """Append entries to an empty log by COPY, as fast as the database takes them.

    Parameters
    ----------
    url : str
        The log's database.
    entries : int
        How many there are to be.
    between : Callable[[int], None], optional
        Told the size twenty times on the way; may append.

    Returns
    -------
    Made
        What was loaded.
    """
    maker = _Maker(max(10, entries // 6))
    database = Database(url, must_exist=True)
    size, begun = 0, time.perf_counter()
    visits = 0
    while size < entries:
        if between is not None and size * _VISITS >= visits * entries:
            between(size)
            visits += 1
        with database.write() as connection:
            old = claim_head(connection)
            if database.dialect == "postgresql":
                connection.exec_driver_sql(f"SELECT audit.extend({old.size})")
            rows, counts = maker.batch(old.size, min(BATCH, entries - old.size))
            for table, held in rows.items():
                insert_rows(connection, table, held)
            leaves = [row[-1] for row in rows[entry]]
            insert_tiles(connection, completed_tiles(old.size, leaves, StoredTiles(connection)))
            add_counts(connection, counts)
            ts = rows[entry][-1][1]
            swap_head(connection, old, replace(old, ts=ts, frontier=old.frontier.extend(leaves)))
        size = old.size + len(leaves)
        if size % (25 * BATCH) < BATCH:
            rate = size / (time.perf_counter() - begun)
            print(f"  {size:,} of {entries:,} ({rate:,.0f}/s)", file=sys.stderr, flush=True)
    if database.dialect == "postgresql":
        with database._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("VACUUM (ANALYZE)")
    database.close()
    return Made(size, maker.people, START + size * STEP_US)
