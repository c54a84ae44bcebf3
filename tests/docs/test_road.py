"""The page for beginners is a road that can be walked: each block runs, in order, from nothing."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "getting-started.md"
_FILE = re.compile(r"^<!-- file: ([\w.]+) -->\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_page_for_beginners_can_be_walked_from_an_empty_folder(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, content in _FILE.findall(text):
        (tmp_path / name).write_text(content, encoding="utf-8")
    script = "".join(_CONSOLE.findall(text))
    kept = {name: value for name, value in os.environ.items() if "ANSWERABLE" not in name}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={**kept, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"exit code (\d)", done.stdout) == ["5"]
    assert "released as entry" in done.stdout
    assert "the log verifies" in done.stdout
    assert "anchored: true" in done.stdout
    assert (tmp_path / "card" / "card-small-loan-1.html").is_file()
