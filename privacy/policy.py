"""What may stand in training features: the ``privacy`` section of a policy file.

Example::

    privacy:
      forbidden_roles: [direct_identifier, special_category]
      forbidden_entities: [PHONE_NUMBER]
      allowed_columns:
        race: used to assess by group, never a feature
      max_undetected_rate: 0.0

The verdict is VIOLATED when a column that is not allowed holds what is forbidden,
NOT_EXAMINED when nothing forbidden was found but a detector that would have to look did
not run or saw only a sample, HOLDS otherwise. Without a policy nothing can be violated,
and what was not examined still keeps the verdict from HOLDS.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from answerable.audit.canonical import sha256_digest
from answerable.audit.documents import read_document, read_yaml
from answerable.audit.errors import NotFound
from answerable.audit.records import FrozenModel
from answerable.privacy.chance import wilson_interval
from answerable.privacy.entities import ColumnRole, all_entities, entity_role
from answerable.privacy.report import ColumnReport, Verdict, VerdictState, Violation

__all__ = ["EXIT_CODES", "ScanPolicy", "judge", "load_scan_policy"]

EXIT_CODES: Final = {
    VerdictState.HOLDS: 0,
    VerdictState.VIOLATED: 1,
    VerdictState.NOT_EXAMINED: 3,
}
"""Exit code of a command by verdict."""


class ScanPolicy(FrozenModel):
    """Which roles and entities are forbidden in training features."""

    forbidden_roles: tuple[ColumnRole, ...] = (
        ColumnRole.DIRECT_IDENTIFIER,
        ColumnRole.SPECIAL_CATEGORY,
    )
    forbidden_entities: tuple[str, ...] = ()
    allowed_columns: dict[str, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    """Columns that are exempt, each with the reason."""
    max_undetected_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Largest share of rows that a sample may leave undetected; 0 asks for a full scan."""

    @field_validator("forbidden_entities")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not set(names) <= set(all_entities()):
            message = "an entity the scanner does not know"
            raise ValueError(message)
        return names

    @property
    def digest(self) -> str:
        """SHA-256 of the policy's canonical bytes."""
        return sha256_digest(self.to_json())

    def forbids(self, entity: str) -> bool:
        """Return whether an entity is forbidden by name or by its role."""
        return entity in self.forbidden_entities or entity_role(entity) in self.forbidden_roles


class _PolicyFile(BaseModel):
    """A policy file of which only this section is read here."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    privacy: ScanPolicy


def load_scan_policy(data: bytes, where: str) -> ScanPolicy:
    """Read a scan policy from a policy file, or from a file that is only this section.

    Parameters
    ----------
    data : bytes
        YAML in UTF-8.
    where : str
        Name for errors.

    Returns
    -------
    ScanPolicy
        The section named ``privacy`` when there is one, else the whole document.

    Raises
    ------
    InvalidInput
        If it is not YAML or not such a section; names file, line and field.
    TooLarge
        If the document is over a limit.

    Examples
    --------
    >>> load_scan_policy(b"privacy: {forbidden_entities: [URL]}", "p.yaml").forbids("URL")
    True
    """
    document = read_yaml(data, where)
    if isinstance(document.value, dict) and "privacy" in document.value:
        return read_document(data, _PolicyFile, where=where).privacy
    return read_document(data, ScanPolicy, where=where)


def judge(
    columns: Sequence[ColumnReport],
    policy: ScanPolicy | None,
    *,
    features: Sequence[str] | None,
    examined_rows: int,
    rows: int,
) -> Verdict:
    """Set what was found against the policy.

    Parameters
    ----------
    columns : Sequence[ColumnReport]
        Every column of the table.
    policy : ScanPolicy | None
        None forbids nothing.
    features : Sequence[str] | None
        The columns a model is trained on; None means all.
    examined_rows, rows : int
        Rows looked at, and rows there are.

    Returns
    -------
    Verdict
        With every violation and every column that was not examined.

    Raises
    ------
    NotFound
        If a feature is no column of the table.
    """
    names = {column.name for column in columns}
    chosen = names if features is None else set(features)
    if not chosen <= names:
        raise NotFound("a feature that is no column of the table", remedy="Check the spelling.")
    allowed = policy.allowed_columns if policy else {}
    judged = [column for column in columns if column.name in chosen and column.name not in allowed]
    violations = tuple(
        violation
        for column in judged
        for violation in (_violations(column, policy) if policy else ())
    )
    unexamined = tuple(column.name for column in judged if _is_open(column, policy))
    sampled_too_little = examined_rows < rows and (
        policy is None or wilson_interval(0, examined_rows)[1] > policy.max_undetected_rate
    )
    state = VerdictState.HOLDS
    if unexamined or sampled_too_little:
        state = VerdictState.NOT_EXAMINED
    if violations:
        state = VerdictState.VIOLATED
    return Verdict(
        state=state,
        violations=violations,
        not_examined=unexamined,
        sampled_too_little=sampled_too_little,
    )


def _violations(column: ColumnReport, policy: ScanPolicy) -> tuple[Violation, ...]:
    found = []
    if column.role in policy.forbidden_roles:
        found.append(Violation(column=column.name, rule="forbidden_roles", what=column.role.value))
    entities = sorted(
        {finding.entity for finding in column.contains if policy.forbids(finding.entity)}
    )
    found += [
        Violation(column=column.name, rule="forbidden_entities", what=entity) for entity in entities
    ]
    return tuple(found)


def _is_open(column: ColumnReport, policy: ScanPolicy | None) -> bool:
    """Return whether something that matters was not looked for; no values need no look."""
    if column.nulls == column.rows:
        return False
    return any(policy is None or policy.forbids(entity) for entity in column.not_examined)
