"""What judging gives: a verdict with its reasons, for the whole and for each row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

Verdict = Literal["met", "warn", "not_met"]
Recommendation = Literal["keep", "downgrade", "delete", "suppress"]

_WEIGHT: Final[dict[Verdict, int]] = {"met": 0, "warn": 1, "not_met": 2}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The weightiest verdict; met when there is none."""
    return max(verdicts, key=_WEIGHT.__getitem__, default="met")


class Finding(NamedTuple):
    """What one check says of one row."""

    verdict: Verdict
    reason: str = ""
    recommendation: Recommendation | None = None


@dataclass(frozen=True, slots=True)
class RowJudgement:
    """One row's verdict. `recommendation` is set where the checks recommend something."""

    verdict: Verdict
    reasons: list[str]
    recommendation: Recommendation | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on what was recorded, and why, in plain English."""

    verdict: Verdict
    reasons: list[str]
    rows: list[RowJudgement] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """All reasons as one text."""
        return " ".join(self.reasons)
