"""Chapters over HTTP: decisions, letters, a contest and a review, access and erasure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import orjson
from pydantic import JsonValue

from answerable.api.client import AnswerableClient
from answerable.api.demo.candidates import RegisteredCandidate, feature_rows
from answerable.api.demo.folder import DemoFolder
from answerable.api.demo.narrator import Narrator
from answerable.api.demo.people import Cast, Person
from answerable.api.flows.access import issue_api_key
from answerable.api.wiring import Workspace, local_actor
from answerable.api.wording import counted
from answerable.audit.errors import Erased

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Clients",
    "Decisions",
    "decide_all",
    "erase_one",
    "explain_one",
    "open_clients",
    "review_one",
]

Json = dict[str, JsonValue]

_CO_APPLICANT: Final = "co_applicant"
_CENTS: Final = 100
_THOUSAND: Final = 1000


@dataclass(frozen=True)
class Clients:
    """One client for each demo user who speaks to the service."""

    service: AnswerableClient
    officer: AnswerableClient
    reviewer: AnswerableClient
    auditor: AnswerableClient


@dataclass(frozen=True)
class Decisions:
    """Decisions worth following, by their ids."""

    outcomes: Counter[str]
    declined: str
    findable_subject: str
    """Identifier of somebody who is still in the log, to try `subject find` with."""
    knocked_out: str | None
    referred: str | None
    with_co_applicant: str
    erased_subject: str
    """Identifier of the person who will be erased."""
    erased_decision: str


def open_clients(workspace: Workspace, cast_: Cast, address: str) -> Clients:
    """Issue an API key to each demo user and return their clients.

    Parameters
    ----------
    workspace : Workspace
    cast_ : Cast
    address : str
        Where the service listens.

    Returns
    -------
    Clients
    """
    operator = local_actor(workspace)

    def client(person: Person) -> AnswerableClient:
        issued = issue_api_key(
            workspace,
            name=person.name,
            roles=sorted(person.context.roles),
            actor=operator,
            for_actor=person.context.actor,
        )
        return AnswerableClient(address, issued.secret)

    return Clients(
        service=client(cast_.service),
        officer=client(cast_.officer),
        reviewer=client(cast_.reviewer),
        auditor=client(cast_.auditor),
    )


def decide_all(
    clients: Clients, candidate: RegisteredCandidate, frame: pd.DataFrame, narrator: Narrator
) -> Decisions:
    """Send every application of the hold-out through the API.

    Parameters
    ----------
    clients : Clients
    candidate : RegisteredCandidate
        The released one.
    frame : pandas.DataFrame
        The hold-out.
    narrator : Narrator

    Returns
    -------
    Decisions
    """
    decided: list[tuple[int, Json]] = []
    joint = int(frame["cototinc"].gt(0).to_numpy().argmax())
    inputs = feature_rows(frame)
    people = cast("list[dict[str, str]]", frame.to_dict(orient="records"))
    with narrator.counting("Deciding", len(frame)) as advance:
        for number, person in enumerate(people):
            request = _application(
                candidate.name, cast("Json", inputs[number]), person, joint=number == joint
            )
            key = f"application-{person['applicant_id']}"
            decided.append(
                (number, clients.service.evaluate_application(request, idempotency_key=key))
            )
            advance()
    outcomes = Counter(str(answer["outcome"]) for _, answer in decided)
    narrator.table(
        f"{len(decided)} applications decided, explained and logged",
        ("outcome", "applications"),
        [(name, str(count)) for name, count in outcomes.most_common()],
    )
    return _worth_following(decided, people, outcomes, joint)


def _application(function: str, inputs: Json, person: dict[str, str], *, joint: bool) -> Json:
    applicant: Json = {
        "subject_id": person["applicant_id"],
        "role": "applicant",
        "data": {"name": person["name"], "email": person["email"], "iban": person["iban"]},
    }
    subjects: list[JsonValue] = [applicant]
    if joint:
        # The data says that there is a second income, not whose it is.
        subjects.append(
            {
                "subject_id": f"{person['applicant_id']}-co",
                "role": _CO_APPLICANT,
                "data": {"monthly_income_dollars": inputs["cototinc"]},
            }
        )
    amount = cast("float", inputs["loanamt"])
    groups: Json = {"race": person["race"]}
    if isinstance(person["sex"], str):
        groups["sex"] = person["sex"]
    return {
        "function": function,
        "inputs": inputs,
        "subjects": subjects,
        "groups": groups,
        "amounts": [
            {
                "name": "requested",
                "minor_units": int(amount * _THOUSAND * _CENTS),
                "currency": "USD",
            }
        ],
        "reference": person["applicant_id"],
    }


def _worth_following(
    decided: list[tuple[int, Json]],
    people: list[dict[str, str]],
    outcomes: Counter[str],
    joint: int,
) -> Decisions:
    def first(outcome: str, determined_by: str) -> str | None:
        for number, answer in decided:
            explanation = cast("Json", answer["explanation"])
            wanted = answer["outcome"] == outcome
            if wanted and explanation["determined_by"] == determined_by and number != joint:
                return str(answer["decision_id"])
        return None

    declined = first("decline", "model")
    approved = next(
        (number, answer)
        for number, answer in decided
        if answer["outcome"] == "approve" and number != joint
    )
    return Decisions(
        outcomes=outcomes,
        declined=declined or str(decided[0][1]["decision_id"]),
        findable_subject=people[joint]["applicant_id"],
        knocked_out=first("decline", "rule"),
        referred=first("refer", "rule"),
        with_co_applicant=str(decided[joint][1]["decision_id"]),
        erased_subject=people[approved[0]]["applicant_id"],
        erased_decision=str(approved[1]["decision_id"]),
    )


def explain_one(
    clients: Clients, decisions: Decisions, folder: DemoFolder, narrator: Narrator
) -> None:
    """Ask for a declined applicant's explanation and letters.

    Parameters
    ----------
    clients : Clients
    decisions : Decisions
    folder : DemoFolder
    narrator : Narrator
    """
    stored = clients.officer.explanation(decisions.declined, purpose="customer-question")
    explanation = cast("Json", stored.get("explanation", stored))
    reasons = cast("list[Json]", explanation["reasons"])
    narrator.table(
        f"Decision {decisions.declined}: score {_figure(explanation['score'])}, "
        f"cut-off {_figure(explanation['cut_off'])}",
        ("rank", "reason", "contribution (log-odds)", "value", "baseline"),
        [
            (
                str(reason["rank"]),
                str(reason["code"]),
                _figure(reason.get("contribution")),
                _figure(reason.get("value")),
                _figure(reason.get("reference")),
            )
            for reason in reasons
        ],
    )
    for item in cast("list[Json]", explanation["counterfactuals"]):
        changes = cast("list[Json]", item.get("changes", []))
        asked = [change for change in changes if not change.get("derived")]
        words = ", ".join(
            f"{change['column']} from {_figure(change['before'])} to {_figure(change['after'])}"
            for change in asked
        )
        narrator.say(f"What would have changed it ({item['status']}): {words or 'nothing found'}")
    letters = folder.make("letters")
    for language, name in (("en", "English"), ("de", "German")):
        page = clients.officer.letter(
            decisions.declined, purpose="notice-of-decision", language=language
        )
        narrator.keep(f"letter, {name}", letters / f"declined.{language}.html", page)
    narrator.keep(
        "receipt for the applicant",
        folder.outside / "declined.tlog-proof",
        clients.auditor.proof(decisions.declined),
    )


def _figure(value: JsonValue) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else str(value or "-")


def review_one(clients: Clients, decisions: Decisions, narrator: Narrator) -> str:
    """Contest the declined decision; a person overturns it.

    Parameters
    ----------
    clients : Clients
    decisions : Decisions
    narrator : Narrator

    Returns
    -------
    str
        The decision that supersedes it.
    """
    contest = clients.officer.contest(
        decisions.declined, "The income stated in the application leaves out a regular bonus."
    )
    review = clients.reviewer.review(
        decisions.declined,
        {
            "result": "overturned",
            "reason_code": "additional-income-shown",
            "note": "Pay slips of twelve months were shown.",
            "contest_id": contest["contest_id"],
            "new_outcome": "approve",
            "new_outcome_code": "approve",
        },
    )
    later = cast("Json", review["new_decision"])
    narrator.say(f"Contest {contest['contest_id']} recorded; a reviewer overturned the decision.")
    narrator.say(f"Decision {later['entry_id']} supersedes it, automation manual.")
    return str(later["entry_id"])


def erase_one(
    workspace: Workspace,
    clients: Clients,
    decisions: Decisions,
    folder: DemoFolder,
    narrator: Narrator,
) -> None:
    """Answer an access request, then erase the person.

    Parameters
    ----------
    workspace : Workspace
        Gives the time of the requests.
    clients : Clients
    decisions : Decisions
    folder : DemoFolder
    narrator : Narrator
    """
    request: Json = {
        "received_at": workspace.clock(),
        "identity_check": "online-banking-login",
        "article": "gdpr-art-15",
    }
    found = clients.officer.find_subject(decisions.erased_subject, purpose="gdpr-art-15")
    ref = str(found["ref"])
    package = clients.officer.access_package(ref, request)
    narrator.keep(
        "access package (GDPR Art. 15)",
        folder.make("access") / "access.json",
        orjson.dumps(package, option=orjson.OPT_INDENT_2),
    )
    many = counted(len(cast("list[Json]", found["entries"])), "entry", "entries")
    narrator.say(f"Access: {many} about {ref}.")
    controller = cast("Json", cast("Json", package["controller"])["controller"])
    told = cast("list[Json]", package["recipients"])
    narrator.say(
        f"It names the controller ({controller['name']}) and the recipients "
        f"({', '.join(str(item['id']) for item in told)}), and lists what is owed and was not "
        f"stated: {len(cast('list[Json]', package['missing']))} items."
    )
    erased = clients.officer.erase(ref, request | {"article": "gdpr-art-17"})
    gone = counted(cast("int", erased["entries"]), "entry", "entries")
    narrator.say(f"Erased: {gone} about {ref} can no longer be read.")
    try:
        clients.officer.decision(decisions.erased_decision, purpose="gdpr-art-17")
    except Erased as error:
        narrator.say(f"Asking for the decision now: {error}")
