"""Fills the marked blocks of the documents from the code, so that there is one source of truth.

A document holds ``<!-- from the code: NAME -->`` ... ``<!-- end -->``; what stands between is
written here: settings, errors, exit codes, entry kinds, records, commands, routes. What the code
has and the reference cannot describe is a finding, not a gap: an undescribed setting, kind,
command, option or route ends the run with exit code 1. Run as ``reference.py [--check]``; with
``--check`` nothing is written and a difference is a finding.
"""

import ast
import importlib
import inspect
import itertools
import json
import pkgutil
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from answerable.api import http, settings
from answerable.api.cli.exits import ExitCode, exit_code_of
from answerable.api.cli.main import app as command_line
from answerable.api.http.access import EVERYBODY, allowed
from answerable.api.http.app import create_app
from answerable.api.http.errors import status_of
from answerable.api.wiring import memory_workspace
from answerable.audit import errors, records
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Record, Role

ROOT = Path(__file__).resolve().parent.parent

BLOCK = re.compile(
    r"(?P<begin><!-- from the code: (?P<name>[a-z-]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL
)

EXIT_CODES = {
    ExitCode.HOLDS: "it holds; the command did what it was asked",
    ExitCode.VIOLATED: "a policy is violated, or a hold forbids it",
    ExitCode.BAD_INPUT: "usage or bad input; nothing was changed",
    ExitCode.NOT_ENOUGH_EVIDENCE: "evidence is insufficient, undefined, not examined or erased",
    ExitCode.INTEGRITY: "integrity is broken",
    ExitCode.SIGN_OFF: "a sign-off or release is missing, stale or expired",
    ExitCode.ENVIRONMENT: "environment: database, missing extra, third-party engine",
    ExitCode.INTERNAL: "internal error",
}

KINDS = {
    "log.opened": "the log begins, under an origin and a key",
    "log.recovered": "a gap was found, named and closed by two persons",
    "log.head_accepted": "two persons replaced a lost head file",
    "log.key_rotated": "the log signs with a new key from here on",
    "clock.stepped": "the clock went back a little and was held",
    "logging.failed": "for some time the log could not be written: from, to, cause, counts",
    "logging.restored": "what waited outside the log was brought into it",
    "spool.refused": "an append that waited was not replayed, and why",
    "spool.settled": "a person appended or destroyed what had been set aside",
    "caller.counted": "a service says how many decisions it made in a series of its own",
    "actor.registered": "a person or service may act, under a random reference",
    "actor.retired": "an actor may no longer act",
    "organisation.registered": "what the organisation says about itself; the newest one counts",
    "use_case.registered": "what is decided, for whom, on which legal basis",
    "dataset.registered": "a version of a table: fingerprint, schema, roles of its columns, source",
    "dataset.rows_erased": "rows left a data set; its fingerprint stays",
    "policy.registered": "a policy file, by its digest",
    "catalogue.registered": "a catalogue of reasons, by its digest",
    "baseline.registered": "what attributions are measured against",
    "function.registered": "a decision function: models, cut-offs, rules, catalogue, code",
    "privacy.scanned": "what a scan found, column by column, and what it did not examine",
    "privacy.risk_assessed": "how many persons a table singles out",
    "privacy.proxies_assessed": "which columns stand in for a protected attribute",
    "data_quality.assessed": "what is missing, constant or out of range",
    "fairness.assessed": "rates by group with intervals, and the verdict of each rule",
    "fairness.mitigated": "an alternative that was searched, with every look counted",
    "model.validated": "how well a model does on data it has not seen",
    "explanation.profiled": "what a model rests on over a whole table",
    "card.built": "the core of a model card",
    "waiver.granted": "a finding is accepted, by whom, why and until when",
    "waiver.withdrawn": "a waiver no longer counts",
    "sign_off.given": "a person signed a bundle",
    "sign_off.withdrawn": "a signature no longer counts",
    "gate.evaluated": "whether a bundle may be released, and what stands against it",
    "release.granted": "a decision function may decide",
    "release.suspended": "a release is stopped for now",
    "release.retired": "a release has ended",
    "incident.opened": "something went wrong that somebody must look at",
    "incident.closed": "an incident was dealt with",
    "decision": "one decision about one or more persons",
    "explanation": "why a decision came out as it did",
    "explanation.replayed": "an explanation was computed again and compared",
    "letter.issued": "a person was written to",
    "contest.filed": "a person contests a decision",
    "review.completed": "a person reviewed a decision, and upheld or overturned it",
    "outcome.observed": "what came of a decision later",
    "subject.request": "a person asked for something under data protection law",
    "subject.request_extended": "more time is needed to answer, and the person was told why",
    "subject.request_answered": "how a request was answered, and on which ground",
    "subject.restricted": "a person's data may be kept and not used",
    "subject.restriction_lifted": "a restriction has ended, after the person was told",
    "subject.objected": "a person objects to processing",
    "subject.rectified": "a person's data was corrected",
    "subject.erased": "the key that opened a person's data was destroyed",
    "subject.erasure_refused": "an erasure was refused, and why",
    "recipient.notified": "a recipient was told of a correction, erasure or restriction",
    "hold.placed": "a person's data may not be erased for now",
    "hold.lifted": "a hold has ended",
    "records.read": "who read personal data, and for which purpose",
    "record.disclosed": "the key of one part of one record was given away: to whom, and why",
    "subject.alias_added": "one more identifier leads to a person; which one is not said",
    "query.asked": "who asked the log a question over headers: which, and for which purpose",
    "retention.run": "old entries were removed, with their proofs kept",
}


class Undescribed(Exception):
    """Something in the code has no description to print."""


def _described(text: str | None, what: str) -> str:
    sentence = " ".join((text or "").split("\n\n")[0].split()).replace("|", "\\|")
    if not sentence:
        message = f"{what} has no description"
        raise Undescribed(message)
    return sentence


def settings_lines() -> Iterator[str]:
    """Yield a table of settings, described by the texts below the fields."""
    tree = ast.parse(inspect.getsource(settings.Settings))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    texts = {
        first.target.id: second.value.value
        for first, second in itertools.pairwise(body)
        if isinstance(first, ast.AnnAssign)
        and isinstance(first.target, ast.Name)
        and isinstance(second, ast.Expr)
        and isinstance(second.value, ast.Constant)
    }
    yield from ("| setting | default | |", "|---|---|---|")
    for name, field in settings.Settings.model_fields.items():
        text = field.description or str(texts.get(name, ""))
        value = field.get_default(call_default_factory=True)
        default = "empty" if value is None or not str(value) else f"`{value}`"
        yield f"| `ANSWERABLE_{name.upper()}` | {default} | {_described(text, name)} |"


def error_lines() -> Iterator[str]:
    """Yield a table of errors with the answer and the exit code each becomes."""
    yield from ("| error | code | HTTP | exit | |", "|---|---|---|---|---|")
    for name in errors.__all__:
        error = getattr(errors, name)
        example = error("x", needed_for="y") if name == "MissingExtra" else error("x")
        exit_code = int(exit_code_of(example))
        text = _described(error.__doc__, name)
        yield f"| `{name}` | `{error.code}` | {status_of(error)} | {exit_code} | {text} |"


def kind_lines() -> Iterator[str]:
    """Yield a table of what can stand in the log."""
    yield from ("| kind | says that |", "|---|---|")
    for kind in EntryKind:
        yield f"| `{kind.value}` | {_described(KINDS.get(kind.value), kind.value)} |"


def exit_lines() -> Iterator[str]:
    """Yield a table of exit codes."""
    yield from ("| code | means |", "|---|---|")
    for code in ExitCode:
        yield f"| {int(code)} | {_described(EXIT_CODES.get(code), code.name)} |"


def record_lines() -> Iterator[str]:
    """Yield a table of every record that can be an entry's body, with its fields."""
    yield from ("| type | says | fields |", "|---|---|---|")
    for name in records.__all__:
        record = getattr(records, name)
        fields = getattr(record, "model_fields", {})
        if not (isinstance(record, type) and issubclass(record, Record) and "type" in fields):
            continue
        shown = ", ".join(
            f"`{key}`" if field.is_required() else f"`{key}`?"
            for key, field in fields.items()
            if key != "type"
        )
        yield f"| `{fields['type'].default}` | {_described(record.__doc__, name)} | {shown} |"


def command_lines() -> Iterator[str]:
    """Yield every command with its arguments and options."""
    root = typer.main.get_command(command_line)
    yield from _commands(root, "answerable")


def _commands(command: Any, path: str) -> Iterator[str]:
    # Typer may bring its own copy of click's classes: what they have is asked, not what they are.
    if hasattr(command, "commands"):
        for name in sorted(command.commands):
            yield from _commands(command.commands[name], f"{path} {name}")
        return
    yield from (f"### `{path}`", "", _described(command.help, path), "")
    rows = [row for parameter in command.params if (row := _parameter(parameter, path))]
    if rows:
        yield from ("| | |", "|---|---|", *rows, "")


def _parameter(parameter: Any, path: str) -> str:
    if "--help" in parameter.opts:
        return ""
    if parameter.param_type_name == "argument":
        shown = f"`{(parameter.metavar or parameter.name).upper()}`"
    else:
        shown = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    text = _described(getattr(parameter, "help", None), f"{path} {shown}")
    return f"| {shown} | {text} |"


def route_lines() -> Iterator[str]:
    """Yield a table of every route of the HTTP interface, with the roles that may use it."""
    yield from ("| route | roles | |", "|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, memory_workspace(Path(folder)) as workspace:
        roles = route_roles()
        for path, operations in create_app(workspace).openapi()["paths"].items():
            for method, operation in operations.items():
                shown = f"{method.upper()} {path}"
                who = _roles(roles[method.upper(), path])
                text = _described(operation.get("summary"), shown)
                needs = {item["name"] for item in operation.get("parameters", ())}
                purpose = "; states its purpose" if "Answerable-Purpose" in needs else ""
                yield f"| `{shown}` | {who} | {text}{purpose} |"


def route_roles() -> dict[tuple[str, str], frozenset[Role]]:
    """Return the roles each route names in its signature, by method and path."""
    found: dict[tuple[str, str], frozenset[Role]] = {}
    for module in pkgutil.iter_modules(http.__path__):
        router = getattr(importlib.import_module(f"{http.__name__}.{module.name}"), "router", None)
        for route in getattr(router, "routes", ()):
            roles = [
                cell.cell_contents
                for needed in route.dependant.dependencies
                if needed.call.__qualname__.startswith(f"{allowed.__name__}.")
                for cell in needed.call.__closure__
            ]
            for method in route.methods:
                found[method, route.path] = frozenset(*roles[:1])
    return found


def _roles(roles: frozenset[Role]) -> str:
    if roles == frozenset(EVERYBODY):
        return "any key"
    return ", ".join(role.value for role in Role if role in roles) or "no key needed"


WRITERS: dict[str, Callable[[], Iterator[str]]] = {
    "settings": settings_lines,
    "errors": error_lines,
    "exit-codes": exit_lines,
    "entry-kinds": kind_lines,
    "records": record_lines,
    "commands": command_lines,
    "routes": route_lines,
}


def schemas() -> dict[Path, dict[str, Any]]:
    """Return the JSON schema of each file that organisations write, by the file it stands in."""
    return {
        ROOT / "docs" / "schemas" / "organisation.json": (
            records.OrganisationProfile.model_json_schema()
        ),
    }


def documents() -> list[Path]:
    """Return every document that holds a block, in order."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    return sorted(path for path in found if BLOCK.search(path.read_text(encoding="utf-8")))


def refreshed(text: str) -> str:
    """Return a document with its blocks as the code has them."""
    return BLOCK.sub(
        lambda block: "\n".join([block["begin"], *WRITERS[block["name"]](), "", block["end"]]),
        text,
    )


def _write_schemas(*, check: bool) -> int:
    stale = 0
    for path, schema in schemas().items():
        text = json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        same = path.exists() and path.read_text(encoding="utf-8") == text
        if check and not same:
            print(f"{path.relative_to(ROOT)} is not what the code says: make docs")
            stale = 1
        elif not same:
            path.write_text(text, encoding="utf-8")
    return stale


def main(*, check: bool) -> int:
    """Write every block, or only compare them; return 1 on any finding."""
    stale = _write_schemas(check=check)
    for path in documents():
        text = path.read_text(encoding="utf-8")
        try:
            new = refreshed(text)
        except Undescribed as gap:
            print(gap)
            return 1
        if check and new != text:
            print(f"{path.relative_to(ROOT)} is not what the code says: make docs")
            stale = 1
        elif new != text:
            path.write_text(new, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
