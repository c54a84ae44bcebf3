"""Answerable: for every automated decision, what decided, on which data, how fair, and why.

The code lives in folders at the top of the repository and is imported from here, as
``answerable.audit`` and so on (ADR-0001). In a checkout, six relative links beside this file
lead to those folders; a built wheel holds the folders themselves.

A checkout made without symbolic links still runs: the repository's root is then added to this
package's search path. It is never added to ``sys.path``, where the same module would get a second
name and every class a second identity.
"""

from pathlib import Path

__version__ = "0.1.0"


def _search_path_without_links(here: Path) -> list[str]:
    """Return the repository root as a search path, when this is a checkout lacking its links."""
    root = here.parent.parent
    is_checkout = (root / "pyproject.toml").is_file() and (root / "audit").is_dir()
    return [str(root)] if is_checkout and not (here / "audit").is_dir() else []


__path__ += _search_path_without_links(Path(__file__).resolve().parent)
