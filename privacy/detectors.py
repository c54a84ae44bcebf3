"""The detectors of one scan: which there are, which could not be had, and what ran.

presidio is imported only when some column has values that its recognisers would have to
see; a table of small numbers never loads it.
"""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from answerable.audit.errors import MissingExtra
from answerable.privacy.entities import EXOTIC_ENTITIES
from answerable.privacy.presidio_engine import (
    LanguageModel,
    PresidioRecogniser,
    exotic_recognisers,
    open_model,
)
from answerable.privacy.recognisers.catalogue import common_recognisers
from answerable.privacy.recognisers.recogniser import Recogniser
from answerable.privacy.report import Detector, NotExamined

__all__ = ["Detectors", "load_detectors"]


@dataclass(frozen=True)
class _Exotic:
    recognisers: tuple[PresidioRecogniser, ...]
    missing: tuple[NotExamined, ...]


@dataclass
class Detectors:
    """What a scan detects with, and a tally of what ran."""

    common: tuple[Recogniser, ...]
    model: LanguageModel | None
    ner: str
    _ran: Counter[tuple[str, str]] = field(default_factory=Counter)

    @cached_property
    def _exotic(self) -> _Exotic:
        try:
            recognisers, failed = exotic_recognisers()
        except MissingExtra:
            reason = "presidio-analyzer is not installed"
            return _Exotic((), (NotExamined(reason=reason, entities=EXOTIC_ENTITIES),))
        present = {recogniser.entity for recogniser in recognisers}
        absent = tuple(entity for entity in EXOTIC_ENTITIES if entity not in present)
        if not absent:
            return _Exotic(recognisers, ())
        reason = "this version of presidio-analyzer has no recogniser for it"
        if failed:
            reason = f"a recogniser of presidio-analyzer did not start: {', '.join(failed)}"
        return _Exotic(recognisers, (NotExamined(reason=reason, entities=absent),))

    @property
    def exotic(self) -> tuple[PresidioRecogniser, ...]:
        """Presidio's recognisers; loads presidio on first use."""
        return self._exotic.recognisers

    @property
    def missing(self) -> tuple[NotExamined, ...]:
        """Entities for which there is no recogniser, with the reason."""
        return self._exotic.missing

    def note_run(self, entity: str, engine: str) -> None:
        """Count one more column on which a detector ran to its end."""
        self._ran[entity, engine] += 1

    def ran(self) -> tuple[Detector, ...]:
        """Return which detectors ran, on how many columns, sorted by entity."""
        return tuple(
            Detector(entity=entity, engine=engine, columns=columns)
            for (entity, engine), columns in sorted(self._ran.items())
        )

    def engines(self) -> dict[str, str]:
        """Return the versions of the libraries that took part."""
        libraries = {"answerable", "phonenumbers"} | {
            engine for _, engine in self._ran if self.model is None or engine != self.model.name
        }
        versions = {name: importlib.metadata.version(name) for name in sorted(libraries)}
        if self.model is not None:
            versions[self.model.name] = self.model.version
        return versions


def load_detectors(ner: str) -> Detectors:
    """Return the detectors of a scan.

    Parameters
    ----------
    ner : str
        Which language model: see :func:`~answerable.privacy.presidio_engine.open_model`.

    Returns
    -------
    Detectors
        With an empty tally.

    Raises
    ------
    InvalidInput
        If `ner` names no model on this machine.
    MissingExtra
        If a library it needs is not installed.
    EngineError
        If the model cannot be loaded.
    """
    model = open_model(ner)
    return Detectors(common_recognisers(), model, model.name if model else "none")
