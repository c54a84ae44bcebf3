"""Questions that rest on a checkpoint: what changed since, and a sample nobody can pick."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from pydantic import JsonValue

from answerable.api.flows.query.asking import (
    ASKERS,
    Answer,
    Asking,
    Question,
    ask,
    scope_parameters,
)
from answerable.api.flows.query.decided import known_function
from answerable.api.flows.query.lines import drawn_line, entry_line
from answerable.api.wiring import Workspace
from answerable.audit.canonical import sha256_digest
from answerable.audit.errors import CheckpointSignatureInvalid, InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.queries import (
    Draw,
    Scope,
    changes_since,
    count_changes,
    draw_sample,
    growth_since,
    require_extends,
)
from answerable.audit.queries.sampling import nonce_bytes
from answerable.audit.records import EntryLink
from answerable.audit.tree.checkpoints import Checkpoint

__all__ = ["ChangesAsked", "ask_changes", "ask_sample"]

_SAMPLED_BY = "sampled-by"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesAsked:
    """Since which checkpoint, up to which size, and of which kinds."""

    checkpoint: str
    size: int | None = None
    kinds: tuple[EntryKind, ...] = ()


def ask_changes(workspace: Workspace, changes: ChangesAsked, asking: Asking) -> Answer:
    """Prove that nothing before a checkpoint changed, and list what was appended since.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    changes : ChangesAsked
        The checkpoint as it was published, and what to list.
    asking : Asking
        Who asks, and why.

    Returns
    -------
    Answer
        `summary` holds both heads, the consistency proof and the number of each kind.

    Raises
    ------
    NotAllowed
        If the actor may not ask.
    ConsistencyProofInvalid
        If the log does not extend it.
    InvalidInput
        If the checkpoint is of another log, not signed by this one, or a value is malformed.

    References
    ----------
    RFC 9162, section 2.1.4.
    """
    asking.actor.acting_as(*ASKERS)
    signed = _opened(workspace, changes.checkpoint)
    growth = growth_since(workspace.log, changes.checkpoint, size=changes.size)
    parameters: dict[str, JsonValue] = {
        "checkpoint": sha256_digest(signed.text().encode()),
        "since_size": growth.old_size,
        "until_size": growth.new_size,
    }
    if changes.kinds:
        parameters["kinds"] = [kind.value for kind in changes.kinds]
    asked = ask(workspace, asking, Question(name="changes", parameters=parameters))
    page = changes_since(
        workspace.log, growth, kinds=changes.kinds, after=asking.after, limit=asking.limit
    )
    summary: dict[str, JsonValue] = {
        "log": growth.log,
        "old_size": growth.old_size,
        "old_root": growth.old_root,
        "new_size": growth.new_size,
        "new_root": growth.new_root,
        "proof": list(growth.proof),
        "kinds": cast("JsonValue", count_changes(workspace.log, growth)),
    }
    return asked.answer([entry_line(entry) for entry in page.items], page.next, summary)


def ask_sample(
    workspace: Workspace, scope: Scope, asking: Asking, *, checkpoint: str, how: Draw
) -> Answer:
    """Draw decisions for an examiner, by a published checkpoint and the examiner's nonce.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    scope : Scope
        Which decisions: function, outcome codes, automation, window.
    asking : Asking
        Who asks, and why; a sample has no pages.
    checkpoint : str
        The checkpoint as it was published; only decisions it covers can be drawn.
    how : Draw
        How many, the nonce, and whether by outcome.

    Returns
    -------
    Answer
        `summary` says who chose, the population, and how often this checkpoint was drawn by
        before.

    Raises
    ------
    NotAllowed
        If the actor may not ask.
    NotFound
        If the function is named and not registered.
    ConsistencyProofInvalid
        If the log does not extend it.
    InvalidInput
        If the checkpoint is of another log, not signed by this one, or a value is malformed.
    """
    asking.actor.acting_as(*ASKERS)
    about = replace(
        scope,
        kinds=(EntryKind.DECISION,),
        function=known_function(workspace, scope.function),
    )
    nonce_bytes(how.nonce)
    signed = _opened(workspace, checkpoint)
    require_extends(workspace.log, checkpoint)
    head = sha256_digest(signed.text().encode())
    given: dict[str, JsonValue] = {
        **scope_parameters(about),
        "checkpoint": head,
        "n": how.n,
        "nonce": how.nonce or None,
        "by_outcome": how.by_outcome or None,
    }
    parameters = {name: value for name, value in given.items() if value is not None}
    links = (EntryLink(rel=_SAMPLED_BY, digest=head),)
    question = Question(name="sample", parameters=parameters, function=about.function, links=links)
    asked = ask(workspace, asking, question)
    earlier = sum(item.kind is EntryKind.QUERY_ASKED for item in workspace.log.related(head))
    sample = draw_sample(workspace.log, signed, about, how)
    summary: dict[str, JsonValue] = {
        "log": sample.log,
        "checkpoint_size": sample.size,
        "checkpoint_root": sample.root,
        "chosen_by": sample.chosen_by,
        "population": cast("JsonValue", sample.population),
        "earlier_draws": earlier,
    }
    return asked.answer([drawn_line(item) for item in sample.drawn], None, summary)


def _opened(workspace: Workspace, note: str) -> Checkpoint:
    try:
        return workspace.log.open_checkpoint(note)
    except CheckpointSignatureInvalid:
        # What the asker brought is wrong, not what is stored: nothing here is broken by it.
        raise InvalidInput(
            "this is no checkpoint that this log signed",
            where="checkpoint",
            remedy="Give it as it was published, every line of it, and ask the log it is of.",
        ) from None
