"""What linting a runbook gives."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from checklist.rules.runbooks.parts import PARTS

Rule = Literal["parts", "intro", "concrete"]
MAX_SENTENCES: Final = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One of the six parts: the line of its heading, counted from 1; 0 where it is missing."""

    key: str
    line: int
    heading: str = ""

    @property
    def name(self) -> str:
        """What it is called in the checklist."""
        return PARTS[self.key]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend, in a sentence. `line` counts from 1."""

    line: int
    rule: Rule
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """All six parts in order, the introduction, the steps, and what is to be mended, by line."""

    parts: tuple[Part, ...]
    intro_sentences: int
    steps: int
    vague_steps: int
    findings: tuple[Finding, ...]

    @property
    def found(self) -> list[str]:
        """Keys of the parts that are there."""
        return [part.key for part in self.parts if part.line]

    @property
    def ok(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON; `from_json` gives it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Report:
        """The report that `as_json` wrote."""
        return cls(
            parts=tuple(Part(**part) for part in data["parts"]),
            intro_sentences=data["intro_sentences"],
            steps=data["steps"],
            vague_steps=data["vague_steps"],
            findings=tuple(Finding(**finding) for finding in data["findings"]),
        )
