"""Replay: explain a decision again from its stored inputs and compare the bytes.

A replay proves that the stored explanation is what the registered model, catalogue and
baseline say about the stored inputs. It never replaces what was stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from answerable.explain.explanation import DecisionExplainer, Explanation, explain_decision
from answerable.explain.scoring import evaluate

__all__ = ["ReplayResult", "replay_explanation"]


@dataclass(frozen=True)
class ReplayResult:
    """What a replay found.

    Attributes
    ----------
    identical : bool
        True when the bytes are the same.
    stored_digest, replayed_digest : str
    differing : tuple of str
        Names of the fields that differ, never their values.
    """

    identical: bool
    stored_digest: str
    replayed_digest: str
    differing: tuple[str, ...]


def replay_explanation(
    stored: Explanation, explainer: DecisionExplainer, inputs: Mapping[str, JsonValue]
) -> ReplayResult:
    """Explain `inputs` again and compare with `stored`.

    Parameters
    ----------
    stored : Explanation
    explainer : DecisionExplainer
        Loaded from the registered artefacts.
    inputs : mapping of feature name to value
        As stored with the decision.

    Returns
    -------
    ReplayResult

    Raises
    ------
    InvalidInput
        If the inputs cannot be evaluated.
    AdditivityBroken
        If the new attributions do not add up.
    EngineError
        If an engine fails.
    """
    again = explain_decision(
        explainer,
        inputs,
        evaluate(explainer.function, explainer.models, inputs),
        decision_id=stored.decision,
        valid_until=stored.valid_until,
        with_recourse=bool(stored.counterfactuals),
    )
    fields = type(stored).model_fields
    return ReplayResult(
        identical=again.to_json() == stored.to_json(),
        stored_digest=stored.digest,
        replayed_digest=again.digest,
        differing=tuple(name for name in fields if getattr(again, name) != getattr(stored, name)),
    )
