import pytest

from answerable.audit.errors import InvalidInput, NotFound, RecordTampered
from answerable.audit.tree.merkle import Frontier, leaf_hash, root_of
from answerable.audit.tree.proofs import consistency_proof, inclusion_proof, root_from_tiles
from answerable.audit.tree.tiles import (
    TILE_WIDTH,
    FullTile,
    MemoryTiles,
    Tile,
    completed_tiles,
    full_tiles_after,
    hashes_in,
    tile_root,
)

LEAVES = [leaf_hash(str(number).encode()) for number in range(66_000)]


class PrunedTiles:
    """A tile source that lost every tile ending at or below a minimum index."""

    minimum = 0

    def __init__(self, tiles: MemoryTiles, minimum: int) -> None:
        self._tiles = tiles
        self._minimum = minimum

    def tile(self, level: int, index: int, width: int) -> bytes:
        if Tile(level, index).end <= self._minimum:
            raise NotFound("pruned", where=f"tile {level}/{index}")
        return self._tiles.tile(level, index, width)


class RecordingTiles:
    """A tile source that remembers what was asked for and can answer with the wrong length."""

    minimum = 0

    def __init__(self, tiles: MemoryTiles, *, extra: bytes = b"", cut: int = 0) -> None:
        self._tiles = tiles
        self._extra = extra
        self._cut = cut
        self.asked: list[Tile] = []

    def tile(self, level: int, index: int, width: int) -> bytes:
        self.asked.append(Tile(level, index, width))
        data = self._tiles.tile(level, index, width)
        return data[: len(data) - self._cut] + self._extra


@pytest.fixture(scope="module")
def tiles() -> MemoryTiles:
    memory = MemoryTiles()
    memory.append(LEAVES)
    return memory


@pytest.mark.parametrize("leaf", [b"", bytes(31), bytes(33)])
def test_only_a_leaf_hash_is_pushed(leaf: bytes) -> None:
    with pytest.raises(InvalidInput, match="leaf 0"):
        Frontier().push(leaf)


@pytest.mark.parametrize("data", [b"", bytes(7), bytes(9), bytes(8 + 32), b"\x01" * 8 + bytes(32)])
def test_a_stored_frontier_of_the_wrong_length_is_refused(data: bytes) -> None:
    with pytest.raises(RecordTampered, match="log head"):
        Frontier.from_bytes(data)


def test_an_empty_frontier_is_eight_zero_bytes() -> None:
    assert Frontier().to_bytes() == bytes(8)
    assert Frontier.from_bytes(bytes(8)) == Frontier()


@pytest.mark.parametrize("old", [0, 1, 255, 256, 300, 65_535])
def test_an_append_completes_exactly_the_tiles_between_its_sizes(old: int) -> None:
    memory = MemoryTiles()
    memory.append(LEAVES[:old])
    completed = completed_tiles(old, LEAVES[old:], memory)
    places = [Tile(tile.level, tile.index) for tile in completed]
    assert places == full_tiles_after(old, len(LEAVES))


def test_a_completed_tile_holds_its_hashes_and_root() -> None:
    (tile,) = completed_tiles(0, LEAVES[:256], MemoryTiles())
    assert tile == FullTile(0, 0, b"".join(LEAVES[:256]), root_of(LEAVES[:256]))
    assert tile_root(tile.data) == tile.root


def test_an_append_that_completes_nothing_reads_no_tile(tiles: MemoryTiles) -> None:
    source = RecordingTiles(tiles)
    assert completed_tiles(256, LEAVES[256:511], source) == []
    assert source.asked == []


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_a_tree_does_not_shrink(old: int, new: int) -> None:
    with pytest.raises(InvalidInput):
        full_tiles_after(old, new)


@pytest.mark.parametrize(
    ("level", "index", "width"),
    [(0, 999, 1), (9, 0, 1), (0, 0, 0), (0, 0, 257), (0, -1, 1), (-1, 0, 1), (1, 1, 2)],
)
def test_a_tile_that_the_tree_does_not_have_is_not_found(
    tiles: MemoryTiles, level: int, index: int, width: int
) -> None:
    with pytest.raises(NotFound):
        tiles.tile(level, index, width)


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(63), bytes(65), bytes(32 * 257)])
def test_a_tile_of_the_wrong_length_is_refused(data: bytes) -> None:
    with pytest.raises(RecordTampered):
        hashes_in(data, 2)
    with pytest.raises(RecordTampered):
        tile_root(data)


def test_a_proof_from_a_damaged_tile_is_refused(tiles: MemoryTiles) -> None:
    with pytest.raises(RecordTampered):
        inclusion_proof(3, 1_000, RecordingTiles(tiles, cut=1))


def test_a_source_may_answer_a_partial_tile_with_the_full_one(tiles: MemoryTiles) -> None:
    source = RecordingTiles(tiles, extra=bytes(32))
    assert inclusion_proof(3, 200, source) == inclusion_proof(3, 200, tiles)


def test_a_proof_reads_a_handful_of_tiles(tiles: MemoryTiles) -> None:
    source = RecordingTiles(tiles)
    inclusion_proof(12_345, len(LEAVES), source)
    assert len(source.asked) <= 4
    assert len(set(source.asked)) == len(source.asked)


@pytest.mark.parametrize(("seq", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_a_leaf_outside_the_tree_has_no_proof(tiles: MemoryTiles, seq: int, size: int) -> None:
    with pytest.raises(InvalidInput):
        inclusion_proof(seq, size, tiles)


@pytest.mark.parametrize(("old", "new"), [(-1, 5), (6, 5)])
def test_sizes_in_the_wrong_order_have_no_proof(tiles: MemoryTiles, old: int, new: int) -> None:
    with pytest.raises(InvalidInput):
        consistency_proof(old, new, tiles)


def test_a_tree_larger_than_its_tiles_is_not_found(tiles: MemoryTiles) -> None:
    with pytest.raises(NotFound):
        root_from_tiles(len(LEAVES) + 1, tiles)


@pytest.mark.parametrize("minimum", [256, 1_000, 65_536])
def test_proofs_above_a_minimum_index_need_no_tile_below_it(
    tiles: MemoryTiles, minimum: int
) -> None:
    pruned = PrunedTiles(tiles, minimum)
    size = len(LEAVES)
    for seq in (minimum, minimum + 1, minimum + 255, size - 1):
        assert inclusion_proof(seq, size, pruned) == inclusion_proof(seq, size, tiles)
    for old in (minimum, minimum + 77, size):
        assert consistency_proof(old, size, pruned) == consistency_proof(old, size, tiles)
    assert root_from_tiles(size, pruned) == root_from_tiles(size, tiles)


def test_start_and_end_of_a_tile_are_leaf_numbers() -> None:
    assert (Tile(0, 3).start, Tile(0, 3).end) == (768, 1024)
    assert (Tile(1, 1).start, Tile(1, 1).end) == (65_536, 131_072)
    assert TILE_WIDTH == 256
