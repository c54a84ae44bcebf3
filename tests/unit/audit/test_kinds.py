import re

from answerable.audit.kinds import EntryKind


def test_every_kind_is_a_code_of_at_most_two_words() -> None:
    assert all(re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", kind.value) for kind in EntryKind)


def test_a_kind_is_named_after_its_code() -> None:
    words = {kind.value.replace(".", "_").upper().replace("_", "") for kind in EntryKind}
    assert words == {kind.name.replace("_", "") for kind in EntryKind}
