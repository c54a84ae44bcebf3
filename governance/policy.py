"""The fairness policy: a dated YAML file that says what is measured and what must hold.

Promises: the file is read strictly (unknown keys are errors with their line) and hashed
whole; every threshold stands in it, none in the code; a rule that rests only on a legal
text nobody here has seen never drives a claim about that law.

Does not: judge. :mod:`answerable.governance.assessment` measures, the gate decides.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from answerable.audit.canonical import sha256_digest
from answerable.audit.documents import read_document
from answerable.audit.kinds import EntryKind
from answerable.audit.records import FrozenModel, Role
from answerable.audit.records.base import Digest, Name, Token
from answerable.governance.counts import Attribute, group_text
from answerable.governance.metrics import METRICS

__all__ = [
    "EvidenceRules",
    "GroupRule",
    "LegalItem",
    "Policy",
    "PolicyFile",
    "Rule",
    "SignOffRule",
    "load_policy",
]

Action = Literal["block", "warn"]
_Share = Annotated[float, Field(gt=0, lt=1)]
_Count = Annotated[int, Field(ge=1)]
_Value = Annotated[str, BeforeValidator(group_text)]
_Days = Annotated[int, Field(ge=1, le=3650)]


class LegalItem(FrozenModel):
    """A provision a rule answers to, and whether its text was read."""

    id: Token
    cite: str
    source: Literal["seen", "from-memory"]
    note: str = ""


class Effective(FrozenModel):
    """When the policy is in force; both days included."""

    from_: date = Field(alias="from")
    to: date | None = None


class DecisionColumns(FrozenModel):
    """Which column and value mean what in the data that is assessed."""

    prediction: str
    favourable: _Value
    label: str | None = None
    positive: _Value | None = None
    label_meaning: str = ""

    @model_validator(mode="after")
    def _label_with_value(self) -> Self:
        if (self.label is None) != (self.positive is None):
            message = "label and positive go together"
            raise ValueError(message)
        return self


class GroupRule(FrozenModel):
    """How one protected attribute becomes groups."""

    bins: tuple[float, ...] = ()
    right: bool = False

    @field_validator("bins")
    @classmethod
    def _ascending(cls, bins: tuple[float, ...]) -> tuple[float, ...]:
        if list(bins) != sorted(set(bins)):
            message = "cut points ascend"
            raise ValueError(message)
        return bins


class EvidenceRules(FrozenModel):
    """How much evidence a verdict needs."""

    alpha: _Share = 0.05
    replicates: Annotated[int, Field(ge=200, le=20_000)] = 2_000
    min_n: _Count = 1
    """Rows a group needs in a rate's denominator; below, the verdict is INSUFFICIENT."""


class Rule(FrozenModel):
    """One thing that must hold for every group of some attributes."""

    id: Token
    metric: str
    compare: Literal["difference", "ratio", "value"]
    reference: str = "rest"
    """``rest`` (all other groups pooled), ``highest``, or the name of a group."""
    min: float | None = None
    max: float | None = None
    attributes: tuple[str | tuple[str, ...], ...] = ()
    """A name is one attribute, a list of names their intersection; none means all."""
    on_fail: Action = "block"
    on_insufficient: Action = "block"
    waivable: bool = False
    law: tuple[Token, ...] = ()

    @field_validator("metric")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in METRICS:
            message = f"not one of {', '.join(METRICS)}"
            raise ValueError(message)
        return name

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.min is None and self.max is None:
            message = "a rule needs min or max"
            raise ValueError(message)
        if self.min is not None and self.max is not None and self.min > self.max:
            message = "min lies above max"
            raise ValueError(message)
        if self.compare == "difference" and (self.min is not None or (self.max or 0) <= 0):
            message = "a difference is bounded by a positive max in either direction"
            raise ValueError(message)
        return self

    def bounds(self) -> tuple[float, float]:
        """Return the closed range in which the compared value meets the rule."""
        if self.compare == "difference" and self.max is not None:
            return -self.max, self.max
        low = float("-inf") if self.min is None else self.min
        return low, float("inf") if self.max is None else self.max


class SignOffRule(FrozenModel):
    """How many persons must sign in a role, and who may not."""

    role: Role
    n: _Count = 1
    not_: tuple[Literal["trainer", "requester"], ...] = Field(
        default=("trainer", "requester"), alias="not"
    )


class Publish(FrozenModel):
    """What leaves the house."""

    suppress_below: Annotated[int, Field(ge=0)] = 10
    """Groups with fewer rows are shown without numbers."""


class PolicyFile(FrozenModel):
    """A fairness policy as written."""

    schema_: Literal[1] = Field(alias="schema")
    id: Name
    version: _Count
    title: str = ""
    effective: Effective
    law: tuple[LegalItem, ...] = ()
    decision: DecisionColumns | None = None
    groups: Annotated[dict[str, GroupRule], Field(min_length=1)]
    intersections: tuple[Annotated[tuple[str, ...], Field(min_length=2)], ...] = ()
    evidence: EvidenceRules = EvidenceRules()
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    requires: tuple[EntryKind, ...] = ()
    """Kinds of evidence that must exist before a release."""
    unanswered_warnings: Literal["allow", "block"] = "allow"
    """Whether a warning must be answered by a waiver before a release."""
    sign_off: Annotated[tuple[SignOffRule, ...], Field(min_length=1)]
    valid_days: _Days = 365
    waiver_max_days: _Days = 180
    publish: Publish = Publish()

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        _require_unique("rule", [rule.id for rule in self.rules])
        _require_unique("legal item", [item.id for item in self.law])
        _require_unique("sign-off role", [rule.role.value for rule in self.sign_off])
        known_laws = {item.id for item in self.law}
        for rule in self.rules:
            named = {name for names in self.attribute_sets(rule) for name in names}
            _require_known(f"rule {rule.id}", named, set(self.groups), "groups")
            _require_known(f"rule {rule.id}", set(rule.law), known_laws, "law")
        crossed = {name for names in self.intersections for name in names}
        _require_known("intersections", crossed, set(self.groups), "groups")
        return self

    def attribute_sets(self, rule: Rule) -> tuple[tuple[str, ...], ...]:
        """Return the attribute sets a rule speaks of, each a tuple of names."""
        if rule.attributes:
            return tuple((item,) if isinstance(item, str) else item for item in rule.attributes)
        return (*((name,) for name in self.groups), *self.intersections)

    def protected(self) -> tuple[Attribute, ...]:
        """Return the attributes to count by, with their cut points."""
        return tuple(
            Attribute(name, bins=rule.bins, right=rule.right) for name, rule in self.groups.items()
        )

    def in_force(self, day: date) -> bool:
        """Return whether the policy applies on a day."""
        until = self.effective.to
        return self.effective.from_ <= day and (until is None or day <= until)


class Policy(PolicyFile):
    """A fairness policy with the digest of the bytes it was read from."""

    digest: Digest


def load_policy(data: bytes, where: str) -> Policy:
    """Read a policy file.

    Parameters
    ----------
    data : bytes
        The YAML file; it is hashed whole, comments included.
    where : str
        Name of the file for error messages.

    Returns
    -------
    Policy
        The policy and the SHA-256 of `data`.

    Raises
    ------
    InvalidInput
        If it is not a policy; the message names line and field.
    """
    written = read_document(data, PolicyFile, where=where)
    return Policy.parse(
        {**written.model_dump(mode="json", by_alias=True), "digest": sha256_digest(data)}
    )


def _require_unique(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"{what} {twice[0]} stands twice"
        raise ValueError(message)


def _require_known(where: str, names: set[str], known: set[str], section: str) -> None:
    absent = sorted(names - known)
    if absent:
        message = f"{where} names {absent[0]}, which is not under {section}"
        raise ValueError(message)
