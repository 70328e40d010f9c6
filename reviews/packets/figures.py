"""Figures of a snapshot, computed and never stored: what the cover says must follow from what is inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from .schema import ItemRecord, SectionRecord, Snapshot


@dataclass(frozen=True)
class Figures:
    """Counts over a whole snapshot. `drills` is (asked, met); the maps hold only values seen."""

    items: int
    states: dict[str, int]
    evidence_total: int
    evidence: dict[str, int]
    drills: tuple[int, int]
    findings_open: int


def items_of(snapshot: Snapshot) -> Iterator[tuple[SectionRecord, ItemRecord]]:
    """Yield every Item with its Section, in checklist order."""
    for section in snapshot.sections:
        for item in section.items:
            yield section, item


def count(snapshot: Snapshot) -> Figures:
    """Count the states, the evidence per grade, the drills and the open findings of `snapshot`."""
    items = [item for _, item in items_of(snapshot)]
    grades = Counter[str](piece.grade for item in items for piece in item.evidence)
    drills = [item for item in items if item.kind == "drill" and item.applicable]
    return Figures(
        items=len(items),
        states=dict(Counter[str](item.state for item in items)),
        evidence_total=grades.total(),
        evidence=dict(grades),
        drills=(len(drills), sum(item.state == "met" for item in drills)),
        findings_open=sum(f.status != "verified" for section in snapshot.sections for f in section.findings),
    )


def waived(snapshot: Snapshot) -> list[tuple[SectionRecord, ItemRecord]]:
    """Return the waived Items with their Sections, in checklist order."""
    return [(section, item) for section, item in items_of(snapshot) if item.state == "waived"]


def deferred(snapshot: Snapshot) -> list[tuple[SectionRecord, ItemRecord]]:
    """Return the deferred Items with their Sections, in checklist order."""
    return [(section, item) for section, item in items_of(snapshot) if item.state == "deferred"]
