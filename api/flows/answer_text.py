"""The three answers as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from answerable.api.wording import counted

if TYPE_CHECKING:
    from pydantic import JsonValue

    from answerable.api.flows.answer import Answer

    _Facts = dict[str, JsonValue]

__all__ = ["answer_lines"]


def answer_lines(answer: Answer) -> Iterator[str]:
    """Return the answers line by line.

    Parameters
    ----------
    answer : Answer

    Yields
    ------
    str
        One line, without personal data beyond what the answer holds.
    """
    yield f"Decision {answer.decision_id}, made by {answer.function_name}"
    yield ""
    yield "1. Which data trained the model that decided this?"
    yield from _trained_on(answer.trained_on)
    yield from _proofs(answer, "trained_on")
    yield ""
    yield "2. How was non-discrimination assessed, and who signed?"
    yield from _assessed(answer.assessed)
    yield from _proofs(answer, "assessed")
    yield ""
    yield "3. Why this outcome, and what would have changed it?"
    yield from _why(answer.why)
    yield from _proofs(answer, "why")


def _trained_on(facts: _Facts) -> Iterator[str]:
    for model in _rows(facts, "models"):
        yield f"   model {model['name']} ({model['format']}), {model['digest']}"
    for item in _rows(facts, "datasets"):
        yield f"   data set {item['name']}: {item['rows']} rows, {item['fingerprint']}"
        yield f"   source: {item['source']}"
        if item["label_meaning"]:
            yield f"   its label is {item['label_meaning']}"
    changed = " with local changes" if facts["code_dirty"] else ""
    yield f"   code {facts['code_commit']}{changed}, environment {facts['environment']}"


def _assessed(facts: _Facts) -> Iterator[str]:
    if not facts["released"]:
        yield f"   {facts['what']}"
        return
    looks = counted(cast("int", facts["looks_at_hold_out"]), "time", "times")
    yield f"   policy {facts['policy']}; hold-out assessed {looks}"
    for verdict in _rows(facts, "verdicts"):
        names = " x ".join(cast("list[str]", verdict["attributes"]))
        yield f"   {verdict['rule']} over {names}: {verdict['state']} ({verdict['gate']})"
    for group in _rows(facts, "groups"):
        yield f"   {_group(group)}"
    for waiver in _rows(facts, "waivers"):
        yield f"   waiver of {waiver['rule']} ({waiver['finding']}): {waiver['reason']}"
    for signed in _rows(facts, "sign_offs"):
        yield f"   signed as {signed['role']} by {signed['signer']}"


def _group(group: _Facts) -> str:
    labels = ", ".join(
        f"{name} {level}" for name, level in cast("dict[str, str]", group["group"]).items()
    )
    rate, interval = group["selection_rate"], cast("list[float] | None", group["interval"])
    if rate is None or interval is None:
        return f"{labels}: not shown or undefined"
    return (
        f"{labels}: {cast('float', rate):.3f} approved "
        f"({interval[0]:.3f} to {interval[1]:.3f}, n {group['n']})"
    )


def _why(facts: _Facts) -> Iterator[str]:
    yield f"   outcome {facts['outcome']}, {facts['automation']}"
    if facts.get("determined_by"):
        rule = f" {facts['rule']}" if facts.get("rule") else ""
        yield f"   determined by the {facts['determined_by']}{rule}"
    if facts.get("score") is not None:
        yield f"   score {cast('float', facts['score']):.4f}, cut-off {facts['cut_off']}"
    for reason in _rows(facts, "reasons"):
        yield f"   reason {reason['rank']}: {reason.get('text', reason['code'])}"
    for item in _rows(facts, "counterfactuals"):
        yield f"   what would have changed it ({item['status']}):"
        for change in _rows(item, "changes"):
            yield f"     {change['column']} from {change['before']:g} to {change['after']:g}"
    if "superseded_by" in facts:
        yield f"   a person overturned it: decision {facts['superseded_by']}"
    if "what" in facts:
        yield f"   {facts['what']}"


def _proofs(answer: Answer, question: str) -> Iterator[str]:
    for item in answer.proofs[question]:
        yield f"   proven: entry {item.seq} {item.entry_id} ({item.what})"


def _rows(facts: _Facts, name: str) -> list[_Facts]:
    return cast("list[dict[str, JsonValue]]", facts.get(name) or [])
