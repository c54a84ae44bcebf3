"""The links that give the folders their import name are there and lead where they should.

Without them the code still runs (see ``src/answerable/__init__.py``), but mypy would check one
file and report success. Run as ``check_layout.py [ROOT]``; exits 1 on any finding.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

LINKS = {
    **{
        f"src/answerable/{folder}": f"../../{folder}"
        for folder in ("governance", "explain", "privacy", "audit", "model_cards", "api")
    },
    "api/demo/loan": "../../examples/loan",
}


def findings(root: Path) -> Iterator[str]:
    """Yield what is wrong with the layout under ``root``."""
    for name, target in LINKS.items():
        link = root / name
        if not link.is_symlink():
            yield f"{name}: missing-link: must be a symbolic link to {target}"
        elif link.readlink().as_posix() != target:
            yield f"{name}: wrong-link: leads to {link.readlink()}, not to {target}"
        elif not (link / "__init__.py").is_file():
            yield f"{name}: dangling-link: {target} holds no package"
    for folder in sorted((root / "tests").rglob("*/")):
        has_tests = any(folder.glob("*.py"))
        if folder.is_dir() and has_tests and not (folder / "__init__.py").is_file():
            name = folder.relative_to(root).as_posix()
            yield f"{name}: no-init: a test folder without __init__.py hides equal file names"


def main(root: Path) -> int:
    """Print every finding under ``root`` and return 1 if there was one."""
    found = list(findings(root))
    print("\n".join(found) if found else f"{len(LINKS)} links present")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
