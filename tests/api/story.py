"""A small bank with a released decision function, built once and copied for each test.

Everything is deterministic: a clock that ticks, random bytes from a counter, invented rows.
The names planted in it (`CANARIES`) must never leave through an error, a log line or a URL.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from answerable.api.actor import ActorContext
from answerable.api.flows.access import issue_api_key
from answerable.api.flows.assess import AssessRequest, assess
from answerable.api.flows.card import build_card
from answerable.api.flows.govern import SignOffRequest, release, sign
from answerable.api.flows.profile import profile
from answerable.api.flows.register import (
    DatasetDescription,
    ModelDescription,
    register_actor,
    register_baseline,
    register_catalogue,
    register_dataset,
    register_function,
    register_policy,
    register_use_case,
    store_model,
)
from answerable.api.inputs import Table
from answerable.api.settings import Settings, load_settings
from answerable.api.wiring import Workspace, create_workspace, local_actor, open_workspace
from answerable.audit.records import (
    DatasetRole,
    DecisionFunction,
    HardRule,
    ModelArtefact,
    Outcome,
    Role,
    UseCase,
)
from answerable.audit.signing import create_signer_key, public_key_hex
from answerable.explain.baseline import BaselineRows, make_baseline
from answerable.explain.models import LoadedModel, load_model
from answerable.explain.scoring import evaluate
from tests.api.bank import (
    CATALOGUE,
    POLICY,
    ROLES_OF_COLUMNS,
    SCORECARD,
    USE_CASE,
    rows,
)

START: Final = 1_780_000_000_000_000
DAY: Final = 86_400_000_000
FUNCTION: Final = "loan@1"
CANARIES: Final = ("Mustermann", "DE89370400440532013000", "erika@canary.example", "cust-4711")
APPLICANT: Final = {"name": "Erika Mustermann", "iban": "DE89370400440532013000"}

_PERSONS: Final = (
    Role.SCIENTIST, Role.MODEL_OWNER, Role.COMPLIANCE, Role.OFFICER, Role.REVIEWER,
    Role.AUDITOR, Role.ADMIN,
)  # fmt: skip


class TickingClock:
    """Microseconds that advance by one millisecond each time somebody looks."""

    def __init__(self, start: int = START) -> None:
        self.now = start

    def __call__(self) -> int:
        self.now += 1000
        return self.now


class CountedEntropy:
    """Bytes that look random and are the same in each run."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._count = 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        drawn = b""
        while len(drawn) < size:
            block = self._seed + self._count.to_bytes(8, "big") + len(drawn).to_bytes(4, "big")
            drawn += hashlib.sha256(block).digest()
        return drawn[:size]


@dataclass
class Story:
    """An open workspace with everybody in it."""

    workspace: Workspace
    folder: Path
    clock: TickingClock
    actors: dict[Role, ActorContext]
    keys: dict[Role, str] = field(default_factory=dict)
    """API keys by role."""

    @property
    def operator(self) -> ActorContext:
        return local_actor(self.workspace)


def settings_in(folder: Path, *, lock_seconds: int = 30, **given: object) -> Settings:
    values: dict[str, object] = {
        "database_url": f"sqlite:///{folder}/data/log.db?timeout={lock_seconds}",
        "key_dir": folder / "keys",
        "artefact_dir": folder / "artefacts",
        "spool_dir": folder / "spool",
        "origin": "test.example/log",
        "authority": "Test Authority, 1 Main Street",
        "data_source": "your application",
    }
    return load_settings(**{**values, **given})


def decided(table: Table, workspace: Workspace, function: DecisionFunction) -> Table:
    """Return the rows with what the function says about each."""
    models = _models(workspace, function)
    outcomes = [
        evaluate(function, models, {"income": row["income"], "debt": row["debt"]}).outcome.value
        for row in table.records()
    ]
    return table.with_column("outcome", list(outcomes))


def _models(workspace: Workspace, function: DecisionFunction) -> dict[str, LoadedModel]:
    item = function.models[0]
    data = workspace.artefacts.get(item.artefact)
    loaded = load_model(
        data, format=item.format, features=item.features, artefact_digest=item.artefact
    )
    return {item.artefact: loaded}


def build_story(
    folder: Path, *, start: int = START, settings: Mapping[str, Any] | None = None
) -> Story:
    """Tell the story up to a released function; nobody has been decided about yet."""
    clock, entropy = TickingClock(start), CountedEntropy("story")
    workspace = create_workspace(
        settings_in(folder, **dict(settings or {})), clock=clock, entropy=entropy
    )
    story = Story(workspace, folder, clock, {})
    (folder / "signers").mkdir()
    for role in _PERSONS:
        key = create_signer_key(folder / "signers" / f"{role.value}.key", entropy=entropy)
        actor = register_actor(
            workspace,
            name=f"Test {role.value}",
            roles=[role],
            public_key=public_key_hex(key),
            actor=story.operator,
        )
        story.actors[role] = ActorContext(actor=actor.actor, roles=frozenset({role}))
    service = register_actor(
        workspace, name="Test service", roles=[Role.SERVICE], actor=story.operator
    )
    story.actors[Role.SERVICE] = ActorContext(
        actor=service.actor, roles=frozenset({Role.SERVICE}), service=True
    )
    for role, context in story.actors.items():
        story.keys[role] = issue_api_key(
            workspace,
            name=f"Test {role.value}",
            roles=[role],
            actor=story.operator,
            for_actor=context.actor,
        ).secret
    register_all(story)
    return story


def register_all(story: Story) -> None:
    workspace, scientist = story.workspace, story.actors[Role.SCIENTIST]
    training, hold_out = rows(200), rows(200, shift=1000)
    trained_on = _register_rows(story, DatasetRole.TRAINING, training)
    held_out = _register_rows(story, DatasetRole.HOLD_OUT, hold_out)
    use_case = register_use_case(workspace, UseCase.parse(USE_CASE), actor=scientist)
    register_policy(
        workspace, POLICY.encode(), where="policy.yaml", actor=story.actors[Role.COMPLIANCE]
    )
    catalogue = register_catalogue(
        workspace, CATALOGUE.encode(), where="catalogue.yaml", actor=scientist
    )
    function = _function(story, trained_on, training).model_copy(
        update={"use_case": use_case.digest, "catalogue": catalogue.digest}
    )
    register_function(workspace, function, actor=scientist)
    assess(
        workspace,
        assess_request(held_out),
        decided(hold_out, workspace, function),
        actor=scientist,
    )
    profile(workspace, FUNCTION, held_out, hold_out, actor=scientist)
    build_card(workspace, FUNCTION, actor=scientist)
    for role in (Role.MODEL_OWNER, Role.COMPLIANCE):
        sign(
            workspace,
            SignOffRequest(function=FUNCTION, role=role, statement="I have read the evidence."),
            story.folder / "signers" / f"{role.value}.key",
            actor=story.operator,
        )
    release(workspace, FUNCTION, actor=story.actors[Role.MODEL_OWNER])


def assess_request(dataset: str) -> AssessRequest:
    return AssessRequest(
        dataset=dataset,
        function=FUNCTION,
        prediction="outcome",
        favourable="approve",
        label="approved",
        positive="yes",
        protected=("sex",),
    )


def _register_rows(story: Story, role: DatasetRole, table: Table) -> str:
    description = DatasetDescription(
        name=f"loans-{role.value.replace('_', '-')}",
        role=role,
        source="invented",
        column_roles=ROLES_OF_COLUMNS,
    )
    return register_dataset(
        story.workspace, table, description, actor=story.actors[Role.SCIENTIST]
    ).digest


def _function(story: Story, training: str, table: Table) -> DecisionFunction:
    workspace = story.workspace
    data = json.dumps(SCORECARD).encode()
    artefact = store_model(
        workspace,
        data,
        ModelDescription(
            name="card", format="scorecard", features=("income", "debt"), trained_on=(training,)
        ),
    )
    model = load_model(
        data, format="scorecard", features=("income", "debt"), artefact_digest=artefact.artefact
    )
    matrix = np.array(
        [[float(row["income"]), float(row["debt"])] for row in table.records()]  # type: ignore[arg-type]
    )
    baseline = make_baseline(
        model,
        BaselineRows(
            X=matrix,
            row_ids=[str(row["applicant_id"]) for row in table.records()],
            dataset=training,
        ),
        name="all-applicants",
        kind="all_applicants",
    )
    registered = register_baseline(workspace, baseline, actor=story.actors[Role.SCIENTIST])
    return _described(workspace, artefact, registered.digest)


def _described(workspace: Workspace, artefact: ModelArtefact, baseline: str) -> DecisionFunction:
    return DecisionFunction(
        name="loan",
        version="1",
        use_case="sha256:" + "0" * 64,
        models=(artefact,),
        scale="probability",
        cut_off=0.5,
        rules=(
            HardRule(
                id="debt_limit",
                feature="debt",
                op=">",
                value=2500,
                outcome=Outcome.DECLINE,
                reason_code="debt_above_limit",
            ),
        ),
        outcome_codes=("approve", "decline", "refer"),
        catalogue="sha256:" + "0" * 64,
        baselines=(baseline,),
        code_commit="unversioned",
        code_dirty=True,
        environment=workspace.artefacts.put(b"lock"),
    )


def copy_story(
    told: Story, folder: Path, *, seed: str, settings: Mapping[str, Any] | None = None
) -> Story:
    """Copy a closed story's files and open them: each test gets its own."""
    shutil.copytree(told.folder, folder, dirs_exist_ok=True)
    clock = TickingClock(told.clock.now + 1_000_000)
    workspace = open_workspace(
        settings_in(folder, **dict(settings or {})), clock=clock, entropy=CountedEntropy(seed)
    )
    return Story(workspace, folder, clock, dict(told.actors), dict(told.keys))


def headers(story: Story, role: Role, **more: str) -> dict[str, str]:
    """Return the headers of somebody in a role who says why they ask."""
    return {
        "Authorization": f"Bearer {story.keys[role]}",
        "Answerable-Purpose": "test-purpose",
        **more,
    }


def application(subject_id: str = "cust-4711", **changes: object) -> dict[str, object]:
    """Return the body of an application that is declined."""
    body: dict[str, object] = {
        "function": FUNCTION,
        "inputs": {"income": 800, "debt": 2100},
        "subjects": [{"subject_id": subject_id, "data": dict(APPLICANT)}],
        "groups": {"sex": "female"},
    }
    return {**body, **changes}
