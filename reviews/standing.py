"""Where a service stands, in words: its badge, the cells of its sections, and what comes next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from reviews.states import OPEN_REVIEW, FitCheckStatus, ReviewStatus, SectionStatus, Verdict


@dataclass(frozen=True, slots=True)
class SectionFigures:
    """One section of a review as lists show it; the figures are those of `ReviewSection`."""

    slug: str
    title: str
    status: str
    applicable: int
    answered: int
    passing: int
    failing: int


@dataclass(frozen=True, slots=True)
class WaiverInForce:
    """A granted waiver of the signed-off review: until when, and of what."""

    ends: date
    of: str


@dataclass(frozen=True, slots=True)
class SignedOff:
    """The sign-off that stands for a service, the latest one."""

    number: int
    verdict: str
    stale_reason: str | None = None
    waivers: tuple[WaiverInForce, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """All that decides a badge. `sections` are those of the open review, else of the signed-off one."""

    open_status: str = ""
    signed: SignedOff | None = None
    sections: Sequence[SectionFigures] = field(default=())
    # Status of the record that the checklist does not fit, if one stands.
    misfit: str = ""


class Badge(NamedTuple):
    """A key of `readiness.ui.STATUSES`, and words that replace its own, if any."""

    kind: str
    label: str = ""


class Cell(NamedTuple):
    """One section in the matrix: CSS classes, the figure or word, and the same in a sentence."""

    css: str
    text: str
    title: str


def badge(standing: Standing) -> Badge:
    """Return the badge: the sign-off that stands, if there is one; else how far the open review is."""
    signed = standing.signed
    if signed is None:
        if standing.open_status in OPEN_REVIEW:
            return Badge(standing.open_status)
        return Badge("does_not_fit" if standing.misfit == FitCheckStatus.SIGNED else "not_reviewed")
    if signed.stale_reason is not None:
        return Badge("stale")
    if signed.verdict == Verdict.READY_WITH_WAIVERS and signed.waivers:
        return Badge(signed.verdict, f"Ready, {_counted(len(signed.waivers), 'waiver')}")
    return Badge(signed.verdict)


_CELLS: Final[dict[str, tuple[str, str]]] = {
    SectionStatus.APPROVED: ("tone-ok", "approved"),
    SectionStatus.STALE: ("tone-warn stale", "changed after its approval"),
    SectionStatus.CHANGES_REQUESTED: ("tone-warn", "changes requested"),
    SectionStatus.SUBMITTED: ("tone-info", "waits for approval"),
}


def cell(section: SectionFigures) -> Cell:
    """Return how a section looks in the matrix."""
    figures = f"{section.passing}/{section.applicable}"
    css, words = _CELLS.get(section.status, ("", ""))
    if not css and section.failing:
        css, words = "tone-bad", _counted(section.failing, "blocker")
    elif not css:
        css, words = "tone-quiet", f"{section.answered} of {section.applicable} answered"
    met = f"{section.passing} of {section.applicable} pass"
    text = "stale" if section.status == SectionStatus.STALE else figures
    return Cell(css, text, f"{section.title}: {words}, {met}")


def section_badge(section: SectionFigures) -> Badge:
    """Return the badge of a section: its status, or the blockers that are not met while it is open."""
    if section.status == SectionStatus.OPEN and section.failing:
        return Badge("not_met", _counted(section.failing, "blocker"))
    return Badge(section.status)


_NEXT_OF_MISFIT: Final[dict[str, str]] = {
    FitCheckStatus.RECORDED: "Recorded that it does not fit: waits for a signature",
    FitCheckStatus.SIGNED: "",
}


def next_step(standing: Standing) -> str:
    """Say in a few words what comes next for a service; "" when nothing does."""
    if standing.open_status:
        return _next_in_review(standing)
    signed = standing.signed
    if signed is None:
        return _NEXT_OF_MISFIT.get(standing.misfit, "Start a review")
    if signed.stale_reason is not None:
        return signed.stale_reason or "Something changed: start a new review"
    if signed.verdict == Verdict.NOT_READY:
        return "Signed off as not ready: start a new review"
    if signed.waivers:
        first = min(signed.waivers, key=lambda waiver: waiver.ends)
        return f"Waiver ends {first.ends:%-d %b}: {first.of}"
    return ""


def _next_in_review(standing: Standing) -> str:
    sections = standing.sections
    if standing.open_status == ReviewStatus.CHANGES_REQUESTED:
        back = next((row for row in sections if row.status == SectionStatus.CHANGES_REQUESTED), None)
        if back:
            return f"Changes requested in {back.title}"
    here = next((row for row in sections if row.status != SectionStatus.APPROVED), None)
    return _next_in_section(here) if here else "Ready to sign off"


def _next_in_section(section: SectionFigures) -> str:
    if section.status == SectionStatus.SUBMITTED:
        return f"Waits for approval of {section.title}"
    if section.status == SectionStatus.STALE:
        return f"{section.title} changed after its approval"
    if section.failing:
        return f"{_counted(section.failing, 'blocker')} in {section.title}"
    unanswered = section.applicable - section.answered
    if unanswered:
        return f"{unanswered} to answer in {section.title}"
    return f"{section.title} can be submitted"


def _counted(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
