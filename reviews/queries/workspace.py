"""What the workspace shows besides a section's sheet: the sequence, the panel, the activity."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from readiness.accounts.rights import Actor
from readiness.accounts.roles import REVIEWER_ROLES
from reviews.models import Approval, Event, Review, ReviewSection
from reviews.permissions import Subject
from reviews.queries.authors import section_authors
from reviews.queries.content import digest_of, section_content
from reviews.queries.sheet import SectionSheet, load_sheet
from reviews.rules import Problem, Stops, quorum_missing
from reviews.states import SectionStatus, WaiverStatus
from reviews.verbs import Verbs

_ACTIVITY = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the sequence: `look` is its CSS class, `icon` stands in the node instead of the number."""

    section: ReviewSection
    url: str
    look: str
    icon: str
    word: str
    hint: str


@dataclass
class Workspace:
    """One section in the workspace, for one reader."""

    actor: Actor
    review: Review
    sections: list[ReviewSection]
    section: ReviewSection
    sheet: SectionSheet
    activity: list[Event] = field(default_factory=list)

    @cached_property
    def verbs(self) -> Verbs:
        """What the reader may do in this section now."""
        return Verbs(
            self.actor,
            Subject(self.review.service.team_id, frozenset(self.section.section.reviewer_roles)),
            self.review.status,
            self.section.status,
            authors=lambda: section_authors(self.section.pk),
        )

    @property
    def may_answer(self) -> bool:
        """Whether the reader may answer here."""
        return bool(self.verbs["answer.save"])

    @property
    def may_change_facts(self) -> bool:
        """Whether the reader may correct the review's facts."""
        return bool(self.verbs["review.facts"])

    @property
    def may_run_probes(self) -> bool:
        """Whether the reader may run a probe here."""
        return bool(self.verbs["probe.run"])

    @property
    def may_submit(self) -> bool:
        """Whether the reader may submit the section, once nothing stands in the way."""
        return bool(self.verbs["section.submit"])

    @property
    def why_not_approve(self) -> str:
        """Why a reviewer may not approve this section now; nothing for those who do not review."""
        decision = self.verbs["section.approve"]
        return "" if decision or not self.actor.is_reviewer else decision.reason

    @property
    def order_waived(self) -> bool:
        """Whether the section may be approved out of order."""
        waiver = self.sheet.order_waiver
        return waiver is not None and waiver.status == WaiverStatus.GRANTED

    @property
    def approvals(self) -> list[Approval]:
        """Approvals that stand and, of reviewers without one, the last that went stale."""
        latest = {approval.reviewer_id: approval for approval in self.sheet.approvals}
        return list(latest.values())

    @property
    def states(self) -> list[str]:
        """The answers of the items that apply, for the section's meter."""
        return [item.answer.state for item in self.sheet.applicable]

    @property
    def neighbours(self) -> tuple[ReviewSection | None, ReviewSection | None]:
        """The sections before and after this one."""
        at = self.section.position - 1
        before = self.sections[at - 1] if at else None
        return before, self.sections[at + 1] if at + 1 < len(self.sections) else None

    @cached_property
    def steps(self) -> list[Step]:
        """The sequence, with what each step waits for."""
        return sequence(self.sections, self.section)

    @cached_property
    def digest(self) -> str:
        """The digest of the content as shown: an approval sends it back."""
        return digest_of(section_content(self.sheet))

    @property
    def to_submit(self) -> list[Problem]:
        """What keeps the section from being submitted."""
        return [problem for problem in self.sheet.problems if problem.stops == Stops.SUBMIT]

    @cached_property
    def missing(self) -> tuple[int, list[str]]:
        """How many approvals are missing, and the names of reviewer roles that nobody stood for."""
        number, roles = quorum_missing(
            self.section.section.approvals_required,
            self.section.section.reviewer_roles,
            [frozenset(approval.roles) for approval in self.sheet.valid_approvals],
        )
        return number, [REVIEWER_ROLES.get(role, role) for role in roles]

    @property
    def first_open(self) -> ReviewSection | None:
        """The section that has to be approved before this one, if any."""
        before = [each for each in self.sections if each.position < self.section.position]
        return next((each for each in before if each.status != SectionStatus.APPROVED), None)

    @property
    def figures(self) -> dict[str, int]:
        """Answered, applicable and blockers over the whole review."""
        return {
            name: sum(getattr(each, name) for each in self.sections)
            for name in ("answered", "applicable", "blocked")
        }


def load_sections(review: Review) -> list[ReviewSection]:
    """The review's sections in order, with their titles. One query."""
    rows = list(review.sections.select_related("section"))
    for row in rows:
        row.review = review
    return rows


def load_workspace(
    actor: Actor, review: Review, sections: list[ReviewSection], section: ReviewSection
) -> Workspace:
    """Load one section for one reader: the sheet's queries and one for the activity."""
    recent = Event.objects.filter(review=review, section__in=(section.slug, "")).order_by("-id")[:_ACTIVITY]
    return Workspace(actor, review, sections, section, load_sheet(section), list(recent))


def sequence(sections: list[ReviewSection], here: ReviewSection | None) -> list[Step]:
    """Lay the sections out as steps; `here` is the one being looked at."""
    steps = []
    open_before: ReviewSection | None = None
    for row in sections:
        look, icon, word = _look(row, locked=open_before is not None)
        if here is not None and row.pk == here.pk:
            look = f"{look} here".strip()
        steps.append(Step(row, row.get_absolute_url(), look, icon, word, _hint(row, open_before)))
        if open_before is None and row.status != SectionStatus.APPROVED:
            open_before = row
    return steps


def _look(row: ReviewSection, *, locked: bool) -> tuple[str, str, str]:
    match row.status:
        case SectionStatus.APPROVED:
            return "done", "check", "Approved"
        case SectionStatus.STALE:
            return "stale", "stale", "Stale"
        case SectionStatus.CHANGES_REQUESTED:
            return "back", "back", "Changes requested"
        case SectionStatus.SUBMITTED:
            return "waiting", "eye", "Submitted"
    return ("locked", "lock", "Locked") if locked and row.answered == 0 else ("", "", "")


def _hint(row: ReviewSection, open_before: ReviewSection | None) -> str:
    if row.status == SectionStatus.SUBMITTED:
        return f"Approval opens after {open_before.section.title}" if open_before else "Waits for approval"
    hints = {
        SectionStatus.APPROVED: "Approved",
        SectionStatus.STALE: "Changed after its approval",
        SectionStatus.CHANGES_REQUESTED: "Changes requested",
    }
    return hints.get(SectionStatus(row.status), "")
