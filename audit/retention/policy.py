"""How long what is kept: the ``retention`` section of a policy file.

Example::

    retention:
      id: loans
      version: 1
      rules:
        - name: decisions
          covers: {kinds: [decision, explanation]}
          bodies_days: 762
          entries_days: 1827
          after: notice
          law: {act: 12 CFR 1002, article: "1002.12", paragraph: (b)(1), source: seen}
          approver: compliance

An entry goes when *every* rule that covers it says that its time is over: the longest period
governs. An entry that no rule covers stays. A rule below a legal floor is refused unless it
names the law that allows it (:mod:`answerable.audit.retention.legal`).

References
----------
GDPR Article 5(1)(e) (storage limitation); AI Act Articles 19(1) and 26(6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from answerable.audit.codes import Role
from answerable.audit.documents import read_document, read_yaml
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Digest, FrozenModel, LegalSource, Name, Token
from answerable.audit.retention.legal import legal_floors
from answerable.audit.retention.scope import REMOVABLE

__all__ = [
    "Covers",
    "EntryFacts",
    "RetentionPolicy",
    "RetentionRule",
    "load_retention_policy",
    "retention_schema",
]

_MOST_RULES: Final = 100
_Days = Annotated[int, Field(ge=1, le=36_525)]


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What a rule asks of an entry, from its header."""

    kind: EntryKind
    ts: int
    function: str | None = None
    purpose: str | None = None
    outcome: str | None = None


class Covers(FrozenModel):
    """Which entries a rule is about; a list left out stands for all."""

    kinds: tuple[EntryKind, ...] = ()
    functions: tuple[Digest, ...] = ()
    purposes: tuple[Token, ...] = ()
    outcomes: tuple[Token, ...] = ()

    @field_validator("kinds")
    @classmethod
    def _may_go(cls, kinds: tuple[EntryKind, ...]) -> tuple[EntryKind, ...]:
        staying = sorted(kind.value for kind in kinds if kind not in REMOVABLE)
        if staying:
            raise PydanticCustomError(
                "kind_stays",
                "entries of kind {kind} are never removed: the state of the log follows from them",
                {"kind": staying[0]},
            )
        return kinds

    def matches(self, entry: EntryFacts) -> bool:
        """Return whether an entry is meant."""
        return (
            (not self.kinds or entry.kind in self.kinds)
            and (not self.functions or entry.function in self.functions)
            and (not self.purposes or entry.purpose in self.purposes)
            and (not self.outcomes or entry.outcome in self.outcomes)
        )


class RetentionRule(FrozenModel):
    """How long some entries are kept, after what, and by which law."""

    name: Name
    covers: Covers = Covers()
    bodies_days: _Days
    """How long bodies stay: what was decided about whom, encrypted."""
    entries_days: _Days
    """How long headers stay, which hold no personal data; at least as long as bodies."""
    after: Literal["entry", "notice"] = "entry"
    """From when the time runs: the entry, or the newest letter about the decision."""
    law: LegalSource
    shorter_by: LegalSource | None = None
    """The law that allows less than a legal floor."""
    approver: Literal[Role.COMPLIANCE, Role.OFFICER, Role.AUDITOR] = Role.COMPLIANCE
    """Role of the second person who approves each run."""

    @model_validator(mode="after")
    def _long_enough(self) -> RetentionRule:
        if self.entries_days < self.bodies_days:
            raise PydanticCustomError(
                "entries_days", "entries_days is less than bodies_days: a body needs its entry"
            )
        kinds = set(self.covers.kinds or REMOVABLE)
        for floor in legal_floors():
            if (
                self.shorter_by is None
                and self.bodies_days < floor.least_days
                and not kinds.isdisjoint(floor.kinds)
            ):
                raise PydanticCustomError(
                    "below_floor",
                    "{days} days are below the floor of {least} ({act}, Article {article}): keep "
                    "longer, or name the law that allows less in shorter_by",
                    {
                        "days": self.bodies_days,
                        "least": floor.least_days,
                        "act": floor.law.act,
                        "article": floor.law.article,
                    },
                )
        return self


class RetentionPolicy(FrozenModel):
    """All rules of one log."""

    id: Name
    version: Annotated[int, Field(ge=1)]
    tiles: Literal["keep", "remove"] = "keep"
    """Whether hashes of removed entries go too; then nobody can prove one without a receipt."""
    rules: tuple[RetentionRule, ...]
    note: Annotated[str, StringConstraints(max_length=2000)] = ""

    @field_validator("rules")
    @classmethod
    def _named_once(cls, rules: tuple[RetentionRule, ...]) -> tuple[RetentionRule, ...]:
        if not 0 < len(rules) <= _MOST_RULES:
            raise PydanticCustomError("rule_count", "a policy has 1 to 100 rules")
        if len({rule.name for rule in rules}) != len(rules):
            raise PydanticCustomError("rule_names", "two rules have the same name")
        return rules

    def rules_for(self, entry: EntryFacts) -> tuple[RetentionRule, ...]:
        """Return the rules that cover an entry."""
        return tuple(rule for rule in self.rules if rule.covers.matches(entry))

    def uncovered(self) -> tuple[EntryKind, ...]:
        """Return the kinds that may go and that no rule covers in every case.

        Returns
        -------
        tuple of EntryKind
            Entries of these kinds can stop a run; empty for a complete policy.
        """
        always: set[EntryKind] = set()
        for rule in self.rules:
            if not (rule.covers.functions or rule.covers.purposes or rule.covers.outcomes):
                always |= set(rule.covers.kinds or REMOVABLE)
        return tuple(sorted(REMOVABLE - always))


class _PolicyFile(BaseModel):
    """A policy file of which only this section is read here."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    retention: RetentionPolicy


def load_retention_policy(data: bytes, where: str) -> RetentionPolicy:
    """Read a retention policy from a policy file, or from a file that is only this section.

    Parameters
    ----------
    data : bytes
        YAML in UTF-8.
    where : str
        Name for errors.

    Returns
    -------
    RetentionPolicy
        The section named ``retention`` when there is one, else the whole document.

    Raises
    ------
    InvalidInput
        If it is not YAML, not such a section, or below a legal floor; names file and line.
    TooLarge
        If the document is over a limit.

    Examples
    --------
    >>> from answerable.audit.retention.legal import template_text
    >>> policy = load_retention_policy(template_text("ai-act").encode(), "ai-act.yaml")
    >>> [(rule.name, rule.bodies_days) for rule in policy.rules], policy.uncovered()
    ([('logs', 184)], ())
    """
    document = read_yaml(data, where)
    if isinstance(document.value, dict) and "retention" in document.value:
        return read_document(data, _PolicyFile, where=where).retention
    return read_document(data, RetentionPolicy, where=where)


def retention_schema() -> dict[str, JsonValue]:
    """Return the JSON schema of the section, for editors and other tools.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.
    """
    return cast("dict[str, JsonValue]", RetentionPolicy.model_json_schema())
