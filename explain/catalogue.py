"""The reason catalogue: what each input is called, and what may be advised about it.

A catalogue is a YAML file, registered with the decision function. It maps *players* (one
column, or several that mean one thing) to reason codes and plain text per language, says in
which direction a value counts against a person, and which values a person can change, in
which direction, in which steps and how far. Hard rules have their codes and texts here too.

A value that follows from others (a ratio) says so with ``derived_from``; it moves in
proportion when they change and is not asked for itself unless it is actionable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from answerable.audit.canonical import sha256_digest
from answerable.audit.documents import read_document
from answerable.audit.errors import InvalidInput
from answerable.audit.records import CatalogueVersion, HardRule, Name, Token

__all__ = [
    "Catalogue",
    "Derivation",
    "Player",
    "ReasonText",
    "RuleReason",
    "catalogue_findings",
    "check_catalogue",
    "load_catalogue",
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReasonText(_Part):
    """How a reason reads in one language."""

    title: Annotated[str, Field(min_length=1)]
    """The input itself, without judgement: also used when `reason` would not fit."""
    reason: Annotated[str, Field(min_length=1)]
    """Why it counted against the applicant, when the value lies in the adverse direction."""
    advice: str = ""
    """What the applicant could do; only for what is actionable."""


class Derivation(_Part):
    """A value proportional to sum(numerator) / sum(denominator)."""

    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """All columns it depends on."""
        return (*self.numerator, *self.denominator)


class _Reasoned(_Part):
    code: Token
    text: dict[str, ReasonText]
    """By language code."""


class Player(_Reasoned):
    """One column, or several that mean one thing to a person."""

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    player: str = ""
    """Name in attributions; the first column when left out."""
    adverse_when: Literal["high", "low", "any"] = "any"
    actionable: bool = False
    direction: Literal["up", "down", "any"] | None = None
    """Which way an actionable value may move."""
    step: Annotated[float, Field(gt=0)] | None = None
    range: tuple[float, float] | None = None
    """Advice stays inside; taken from observed data."""
    derived_from: Derivation | None = None
    protected: bool = False
    decimals: Annotated[int, Field(ge=0, le=6)] = 0
    unit: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Per language, the meaning of coded values, for example ``{"en": {"0": "no"}}``."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problem = self._problem()
        if problem:
            raise ValueError(problem)
        return self

    def _problem(self) -> str:
        complete = self.direction is not None and self.step is not None and self.range is not None
        if self.actionable and self.protected:
            return "a protected feature is never advice, so it cannot be actionable"
        if self.actionable and not complete:
            return "an actionable player needs direction, step and range"
        if self.actionable and len(self.columns) != 1:
            return "an actionable player has exactly one column"
        if self.range is not None and not self.range[0] < self.range[1]:
            return "the range is empty"
        if self.derived_from is not None and len(self.columns) != 1:
            return "a derived player has exactly one column"
        return ""

    @property
    def name(self) -> str:
        """Name in attributions."""
        return self.player or self.columns[0]


class RuleReason(_Reasoned):
    """The reason code of a hard rule."""


class _Document(_Part):
    type: Literal["answerable.reason-catalogue.v1"]
    name: Name
    version: Annotated[int, Field(ge=1)]
    languages: Annotated[tuple[Token, ...], Field(min_length=1)]
    players: Annotated[tuple[Player, ...], Field(min_length=1)]
    rules: tuple[RuleReason, ...] = ()

    @property
    def parts(self) -> tuple[_Reasoned, ...]:
        """Everything that has a reason code."""
        return (*self.players, *self.rules)

    @model_validator(mode="after")
    def _unique(self) -> Self:
        codes = [part.code for part in self.parts]
        names = [player.name for player in self.players]
        columns = [column for player in self.players for column in player.columns]
        for what, values in (("code", codes), ("player", names), ("column", columns)):
            twice = [value for value, count in Counter(values).items() if count > 1]
            if twice:
                message = f"the {what} '{twice[0]}' twice"
                raise ValueError(message)
        return self


@dataclass(frozen=True)
class Catalogue:
    """A loaded catalogue.

    Attributes
    ----------
    document : _Document
        The parsed file.
    digest : str
        SHA-256 of the file's bytes.
    """

    document: _Document
    digest: str

    @property
    def name(self) -> str:
        """Name of the catalogue."""
        return self.document.name

    @property
    def version(self) -> int:
        """Version of the catalogue."""
        return self.document.version

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages the catalogue promises."""
        return self.document.languages

    @property
    def players(self) -> tuple[Player, ...]:
        """All players, in the order of the file."""
        return self.document.players

    @cached_property
    def _by_name(self) -> dict[str, Player]:
        return {player.name: player for player in self.players}

    @cached_property
    def _texts(self) -> dict[str, dict[str, ReasonText]]:
        return {part.code: part.text for part in self.document.parts}

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Player name to columns, as attributions take them."""
        return {player.name: player.columns for player in self.players}

    def player(self, name: str) -> Player:
        """Return a player by name.

        Returns
        -------
        Player

        Raises
        ------
        InvalidInput
            If there is none.
        """
        found = self._by_name.get(name)
        if found is None:
            raise InvalidInput(f"no player '{name}'", where=f"catalogue {self.name}")
        return found

    def groups_for(self, features: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the players of a model's features; columns only rules use are left out.

        Returns
        -------
        dict of str to tuple of str
        """
        kept = {
            name: tuple(column for column in columns if column in features)
            for name, columns in self.groups.items()
        }
        return {name: columns for name, columns in kept.items() if columns}

    def text(self, code: str, language: str) -> ReasonText:
        """Return the text of a reason code.

        Returns
        -------
        ReasonText

        Raises
        ------
        InvalidInput
            If the code is unknown or has no text in this language.
        """
        found = self._texts.get(code, {}).get(language)
        if found is None:
            raise InvalidInput(
                f"no text for the reason code '{code}' in '{language}'",
                where=f"catalogue {self.name}",
                remedy="Add it, or choose another language.",
            )
        return found

    def version_record(self) -> CatalogueVersion:
        """Return the record under which this file is registered.

        Returns
        -------
        CatalogueVersion
        """
        return CatalogueVersion(
            name=self.name, version=self.version, artefact=self.digest, languages=self.languages
        )


def load_catalogue(data: bytes, *, where: str = "catalogue") -> Catalogue:
    """Parse a catalogue file.

    Parameters
    ----------
    data : bytes
        YAML in UTF-8.
    where : str
        Name of the file, for error messages.

    Returns
    -------
    Catalogue

    Raises
    ------
    InvalidInput
        Naming line and field.
    """
    return Catalogue(read_document(data, _Document, where=where), sha256_digest(data))


def catalogue_findings(
    catalogue: Catalogue,
    features: Sequence[str],
    rules: Sequence[HardRule],
    languages: Sequence[str],
) -> tuple[str, ...]:
    """Return everything that is missing or left over, one line each.

    Parameters
    ----------
    catalogue : Catalogue
    features : sequence of str
        The model's features.
    rules : sequence of HardRule
        The decision function's rules.
    languages : sequence of str
        Languages that letters are written in.

    Returns
    -------
    tuple of str
        Empty when the catalogue is complete.
    """
    columns = {column for player in catalogue.players for column in player.columns}
    used = {*features, *(rule.feature for rule in rules)}
    rule_codes = {rule.code for rule in catalogue.document.rules}
    wanted_codes = {rule.reason_code for rule in rules}
    findings = [f"feature '{name}' has no player" for name in features if name not in columns]
    findings += [f"column '{name}' is not used by the function" for name in sorted(columns - used)]
    findings += [f"rule code '{code}' has no text" for code in sorted(wanted_codes - rule_codes)]
    findings += [f"rule code '{code}' is not used" for code in sorted(rule_codes - wanted_codes)]
    findings += _missing_texts(catalogue, languages)
    findings += _derivations(catalogue.players)
    return tuple(findings)


def _missing_texts(catalogue: Catalogue, languages: Sequence[str]) -> Iterable[str]:
    wanted = sorted({*languages, *catalogue.languages})
    for part in catalogue.document.parts:
        for language in wanted:
            text = part.text.get(language)
            if text is None:
                yield f"'{part.code}' has no text in '{language}'"
            elif isinstance(part, Player) and part.actionable and not text.advice:
                yield f"'{part.code}' is actionable and has no advice in '{language}'"


def _derivations(players: Sequence[Player]) -> Iterable[str]:
    derived: Mapping[str, Derivation] = {
        player.columns[0]: player.derived_from for player in players if player.derived_from
    }
    columns = {column for player in players for column in player.columns}
    for column, derivation in derived.items():
        for source in derivation.sources:
            if source not in columns or source == column:
                yield f"'{column}' is derived from '{source}', which is not another column"
            if source in derived and derived[source].sources:
                yield f"'{column}' is derived from '{source}', which is derived itself"


def check_catalogue(
    catalogue: Catalogue,
    features: Sequence[str],
    rules: Sequence[HardRule],
    languages: Sequence[str],
) -> None:
    """Refuse a catalogue that does not fit a decision function.

    Raises
    ------
    InvalidInput
        Naming what :func:`catalogue_findings` finds.
    """
    findings = catalogue_findings(catalogue, features, rules, languages)
    if findings:
        more = f" and {len(findings) - 5} more" if len(findings) > 5 else ""  # noqa: PLR2004
        raise InvalidInput(
            f"{'; '.join(findings[:5])}{more}",
            where=f"catalogue {catalogue.name}",
            remedy="Complete the catalogue and register it under a new version.",
        )
