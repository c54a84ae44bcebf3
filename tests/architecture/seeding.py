"""Running the project's own tools on small trees with one thing wrong in them."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from tests.conftest import REPOSITORY

PROGRAMS = Path(sys.executable).parent


def load_tool(name: str) -> ModuleType:
    """Load ``tools/<name>.py``, which is no part of any package."""
    spec = importlib.util.spec_from_file_location(
        f"tools_{name}", REPOSITORY / "tools" / f"{name}.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def write_tree(root: Path, files: dict[str, str]) -> Path:
    """Write files, given by their path, under a folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def run(
    *command: str | Path, cwd: Path, stdin: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return what it said; a failure is an answer, not an error."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE_"))}
    return subprocess.run(
        command,
        cwd=cwd,
        env={**inherited, **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
