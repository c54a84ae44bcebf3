"""Model cards: a core built from evidence and logged, a live overlay around it.

What is signed is the core; the overlay (status, signatures, live counts) is computed
whenever a card is shown, so showing a card never changes what was signed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from answerable.api.actor import ActorContext
from answerable.api.flows.append import CODE_VERSION, append_evidence
from answerable.api.flows.decisions import superseded_by
from answerable.api.flows.govern import evaluate_gate, governing_policy
from answerable.api.flows.lookup import function_digest
from answerable.api.wiring import Workspace
from answerable.audit.entries import Entry, Receipt
from answerable.audit.errors import NotFound, Unavailable
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Evidence, Role
from answerable.governance.policy import Policy
from answerable.model_cards.build import build_core, card_evidence, core_of
from answerable.model_cards.card import CardCore, CardOverlay, LiveCounts
from answerable.model_cards.check import CardCheck
from answerable.model_cards.check import check_card as compare
from answerable.model_cards.facts import CardFacts, Statement
from answerable.model_cards.formats import card_html, card_markdown, write_card
from answerable.model_cards.gather import LogState, card_facts, card_overlay

__all__ = [
    "BuiltCard",
    "CardFormat",
    "build_card",
    "check_card",
    "export_card",
    "live_overlay",
    "render_card",
    "stored_card",
]

CardFormat = Literal["html", "md", "json"]

_FORMATS: Final[tuple[CardFormat, ...]] = ("html", "md", "json")
_BUILDERS: Final = (Role.MODEL_OWNER, Role.SCIENTIST, Role.COMPLIANCE)
_PAGE: Final = 1000
_SUPPRESS_BELOW: Final = 10


@dataclass(frozen=True)
class BuiltCard:
    """A card's core and the entry that holds it."""

    core: CardCore
    record: Evidence
    receipt: Receipt


def build_card(
    workspace: Workspace,
    function: str,
    *,
    typed: Mapping[str, str] | None = None,
    actor: ActorContext,
) -> BuiltCard:
    """Build a card's core from what is logged, and log it.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    function : str
        ``name@version`` or digest.
    typed : Mapping[str, str], optional
        What a person states for fields nothing computes, by field.
    actor : ActorContext
        A model owner, scientist or compliance.

    Returns
    -------
    BuiltCard
        The same facts and statements give the same core.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If the function or something it names is not registered.
    InvalidInput
        If a statement is for a field that is computed.
    Erased
        If evidence was deleted with its data set.
    """
    role = actor.acting_as(*_BUILDERS)
    statements = {name: Statement(text, actor.actor, role) for name, text in (typed or {}).items()}
    core = build_core(_facts(workspace, function, statements), code=CODE_VERSION)
    recorded = append_evidence(workspace, card_evidence(core), acting=(actor, role))
    return BuiltCard(core=core, record=recorded.record, receipt=recorded.receipt)


def stored_card(workspace: Workspace, function: str) -> CardCore:
    """Return the newest logged core of a function.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    function : str
        ``name@version`` or digest.

    Returns
    -------
    CardCore
        As it was logged.

    Raises
    ------
    NotFound
        If the function is not registered or has no card.
    """
    return core_of(_evidence(workspace, function))


def live_overlay(workspace: Workspace, function: str) -> CardOverlay:
    """Return what the log says about a function now.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    function : str
        ``name@version`` or digest.

    Returns
    -------
    CardOverlay
        Status, signatures, waivers and live counts.

    Raises
    ------
    NotFound
        If the function is not registered.
    """
    digest = function_digest(workspace, function)
    try:
        policy: Policy | None = governing_policy(workspace, digest)
        gate = evaluate_gate(workspace, digest)
    except NotFound:
        policy, gate = None, None
    return card_overlay(
        workspace.registry(),
        digest,
        LogState(as_of=workspace.clock(), log=workspace.log.origin, size=workspace.log.size()),
        gate=gate,
        policy=policy,
        counts=_counts(workspace, digest),
    )


def render_card(
    workspace: Workspace,
    function: str,
    *,
    format: CardFormat = "html",  # noqa: A002  the user's word for it
) -> bytes:
    """Return a function's card with its live overlay.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    function : str
        ``name@version`` or digest.
    format : {"html", "md", "json"}
        Which rendering.

    Returns
    -------
    bytes
        UTF-8.

    Raises
    ------
    NotFound
        If the function is not registered or has no card.
    """
    core = stored_card(workspace, function)
    overlay = live_overlay(workspace, function)
    if format == "html":
        return card_html(core, overlay, name_of=workspace.directory.name_of).encode("utf-8")
    if format == "md":
        return card_markdown(core, overlay).encode("utf-8")
    return write_card(core, overlay)


def export_card(workspace: Workspace, function: str, folder: Path) -> tuple[Path, ...]:
    """Write a function's card in every format.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    function : str
        ``name@version`` or digest.
    folder : Path
        Made when it does not exist.

    Returns
    -------
    tuple[Path, ...]
        The files.

    Raises
    ------
    NotFound
        If the function is not registered or has no card.
    Unavailable
        If the folder cannot be written.
    """
    name = stored_card(workspace, function)
    found = workspace.registry().function(name.function)
    stem = f"card-{found.record.name}-{found.record.version}"
    written = {
        folder / f"{stem}.{kind}": render_card(workspace, function, format=kind)
        for kind in _FORMATS
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in written.items():
            path.write_bytes(data)
    except OSError as error:
        raise Unavailable(
            f"the card cannot be written ({type(error).__name__})",
            where=str(folder),
            remedy="Choose a folder that can be written.",
        ) from None
    return tuple(written)


def check_card(workspace: Workspace, function: str) -> CardCheck:
    """Build the newest card again from the evidence it names and compare every field.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    function : str
        ``name@version`` or digest.

    Returns
    -------
    CardCheck
        With each field that differs, is outdated or cannot be recomputed.

    Raises
    ------
    NotFound
        If the function is not registered or has no card.
    Erased
        If evidence was deleted with its data set.
    """
    evidence = _evidence(workspace, function)
    core = core_of(evidence)
    return compare(core, _facts(workspace, function, {}), stated_digest=core.digest)


# --------------------------------------------------------------------------- parts


def _facts(workspace: Workspace, function: str, statements: Mapping[str, Statement]) -> CardFacts:
    try:
        suppress_below = governing_policy(workspace, function).publish.suppress_below
    except NotFound:
        suppress_below = _SUPPRESS_BELOW
    return card_facts(
        workspace.registry(),
        function,
        lambda entry_id: workspace.log.read_record(entry_id, Evidence),
        statements=statements,
        suppress_below=suppress_below,
    )


def _evidence(workspace: Workspace, function: str) -> Evidence:
    registry = workspace.registry()
    digest = function_digest(workspace, function)
    cards = registry.evidence_of(digest, EntryKind.CARD_BUILT)
    if not cards:
        raise NotFound(
            "this decision function has no card yet",
            where=function,
            remedy="Build it: answerable card build.",
        )
    return workspace.log.read_record(cards[-1].at.entry, Evidence)


def _counts(workspace: Workspace, function: str) -> LiveCounts:
    outcomes: Counter[str] = Counter()
    for item in workspace.log.counts(function=function):
        outcomes[item.outcome] += item.n
    reviews = _entries(workspace, EntryKind.REVIEW_COMPLETED, function)
    reviewed = {link.entry for item in reviews for link in item.header.links if link.entry}
    return LiveCounts(
        decisions=sum(outcomes.values()),
        outcomes=dict(sorted(outcomes.items())),
        contests=len(_entries(workspace, EntryKind.CONTEST_FILED, function)),
        reviews=len(reviews),
        overturned=sum(superseded_by(workspace, entry_id) is not None for entry_id in reviewed),
    )


def _entries(workspace: Workspace, kind: EntryKind, function: str) -> list[Entry]:
    found: list[Entry] = []
    while page := workspace.log.entries(
        kinds=(kind,), function=function, after=found[-1].seq if found else -1, limit=_PAGE
    ):
        found += page
    return found
