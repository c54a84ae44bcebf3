"""The locks hold hashes and no addresses, and are in step with pyproject.toml.

Run as ``check_locks.py [ROOT]``; needs no network; prints ``lock:line: rule: what`` and exits 1 on
any finding.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = "answerable"
# Lock file -> the extra of pyproject.toml that it installs (None: the core alone).
SETS = {"core": None, "demo": "demo", "dev": "dev"}
WIDEST = "dev"

# On these machines a package may have one version only; Macs and Windows may get another one.
_SERVED = [
    {
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": machine,
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    for machine in ("x86_64", "aarch64")
    for python in ("3.11", "3.12", "3.13", "3.14")
]

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)(?: ; (.+?))? \\?$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
_ADDRESS = re.compile(r"://|\bfile:|^\s*(?:-e\b|--(?!hash))| @ |(?:^|\s)/\w")


def _is_served(marker: str | None) -> bool:
    """Return whether a marker lets a package onto any machine that CI or a server may be."""
    return marker is None or any(Marker(marker).evaluate(machine) for machine in _SERVED)


def read_lock(text: str) -> tuple[dict[str, Version], list[tuple[int, str, str]]]:
    """Return the pinned version of each package, and what is wrong with the file's lines."""
    pins: dict[str, Version] = {}
    wrong: list[tuple[int, str, str]] = []
    open_pin: tuple[int, str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if _ADDRESS.search(line):
            wrong.append((number, "address", f"an address or an option: {line.strip()[:60]}"))
        elif match := _PIN.match(line + ("" if line.endswith("\\") else " ")):
            if open_pin:
                wrong.append((open_pin[0], "no-hash", f"{open_pin[1]} has no hash"))
            name = canonicalize_name(match.group(1))
            open_pin = (number, name)
            if _is_served(match.group(3)):
                if name in pins:
                    wrong.append((number, "forked", f"{name} is pinned twice"))
                pins[name] = Version(match.group(2))
        elif _HASH.match(line):
            open_pin = None
        elif line.strip() and not line.lstrip().startswith("#"):
            wrong.append((number, "unreadable", f"neither a pin nor a hash: {line.strip()[:60]}"))
    if open_pin:
        wrong.append((open_pin[0], "no-hash", f"{open_pin[1]} has no hash"))
    return pins, wrong


def direct_requirements(project: dict[str, object], extra: str | None) -> list[Requirement]:
    """Return what a set asks for itself, with the project's own extras followed."""
    dependencies = project["dependencies"]
    extras = project["optional-dependencies"]
    assert isinstance(dependencies, list)  # noqa: S101 - PEP 621 says so
    assert isinstance(extras, dict)  # noqa: S101
    found = [Requirement(text) for text in dependencies]
    waiting, seen = [extra] if extra else [], set()
    while waiting:
        current = waiting.pop()
        seen.add(current)
        for requirement in map(Requirement, extras[current]):
            if requirement.name == PROJECT:
                waiting += sorted(requirement.extras - seen)
            else:
                found.append(requirement)
    return found


def findings(root: Path) -> Iterator[str]:
    """Yield what is wrong with the locks under ``root``."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    pins: dict[str, dict[str, Version]] = {}
    for name in (*SETS, "uv"):
        path = root / "locks" / f"{name}.txt"
        if not path.is_file():
            yield f"locks/{name}.txt:1: missing: make lock"
            continue
        pins[name], wrong = read_lock(path.read_text(encoding="utf-8"))
        yield from (f"locks/{name}.txt:{line}: {rule}: {what}" for line, rule, what in wrong)
    build = [Requirement(text) for text in settings["build-system"]["requires"]]
    for name, extra in SETS.items():
        for requirement in [*direct_requirements(settings["project"], extra), *build]:
            pinned = pins.get(name, {}).get(canonicalize_name(requirement.name))
            if pinned is None:
                yield f"locks/{name}.txt:1: out-of-step: {requirement.name} is not in it: make lock"
            elif not requirement.specifier.contains(pinned, prereleases=True):
                what = f"{requirement.name} {pinned} is not {requirement.specifier}: make lock"
                yield f"locks/{name}.txt:1: out-of-step: {what}"
        for package, version in pins.get(name, {}).items():
            widest = pins.get(WIDEST, {}).get(package)
            if widest != version:
                yield f"locks/{name}.txt:1: differs: {package} {version}, {WIDEST} has {widest}"


def main(root: Path) -> int:
    """Print every finding under ``root`` and return 1 if there was one."""
    found = list(findings(root))
    print("\n".join(found) if found else f"{len(SETS) + 1} locks hashed and in step")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
