"""Headers read without their model: what retention asks of entries by the million.

The bytes were checked against their leaf hash when they were fetched, and were a header when they
were appended; the model, which checks that again, costs twenty times as much as reading them.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from answerable.audit.entries import Entry
from answerable.audit.ids import entry_id_bytes, ref_bytes
from answerable.audit.kinds import EntryKind
from answerable.audit.retention.policy import EntryFacts
from answerable.audit.store.index_rows import Indexed

__all__ = ["LightHeader", "light_header"]


@dataclass(frozen=True, slots=True)
class LightHeader:
    """What retention asks of a header."""

    seq: int
    id: str
    facts: EntryFacts
    refs: tuple[str, ...]
    """Data subjects it names."""
    links: tuple[tuple[str, str], ...]
    """Relation and target, in the header's order, `supersedes` last."""

    @property
    def kind(self) -> EntryKind:
        """Kind of the entry."""
        return self.facts.kind

    @property
    def about(self) -> tuple[str, ...]:
        """The entry itself and what it links to."""
        return (self.id, *(target for _, target in self.links))

    @property
    def found_by(self) -> Indexed:
        """What the indexes hold of it."""
        refs = dict.fromkeys(ref_bytes(ref) for ref in self.refs)
        return Indexed(entry_id_bytes(self.id), tuple(refs), self.links)


def light_header(entry: Entry) -> LightHeader:
    """Return what retention asks of an entry's header.

    Parameters
    ----------
    entry : Entry
        As fetched from the store, its leaf checked.

    Returns
    -------
    LightHeader
        The same as its :class:`~answerable.audit.entries.Header` says.
    """
    header = orjson.loads(entry.header_bytes)
    links = [
        (str(link["rel"]), str(link.get("entry") or link.get("digest")))
        for link in header.get("links", ())
    ]
    if header.get("supersedes") is not None:
        links.append(("supersedes", str(header["supersedes"])))
    return LightHeader(
        entry.seq,
        str(header["id"]),
        EntryFacts(
            EntryKind(header["kind"]),
            int(header["ts"]),
            header.get("function"),
            header.get("purpose"),
            header.get("outcome"),
        ),
        tuple(str(subject["ref"]) for subject in header.get("subjects", ())),
        tuple(links),
    )
