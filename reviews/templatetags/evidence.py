"""Evidence in templates: how fresh it is, what its grade means, its icon."""

from __future__ import annotations

from typing import Final, NamedTuple

from django import template
from django.utils import timezone

from reviews.models import Evidence
from reviews.states import EvidenceGrade, EvidenceKind

register = template.Library()
_SOON: Final = 14
_ICONS: Final[dict[str, str]] = {
    EvidenceKind.LINK: "link",
    EvidenceKind.FILE: "file",
    EvidenceKind.NOTE: "note",
    EvidenceKind.PROBE_RUN: "pulse",
    EvidenceKind.DRILL: "people",
    EvidenceKind.PUSH: "upload",
}
_GRADES: Final[dict[str, str]] = {
    EvidenceGrade.MACHINE: "A probe or a scanner saw it.",
    EvidenceGrade.WITNESSED: "A drill that somebody watched.",
    EvidenceGrade.ATTESTED: "A person states it, with a proof.",
    EvidenceGrade.ASSERTED: "A person states it.",
}


class Fresh(NamedTuple):
    """How old a piece of evidence is: a status (empty while there is nothing to say) and words."""

    kind: str = ""
    words: str = ""


@register.simple_tag
def freshness(row: Evidence) -> Fresh:
    """Say that evidence has grown too old, or that it soon will; nothing while it is fresh."""
    if row.valid_until is None:
        return Fresh()
    left = (row.valid_until - timezone.localdate()).days
    if left < 0:
        return Fresh("stale", f"too old since {row.valid_until:%-d %b %Y}")
    if left <= _SOON:
        return Fresh("waiting", f"until {row.valid_until:%-d %b}")
    return Fresh()


@register.filter
def evidence_icon(row: Evidence) -> str:
    """The icon of its kind."""
    return _ICONS[row.kind]


@register.filter
def grade_words(grade: str) -> str:
    """What a grade means, in a sentence."""
    return _GRADES[grade]
