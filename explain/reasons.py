"""Principal reasons: which factors counted most against a person.

Only factors that lowered the score are reasons, in the order of how much; at most four,
since more are not likely to help. Nothing scored is left out because it is inconvenient: a
protected feature that was scored is named, and blocks release.

References
----------
Regulation B, 12 CFR 1002.9(b)(2) and its official interpretation: comment 1 (number of
reasons), comment 2 (they must be the factors actually scored), comment 4 (no principal
factor may be left out), comment 8 (an automatic denial names its rule).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from answerable.audit.records import FrozenModel, HardRule, Token
from answerable.explain.attribution import Attribution
from answerable.explain.catalogue import Catalogue, Player

__all__ = [
    "REASON_LIMIT",
    "Reason",
    "blocking_findings",
    "principal_reasons",
    "reason_text",
    "rule_reason",
]

REASON_LIMIT: Final = 4
"""Regulation B, comment 9(b)(2)-1: more than four are not likely to be helpful."""


class Reason(FrozenModel):
    """One principal reason.

    `contribution` is in log-odds and negative. `value` and `reference` are the applicant's
    and the baseline's for players of one column; for a rule they are the applicant's value
    and the rule's limit.
    """

    code: Token
    rank: Annotated[int, Field(ge=1)]
    source: Literal["model", "rule"]
    player: str
    contribution: float | None = None
    value: float | str | None = None
    reference: float | str | None = None
    actionable: bool = False
    protected: bool = False
    adverse_side: bool = True
    """False when the value does not lie on the side the catalogue calls adverse; then only
    the title of the reason is true, not its sentence."""
    near_tie: bool = False
    """True when the next factor counted almost as much."""


def principal_reasons(
    attribution: Attribution,
    catalogue: Catalogue,
    *,
    limit: int = REASON_LIMIT,
    tie_width: float = 0.0,
) -> tuple[Reason, ...]:
    """Return the factors that lowered the score most, worst first.

    Parameters
    ----------
    attribution : Attribution
        On the raw margin, where higher favours the person.
    catalogue : Catalogue
    limit : int
        At most this many.
    tie_width : float
        Two neighbours closer than this, in log-odds, are marked as a near tie.

    Returns
    -------
    tuple of Reason
        Strictly negative contributions in ascending order; equal ones by player name.

    Raises
    ------
    InvalidInput
        If the catalogue has no such player.
    """
    adverse = sorted(((value, player) for player, value in attribution.values.items() if value < 0))
    reasons = []
    for rank, (contribution, name) in enumerate(adverse[:limit], start=1):
        follower = adverse[rank][0] if rank < len(adverse) else 0.0
        reasons.append(
            _reason(
                attribution,
                catalogue.player(name),
                rank=rank,
                contribution=contribution,
                near_tie=rank < len(adverse) and follower - contribution < tie_width,
            )
        )
    return tuple(reasons)


def reason_text(reason: Reason, catalogue: Catalogue, language: str) -> str:
    """Return what may be said of a reason without saying anything untrue.

    Parameters
    ----------
    reason : Reason
    catalogue : Catalogue
        The one the reason was found with.
    language : str

    Returns
    -------
    str
        The catalogue's sentence; only the title where the value does not lie on the side
        that the sentence speaks of ("your income is low" of an income above the baseline's).

    Raises
    ------
    InvalidInput
        If the catalogue has no text for it in this language.
    """
    text = catalogue.text(reason.code, language)
    return text.reason if reason.adverse_side else text.title


def _reason(
    attribution: Attribution, player: Player, *, rank: int, contribution: float, near_tie: bool
) -> Reason:
    single = player.columns[0] if len(player.columns) == 1 else None
    value = attribution.inputs[player.name].get(single) if single else None
    reference = attribution.reference[player.name].get(single) if single else None
    return Reason(
        code=player.code,
        rank=rank,
        source="model",
        player=player.name,
        contribution=contribution,
        value=value,
        reference=reference,
        actionable=player.actionable,
        protected=player.protected,
        adverse_side=_on_adverse_side(player, value, reference),
        near_tie=near_tie,
    )


def _on_adverse_side(player: Player, value: float | None, reference: float | None) -> bool:
    if player.adverse_when == "any":
        return True
    if value is None or reference is None:
        return False
    return value > reference if player.adverse_when == "high" else value < reference


def rule_reason(rule: HardRule, value: float | str | None, *, actionable: bool) -> Reason:
    """Return the reason of a decision that a hard rule took.

    Parameters
    ----------
    rule : HardRule
    value : float or str or None
        The applicant's value.
    actionable : bool
        Whether the applicant can change it.

    Returns
    -------
    Reason
    """
    return Reason(
        code=rule.reason_code,
        rank=1,
        source="rule",
        player=rule.feature,
        value=value,
        reference=rule.value,
        actionable=actionable,
    )


def blocking_findings(catalogue: Catalogue, features: Sequence[str]) -> tuple[str, ...]:
    """Return why a function with these features must not be released.

    Parameters
    ----------
    catalogue : Catalogue
    features : sequence of str
        Features that the model scores.

    Returns
    -------
    tuple of str
        One line per protected player that is scored; empty when there is none.
    """
    return tuple(
        f"the protected feature '{player.name}' is scored"
        for player in catalogue.players
        if player.protected and set(player.columns) & set(features)
    )
