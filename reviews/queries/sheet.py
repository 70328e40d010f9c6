"""One section of a review with all that hangs on it: for its page, its digest and its rules alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TypeVar

from django.db.models import Case, Q, When
from django.utils import timezone

from checklist.models import Item
from checklist.probes import registry
from reviews.models import (
    Answer,
    Approval,
    ChangeRequest,
    Evidence,
    Finding,
    ProbeRun,
    Review,
    ReviewSection,
    Ruling,
    Waiver,
)
from reviews.rules import Disagreement, Problem, Standing, disagrees, section_problems
from reviews.states import AnswerState, EvidenceKind, FindingStatus, RunStatus, SectionStatus, WaiverStatus

Row = TypeVar("Row", Evidence, ProbeRun, Ruling)
LIVE_WAIVER = (WaiverStatus.REQUESTED.value, WaiverStatus.GRANTED.value)


def probe_title(probe_id: str) -> str:
    """The title of a probe; its id when it is not installed any more."""
    probe = registry.active().get(probe_id)
    return probe.spec.title if probe else probe_id


@dataclass
class ItemSheet:
    """An answer with its item, evidence, latest probe runs, waiver and findings."""

    answer: Answer
    evidence: list[Evidence] = field(default_factory=list)
    runs: list[ProbeRun] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    change_requests: list[ChangeRequest] = field(default_factory=list)
    waiver: Waiver | None = None

    @property
    def item(self) -> Item:
        """The question."""
        return self.answer.item

    def fresh_evidence(self, today: date) -> list[Evidence]:
        """Evidence that has not grown too old on `today`."""
        return [row for row in self.evidence if row.valid_until is None or row.valid_until >= today]

    @cached_property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """Where the latest run of a probe contradicts the answer, with the ruling that holds, if any."""
        return tuple(
            Disagreement(run.probe, probe_title(run.probe), run.outcome, run.summary, self._ruled_for(run))
            for run in self.runs
            if run.status == RunStatus.DONE and disagrees(self.answer.state, run.outcome)
        )

    def _ruled_for(self, run: ProbeRun) -> str:
        for ruling in reversed(self.rulings):
            if (ruling.probe, ruling.outcome, ruling.answer_revision) == (
                run.probe,
                run.outcome,
                self.answer.revision,
            ):
                return ruling.decision
        return ""

    def _objection(self) -> str:
        judgement = self.answer.judgement
        return " ".join(judgement["reasons"]) if judgement.get("verdict") == "not_met" else ""

    @property
    def can_be_waived(self) -> bool:
        """Whether asking for a waiver makes sense: not met, and none is asked for or granted."""
        answer = self.answer
        return answer.applicable and answer.state == AnswerState.NOT_MET and self.waiver is None

    @property
    def open_findings(self) -> list[Finding]:
        """Findings that nobody has verified as fixed."""
        return [row for row in self.findings if row.status != FindingStatus.VERIFIED]

    @cached_property
    def standing(self) -> Standing:
        """The plain data that the rules look at."""
        is_drill = self.item.kind == Item.Kind.DRILL
        proofs = [row for row in self.evidence if not is_drill or row.kind == EvidenceKind.DRILL]
        fresh = sum(row in proofs for row in self.fresh_evidence(timezone.localdate()))
        return Standing(
            slug=self.item.slug,
            title=self.item.title,
            blocker=self.item.severity == Item.Severity.BLOCKER,
            applicable=self.answer.applicable,
            state=self.answer.state,
            needs_evidence=is_drill or self.item.evidence_rule == Item.EvidenceRule.REQUIRED,
            evidence=fresh,
            expired_evidence=len(proofs) - fresh,
            is_drill=is_drill,
            to_confirm=self.answer.to_confirm,
            waiver_requested=self.waiver is not None and self.waiver.status == WaiverStatus.REQUESTED,
            objection=self._objection(),
            disagreements=self.disagreements,
            blocking_findings=tuple(row.title for row in self.open_findings if row.blocking),
        )


@dataclass
class SectionSheet:
    """A section with its items, approvals and what stands in its way."""

    section: ReviewSection
    items: list[ItemSheet]
    approvals: list[Approval] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    change_requests: list[ChangeRequest] = field(default_factory=list)
    order_waiver: Waiver | None = None

    @cached_property
    def problems(self) -> list[Problem]:
        """All that stands in the way of submitting or approving."""
        return section_problems(
            (item.standing for item in self.items),
            [row.title for row in self.findings if row.blocking and row.status != FindingStatus.VERIFIED],
        )

    @property
    def valid_approvals(self) -> list[Approval]:
        """Approvals that still stand for the content."""
        return [row for row in self.approvals if row.stale_at is None]

    @property
    def applicable(self) -> list[ItemSheet]:
        """Items that apply to this service."""
        return [item for item in self.items if item.answer.applicable]

    def item(self, slug: str) -> ItemSheet | None:
        """The sheet of one item by its slug."""
        return next((sheet for sheet in self.items if sheet.item.slug == slug), None)


def load_sheet(section: ReviewSection, *, of_item: Answer | None = None) -> SectionSheet:
    """Load a section's sheet in at most ten queries; with `of_item`, only that answer's part of it.

    Rulings are read only where a probe and a person disagree, change requests only where some are open.
    """
    answers = _answers(section, of_item)
    ids = [answer.pk for answer in answers]
    evidence = _by_answer(
        Evidence.objects.filter(answer_id__in=ids, ended_at__isnull=True)
        .select_related("file", "added_by", "probe_run", "drill")
        .order_by("id")
    )
    runs = _by_answer(latest_runs(ids))
    waivers = list(_waivers(section))
    findings = list(
        section.findings.select_related("owner", "raised_by", "fixed_by", "verified_by", "answer__item")
    )
    changes = []
    if section.status == SectionStatus.CHANGES_REQUESTED:
        changes = list(section.change_requests.filter(resolved_at__isnull=True).select_related("by"))
    sheets = [
        ItemSheet(
            answer,
            evidence[answer.pk],
            runs[answer.pk],
            findings=[row for row in findings if row.answer_id == answer.pk],
            change_requests=[row for row in changes if row.answer_id == answer.pk],
            waiver=next((row for row in waivers if row.answer_id == answer.pk), None),
        )
        for answer in answers
    ]
    _attach_rulings(sheets)
    return SectionSheet(
        section,
        sheets,
        approvals=list(section.approvals.select_related("reviewer")) if of_item is None else [],
        findings=[row for row in findings if row.answer_id is None],
        change_requests=[row for row in changes if row.answer_id is None],
        order_waiver=next((row for row in waivers if row.answer_id is None), None),
    )


def load_review_sheets(review: Review) -> list[SectionSheet]:
    """Load the sheets of all sections of a review in order: queries grow with its sections only."""
    sections = list(review.sections.select_related("section"))
    for section in sections:
        section.review = review
    return [load_sheet(section) for section in sections]


def latest_runs(answer_ids: list[int]) -> Iterable[ProbeRun]:
    """The newest finished run of each probe for each of the answers, and any unfinished one. One query.

    A run that waits or runs does not hide what the one before it saw. A run without an outcome never counts.
    """
    done = Q(status=RunStatus.DONE)
    return (
        ProbeRun.objects.filter(answer_id__in=answer_ids)
        .exclude(done, outcome="")
        .annotate(done=Case(When(done, then=True), default=False))
        .order_by("answer_id", "probe", "done", "-id")
        .distinct("answer_id", "probe", "done")
        .defer("facts", "config")
    )


def _answers(section: ReviewSection, of_item: Answer | None) -> list[Answer]:
    rows = section.answers.select_related("item", "answered_by").order_by("item__position")
    return list(rows.filter(pk=of_item.pk) if of_item else rows)


def _waivers(section: ReviewSection) -> Iterable[Waiver]:
    return section.waivers.filter(status__in=LIVE_WAIVER).select_related("requested_by", "decided_by")


def _attach_rulings(sheets: list[ItemSheet]) -> None:
    disputed = [sheet for sheet in sheets if any(_disputed(sheet.answer, run) for run in sheet.runs)]
    if not disputed:
        return
    rulings = _by_answer(
        Ruling.objects.filter(answer_id__in=[sheet.answer.pk for sheet in disputed])
        .select_related("by")
        .order_by("id")
    )
    for sheet in disputed:
        sheet.rulings = rulings[sheet.answer.pk]


def _disputed(answer: Answer, run: ProbeRun) -> bool:
    return run.status == RunStatus.DONE and disagrees(answer.state, run.outcome)


def _by_answer(rows: Iterable[Row]) -> dict[int, list[Row]]:
    grouped: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.answer_id].append(row)
    return grouped
