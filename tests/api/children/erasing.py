"""A process that answers a request for erasure and dies at a step of it.

Run by path with: the settings as JSON, the person's reference, the step at which to die.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from functools import partial

from answerable.api.flows.subject import RequestFacts, erase
from answerable.api.settings import load_settings
from answerable.api.wiring import local_actor, open_workspace
from answerable.audit.keys.erasure import ErasureStep


def main(settings: str, ref: str, die_at: str) -> None:
    def reached(step: ErasureStep) -> None:
        if step.value == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with open_workspace(load_settings(**json.loads(settings))) as workspace:
        log = workspace.log
        log.erase = partial(log.erase, reached=reached)  # type: ignore[method-assign]
        facts = RequestFacts(
            received_at=workspace.clock(), identity_check="id-card", article="gdpr-17-1-a"
        )
        erase(workspace, ref, facts, actor=local_actor(workspace))


if __name__ == "__main__":
    main(*sys.argv[1:])
