"""Legal floors and policy templates: data that ship with the package, each with its source."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Final

from pydantic import Field

from answerable.audit.documents import read_document
from answerable.audit.errors import NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.records import FrozenModel, LegalSource, Name

__all__ = ["LegalFloor", "legal_floors", "template_names", "template_text"]

_DATA: Final = files("answerable.audit.retention")


class LegalFloor(FrozenModel):
    """The least time for which the law asks that some kinds of entries are kept."""

    name: Name
    least_days: Annotated[int, Field(ge=1)]
    kinds: tuple[EntryKind, ...]
    law: LegalSource


class _FloorFile(FrozenModel):
    floors: tuple[LegalFloor, ...]


@cache
def legal_floors() -> tuple[LegalFloor, ...]:
    """Return the floors that every policy is held to.

    Returns
    -------
    tuple of LegalFloor
        From the packaged file.

    Examples
    --------
    >>> [(floor.name, floor.least_days, floor.law.article) for floor in legal_floors()]
    [('ai-act-logs', 183, '19')]
    """
    data = _DATA.joinpath("floors.yaml").read_bytes()
    return read_document(data, _FloorFile, where="floors.yaml").floors


def template_names() -> tuple[str, ...]:
    """Return the names of the policy templates, sorted.

    Returns
    -------
    tuple of str
        What :func:`template_text` takes.
    """
    found = (item.name for item in _DATA.joinpath("templates").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


def template_text(name: str) -> str:
    """Return a policy template: a starting point to be read, changed and approved.

    Parameters
    ----------
    name : str
        One of :func:`template_names`.

    Returns
    -------
    str
        YAML.

    Raises
    ------
    NotFound
        If there is no such template.
    """
    if name not in template_names():
        raise NotFound(
            "there is no such retention template",
            where="template",
            remedy=f"Known: {', '.join(template_names())}.",
        )
    return _DATA.joinpath("templates", f"{name}.yaml").read_text(encoding="utf-8")
