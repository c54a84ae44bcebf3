"""A log written by revision r0001 is upgraded, and what was proven then is proven now."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TypedDict, cast

import psycopg
import pytest
from sqlalchemy import make_url

from answerable.audit.errors import Unavailable
from answerable.audit.keys.vault import FileVault
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log, stored_log, upgrade_log
from answerable.audit.tree.receipts import open_proof
from answerable.audit.verify import verify_log
from tests.log_fixtures import DATABASES
from tests.log_kit import SeededEntropy, SteppedClock

_FROZEN = Path(__file__).parent / "r0001"


class Frozen(TypedDict):
    """What was true of the log when it was written."""

    vkey: str
    origin: str
    size: int
    root: str
    checkpoints: list[str]
    proof: str
    first: str
    erased: str
    anna: str
    ben: str
    counts: int
    keys: dict[str, str]


@pytest.fixture(params=DATABASES)
def frozen(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Frozen]:
    facts = cast("dict[str, Frozen]", json.loads((_FROZEN / "facts.json").read_text()))
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'log.db'}"
        (tmp_path / "log.db").write_bytes(gzip.decompress((_FROZEN / "sqlite.gz").read_bytes()))
    else:
        url = str(request.getfixturevalue("postgres_url"))
        dump = gzip.decompress((_FROZEN / "postgresql.sql.gz").read_bytes())
        given = make_url(url)
        where = f"host={given.query['host']} user={given.username} dbname={given.database}"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(dump)
    return url, facts[str(request.param)]


def opened(url: str, facts: Frozen, folder: Path) -> Log:
    keys = folder / "keys"
    (keys / "buckets").mkdir(parents=True)
    for name, value in facts["keys"].items():
        (keys / name).write_bytes(bytes.fromhex(value))
        (keys / name).chmod(0o600)
    for path in (keys, keys / "buckets"):
        path.chmod(0o700)
    last = 1_795_000_000_000_000 + 10**9
    return Log.open(
        url, vault=FileVault(keys), clock=SteppedClock(last), entropy=SeededEntropy("later")
    )


def test_it_is_refused_with_what_to_do_until_it_is_upgraded(frozen: tuple[str, Frozen]) -> None:
    with pytest.raises(Unavailable, match=r"older than this version needs.*answerable db upgrade"):
        stored_log(frozen[0])


def test_it_verifies_and_goes_on(frozen: tuple[str, Frozen], tmp_path: Path) -> None:
    url, facts = frozen
    upgrade_log(url)
    log = opened(url, facts, tmp_path)
    assert (log.size(), log.root_at(log.size()).hex()) == (facts["size"], facts["root"])
    for note in facts["checkpoints"]:
        stored = log.stored()
        report = verify_log(
            stored.rows(),
            origin=facts["origin"],
            vkey=facts["vkey"],
            checkpoint=note,
            stored=stored.state,
        )
        assert report.findings == ()
        assert (report.ok, report.anchored, report.size) == (True, True, facts["size"])
    assert log.stored().findings_beside(cell_of=log.cell_of) == []
    first = log.entry(facts["first"])
    assert open_proof(facts["proof"], facts["vkey"]).header == first.header_bytes
    assert open_proof(log.proof(facts["first"]), facts["vkey"]).seq == first.seq
    assert log.open_body(first).record is not None
    assert log.open_body(log.entry(facts["erased"])).erased_parts == (0, 1)
    assert len(log.subject_entries(facts["anna"])) == len({1, 2, 3})
    assert [item.ground for item in log.holds(facts["ben"])] == ["litigation"]
    assert sum(item.n for item in log.counts()) == facts["counts"]
    assert {item.header.kind for item in log.related(facts["first"])} == {EntryKind.DECISION}
    log.close()
