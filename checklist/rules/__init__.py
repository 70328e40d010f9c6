"""Pure rules of the checklist: what applies, whether it fits, and how recorded facts are judged."""

from __future__ import annotations

from checklist.rules.applicability import RuleError, applies, check_rule, describe_rule, facts_in, holds
from checklist.rules.fit import FIT_LABELS, OPEN_WORDS, FitVerdict, fit_check, fit_contradictions
from checklist.rules.inventory import judge_inventory, related_inventories
from checklist.rules.judgement import Judgement, RowJudgement
from checklist.rules.judging import (
    count_commands,
    judge_attestation,
    judge_drill,
    judge_measure,
)
from checklist.rules.recorded import recorded_lines
from checklist.rules.register import judge_register, look_again
from checklist.rules.rows import clean_row, clean_rows

__all__ = [
    "FIT_LABELS",
    "OPEN_WORDS",
    "FitVerdict",
    "Judgement",
    "RowJudgement",
    "RuleError",
    "applies",
    "check_rule",
    "clean_row",
    "clean_rows",
    "count_commands",
    "describe_rule",
    "facts_in",
    "fit_check",
    "fit_contradictions",
    "holds",
    "judge_attestation",
    "judge_drill",
    "judge_inventory",
    "judge_measure",
    "judge_register",
    "look_again",
    "recorded_lines",
    "related_inventories",
]
