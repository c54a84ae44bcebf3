"""A process is killed while it answers a request for erasure: all of it happened, or nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from answerable.api.flows.subject import RequestQuery, list_requests
from answerable.api.settings import load_settings
from answerable.api.wiring import Workspace, create_workspace, local_actor, open_workspace
from answerable.audit.keys.erasure import ErasureStep
from answerable.audit.records import SubjectErased
from tests.log_kit import LogKit, SeededEntropy, SteppedClock

CHILD = Path(__file__).parent / "children" / "erasing.py"
BEFORE_COMMIT = {ErasureStep.KEY_ADDED, ErasureStep.ROWS_WRAPPED}


def one_decision(workspace: Workspace) -> str:
    """Append a decision about a person; return their reference."""
    drafts = LogKit(
        "", workspace.vault, SteppedClock(workspace.clock()), SeededEntropy("c"), workspace.log
    )
    workspace.log.append(drafts.decision("anna", income=1))
    return drafts.ref("anna")


@pytest.mark.parametrize("step", list(ErasureStep))
def test_an_erasure_and_the_answer_to_who_asked_stand_together(
    tmp_path: Path, step: ErasureStep
) -> None:
    settings = {
        "database_url": f"sqlite:///{tmp_path}/data/log.db",
        "key_dir": str(tmp_path / "keys"),
        "artefact_dir": str(tmp_path / "artefacts"),
        "spool_dir": str(tmp_path / "spool"),
    }
    with create_workspace(load_settings(**settings)) as workspace:
        ref, size = one_decision(workspace), workspace.log.size()
    ended = subprocess.run(
        [sys.executable, str(CHILD), json.dumps(settings), ref, step.value],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    happened = step not in BEFORE_COMMIT
    with open_workspace(load_settings(**settings)) as workspace:
        assert workspace.log.is_erased(ref) == happened
        lines = list_requests(workspace, RequestQuery(), actor=local_actor(workspace))
        assert [(line.request, line.outcome, line.subject) for line in lines] == (
            [("erasure", "fulfilled", ref)] if happened else []
        )
        kinds = [entry.kind.value for entry in workspace.log.entries(after=size - 1)]
        assert kinds == (
            ["subject.erased", "subject.request", "subject.request_answered"] if happened else []
        )
        if happened:
            erased = workspace.log.entry_at(size)
            assert workspace.log.read_record(erased.id, SubjectErased).entries == 1
