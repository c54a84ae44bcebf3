"""A world with everything up to the assessment in place, on both logs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from answerable.audit.keys.vault import MemoryVault
from answerable.audit.log import Log
from tests.unit.governance.world import Cast, World, cast_in


def real_log(folder: Path, world: World) -> Log:
    drawn = iter(range(1, 10_000_000))
    return Log.create(
        f"sqlite:///{folder}/log.db",
        origin="test/log",
        vault=MemoryVault(pepper=bytes(32)),
        clock=lambda: world.now,
        entropy=lambda n: next(drawn).to_bytes(n, "big"),
    )


@pytest.fixture(params=["memory", "sqlite"])
def cast(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cast]:
    world = World()
    if request.param == "sqlite":
        log = real_log(tmp_path, world)
        world.log = log
        yield cast_in(world)
        log.close()
    else:
        yield cast_in(world)


@pytest.fixture
def play() -> Cast:
    return cast_in(World())
