"""The scan: every column examined, set against a policy, one report.

Promises: no network call and no download; equal table, seed and versions give equal
bytes; no value of the table leaves, masked forms excepted; whatever was not looked for is
named as not examined.

Does not: change the table, decide what is lawful, or find names without a language model
it is pointed to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from answerable.audit.errors import InvalidInput
from answerable.privacy.backend import Backend
from answerable.privacy.columns import examine_column
from answerable.privacy.detectors import load_detectors
from answerable.privacy.entities import ColumnRole
from answerable.privacy.policy import EXIT_CODES, ScanPolicy, judge
from answerable.privacy.recognisers.cards import CardRecogniser
from answerable.privacy.recognisers.iban import IbanRecogniser
from answerable.privacy.recognisers.network import email
from answerable.privacy.recognisers.recogniser import Recogniser
from answerable.privacy.report import ColumnReport, Reidentification, ScanReport, Verdict

__all__ = ["exit_code", "scan_table"]

_NEVER_A_HEADER: Final[tuple[Recogniser, ...]] = (email, IbanRecogniser(), CardRecogniser())


def scan_table(
    backend: Backend,
    *,
    seed: int,
    policy: ScanPolicy | None = None,
    ner: str = "none",
    sample: int | None = None,
    features: Sequence[str] | None = None,
) -> ScanReport:
    """Scan a table for personal data.

    Parameters
    ----------
    backend : Backend
        The table.
    seed : int
        Seed of the sample and of the surrogates.
    policy : ScanPolicy, optional
        What is forbidden in training features; nothing when left out.
    ner : str
        ``none``, or a spaCy pipeline on this machine: ``spacy:<folder or package>``.
    sample : int, optional
        Look at this many rows; all when left out. A sample's shares carry Wilson
        intervals, and a sample never shows that something is absent.
    features : Sequence[str], optional
        Columns a model is trained on, which the policy is about; all when left out.

    Returns
    -------
    ScanReport
        Exact counts when every row was looked at.

    Raises
    ------
    InvalidInput
        If a header is itself an e-mail address, an IBAN or a card number, `sample` is
        below 1, or `ner` names no model on this machine.
    NotFound
        If a feature is no column of the table.
    MissingExtra
        If a library that `ner` needs is not installed.
    EngineError
        If the language model cannot be loaded.

    Examples
    --------
    >>> import polars as pl
    >>> from answerable.privacy.backend import TableBackend
    >>> table = pl.DataFrame({"mail": ["a@b.example", "c@d.example"], "x": [0.5, 1.5]})
    >>> report = scan_table(TableBackend(table), seed=1)
    >>> [(column.name, column.type) for column in report.columns]
    [('mail', 'EMAIL_ADDRESS'), ('x', 'NONE')]
    >>> report.verdict.state.value
    'HOLDS'
    """
    _require_headers(backend.columns)
    detectors = load_detectors(ner)
    looked_at = backend if sample is None else backend.sample(sample, seed=seed)
    is_sample = looked_at.rows < backend.rows
    columns = tuple(
        examine_column(looked_at, name, detectors, seed=seed, is_sample=is_sample)
        for name in backend.columns
    )
    verdict = judge(
        columns, policy, features=features, examined_rows=looked_at.rows, rows=backend.rows
    )
    return ScanReport(
        rows=backend.rows,
        examined_rows=looked_at.rows,
        seed=seed,
        ner=detectors.ner,
        engines=dict(sorted((dict(backend.engines) | detectors.engines()).items())),
        detectors=detectors.ran(),
        columns=columns,
        reidentification=_reidentification(backend, columns),
        verdict=verdict,
        policy=policy.digest if policy else None,
        blocking=_blocking(verdict),
    )


def exit_code(report: ScanReport) -> int:
    """Return the exit code of a command that scanned.

    Returns
    -------
    int
        0 nothing against the policy, 1 policy violated, 3 not examined.
    """
    return EXIT_CODES[report.verdict.state]


def _require_headers(names: Sequence[str]) -> None:
    """Refuse a table whose first row of data was read as its header."""
    for position, name in enumerate(names, start=1):
        if any(bool(recogniser.whole([name])[0]) for recogniser in _NEVER_A_HEADER):
            raise InvalidInput(
                "the header looks like a value",
                where=f"column {position}",
                remedy="Does the file lack a header line?",
            )


def _reidentification(backend: Backend, columns: Sequence[ColumnReport]) -> Reidentification | None:
    names = [column.name for column in columns if column.role is ColumnRole.QUASI_IDENTIFIER]
    if not names:
        return None
    sizes = backend.group_sizes(names)
    return Reidentification(
        columns=tuple(names),
        groups=len(sizes),
        unique_rows=int((sizes == 1).sum()),
        smallest_group=int(sizes[0]),
    )


def _blocking(verdict: Verdict) -> tuple[str, ...]:
    return tuple(
        f"column {violation.column}: {violation.what} is forbidden in training features"
        for violation in verdict.violations
    )
