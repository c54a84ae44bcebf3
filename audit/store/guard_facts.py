"""What was found out about the guards of one database, in words for its operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["GuardFact", "fact_of_faults"]


@dataclass(frozen=True, slots=True)
class GuardFact:
    """One thing that was looked at, what was found, and what to do about it.

    `state` is ``bad`` when a guard that this version made is not there as it was made,
    ``warning`` when something cannot be enforced as things stand.
    """

    name: str
    state: Literal["good", "warning", "bad"]
    advice: str


def fact_of_faults(name: str, good: str, faults: list[str], remedy: str) -> GuardFact:
    """Return a fact that is good without faults, else bad and names each of them.

    Parameters
    ----------
    name : str
        What was looked at.
    good : str
        What to say when nothing was found.
    faults : list of str
        What was found.
    remedy : str
        What to do when something was found.

    Returns
    -------
    GuardFact
        Good or bad.

    Examples
    --------
    >>> fact_of_faults("guards", "all there", ["entry_no_update is missing"], "Verify.").advice
    'entry_no_update is missing. Verify.'
    """
    if not faults:
        return GuardFact(name, "good", good)
    return GuardFact(name, "bad", f"{'; '.join(faults)}. {remedy}")
