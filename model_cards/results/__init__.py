"""The result documents of scans, assessments and explanations, as their JSON is published.

The reports and the card read results through these, so they work on a result file as well
as on evidence in the log. Keys may be added to a result at any time: unknown ones are
passed over, missing ones are an error that names them.
"""

from answerable.model_cards.results.document import (
    Ends,
    ResultDocument,
)
from answerable.model_cards.results.explanation import (
    ChangeResult,
    CounterfactualResult,
    ExplanationResult,
    ImportanceResult,
    ProfileResult,
    ReasonResult,
)
from answerable.model_cards.results.fairness import (
    AlternativeResult,
    AssessmentResult,
    CountedResult,
    DisparityResult,
    FindingResult,
    GroupResult,
    MitigationResult,
    RateResult,
    UndefinedResult,
    VerdictResult,
    VerdictState,
    group_label,
)
from answerable.model_cards.results.privacy import (
    ColumnResult,
    ContainsResult,
    DetectorResult,
    NotExaminedResult,
    ScanResult,
    ScanVerdictResult,
    ViolationResult,
)
from answerable.model_cards.results.quality import (
    BalanceResult,
    ColumnQualityResult,
    QualityResult,
)

__all__ = [
    "AlternativeResult",
    "AssessmentResult",
    "BalanceResult",
    "ChangeResult",
    "ColumnQualityResult",
    "ColumnResult",
    "ContainsResult",
    "CountedResult",
    "CounterfactualResult",
    "DetectorResult",
    "DisparityResult",
    "Ends",
    "ExplanationResult",
    "FindingResult",
    "GroupResult",
    "ImportanceResult",
    "MitigationResult",
    "NotExaminedResult",
    "ProfileResult",
    "QualityResult",
    "RateResult",
    "ReasonResult",
    "ResultDocument",
    "ScanResult",
    "ScanVerdictResult",
    "UndefinedResult",
    "VerdictResult",
    "VerdictState",
    "ViolationResult",
    "group_label",
]
