"""Words that promise what nobody can keep, looked for in every text file of the project.

A decision can be assessed, a gap can be mitigated, a threshold can be met. No model is "fair", no
data is free of bias, and no software complies with a law by itself.

Run as ``banned_words.py [ROOT]``; prints ``path:line: text`` and exits 1 on any find.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Spaces in a pattern stand for any white space, line breaks and comment marks between two words.
_PATTERNS = (
    r"(?:provably |guaranteed |truly )?fair (?:model|algorithm|ai|classifier|predictor)s?",
    r"(?:un-?|non-?)biase?d(?:ness)?",
    r"de-?bias\w*",
    r"bias-?free|free (?:of|from) (?:any )?bias",
    r"discrimination-free|free (?:of|from) discrimination",
    r"(?:guarantee|ensure)s? fairness",
    r"(?:gdpr|ai act|ecoa|ccpa)(?:-| )(?:compliant|compliance|proof|ready)",
    r"(?:compliant|compliance|complies) with (?:the )?(?:gdpr|ai act|ecoa|ccpa)",
    r"faire[sn]? (?:modell|algorithmus)\w*",
    r"(?:vorurteils|diskriminierungs)frei\w*",
    r"(?:dsgvo|ki-vo)-?(?:konform|sicher)\w*",
)
_SPACE = r"(?:[\s#*>|\"']+)"
BANNED = re.compile(
    r"(?<!\w)(?:" + "|".join(_PATTERNS).replace(" ", _SPACE) + r")(?!\w)", re.IGNORECASE
)

# The list itself, and the proof that it works.
EXEMPT = ("tools/banned_words.py", "tests/architecture/test_banned_words.py", "locks/")
_BINARY = frozenset({".png", ".db", ".parquet", ".skops", ".ubj", ".gz", ".ico", ".woff2"})


def find_banned(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line number and the words of every find in a text."""
    for match in BANNED.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, " ".join(match.group().split())


def project_files(root: Path) -> Iterator[Path]:
    """Every file that git tracks or would track; without git, every file."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:
        names = [path.relative_to(root).as_posix() for path in root.rglob("*")]
    for name in sorted(names):
        path = root / name
        if path.is_file() and not path.is_symlink() and path.suffix not in _BINARY:
            yield path


def main(root: Path) -> int:
    """Print every find under ``root`` and return 1 if there was one."""
    found = 0
    for path in project_files(root):
        name = path.relative_to(root).as_posix()
        if name.startswith(EXEMPT):
            continue
        for line, words in find_banned(path.read_text(encoding="utf-8", errors="replace")):
            print(f"{name}:{line}: banned-word: {words}")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
