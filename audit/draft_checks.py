"""What a draft must be before it is queued with those of others: values of the kinds its type says.

Python does not hold a caller to the types; here a wrong one is told to who made it, in words that
do not quote it.
"""

from __future__ import annotations

from answerable.audit.entries import Draft, DraftSubject
from answerable.audit.errors import InvalidInput
from answerable.audit.ids import entry_id_bytes, ref_bytes

__all__ = ["require_plain", "wrong_kind"]


def require_plain(draft: Draft) -> None:
    """Check the fields that are worked with before a header is made.

    Parameters
    ----------
    draft : Draft
        As the caller made it.

    Raises
    ------
    InvalidInput
        If a field holds a value of another kind; the message names the field.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> require_plain(SimpleNamespace(entry_id=17))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    answerable.audit.errors.InvalidInput: draft: the entry id is not of the kind ...
    """
    if type(draft.entry_id) is not str:
        raise wrong_kind("the entry id")
    entry_id_bytes(draft.entry_id)
    for subject in draft.subjects:
        _require_subject(subject)
    if draft.reference is not None:
        _require_text(draft.reference, "reference")
    if draft.cell is not None and type(draft.cell) is not int:
        raise wrong_kind("cell")


def wrong_kind(what: str) -> InvalidInput:
    """Return the error about a value that is not of the kind its type says."""
    return InvalidInput(
        f"{what} is not of the kind that is asked for",
        where="draft",
        remedy="Look at the types of Draft and DraftSubject; text must be well-formed Unicode.",
    )


def _require_subject(subject: DraftSubject) -> None:
    if subject.subject_id is not None:
        _require_text(subject.subject_id, "subject_id")
    if subject.ref is not None:
        _require_text(subject.ref, "the reference of a subject")
        if subject.ref.startswith("a-") and ref_bytes(subject.ref):
            raise wrong_kind("the reference of a subject")


def _require_text(value: object, name: str) -> None:
    if not isinstance(value, str):
        raise wrong_kind(name)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise wrong_kind(name) from None
