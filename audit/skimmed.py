"""What a check over all entries asks of a header, read many at once.

A header of the usual form is read by its pattern (:mod:`answerable.audit.verify_form`), which takes
a twentieth of the time; any other as :class:`~answerable.audit.entries.Header`. What is accepted
and what is read is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from answerable.audit.codes import Automation, Role
from answerable.audit.entries import Header
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.store.index_rows import Indexed
from answerable.audit.verify_form import Said, links_in, parts_in, said_by, subjects_in

__all__ = ["Skimmed", "skim"]

_KINDS: Final = frozenset(kind.value for kind in EntryKind)
_ROLES: Final = frozenset(role.value for role in Role)
_AUTOMATIONS: Final = frozenset([None, *(item.value for item in Automation)])
_ONE_CASE: Final = (("case", 0),)
_ONE_CLEAR: Final = (("clear", 0),)
_CASE_AT: Final = len('{"ct":""') + 64


class Skimmed(NamedTuple):
    """What a header says of what lies beside it."""

    id: str
    kind: str
    ts: int
    function: str | None
    outcome: str | None
    cell: str | None
    refs: tuple[str, ...]
    """Reference of each subject."""
    parts: tuple[tuple[str, int], ...]
    """What each part is, and the number of the subject it is about (0 for none)."""
    links: tuple[tuple[str, str], ...]
    """Relation and target, `supersedes` last."""

    def found_by(self) -> Indexed:
        """Return what the indexes must say of it."""
        refs = [bytes.fromhex(ref[2:]) for ref in self.refs]
        if len(refs) > 1:
            refs = list(dict.fromkeys(refs))
        return Indexed(bytes.fromhex(self.id.replace("-", "")), tuple(refs), self.links)

    def holders(self) -> list[set[str]]:
        """Return for each part the references of those under whose key it is sealed."""
        return [
            {self.refs[number]} if part != "clear" and number < len(self.refs) else set()
            for part, number in self.parts
        ]


def skim(headers: Sequence[bytes]) -> list[Skimmed | None]:
    """Return what headers say of what lies beside them.

    Parameters
    ----------
    headers : Sequence[bytes]
        As stored.

    Returns
    -------
    list of Skimmed or None
        In the order given; None for one that is no version 1 header.

    Examples
    --------
    >>> skim([b"{}"])
    [None]
    """
    return [
        (None if said is None else _known(said)) or _parsed(data)
        for data, said in zip(headers, said_by(headers), strict=True)
    ]


def _known(said: Said) -> Skimmed | None:
    """Return what a header of the form says; None where its codes or parts are not ours."""
    (
        automation,
        cell,
        function,
        entry_id,
        kind,
        links,
        outcome,
        parts,
        _,
        role,
        subjects,
        old,
        ts,
    ) = said
    refs = tuple(subjects_in(subjects))
    shape = _shape(parts)
    if kind not in _KINDS or role not in _ROLES or automation not in _AUTOMATIONS:
        return None
    if shape != _ONE_CLEAR and any(n >= len(refs) for part, n in shape if part != "clear"):
        return None
    linked = tuple([(rel, target) for target, rel in links_in(links)]) if links else ()
    if old is not None:
        linked = (*linked, ("supersedes", old))
    return Skimmed(entry_id, kind, int(ts), function, outcome, cell, refs, shape, linked)


def _shape(parts: str | None) -> tuple[tuple[str, int], ...]:
    if parts is None:
        return ()
    if "}" not in parts[:-1]:
        if parts.startswith(',"part":"case"', _CASE_AT):
            return _ONE_CASE
        if parts.startswith('{"digest"'):
            return _ONE_CLEAR
    return tuple([(part, int(number or 0)) for part, number in parts_in(parts)])


def _parsed(data: bytes) -> Skimmed | None:
    try:
        header = Header.from_json(data)
    except InvalidInput:
        return None
    links = [(found.rel, found.entry or found.digest or "") for found in header.links]
    if header.supersedes is not None:
        links.append(("supersedes", header.supersedes))
    return Skimmed(
        header.id,
        header.kind.value,
        header.ts,
        header.function,
        header.outcome,
        header.cell,
        tuple(subject.ref for subject in header.subjects),
        tuple((part.part, part.subject or 0) for part in header.parts),
        tuple(links),
    )
