"""Commands that documents show exist; calls to a service are made to one."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import httpx
import pytest
import typer

from answerable.api.cli.main import app
from answerable.api.demo.serving import free_port, serving
from answerable.audit.records import Role
from tests.api.story import Story, build_story
from tests.conftest import REPOSITORY
from tests.docs.test_documents import DOCUMENTS, documents

_CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(answerable [a-z][^`]*)`")
README = REPOSITORY / "README.md"


def commands(text: str) -> Iterator[list[str]]:
    """Yield each call of ``answerable`` in a document, as words."""
    lines = "".join(_CONSOLE.findall(text)).replace("\\\n", " ").splitlines()
    for line in lines:
        for call in re.findall(r"(?:^|[ (=])(answerable [^)|]*)", line):
            yield shlex.split(call)
    for call in _INLINE.findall(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)):
        yield shlex.split(call)


def what_is_wrong(words: list[str]) -> str:
    """Return what of a call does not exist, or nothing."""
    command: Any = typer.main.get_command(app)
    rest = words[1:]
    while rest and hasattr(command, "commands"):
        if rest[0].startswith("-") and rest[0] != "--help":
            return f"{rest[0]} before a command"
        if rest[0] == "--help":
            return ""
        if rest[0] not in command.commands:
            return f"no command {rest[0]}"
        command = command.commands[rest.pop(0)]
    known = {name for parameter in command.params for name in parameter.opts}
    known |= {name for parameter in command.params for name in parameter.secondary_opts}
    used = {word.partition("=")[0] for word in rest if word.startswith("--")}
    unknown = sorted(used - known - {"--help"})
    return f"no option {', '.join(unknown)}" if unknown else ""


@pytest.mark.parametrize("document", documents())
def test_every_command_that_is_shown_exists(document: Path) -> None:
    calls = list(commands(document.read_text(encoding="utf-8")))
    wrong = [(" ".join(call), problem) for call in calls if (problem := what_is_wrong(call))]
    assert wrong == []


def test_a_command_or_option_that_does_not_exist_is_found() -> None:
    assert what_is_wrong(["answerable", "asess", "x.csv"]) == "no command asess"
    assert what_is_wrong(["answerable", "scan", "x.csv", "--fast"]) == "no option --fast"
    assert what_is_wrong(["answerable", "log", "head", "--out", "x"]) == ""
    assert sum(len(list(commands(path.read_text(encoding="utf-8")))) for path in DOCUMENTS) > 50


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    story = build_story(tmp_path / "bank")
    with serving(story.workspace, free_port(0)) as address:
        monkeypatch.setenv("ANSWERABLE_URL", address)
        monkeypatch.setenv("ANSWERABLE_API_KEY", story.keys[Role.SERVICE])
        yield story
    story.workspace.close()


def test_the_readme_s_call_in_python_decides(service: Story) -> None:
    (snippet,) = _PYTHON.findall(README.read_text(encoding="utf-8"))
    done = subprocess.run(
        [sys.executable, "-c", snippet], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    decision_id, outcome = done.stdout.split()
    assert outcome == "decline"
    assert service.workspace.log.entry(decision_id).header.outcome == "decline"


def test_the_readme_s_call_with_curl_decides(service: Story) -> None:
    blocks = _CONSOLE.findall(README.read_text(encoding="utf-8"))
    (snippet,) = [block for block in blocks if block.startswith("curl ")]
    answered = _sent(snippet)
    assert answered["outcome"] == "decline"
    assert service.workspace.log.entry(answered["decision_id"]).header.outcome == "decline"


def _sent(snippet: str) -> dict[str, Any]:
    """Make the request that a curl line describes."""
    words = shlex.split(Template(snippet.replace("\\\n", " ")).substitute(os.environ))
    url = next(word for word in words if word.startswith("http"))
    given = [words[index + 1] for index, word in enumerate(words) if word == "-H"]
    headers = dict(header.split(": ", 1) for header in given)
    body = words[words.index("-d") + 1]
    answer = httpx.post(url, headers=headers, content=body)
    decoded: dict[str, Any] = answer.json()
    return decoded
