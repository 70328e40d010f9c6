"""Pure rules of the checklist: what applies, whether it fits, and how recorded facts are judged."""

from __future__ import annotations

from checklist.rules.applicability import RuleError, applies, check_rule, describe_rule, facts_in, holds
from checklist.rules.fit import FIT_LABELS, FitVerdict, fit_check, fit_contradictions

__all__ = [
    "FIT_LABELS",
    "FitVerdict",
    "RuleError",
    "applies",
    "check_rule",
    "describe_rule",
    "facts_in",
    "fit_check",
    "fit_contradictions",
    "holds",
]
