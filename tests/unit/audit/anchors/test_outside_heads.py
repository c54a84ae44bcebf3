"""What every outside head promises, and what a file and a database add."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from answerable.audit.anchors.file_head import FileHead
from answerable.audit.anchors.outside import MemoryHead, OutsideHead
from answerable.audit.errors import Conflict, InvalidInput, Unavailable
from answerable.audit.store.outside_head import DatabaseHead
from tests.log_fixtures import DATABASES

NOTE = "example.org/loans\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— x AAAA\n"
Reader = Callable[[], OutsideHead]


@pytest.fixture(params=["memory", "file", *DATABASES])
def another(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reader]:
    """Makes one more object for the same place, as another process would."""
    make: Reader
    if request.param == "memory":
        one = MemoryHead()
        make = lambda: one  # noqa: E731
    elif request.param == "file":
        make = lambda: FileHead(tmp_path / "log.head")  # noqa: E731
    else:
        url = f"sqlite:///{tmp_path / 'outside.db'}"
        if request.param == "postgresql":
            url = str(request.getfixturevalue("postgres_url"))
        make = lambda: DatabaseHead(url, origin="example.org/loans")  # noqa: E731
    made: list[OutsideHead] = []

    def one_more() -> OutsideHead:
        made.append(make())
        return made[-1]

    yield one_more
    for head in made:
        head.close()


def test_nothing_is_kept_before_the_first_swap(another: Reader) -> None:
    assert another().read() is None


def test_what_was_swapped_in_is_read_by_everybody(another: Reader) -> None:
    another().swap(None, NOTE)
    assert another().read() == NOTE
    another().swap(NOTE, "second")
    assert another().read() == "second"


@pytest.mark.parametrize("old", [None, "another", ""])
def test_a_swap_from_what_is_not_there_changes_nothing(another: Reader, old: str | None) -> None:
    another().swap(None, NOTE)
    with pytest.raises(Conflict, match="not the one that was read"):
        another().swap(old, "mine")
    assert another().read() == NOTE


def test_a_swap_from_a_note_where_there_is_none_changes_nothing(another: Reader) -> None:
    with pytest.raises(Conflict):
        another().swap(NOTE, "mine")
    assert another().read() is None


def test_of_many_swaps_from_one_note_one_succeeds(another: Reader) -> None:
    another().swap(None, NOTE)
    heads = [another() for _ in range(8)]
    won: list[str] = []

    def swap(head: OutsideHead, name: str) -> None:
        try:
            head.swap(NOTE, name)
        except Conflict:
            return
        won.append(name)

    threads = [threading.Thread(target=swap, args=(head, str(at))) for at, head in enumerate(heads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert another().read() == won[0]


def test_heads_of_two_logs_share_a_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'outside.db'}"
    loans, cards = DatabaseHead(url, origin="a.org/loans"), DatabaseHead(url, origin="a.org/cards")
    loans.swap(None, "loans")
    assert cards.read() is None
    cards.swap(None, "cards")
    assert (loans.read(), cards.read()) == ("loans", "cards")
    loans.close()
    cards.close()


def test_a_schema_is_a_plain_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="schema"):
        DatabaseHead(f"sqlite:///{tmp_path / 'x.db'}", origin="a.org/x", schema='x"; DROP')


def test_a_broken_off_swap_leaves_the_old_note_and_is_done_again(tmp_path: Path) -> None:
    head = FileHead(tmp_path / "log.head")
    head.swap(None, NOTE)
    (tmp_path / "log.head.new").write_text("half a no")
    assert head.read() == NOTE
    head.swap(NOTE, "second")
    assert head.read() == "second"
    assert not (tmp_path / "log.head.new").exists()


def test_bytes_that_are_no_text_are_read_as_no_valid_note_and_can_be_replaced(
    tmp_path: Path,
) -> None:
    (tmp_path / "log.head").write_bytes(b"\xff\xfe")
    head = FileHead(tmp_path / "log.head")
    found = head.read()
    assert found is not None
    head.swap(found, NOTE)
    assert head.read() == NOTE


def test_a_folder_that_is_missing_or_a_folder_in_the_files_place_is_one_clear_error(
    tmp_path: Path,
) -> None:
    with pytest.raises(Unavailable, match="head file cannot be used"):
        FileHead(tmp_path / "nowhere" / "log.head").swap(None, NOTE)
    (tmp_path / "log.head").mkdir()
    with pytest.raises(Unavailable, match="ANSWERABLE_HEAD_FILE"):
        FileHead(tmp_path / "log.head").read()


def test_a_head_is_not_written_through_a_link_left_in_its_way(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "log.head.new").symlink_to(victim)
    FileHead(tmp_path / "log.head").swap(None, NOTE)
    assert victim.read_text() == "mine"
    assert not (tmp_path / "log.head").is_symlink()
