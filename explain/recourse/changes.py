"""What a counterfactual consists of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from answerable.audit.records import Digest, FrozenModel

__all__ = ["Change", "Counterfactual", "RecourseStatus"]

RecourseStatus = Literal["valid", "none_found", "timeout"]


class Change(FrozenModel):
    """One value that would have to differ.

    `derived` marks a value that follows from the others and is not asked for itself.
    """

    player: str
    column: str
    before: float
    after: float
    derived: bool = False


class Counterfactual(FrozenModel):
    """A set of permitted changes after which the decision function decides favourably.

    ``valid`` was checked by evaluating the decision function itself. ``none_found`` says
    that the search found nothing, not that nothing exists; ``timeout`` that it used up its
    budget of evaluated rows first. The promise holds for this model and until `expires_at`.
    """

    status: RecourseStatus
    changes: tuple[Change, ...] = ()
    cost: float = 0.0
    """Sum over changed values of the share of the permitted range, plus 0.1 for each."""
    score: float | None = None
    """Score after the changes, on the function's scale."""
    model: Digest
    rows_evaluated: Annotated[int, Field(ge=0)]
    expires_at: Annotated[int, Field(ge=0, lt=2**53)]
    """Microseconds UTC."""

    @property
    def asked(self) -> tuple[Change, ...]:
        """The changes that are asked of the person."""
        return tuple(change for change in self.changes if not change.derived)
