"""The page for beginners is a road that can be walked: each block runs, in order, from nothing.

The shell's lines are read here, so that the command line is imported once and not per command.
"""

import os
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from string import Template

import pytest

from answerable.api.cli.main import run
from answerable.api.demo.serving import free_port, serving
from answerable.api.settings import load_settings
from answerable.api.wiring import open_workspace
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "getting-started.md"
_FILE = re.compile(r"^<!-- file: ([\w.]+) -->\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"export (\w+)=(?:\$\((?P<command>.*)\)|(?P<value>\S+))")
_LISTENS = "http://127.0.0.1:8000"
_MAY_FAIL = ' || echo "exit code $?"'


class Shell:
    """Enough of a shell for the page: variables, substitution, one command a line.

    The page's second terminal is a thread of this process, on a free port.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
    ) -> None:
        self.patch = monkeypatch
        self.capture = capture
        self.printed: list[str] = []
        self.failed: list[tuple[str, int]] = []
        self.address = ""
        self.terminals = ExitStack()

    def walk(self, script: str) -> None:
        for line in script.replace("\\\n", " ").splitlines():
            export = _EXPORT.fullmatch(line)
            if export is None:
                self.run(line)
            else:
                value = self.run(export["command"]) if export["command"] else export["value"]
                value = self.address if value == _LISTENS else value
                self.patch.setenv(export[1], value.strip())

    def serve(self) -> None:
        workspace = self.terminals.enter_context(open_workspace(load_settings()))
        self.address = self.terminals.enter_context(serving(workspace, free_port(0)))

    def run(self, line: str) -> str:
        if line == "answerable serve":
            self.serve()
            return ""
        words = shlex.split(Template(line.removesuffix(_MAY_FAIL)).substitute(os.environ))
        with self.patch.context() as own:
            while "=" in words[0]:
                name, _, value = words.pop(0).partition("=")
                own.setenv(name, value)
            code, out = self._answerable(own, words) if words[0] == "answerable" else _other(words)
        self.printed.append(out)
        if code and line.endswith(_MAY_FAIL):
            self.failed.append((words[1], code))
        else:
            assert code == 0, f"{line}\n{out}\n{self.capture.readouterr().err}"
        return out

    def told(self, check: str) -> list[str]:
        """What the doctor called a check, each time it was asked."""
        lines = [line.split() for line in "".join(self.printed).splitlines() if check in line]
        return [word for words in lines for word in words if word in {"good", "warning", "bad"}]

    def _answerable(self, own: pytest.MonkeyPatch, words: list[str]) -> tuple[int, str]:
        own.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            run()
        return int(ended.value.code or 0), self.capture.readouterr().out


def _other(words: list[str]) -> tuple[int, str]:
    command = [sys.executable if words[0] == "python" else words[0], *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_page_for_beginners_can_be_walked_from_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, content in _FILE.findall(text):
        (tmp_path / name).write_text(content, encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("ANSWERABLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    shell = Shell(monkeypatch, capsys)

    with shell.terminals:
        shell.walk("".join(_CONSOLE.findall(text)))

    printed = "".join(shell.printed)
    assert shell.failed == [("gate", 5)]
    assert "released as entry" in printed
    assert shell.told("signers of a loss") == ["warning", "good"]
    assert "made by small-loan@1" in printed
    assert "outcome decline" in printed
    assert "Your debt is high." in printed
    assert "the log verifies" in printed
    assert "anchored: true" in printed
    assert (tmp_path / "card" / "card-small-loan-1.html").is_file()
