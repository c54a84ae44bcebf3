"""What callers send to decide or to record a decision, and what they get back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import JsonValue

from answerable.audit.entries import Receipt
from answerable.audit.errors import InvalidInput
from answerable.audit.records import Amount, Automation, Component, Decision, Outcome, UseCase
from answerable.explain.explanation import Explanation

__all__ = [
    "Applicant",
    "ApplicationRequest",
    "Counter",
    "Decided",
    "DecisionRequest",
    "cell_code",
]

_MISSING_GROUP: Final = "(missing)"


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """A data subject of a decision as the caller names them."""

    subject_id: str
    role: str = "applicant"
    data: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Counter:
    """The place of a decision in a series that the caller numbers without gaps."""

    series: str
    number: int


@dataclass(frozen=True, kw_only=True)
class DecisionRequest:
    """A decision the caller made and wants recorded.

    `groups` maps protected attributes to levels; they are stored only as one encrypted
    cell code. `purpose` and `lawful_basis` default to the use case's. `restriction_ground` says
    on which ground of GDPR Art. 18(2) a restricted person was decided about.
    """

    function: str
    outcome: Outcome
    outcome_code: str
    automation: Automation
    components: tuple[Component, ...]
    inputs: Mapping[str, JsonValue]
    subjects: tuple[Applicant, ...]
    score: float | None = None
    scale: Literal["raw_margin", "probability"] | None = None
    amounts: tuple[Amount, ...] = ()
    purpose: str | None = None
    lawful_basis: str | None = None
    decided_at: int | None = None
    reference: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    decision_id: str | None = None
    idempotency_key: str | None = None
    restriction_ground: str | None = None
    counter: Counter | None = None


@dataclass(frozen=True, kw_only=True)
class ApplicationRequest:
    """A case to be decided here by a released decision function.

    `restriction_ground` is a ground of GDPR Art. 18(2); without one, a person whose data is
    restricted is not decided about.
    """

    function: str
    inputs: Mapping[str, JsonValue]
    subjects: tuple[Applicant, ...]
    amounts: tuple[Amount, ...] = ()
    decided_at: int | None = None
    reference: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    decision_id: str | None = None
    idempotency_key: str | None = None
    restriction_ground: str | None = None
    counter: Counter | None = None


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A recorded decision and what was recorded with it."""

    decision_id: str
    decision: Decision
    receipt: Receipt | None
    """None while the decision waits in the spool: there is no proof yet."""
    function_name: str
    """``name@version`` of what decided."""
    explanation: Explanation | None = None
    explanation_id: str | None = None
    incident: Receipt | None = None
    """Set when the decision function had no valid release, or the person's data was restricted,
    once it is in the log."""

    @property
    def spooled(self) -> bool:
        """Whether it waits in the spool."""
        return self.receipt is None


def cell_code(use_case: UseCase, groups: Mapping[str, str]) -> int | None:
    """Return the number of a group cell in the use case's registered levels.

    Parameters
    ----------
    use_case : UseCase
        Its `group_levels` give attributes and levels in order; each attribute has one
        more level, ``(missing)``.
    groups : Mapping[str, str]
        Level by protected attribute; attributes left out count as missing.

    Returns
    -------
    int or None
        The mixed-radix number; None when no group was given.

    Raises
    ------
    InvalidInput
        If an attribute or a level is not registered (the level is not repeated).

    Examples
    --------
    >>> case = UseCase(
    ...     name="loan", title={"en": "Loan"}, purpose="credit", lawful_basis="contract",
    ...     risk_class="high", controller="Bank", contact="desk", legal_regimes=("gdpr",),
    ...     affected_persons="applicants", intended_purpose="lending", oversight="review",
    ...     group_levels={"race": ("black", "white"), "sex": ("female", "male")},
    ... )
    >>> cell_code(case, {"race": "white", "sex": "male"})
    4
    >>> cell_code(case, {}) is None
    True
    """
    unknown = set(groups) - set(use_case.group_levels)
    if unknown:
        raise InvalidInput(
            "a protected attribute that the use case does not register",
            where="groups",
            remedy=f"Registered: {', '.join(use_case.group_levels) or 'none'}.",
        )
    if not groups:
        return None
    code = 0
    for attribute, levels in use_case.group_levels.items():
        known = (*levels, _MISSING_GROUP)
        level = groups.get(attribute, _MISSING_GROUP)
        if level not in known:
            raise InvalidInput(
                f"a level of {attribute!r} that the use case does not register",
                where="groups",
                remedy=f"Registered: {', '.join(levels)}.",
            )
        code = code * len(known) + known.index(level)
    return code
