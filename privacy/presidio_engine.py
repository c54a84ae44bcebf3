"""The door to presidio and spaCy: pattern recognisers called directly, models from disk.

presidio's ``AnalyzerEngine`` downloads a language model when it starts, so it is not used:
its recogniser objects are called one by one on values of any country. Those that have a
counterpart of our own are left out, among them the one that looks up domain suffixes over
the network; what remains makes no network call.

A recogniser that raises, or that gives up on a value after its time limit, raises
:class:`~answerable.audit.errors.EngineError`: its entity then reads 'not examined'.
Importing this module is cheap; presidio (and spaCy with it) is imported on first use.
"""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from answerable.audit.errors import EngineError, InvalidInput, MissingExtra
from answerable.privacy.chance import NullModel
from answerable.privacy.entities import COMMON_ENTITIES
from answerable.privacy.headers import GENERIC_WORDS
from answerable.privacy.recognisers.recogniser import Found, Span
from answerable.privacy.widening import without_lookaround

if TYPE_CHECKING:
    from presidio_analyzer import Pattern, PatternRecognizer
    from spacy.language import Language

__all__ = ["LanguageModel", "PresidioRecogniser", "SpacyModel", "exotic_recognisers", "open_model"]

_DISTRIBUTION: Final = "presidio-analyzer"
_LOGGER: Final = "presidio-analyzer"
_LABELS: Final = {
    "PERSON": "PERSON",
    "PER": "PERSON",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "LOCATION": "LOCATION",
    "NORP": "NRP",
    "NRP": "NRP",
    "ORG": "ORGANIZATION",
    "ORGANIZATION": "ORGANIZATION",
}


class _TimeLimitWatch(logging.Handler):
    """Notices the warning with which presidio skips a pattern; keeps no message."""

    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self.skipped = False

    def emit(self, record: logging.LogRecord) -> None:
        """Remember that something was skipped."""
        self.skipped = self.skipped or "timed out" in str(record.msg)


@dataclass(frozen=True)
class PresidioRecogniser:
    """One of presidio's pattern recognisers, for one entity of one country."""

    recogniser: PatternRecognizer
    entity: str
    context: tuple[str, ...]
    prefilter: str
    engine: str = _DISTRIBUTION
    null: NullModel = "checksum"
    prior: float = 0.05
    takes_numbers: bool = True

    def is_rare(self, value: str) -> bool:  # noqa: ARG002 - measured on surrogates instead
        """Return False: how often random values pass is measured."""
        return False

    def whole(self, values: Sequence[str]) -> NDArray[np.bool_]:
        """Return for each value whether all of it is the entity.

        Returns
        -------
        NDArray[np.bool_], shape (n,)
            Surrounding blanks do not count.

        Raises
        ------
        EngineError
            If the recogniser fails or gives up on a value.
        """
        return self.find(values)[0]

    def spans(self, text: str) -> tuple[Span, ...]:
        """Return where the entity stands in a text.

        Returns
        -------
        tuple[Span, ...]
            In order; matches of several patterns may overlap.

        Raises
        ------
        EngineError
            If the recogniser fails or gives up on the text.
        """
        return self._analyse([text])[0]

    def find(self, values: Sequence[str]) -> Found:
        """Return which values are whole, and the spans in the others, in one pass.

        Returns
        -------
        Found
            No spans for a value that is the entity as a whole.

        Raises
        ------
        EngineError
            If the recogniser fails or gives up on a value.
        """
        found = self._analyse(values)
        is_whole = [
            any(text[start:end] == text.strip() for start, end in spans)
            for text, spans in zip(values, found, strict=True)
        ]
        rest = [() if one else spans for one, spans in zip(is_whole, found, strict=True)]
        return np.array(is_whole, dtype=np.bool_), rest

    def _analyse(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        watch, logger = _TimeLimitWatch(), logging.getLogger(_LOGGER)
        logger.addHandler(watch)
        try:
            found = [
                tuple(sorted({
                    (result.start, result.end)
                    for result in self.recogniser.analyze(text, [self.entity], None)
                }))
                for text in texts
            ]  # fmt: skip
        except Exception as error:
            raise EngineError(
                f"the recogniser failed ({type(error).__name__})",
                where=f"{_DISTRIBUTION} {self.entity}",
            ) from None
        finally:
            logger.removeHandler(watch)
        if watch.skipped:
            raise EngineError(
                "the recogniser gave up on a value after its time limit",
                where=f"{_DISTRIBUTION} {self.entity}",
            )
        return found


@cache
def exotic_recognisers() -> tuple[tuple[PresidioRecogniser, ...], tuple[str, ...]]:
    """Return presidio's pattern recognisers for the entities we have none of our own for.

    Returns
    -------
    recognisers : tuple[PresidioRecogniser, ...]
        Of every country and language, sorted by entity.
    failed : tuple[str, ...]
        Class names of those that could not be made.

    Raises
    ------
    MissingExtra
        If presidio is not installed.
    """
    try:
        from presidio_analyzer import PatternRecognizer, predefined_recognizers
    except ImportError:
        raise MissingExtra("privacy", needed_for="recognisers of national identifiers") from None
    recognisers: dict[str, PresidioRecogniser] = {}
    failed = []
    for name in sorted(vars(predefined_recognizers)):
        made = getattr(predefined_recognizers, name)
        if not (isinstance(made, type) and issubclass(made, PatternRecognizer)):
            continue
        try:
            recogniser = made()  # type: ignore[call-arg]  # each subclass brings its own arguments
        except Exception:
            failed.append(name)
            continue
        entity = recogniser.supported_entities[0]
        if entity not in COMMON_ENTITIES and entity not in recognisers:
            recognisers[entity] = PresidioRecogniser(
                recogniser, entity, _context(recogniser.context or ()), _prefilter(recogniser)
            )
    return tuple(recognisers[entity] for entity in sorted(recognisers)), tuple(failed)


def _context(words: Iterable[str]) -> tuple[str, ...]:
    kept = {word.casefold().strip("# .") for word in words}
    return tuple(sorted(word for word in kept if word and word not in GENERIC_WORDS))


def _prefilter(recogniser: PatternRecognizer) -> str:
    """Return a linear-time pattern that every match contains; any character if there is none."""
    import polars as pl

    patterns: list[Pattern] = recogniser.patterns  # type: ignore[has-type]  # presidio's is untyped
    widened = (without_lookaround(pattern.regex) for pattern in patterns)
    prefilter = "(?ims:" + "|".join(f"(?:{pattern})" for pattern in widened) + ")"
    try:
        pl.Series([""]).str.contains(prefilter)
    except pl.exceptions.ComputeError:
        return "."
    return prefilter


class LanguageModel(Protocol):
    """Finds people, places and organisations in texts."""

    @property
    def name(self) -> str:
        """Name for the report."""

    @property
    def version(self) -> str:
        """Version for the report."""

    def entities(self, texts: Iterable[str]) -> Iterator[tuple[tuple[str, Span], ...]]:
        """Yield for each text the entities and where they stand."""


class SpacyModel:
    """A spaCy pipeline on this machine."""

    def __init__(self, pipeline: Language) -> None:
        meta = pipeline.meta
        self._pipeline = pipeline
        self.name = f"spacy:{meta.get('lang', '')}_{meta.get('name', '')}"
        self.version = f"{meta.get('version', '')} (spacy {importlib.metadata.version('spacy')})"

    def entities(self, texts: Iterable[str]) -> Iterator[tuple[tuple[str, Span], ...]]:
        """Yield for each text the entities and where they stand.

        Yields
        ------
        tuple[tuple[str, Span], ...]
            Entity and place of each, in order.

        Raises
        ------
        EngineError
            If the pipeline fails on a text.
        """
        documents = iter(self._pipeline.pipe(texts))
        while True:
            try:
                document = next(documents)
            except StopIteration:
                return
            except Exception as error:
                raise EngineError(
                    f"the language model failed ({type(error).__name__})", where=self.name
                ) from None
            yield tuple(
                (_LABELS[span.label_], (span.start_char, span.end_char))
                for span in document.ents
                if span.label_ in _LABELS
            )


def open_model(ner: str) -> LanguageModel | None:
    """Return the language model that `ner` names; nothing is ever downloaded.

    Parameters
    ----------
    ner : str
        ``none``, or ``spacy:`` and either the folder of a saved pipeline or the name of
        an installed pipeline package.

    Returns
    -------
    LanguageModel | None
        None for ``none``.

    Raises
    ------
    InvalidInput
        If it names something else, or nothing that is on this machine.
    MissingExtra
        If spaCy is not installed.
    EngineError
        If the pipeline cannot be loaded.

    Examples
    --------
    >>> open_model("none") is None
    True
    """
    if ner == "none":
        return None
    engine, _, source = ner.partition(":")
    if engine != "spacy" or not source:
        raise InvalidInput(
            "an unknown name detector",
            where="ner",
            remedy="Supported: 'none', and 'spacy:' with a pipeline's folder or package name.",
        )
    try:
        import spacy
    except ImportError:
        raise MissingExtra("privacy", needed_for="a spaCy model") from None
    if not (Path(source) / "config.cfg").is_file() and not spacy.util.is_package(source):
        raise InvalidInput(
            "no such spaCy pipeline on this machine",
            where="ner",
            remedy="Give the folder of a saved pipeline, or install its package first.",
        )
    try:
        return SpacyModel(spacy.load(source))
    except Exception as error:
        raise EngineError(
            f"the spaCy pipeline does not load ({type(error).__name__})", where="ner"
        ) from None
