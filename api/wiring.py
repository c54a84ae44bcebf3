"""The only place that chooses: clock, randomness, stores, keys.

A :class:`Workspace` is everything a flow needs, already opened. Nothing below this module
reads the clock, draws randomness or opens a database by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from answerable.api.actor import ActorContext
from answerable.api.outside import compare_with_folder, outside_head
from answerable.api.settings import Settings, load_settings
from answerable.api.state.store import StateStore
from answerable.api.vaults import make_vault, open_vault
from answerable.audit.anchors.outside import MemoryHead
from answerable.audit.artefacts import ArtefactStore, FolderArtefacts
from answerable.audit.directory import Directory
from answerable.audit.entries import Receipt
from answerable.audit.errors import Unavailable
from answerable.audit.ids import uuid7
from answerable.audit.keys.derive import keyed_hash
from answerable.audit.keys.vault import KeyVault, MemoryVault
from answerable.audit.recorder import Recorder
from answerable.audit.records import Role
from answerable.audit.requests.register import OpenRequests
from answerable.audit.requests.state import StandingRestrictions
from answerable.audit.spool import Spool, spool_key
from answerable.audit.stored import require_no_log
from answerable.audit.watched import WatchedLog
from answerable.governance.lifecycle import Registry, cached_registry, replay_registry

__all__ = [
    "LOCAL_ROLES",
    "Clock",
    "Entropy",
    "Workspace",
    "create_workspace",
    "local_actor",
    "memory_workspace",
    "open_workspace",
    "system_clock",
    "system_entropy",
]

Clock = Callable[[], int]
Entropy = Callable[[int], bytes]

LOCAL_ROLES: Final = frozenset(Role) - {Role.SERVICE, Role.SUBJECT}
"""What the operator of the command line may do: whoever holds the key folder could
already read everything, so roles protect people from mistakes here, not the data."""

_OPERATOR: Final = "local-operator"


def system_clock() -> int:
    """Return the time in microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def system_entropy(size: int) -> bytes:
    """Return `size` random bytes from the operating system."""
    return os.urandom(size)


@dataclass(frozen=True)
class Workspace:
    """One organisation's log and everything around it, opened.

    Use it as a context manager, or call :meth:`close`.
    """

    settings: Settings
    log: WatchedLog
    recorder: Recorder
    vault: KeyVault
    artefacts: ArtefactStore
    directory: Directory
    state: StateStore
    clock: Clock
    entropy: Entropy
    loaded: dict[str, object] = field(default_factory=dict, repr=False)
    """What flows keep loaded by digest, such as models; contents never change."""
    _views: list[Registry] = field(default_factory=list, repr=False)
    _waiting: list[OpenRequests] = field(default_factory=list, repr=False)
    _restricted: list[StandingRestrictions] = field(default_factory=list, repr=False)

    def ids(self) -> str:
        """Return a fresh UUIDv7."""
        return uuid7(self.clock(), self.entropy(10))

    def registry(self) -> Registry:
        """Return the view of what is registered, assessed, signed and released."""
        held = self._views[-1] if self._views else None
        # Within one process only the entries since are folded; no cache is written for them.
        view = cached_registry(self.log) if held is None else replay_registry(self.log, start=held)
        if view is not held:
            self._views[:] = [view]
        return view

    def open_requests(self) -> OpenRequests:
        """Return the requests of data subjects that wait for an answer."""
        if not self._waiting:
            self._waiting.append(OpenRequests(self.log))
        return self._waiting[0]

    def restrictions(self) -> StandingRestrictions:
        """Return the restrictions of processing in force."""
        if not self._restricted:
            self._restricted.append(StandingRestrictions(self.log))
        return self._restricted[0]

    def last_registry(self) -> Registry | None:
        """Return the newest view this process has had; None before the first."""
        return self._views[-1] if self._views else None

    def keyed_hash(self, label: str, data: bytes) -> bytes:
        """Return HMAC-SHA256 of `data` under the pepper, separated by `label`.

        Parameters
        ----------
        label : str
            What the hash is for; no label is used for two things.
        data : bytes
            What is hashed.

        Returns
        -------
        bytes
            32 bytes that nobody without the pepper can compute.
        """
        message = b"api\0" + label.encode("ascii") + b"\0" + data
        return hmac.new(self.vault.pepper(), message, hashlib.sha256).digest()

    def close(self) -> None:
        """Give all connections back."""
        self.log.close()
        self.state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def create_workspace(
    settings: Settings, *, clock: Clock = system_clock, entropy: Entropy = system_entropy
) -> Workspace:
    """Create the log, its keys, the artefact store, the state and the local operator.

    Parameters
    ----------
    settings : Settings
        Where everything lies.
    clock : Clock
        Microseconds since 1970.
    entropy : Entropy
        Source of random bytes.

    Returns
    -------
    Workspace
        Opened.

    Raises
    ------
    Conflict
        If there is a log already.
    Unavailable
        If a store cannot be written.
    """
    # What can be refused is refused before there are keys, and those before there is a log.
    require_no_log(settings.database_url)
    _artefacts(settings)
    vault = make_vault(settings, entropy=entropy)
    log = WatchedLog.create(
        settings.database_url,
        origin=settings.origin,
        vault=vault,
        clock=clock,
        entropy=entropy,
        outside=outside_head(settings, settings.origin),
    )
    workspace = _around(log, settings, vault, StateStore.create(settings.state_database_url))
    _register_operator(workspace)
    return workspace


def open_workspace(
    settings: Settings, *, clock: Clock = system_clock, entropy: Entropy = system_entropy
) -> Workspace:
    """Open what :func:`create_workspace` made.

    A log that does not begin with its outside head opens for reading only: `log.gap` says why.

    Parameters
    ----------
    settings : Settings
        Where everything lies.
    clock : Clock
        Microseconds since 1970.
    entropy : Entropy
        Source of random bytes.

    Returns
    -------
    Workspace
        Opened.

    Raises
    ------
    NotFound
        If there is no log or no key folder.
    Unavailable
        If a store is locked, unreachable or of another schema.
    """
    vault = open_vault(settings, entropy=entropy)
    with ExitStack() as opened:
        log = WatchedLog.open(
            settings.database_url,
            vault=vault,
            clock=clock,
            entropy=entropy,
            outside=outside_head(settings, settings.origin),
        )
        opened.callback(log.close)
        compare_with_folder(settings, log)
        state = StateStore.open(settings.state_database_url)
        opened.callback(state.close)
        workspace = _around(log, settings, vault, state)
        # All could be opened: from here on the workspace closes them.
        opened.pop_all()
    return workspace


def memory_workspace(
    folder: Path,
    *,
    clock: Clock = system_clock,
    entropy: Entropy = system_entropy,
    origin: str = "answerable.test/log",
) -> Workspace:
    """Create a workspace whose keys live in memory only, for tests and notebooks.

    Parameters
    ----------
    folder : Path
        Where the SQLite files and artefacts go; closing the process loses the keys, so
        nothing in it can be read afterwards.
    clock : Clock
        Microseconds since 1970.
    entropy : Entropy
        Source of random bytes.
    origin : str
        Name of the log.

    Returns
    -------
    Workspace
        Opened, with a local operator.
    """
    settings = load_settings(
        database_url=f"sqlite:///{folder}/log.db",
        artefact_dir=folder / "artefacts",
        spool_dir=folder / "spool",
        key_dir=folder / "keys",
        origin=origin,
    )
    vault = MemoryVault.create(entropy=entropy)
    log = WatchedLog.create(
        settings.database_url,
        origin=origin,
        vault=vault,
        clock=clock,
        entropy=entropy,
        outside=MemoryHead(),
    )
    workspace = _around(log, settings, vault, StateStore.create(settings.state_database_url))
    _register_operator(workspace)
    return workspace


def local_actor(workspace: Workspace) -> ActorContext:
    """Return who the command line acts as.

    Parameters
    ----------
    workspace : Workspace
        An opened workspace.

    Returns
    -------
    ActorContext
        The actor of the setting ``actor``, else the local operator.

    Raises
    ------
    NotFound
        If the actor of the setting is not in the directory.
    Unavailable
        If the workspace has no local operator.
    """
    chosen = workspace.settings.actor
    if chosen:
        actor = workspace.directory.find(chosen)
        return ActorContext(actor=chosen, roles=frozenset(actor.roles), service=actor.service)
    operator = workspace.state.fact(_OPERATOR)
    if operator is None:
        raise Unavailable(
            "this workspace has no local operator",
            remedy="Set ANSWERABLE_ACTOR to the reference of a registered actor.",
        )
    return ActorContext(actor=operator, roles=LOCAL_ROLES)


def _around(log: WatchedLog, settings: Settings, vault: KeyVault, state: StateStore) -> Workspace:
    """Return the workspace of a log: what stands around it takes its clock and entropy."""
    clock, entropy = log.clock, log.entropy
    return Workspace(
        settings=settings,
        log=log,
        recorder=_recorder(settings, log, vault, entropy),
        vault=vault,
        artefacts=_artefacts(settings),
        directory=_directory(log, clock, entropy),
        state=state,
        clock=clock,
        entropy=entropy,
    )


def _register_operator(workspace: Workspace) -> None:
    if workspace.state.fact(_OPERATOR) is None:
        operator = workspace.directory.register("Local operator", sorted(LOCAL_ROLES))
        workspace.state.set_fact(_OPERATOR, operator.actor)


def _directory(log: WatchedLog, clock: Clock, entropy: Entropy) -> Directory:
    return Directory(log, ids=lambda: uuid7(clock(), entropy(10)), entropy=entropy)


def _recorder(settings: Settings, log: WatchedLog, vault: KeyVault, entropy: Entropy) -> Recorder:
    key = spool_key(vault.pepper(), log.origin)
    # Two logs may be told the same folder: the frames of one do not open for the other.
    own = keyed_hash(key, "answerable/spool-folder", b"").hex()[:16]
    spool = Spool(
        settings.spool_dir / own,
        key=key,
        origin=log.origin,
        entropy=entropy,
        limit_bytes=settings.spool_limit_bytes,
    )

    def cover(_receipts: Sequence[Receipt]) -> None:
        # Made after the entries, a checkpoint covers them; with an outside head it is that head.
        log.checkpoint()

    return Recorder(log, spool, key=key, cover=cover if log.outside is not None else None)


def _artefacts(settings: Settings) -> ArtefactStore:
    try:
        settings.artefact_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"the artefact folder cannot be used ({type(error).__name__})",
            remedy="Set ANSWERABLE_ARTEFACT_DIR to a folder that can be written.",
        ) from None
    return FolderArtefacts(settings.artefact_dir)
