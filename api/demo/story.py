"""The whole road on real data: register, scan, assess, release, decide, explain, erase, prove."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Final

import orjson

from answerable.api.actor import ActorContext
from answerable.api.demo import assessing, candidates, deciding
from answerable.api.demo.folder import DemoFolder, fresh_folder
from answerable.api.demo.loan import applications, train
from answerable.api.demo.material import Material, register_material
from answerable.api.demo.narrator import Narrator
from answerable.api.demo.people import Cast, gather_cast
from answerable.api.demo.serving import free_port, serving
from answerable.api.demo.tampering import tamper_with_copy
from answerable.api.flows.access import issue_login_link
from answerable.api.flows.answer import answer
from answerable.api.flows.answer_text import answer_lines
from answerable.api.flows.card import build_card, export_card
from answerable.api.flows.govern import evaluate_gate, record_gate
from answerable.api.flows.profile import profile
from answerable.api.flows.quality import QualityRequest, assess_quality
from answerable.api.flows.scan import ScanRequest, scan
from answerable.api.flows.verify import verify, verify_database
from answerable.api.wiring import LOCAL_ROLES, Workspace, create_workspace, local_actor
from answerable.api.wording import counted
from answerable.model_cards.report import assessment_report, scan_report

__all__ = ["run_demo"]

_WHY_THIS_DATA: Final = (
    f"{applications.SOURCE}. Its label is {applications.LABEL_MEANING}, so a model trained on "
    "it repeats that lender. Names, e-mail addresses and IBANs are invented."
)


def run_demo(root: Path, *, serve: bool, port: int) -> None:
    """Tell the story, write every artefact, and leave the console open when asked.

    Parameters
    ----------
    root : Path
        Folder to write to; an earlier demonstration in it is cleared.
    serve : bool
        Whether to keep serving until interrupted.
    port : int
        Wanted port; a taken one is replaced and printed.

    Raises
    ------
    Conflict
        If the folder holds something else.
    Unavailable
        If it cannot be written, or the server does not start.
    """
    narrator = Narrator()
    folder = fresh_folder(root)
    chosen = free_port(port)
    if port and chosen != port:
        narrator.say(f"Port {port} is taken; using {chosen}.")
    with create_workspace(folder.settings(chosen)) as workspace:
        folder.write_settings_file()
        cast = gather_cast(workspace, folder)
        material = _register(workspace, folder, cast, narrator)
        _scan(workspace, material, cast, folder, narrator)
        first = _candidates(workspace, material, cast, narrator)
        chosen_one = _alternative(workspace, material, cast, narrator, parent=first.digest)
        _release(workspace, chosen_one, material, cast, (folder, narrator))
        with serving(workspace, chosen) as address:
            narrator.chapter(f"Decide the hold-out applications over HTTP at {address}")
            clients = deciding.open_clients(workspace, cast, address)
            applied = material.hold_out.frame
            decisions = deciding.decide_all(clients, chosen_one, applied, narrator)
            _follow(workspace, clients, decisions, folder, narrator)
            _card(workspace, chosen_one, folder, narrator)
            _prove(workspace, decisions, cast, folder, narrator)
            narrator.close(folder.root)
            if serve:
                _stay(workspace, address, narrator)


def _register(workspace: Workspace, folder: DemoFolder, cast: Cast, narrator: Narrator) -> Material:
    narrator.chapter("Register the data, the use case, the policy and the catalogue")
    narrator.say(_WHY_THIS_DATA)
    with narrator.working("Registering"):
        material = register_material(workspace, folder, cast)
    narrator.table(
        "Data sets",
        ("part", "rows", "fingerprint"),
        [
            (
                part.recorded.record.name,
                str(part.recorded.record.rows),
                part.recorded.record.fingerprint,
            )
            for part in (material.training, material.validation, material.hold_out)
        ],
    )
    bank = material.organisation.record
    narrator.say(
        f"The organisation: {bank.controller.name}; data goes to "
        f"{len(bank.recipients or ())} recipients, and everybody who asks is told which."
    )
    return material


def _scan(
    workspace: Workspace, material: Material, cast: Cast, folder: DemoFolder, narrator: Narrator
) -> None:
    narrator.chapter("Scan the training data for personal information")
    training = material.training
    scientist = cast.scientist.context
    with narrator.working("Scanning"):
        scanned = scan(
            workspace,
            ScanRequest(
                dataset=training.recorded.digest, features=applications.FEATURES, seed=train.SEED
            ),
            training.table,
            actor=scientist,
        )
        hold_out = material.hold_out
        assess_quality(
            workspace,
            QualityRequest(dataset=training.recorded.digest, against=hold_out.recorded.digest),
            training.table,
            hold_out.table,
            actor=scientist,
        )
    found = [
        (
            column.name,
            column.role,
            ", ".join(f"{item.entity} in {item.rows} rows" for item in column.contains) or "-",
            f"not examined: {', '.join(column.not_examined)}" if column.not_examined else "",
        )
        for column in scanned.report.columns
        if column.contains or column.not_examined or column.role not in {"attribute", "none"}
    ]
    narrator.table(
        f"{len(scanned.report.columns)} columns scanned, these stand out",
        ("column", "role", "contains", ""),
        found,
    )
    page = scan_report(scanned.report.to_result(), source=training.recorded.record.name)
    narrator.keep("personal-data scan", folder.make("reports") / "scan.html", page)


def _candidates(
    workspace: Workspace, material: Material, cast: Cast, narrator: Narrator
) -> candidates.RegisteredCandidate:
    narrator.chapter("Train candidates and assess them on the validation part")
    training = material.training.frame
    with narrator.working("Training"):
        boosted = candidates.register_candidate(
            workspace, material, cast, train.train_boosted(training), version="1.0"
        )
        logistic = candidates.register_candidate(
            workspace, material, cast, train.train_logistic(training), version="1.0-logistic"
        )
    for candidate in (boosted, logistic):
        assessed = assessing.assess_candidate(workspace, candidate, material.validation, cast)
        assessing.show_assessment(narrator, candidate.name, assessed.assessment)
    gate, _ = record_gate(workspace, boosted.digest, actor=cast.model_owner.context)
    narrator.say(
        f"Gate of {boosted.name}: "
        + ("may be released." if gate.holds else f"not released (exit code {gate.exit_code}).")
    )
    return boosted


def _alternative(
    workspace: Workspace, material: Material, cast: Cast, narrator: Narrator, *, parent: str
) -> candidates.RegisteredCandidate:
    narrator.chapter("Search an alternative on the validation part")
    with narrator.working("Searching"):
        found = assessing.search_alternative(workspace, material, cast, narrator)
    return candidates.register_candidate(
        workspace, material, cast, found, version="2.0", parent=parent
    )


def _release(
    workspace: Workspace,
    chosen: candidates.RegisteredCandidate,
    material: Material,
    cast: Cast,
    telling: tuple[DemoFolder, Narrator],
) -> None:
    folder, narrator = telling
    narrator.chapter("Assess the alternative once, on the hold-out")
    assessed = assessing.assess_candidate(workspace, chosen, material.hold_out, cast)
    assessing.show_assessment(narrator, f"{chosen.name} on the hold-out", assessed.assessment)
    narrator.say(f"The hold-out has been looked at {counted(assessed.looks, 'time', 'times')}.")
    accuracy = assessed.assessment.overall["accuracy"]
    base = assessed.assessment.overall["base_rate"]
    if accuracy.value is not None and base.value is not None:
        narrator.say(
            f"Accuracy {accuracy.value:.3f}; approving everybody would reach {base.value:.3f}. "
            "What the mitigation costs is part of the card."
        )
    reports = folder.make("reports")
    page = assessment_report(assessed.assessment.to_result(suppress_below=10), source=chosen.name)
    narrator.keep("fairness assessment", reports / "assessment.html", page)

    narrator.chapter("Explain globally, build the card, sign and release")
    scientist = cast.scientist.context
    hold_out = material.hold_out
    profile(workspace, chosen.digest, hold_out.recorded.digest, hold_out.table, actor=scientist)
    build_card(workspace, chosen.digest, actor=scientist)
    assessing.release_candidate(workspace, chosen, cast, narrator)
    gate_now = evaluate_gate(workspace, chosen.digest)
    narrator.keep("gate, JUnit", reports / "gate.junit.xml", gate_now.to_junit())


def _follow(
    workspace: Workspace,
    clients: deciding.Clients,
    decisions: deciding.Decisions,
    folder: DemoFolder,
    narrator: Narrator,
) -> None:
    narrator.say(f"With two applicants: decision {decisions.with_co_applicant}")
    narrator.say(f"Knocked out by a rule: decision {decisions.knocked_out or 'none'}")
    narrator.say(f"Referred to a person: decision {decisions.referred or 'none'}")

    narrator.chapter("Explain a declined application, write the letters")
    deciding.explain_one(clients, decisions, folder, narrator)

    narrator.chapter("Contest, review, access, erasure")
    deciding.review_one(clients, decisions, narrator)
    deciding.erase_one(workspace, clients, decisions, folder, narrator)


def _card(
    workspace: Workspace,
    released: candidates.RegisteredCandidate,
    folder: DemoFolder,
    narrator: Narrator,
) -> None:
    narrator.chapter("Write the model card")
    for path in export_card(workspace, released.digest, folder.make("card")):
        narrator.artefacts.append((f"model card, {path.suffix.lstrip('.')}", path))
        narrator.say(path.name)


def _prove(
    workspace: Workspace,
    decisions: deciding.Decisions,
    cast: Cast,
    folder: DemoFolder,
    narrator: Narrator,
) -> None:
    narrator.chapter("Answer the three questions about one decision")
    result = answer(workspace, decisions.declined, purpose="oversight", actor=cast.auditor.context)
    for line in answer_lines(result):
        narrator.say(line)
    narrator.keep(
        "the three answers with proofs",
        folder.make("reports") / "answer.json",
        orjson.dumps(result.to_result(), option=orjson.OPT_INDENT_2),
    )

    narrator.chapter("Verify the log, tamper with a copy, verify again")
    note = workspace.log.checkpoint()
    narrator.keep("checkpoint, kept outside", folder.outside / "checkpoint", note)
    narrator.keep("verification key", folder.outside / "log.vkey", workspace.log.vkey + "\n")
    report = verify(workspace, checkpoint=note)
    narrator.say(
        f"The log: {report.size} entries, {len(report.findings)} findings, anchored "
        f"{'true' if report.anchored else 'false'}, root {report.root}"
    )
    tamper_with_copy(folder.database, folder.tampered, decisions.declined)
    settings = workspace.settings.model_copy(
        update={"database_url": f"sqlite:///{folder.tampered}"}
    )
    altered = verify_database(settings, key=workspace.log.vkey, checkpoint=note)
    narrator.table(
        "The copy in which one decline was turned into an approval",
        ("layer", "entry", "what"),
        [(item.layer, item.entry, item.what) for item in altered.findings],
    )
    narrator.say("Verification does not pass." if not altered.ok else "NOTHING WAS FOUND")
    command, url = _command(), _url(folder.database)
    outside = _short(folder.outside / "checkpoint")
    narrator.artefacts.append(("the tampered copy", folder.tampered))
    narrator.say("To ask yourself:")
    narrator.say(f"  {command} answer {decisions.declined} --db {url}")
    person = decisions.findable_subject
    narrator.say(f"  {command} subject find --subject-id {person} --purpose test --db {url}")
    narrator.say(f"  {command} verify --db {url} --checkpoint {outside}")
    narrator.say(f"  {command} verify --db {_url(folder.tampered)} --checkpoint {outside}")


def _url(database: Path) -> str:
    return f"sqlite:///{_short(database)}"


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _command() -> str:
    """Return how this process was called, so that its advice can be typed as it stands."""
    called = Path(sys.argv[0])
    on_path = shutil.which(called.name)
    return called.name if on_path and Path(on_path).resolve() == called.resolve() else str(called)


def _stay(workspace: Workspace, address: str, narrator: Narrator) -> None:
    operator = local_actor(workspace)
    holder: ActorContext = replace(operator, roles=LOCAL_ROLES)
    link = issue_login_link(workspace, holder, valid_seconds=86_400)
    narrator.chapter("The console is open")
    narrator.say(f"Sign in once with this link: {address}/console/login?link={link.text}")
    narrator.say("Stop with Ctrl+C.")
    stop = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
