"""Headers of any content the format has a place for, and some that it has none for."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from answerable.audit.kinds import EntryKind
from tests.attacks.stored_log import ORIGIN

ID = "01a0c5f2-1c00-7000-8000-00000000000a"
HEX = "ab" * 32
DIGEST = f"sha256:{HEX}"
code = st.sampled_from(["approve"] * 6 + ["x" * 128, "x" * 129, "A", "", "ä", 'a"b', "a b", "a\n"])
_digest = st.sampled_from([DIGEST] * 6 + ["sha256:AB", "", f"sha256:{HEX}0"])
_entry = st.sampled_from([ID] * 6 + [ID.upper(), "none", ""])
_at = st.sampled_from([0, 1, 2**53 - 1, 2**53, 10**15, 9 * 10**15, -1, True, 1.5, "1"])
_subject = st.fixed_dictionaries({"ref": st.just("s-" + "0f" * 16), "role": code})
_links = st.one_of(
    st.fixed_dictionaries({"entry": _entry, "rel": code}),
    st.fixed_dictionaries({"digest": _digest, "rel": code}),
)
_number = st.sampled_from([0, 0, 1, 2, 63, 64])
_parts = st.one_of(
    st.fixed_dictionaries({"part": st.just("clear"), "digest": st.just(HEX), "type": code}),
    st.fixed_dictionaries(
        {"part": st.just("case"), "ct": st.just(HEX), "pc": st.just(HEX), "type": code}
    ),
    st.fixed_dictionaries(
        {
            "part": st.sampled_from(["subject", "slot", "case", "clear"]),
            "ct": st.just(HEX),
            "subject": _number,
            "type": code,
        },
        optional={"pc": st.just(HEX)},
    ),
)


def headers() -> st.SearchStrategy[dict[str, Any]]:
    """Return headers as mappings; most are valid, each field has some forms that are not."""
    return st.fixed_dictionaries(
        {
            "actor": st.sampled_from(["a-" + "1" * 32] * 6 + ["a-1", "nobody"]),
            "id": st.just(ID),
            "kind": st.sampled_from([*(kind.value for kind in EntryKind), "decided", "No"]),
            "log": st.sampled_from([ORIGIN] * 6 + ["example.org/other", "Other"]),
            "role": st.sampled_from(["service"] * 6 + ["officer", "king"]),
            "ts": st.sampled_from([0, 1_795_000_000_000_000, 2**53 - 1]),
            "v": st.sampled_from([1] * 8 + [2, True]),
        },
        optional={
            "at": _at,
            "automation": st.sampled_from(["manual", "assisted", "sometimes"]),
            "basis": code,
            "cell": st.sampled_from(["2026-12:0badcafe", "2026-12:0BADCAFE", "2026"]),
            "function": _digest,
            "links": st.lists(_links, max_size=3),
            "outcome": code,
            "parts": st.lists(_parts, max_size=3),
            "purpose": code,
            "ref": st.sampled_from([HEX, HEX.upper()]),
            "release": _entry,
            "subjects": st.lists(_subject, max_size=3),
            "supersedes": _entry,
            "unknown": code,
        },
    )
