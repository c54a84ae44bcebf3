"""What a column is to the people in the table: its role, protected categories, an action.

A header alone decides no role. ``age`` counts when its values can be ages, ``race`` when
the column has few levels, ``name`` when its values have the form of names.

References
----------
GDPR, Articles 4(1), 4(5), 9(1) and 10, and recital 26 (identification by combination).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from answerable.privacy.backend import ColumnCounts
from answerable.privacy.entities import ColumnRole, entity_role
from answerable.privacy.headers import header_categories, is_quasi_identifier
from answerable.privacy.report import Action
from answerable.privacy.values import ColumnKind

__all__ = ["RoleOfColumn", "column_role", "suggested_action"]

_FEW_LEVELS: Final = 100
_OLDEST: Final = 125
_NUMBERS: Final = frozenset({ColumnKind.INTEGER, ColumnKind.FLOAT})
_ANY_LEVELS: Final = ("gdpr-art-9:health", "gdpr-art-9:genetic-data", "gdpr-art-9:biometric-data")


@dataclass(frozen=True, slots=True)
class RoleOfColumn:
    """A role, the protected categories, and why."""

    role: ColumnRole
    categories: tuple[str, ...]
    evidence: tuple[str, ...]


def column_role(
    *,
    entity: str,
    tokens: tuple[str, ...],
    kind: ColumnKind,
    counts: ColumnCounts,
    is_prose: bool,
    holds_names: bool,
) -> RoleOfColumn:
    """Return the role of a column.

    Parameters
    ----------
    entity : str
        The column's type, or ``NONE``.
    tokens : tuple[str, ...]
        Words of the header.
    kind : ColumnKind
        What its values are made of.
    counts : ColumnCounts
        Distinct values and their range.
    is_prose : bool
        Whether it is free text.
    holds_names : bool
        Whether header and form agree that it holds names of people.

    Returns
    -------
    RoleOfColumn
        ``none`` only for a column with fewer than two distinct values.
    """
    categories = _categories(tokens, kind, counts)
    evidence = tuple(f"the header names the category {category}" for category in categories)
    by_type = entity_role(entity) if entity != "NONE" else ColumnRole.NONE
    if by_type is ColumnRole.DIRECT_IDENTIFIER:
        return RoleOfColumn(by_type, categories, (f"its values are {entity}", *evidence))
    if holds_names:
        why = "the header says names and the values have the form of names"
        return RoleOfColumn(ColumnRole.DIRECT_IDENTIFIER, categories, (why, *evidence))
    if by_type is ColumnRole.SPECIAL_CATEGORY or any(
        category.startswith("gdpr-") for category in categories
    ):
        return RoleOfColumn(ColumnRole.SPECIAL_CATEGORY, categories, evidence)
    if is_prose:
        why = "a fifth or more of the values have five words or more"
        return RoleOfColumn(ColumnRole.FREE_TEXT, categories, (why, *evidence))
    role, reasons = _by_combination(by_type, tokens, kind, counts)
    return RoleOfColumn(role, categories, (*reasons, *evidence))


def _by_combination(
    by_type: ColumnRole, tokens: tuple[str, ...], kind: ColumnKind, counts: ColumnCounts
) -> tuple[ColumnRole, tuple[str, ...]]:
    if counts.distinct < len(("one", "other")) and kind not in {
        ColumnKind.BINARY,
        ColumnKind.NESTED,
    }:
        return ColumnRole.NONE, ("fewer than two distinct values",)
    if by_type is ColumnRole.QUASI_IDENTIFIER:
        return by_type, ("its values single people out in combination",)
    ages = "age" not in tokens or kind not in _NUMBERS or _are_ages(counts)
    if is_quasi_identifier(tokens) and ages:
        return ColumnRole.QUASI_IDENTIFIER, (
            "the header names something that singles people out in combination",
        )
    return ColumnRole.ATTRIBUTE, ()


def _are_ages(counts: ColumnCounts) -> bool:
    least, greatest = counts.least, counts.greatest
    return least is not None and greatest is not None and least >= 0 and greatest <= _OLDEST


def _categories(tokens: tuple[str, ...], kind: ColumnKind, counts: ColumnCounts) -> tuple[str, ...]:
    if counts.nulls == counts.rows:
        return ()
    return tuple(
        category
        for category in header_categories(tokens)
        if counts.distinct <= _FEW_LEVELS
        or category in _ANY_LEVELS
        or (category == "protected:age" and (kind is ColumnKind.DATE or _are_ages(counts)))
    )


def suggested_action(role: ColumnRole, *, has_findings: bool, is_open: bool) -> Action:
    """Return what to do with a column before training on it.

    Parameters
    ----------
    role : ColumnRole
        The column's role.
    has_findings : bool
        Whether something personal was found in it.
    is_open : bool
        Whether something was not examined.

    Returns
    -------
    str
        ``review`` whenever nothing was found and something was not examined.

    Examples
    --------
    >>> suggested_action(ColumnRole.SPECIAL_CATEGORY, has_findings=False, is_open=False)
    'separate'
    """
    actions: dict[ColumnRole, Action] = {
        ColumnRole.DIRECT_IDENTIFIER: "drop",
        ColumnRole.SPECIAL_CATEGORY: "separate",
        ColumnRole.QUASI_IDENTIFIER: "generalise",
    }
    if role in actions:
        return actions[role]
    if has_findings:
        return "redact"
    return "review" if is_open else "keep"
